"""A learner's run, from the outside: verdicts, words, exit status, and what is kept from them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from grader.machine import catalogue, plugin
from grader.machine.paths import EXERCISES, ROOT, SOLUTIONS

pytestmark = pytest.mark.slow  # a run is a process that imports torch

ANSWERS = {
    "softmax": "def softmax(logits, dim=-1):\n    e = logits.exp2()\n    return e / e.sum(dim, keepdim=True)\n",
    "log_softmax": "def log_softmax(logits, dim=-1:\n    pass\n",
    "sigmoid": "from torch import sigmoid\n",
    "log_sum_exp": (
        "import importlib\n"
        "def log_sum_exp(*args, **kwargs):\n"
        "    name = 'solutions.activations.log_sum_exp'\n"
        "    return importlib.import_module(name).log_sum_exp(*args, **kwargs)\n"
    ),
    "softmin": "print('loaded')\nraise RuntimeError('no')\n",
}


def run(*arguments: str, seed: int = 1) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        f"--seed={seed}",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def learner(tmp_path_factory) -> Path:
    """Return a folder of answers: wrong, broken, and one that is right."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "activations").mkdir()
    for name, text in ANSWERS.items():
        (folder / "activations" / f"{name}.py").write_text(text)
    right = (SOLUTIONS / "activations" / "two_class_softmax.py").read_text()
    (folder / "activations" / "two_class_softmax.py").write_text(right)
    return folder


@pytest.fixture(scope="module")
def graded(learner) -> str:
    """Return what a run over that folder prints."""
    done = run("tests/activations", "tests/graphs", f"--target={learner}")
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_a_wrong_answer_is_told_its_mistake(graded):
    assert "This is what you get when you use powers of 2 and not of e." in graded
    assert "returned  float64[2, 3]" in graded
    assert "expected  float64[2, 3] [[0.125, 0.375, 0.5], [0.25, 0.625, 0.125]]" in graded


def test_a_file_that_is_no_python_breaks_one_exercise_alone(graded):
    assert re.search(r"activations/log_softmax\.py, line 1: .", graded)
    assert "softmin.py can't be loaded: RuntimeError: no" in graded


def test_what_is_imported_under_another_name_is_seen(graded):
    assert "is not allowed here" in graded


def test_the_solutions_are_out_of_reach(graded):
    assert "raised ModuleNotFoundError: No module named 'solutions.activations'" in graded


def test_the_source_of_the_tests_is_never_shown(graded):
    for word in ("def test_", "check(", "want=", "Traceback", "hypothesis", "grader/", "_pytest"):
        assert word not in graded, word


def test_it_reads_in_80_columns(graded):
    path = re.compile(r"^(FAILED|tests/|rootdir|plugins|platform|target)")
    long = [line for line in graded.split("\n") if len(line) > 80 and not path.match(line)]
    assert long == []


def test_the_scoreboard_tells_done_and_to_mend_apart(graded):
    assert re.search(r"^activations +#x{5}\.+ +1/\d+$", graded, re.MULTILINE)
    assert re.search(r"^graphs +\.+ +0/\d+$", graded, re.MULTILINE)


def test_two_workers_and_another_seed_give_the_same_verdicts(learner, graded):
    def verdicts(text: str) -> list[str]:
        return sorted(re.findall(r"^_+ (\w+: .+?) _+$", text, re.MULTILINE))

    other = run("-n", "2", "tests/activations", "tests/graphs", f"--target={learner}", seed=2)
    assert verdicts(other.stdout) == verdicts(graded)


def test_a_seed_replays_a_run_and_hints_are_shown_on_request(learner):
    arguments = ("softmax", f"--target={learner}", "--hints=1")
    first, again = (re.sub(r"in [\d.]+s", "", run(*arguments).stdout) for _ in range(2))
    assert re.sub("=+", "=", first) == re.sub("=+", "=", again)
    assert "To repeat this run: --seed=1" in first
    assert first.count("Hint: ") == 1


def test_untouched_stubs_are_not_begun_and_nothing_fails(tmp_path):
    done = run("-rs", f"--target={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not begun" in done.stdout
    assert not re.search(r"\d+ (passed|failed|error)", done.stdout)


def test_a_maintainer_sees_the_traceback(learner):
    done = run("exercises/activations/softmax.py", f"--target={learner}", "--maintainer")
    assert "def test_a_case_worked_by_hand" in done.stdout


def test_a_target_that_is_not_there_is_refused():
    done = run("--target=nowhere")
    assert done.returncode == 4
    assert "--target is 'nowhere', but must be one of" in done.stderr


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("softmax", "tests/activations/test_softmax.py"),
        ("activations/softmax.py", "tests/activations/test_softmax.py"),
        ("./exercises/activations/softmax.py", "tests/activations/test_softmax.py"),
        ("exercises/activations/", "tests/activations"),
        ("activations", "tests/activations"),
    ],
)
def test_an_exercise_or_a_chapter_can_be_named(word, path):
    assert catalogue.test_path(word) == str(ROOT / path)


@pytest.mark.parametrize(
    "word", ["tests/activations", "nothing", "tests/x.py::test_y", "notes", "."]
)
def test_other_words_are_left_to_pytest(word):
    assert catalogue.test_path(word) is None


def test_the_stubs_of_this_checkout_are_collected():
    done = run("--collect-only", "-q", "-k", "softmax", f"--target={EXERCISES}")
    assert done.returncode == 0
    assert "tests/activations/test_softmax.py::test_a_case_worked_by_hand" in done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_right_answers_pass_apart_whatever_they_are_given(tmp_path):
    # Complex results, functions that are differentiated, that draw, and that return others,
    # modules, objects made of tensors that ask for a gradient, arguments that come back.
    names = ("dft", "gradient_descent", "bn_layer_forward", "mc_dropout", "bagged_predict")
    names += ("decayed_parameters", "batch_norm", "finetune_param_groups")
    for name in names:
        path = catalogue.solution_path(name)
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        (tmp_path / path.parent.name / path.name).write_text(path.read_text())
    done = run(*names, "--isolated", "--time-limit=30", f"--target={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"\d failed|\d error", done.stdout)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_what_needs_a_gpu_is_skipped_with_a_reason_however_it_is_selected():
    done = run("tests/notes/test_speed.py", "--target=solutions", "-m", "gpu", "-rs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"SKIPPED .*CUDA", done.stdout.replace("\n", " "))
    assert re.search(r"^8 skipped|= 8 skipped", done.stdout, re.MULTILINE)


def test_only_tests_that_make_optimizers_wait_for_torchs_compiler():
    assert plugin.USES_OPTIMIZERS.search("from torch.optim import SGD")
    assert plugin.USES_OPTIMIZERS.search("oracle = torch.optim.SGD(parameters)")
    assert not plugin.USES_OPTIMIZERS.search('forbid=("torch.optim",)')
    for text in ("torch.func.grad(f)", "from torch.func import grad", "from torch import nn, func"):
        assert plugin.USES_TRANSFORMS.search(text)
    for name in catalogue.paths():  # nor does an answer for what its docstring says
        assert not plugin.USES_TRANSFORMS.search(catalogue.exercise_path(name).read_text("utf8"))
