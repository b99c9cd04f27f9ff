"""The benchmarks themselves: they check before they time, on data that nobody has seen before."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from grader import Exercise, slow
from grader.machine import bench_report, catalogue
from grader.machine.paths import ROOT
from grader.machine.subject import Subject
from grader.machine.track import Heat, Track, take
from grader.words.bench import Race
from grader.words.verdict import Crashed, Forbidden, Mismatch

SOFTMAX = "tests/activations/test_softmax.py"


def softmax(logits):
    powers = (logits - logits.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)


def heat(answer, **changed):
    """Return a small race of `answer`, ready to be checked and run."""
    exercise = Exercise(level="core", forbid=("softmax",), instead="write it")
    declared = {
        "subject": Subject("activations", "softmax", "exercises", exercise, given=answer),
        "torch": lambda logits: logits.softmax(-1),
        "inputs": lambda draw, n, c: (draw.normal(n, c),),
        "small": (3, 5),
        "large": (30, 50),
        "forward": lambda logits: {"bytes": 2 * logits.nbytes, "flops": 5 * logits.numel()},
        "backward": lambda logits: {"bytes": 3 * logits.nbytes, "flops": 4 * logits.numel()},
    }
    race = Race(**declared | changed)
    contestants = {"subject": race.entrant(answer), "reference": softmax, "torch": race.torch}
    return Heat(race, contestants, Track("cpu"), seed=0)


def run(made, laps):
    """Do as pytest-benchmark does."""
    for _ in range(laps * made.turns_in_a_lap):
        (turn,), _ = made.setup()
        take(turn)
        made.teardown(turn)


def test_lists_of_tensors_are_filled_anew_each_lap():
    seen = []

    def doubled(layers, factor):
        seen.append([float(layer[0]) for layer in layers])
        return [layer * factor for layer in layers]

    made = heat(
        doubled,
        torch=lambda layers, factor: [layer * factor for layer in layers],
        inputs=lambda draw, n, c: ([draw.normal(n), draw.normal(c)], 2.0),
        forward=lambda layers, factor: {"bytes": 0, "flops": 0},
        backward=None,
    )
    made.contestants["reference"] = made.contestants["torch"]
    made.check_first()
    seen.clear()
    run(made, 3)
    assert len(seen) == len({first for first, _ in seen}) == len({last for _, last in seen}) == 3


class Normaliser:
    def __init__(self, dim):
        self.dim = dim

    def forward(self, logits):
        powers = logits.exp()
        return powers / powers.sum(self.dim, keepdim=True)


def test_a_class_is_raced_by_its_use():
    made = heat(Normaliser, use=lambda answer, logits: answer(-1).forward(logits))
    made.check_first()
    run(made, laps=2)
    with pytest.raises(Mismatch, match="entries differ"):
        heat(Normaliser, use=lambda answer, logits: answer(0).forward(logits)).check_first()


def test_a_right_answer_finishes():
    made = heat(softmax)
    made.check_first()
    run(made, 3)
    assert len(made.order) == 3 * 6


def test_a_wrong_answer_is_told_before_anything_is_timed():
    with pytest.raises(Mismatch, match="softmax"):
        heat(lambda logits: logits.exp() / logits.exp().sum(0)).check_first()


def test_a_wrong_gradient_is_told_before_anything_is_timed():
    def detached(logits):
        powers = logits.exp()
        return powers / powers.sum(-1, keepdim=True).detach()

    with pytest.raises(Mismatch, match="gradient"):
        heat(detached).check_first()


def test_an_answer_that_is_wrong_only_for_large_inputs_is_told():
    made = heat(lambda logits: softmax(logits) * (1 if len(logits) == 3 else 2), small=(3, 5))
    made.size = (30, 50)
    with pytest.raises(Mismatch, match="for inputs of size"):
        made.check_first()


def test_what_is_forbidden_is_forbidden_at_full_size_as_well():
    made = heat(lambda logits: softmax(logits) if len(logits) == 3 else logits.softmax(-1))
    made.size = (30, 50)
    with pytest.raises(Forbidden):
        made.check_first()


def test_data_change_from_lap_to_lap_and_are_the_same_for_all_in_a_lap():
    seen = []

    def noting(of):
        def noted(logits):
            seen.append(logits.detach().clone())
            return of(logits)

        return noted

    made = heat(softmax, backward=None)
    made.contestants |= {name: noting(call) for name, call in made.contestants.items()}
    run(made, 3)
    laps = [seen[i : i + 3] for i in (0, 3, 6)]
    assert all(torch.equal(lap[0], other) for lap in laps for other in lap)
    assert not torch.equal(laps[0][0], laps[1][0])
    assert not torch.equal(laps[1][0], laps[2][0])


def test_nobody_sees_what_another_did_to_the_arguments():
    def in_place(logits):
        return logits.sub_(logits.amax(-1, keepdim=True)).exp_().div_(logits.sum(-1, keepdim=True))

    made = heat(in_place, backward=None)
    run(made, 4)  # the others are compared with the truth as well


@pytest.mark.parametrize("key", [id, torch.Tensor.data_ptr], ids=["identity", "address"])
def test_an_answer_that_remembers_its_arguments_is_told(key):
    kept = {}

    def caching(logits):
        if key(logits) not in kept:
            kept[key(logits)] = softmax(logits), logits  # kept alive: nothing takes its address
        return kept[key(logits)][0]

    made = heat(caching, backward=None)
    made.check_first()
    with pytest.raises(Mismatch, match="in the timed call 1"):
        run(made, 2)


def test_an_answer_that_gives_the_gradient_of_yesterday_is_told():
    class Yesterday(torch.autograd.Function):
        kept = None

        @staticmethod
        def forward(ctx, logits):
            ctx.save_for_backward(softmax(logits))
            return softmax(logits)

        @staticmethod
        def backward(ctx, grad):
            (p,) = ctx.saved_tensors
            if Yesterday.kept is None:
                Yesterday.kept = p * (grad - (p * grad).sum(-1, keepdim=True))
            return Yesterday.kept

    with pytest.raises(Mismatch, match="backward"):
        run(heat(Yesterday.apply), 2)


def test_a_wrong_reference_is_not_blamed_on_the_learner():
    made = heat(softmax)
    made.contestants["reference"] = lambda logits: softmax(logits) * 2
    with pytest.raises(AssertionError, match="the reference is wrong") as told:
        run(made, 1)
    assert not isinstance(told.value, Mismatch)


def test_an_error_is_the_answers_or_the_suites_own():
    def fails_later(logits, calls=[]):  # noqa: B006
        calls.append(logits)
        return softmax(logits) if len(calls) < 3 else 1 / 0

    made = heat(fails_later, backward=None)
    with pytest.raises(Crashed, match="ZeroDivisionError"), made.blaming():
        run(made, 3)
    made = heat(softmax, backward=None)
    made.contestants["torch"] = fails_later
    with pytest.raises(ZeroDivisionError), made.blaming():
        run(made, 3)


def test_every_contestant_has_every_place_in_the_order():
    made = heat(softmax, backward=None)
    run(made, 3)
    laps = [made.order[i : i + 3] for i in (0, 3, 6)]
    assert all(len({lap[place] for lap in laps}) == 3 for place in range(3))


def test_the_counts_are_the_formulas():
    costs = heat(softmax).costs
    entries = 3 * 5
    assert (costs["forward"].bytes, costs["forward"].flops) == (2 * 4 * entries, 5 * entries)
    assert (costs["backward"].bytes, costs["backward"].flops) == (3 * 4 * entries, 4 * entries)


def test_a_copy_has_a_bandwidth():
    assert 1e8 < Track("cpu").bandwidth < 1e13


def pytest_run(*arguments, folder):
    """Run pytest as a person would; return its exit code and what it printed."""
    # A worker of pytest-xdist says in the environment that nothing is to be timed.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        [*command, f"--bench-into={folder}"],
        cwd=ROOT,
        env={**inherited, "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "80"},
        capture_output=True,
        encoding="utf8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One run on the CPU, and what it leaves behind."""
    folder = tmp_path_factory.mktemp("bench")
    code, told = pytest_run("--bench=cpu", "--target=solutions", SOFTMAX, folder=folder)
    assert code == 0, told
    return told, folder


@slow
def test_a_run_reports_times_ratios_counts_and_bandwidth(whole):
    found = json.loads((whole[1] / "benchmarks.json").read_text(encoding="utf8"))
    entries = {entry["param"]: entry for entry in found["benchmarks"]}
    who = [f"{d}-{c}" for d in ("forward", "backward") for c in ("torch", "reference", "subject")]
    assert list(entries) == who
    assert found["machine_info"]["copy_bytes_per_second"] > 0
    for entry in entries.values():
        facts, median = entry["extra_info"], entry["stats"]["median"]
        torchs = entries[f"{facts['direction']}-torch"]["stats"]["data"]
        assert len(entry["stats"]["data"]) == len(torchs) >= 5
        ratios = sorted(a / b for a, b in zip(entry["stats"]["data"], torchs, strict=True))
        assert ratios[0] <= facts["time_over_torchs"] <= ratios[-1]
        assert facts["bytes_per_second"] == pytest.approx(facts["bytes"] / median)
        assert facts["flops_per_second"] == pytest.approx(facts["flops"] / median)
    assert entries["forward-subject"]["extra_info"]["bytes"] == 2 * 4 * 32 * 1000


@slow
def test_a_run_prints_one_table_in_80_columns(whole):
    table = whole[0].partition("[100%]")[2].splitlines()
    assert max(map(len, table)) <= 80
    assert sum(line.startswith("  solutions ") for line in table) == 2
    assert "Outliers" not in whole[0]  # pytest-benchmark's own table


@slow
def test_a_run_leaves_one_plot(whole):
    (plot,) = whole[1].glob("*.png")
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert plot.stat().st_size > 5000


@slow
def test_a_wrong_answer_fails_its_benchmark_in_the_words_of_a_test(tmp_path):
    (tmp_path / "activations").mkdir()
    wrong = "def softmax(logits, dim=-1):\n    return logits.exp() / logits.exp().sum()\n"
    (tmp_path / "activations" / "softmax.py").write_text(wrong, encoding="utf8")
    code, told = pytest_run("--bench=cpu", f"--target={tmp_path}", SOFTMAX, folder=tmp_path)
    assert code == 1
    assert "entries differ" in told
    assert "Nothing was timed" in told
    assert "race(" not in told  # the hidden test's source
    assert not (tmp_path / "benchmarks.json").exists()


@slow
def test_without_a_card_the_gpu_run_says_what_it_lacks(tmp_path):
    code, told = pytest_run("--bench=gpu", "--target=solutions", SOFTMAX, folder=tmp_path)
    assert code == 0
    assert "1 skipped" in told
    assert "CUDA" in told
    assert "nox -s bench" in told


def entry(contestant, seconds, **changed):
    """Return one entry of benchmarks.json, as it is on a GPU."""
    facts = {
        "size": [128, 64, 56, 56],
        "direction": "backward",
        "contestant": contestant,
        "answer": "exercises",
        "bytes": 999.6e9,
        "flops": 123.4e12,
        "time_over_torchs": 123.456,
        "bytes_per_second": 3.349e12,
        "flops_per_second": 989.4e12,
        "share_of_copy_bandwidth": 1.0,
    }
    group = "convolution/transposed_conv_by_zero_insertion: images of a generator"
    return {
        "group": group,
        "fullname": f"test.py::bench_images[backward-{contestant}]",
        "extra_info": facts | changed,
        "stats": {"median": seconds},
    }


def on_a_gpu():
    machine = {"device": "NVIDIA H100 80GB HBM3", "on_gpu": True, "dtype": "float32"}
    machine |= {"copy_bytes_per_second": 2.9e12, "torch": "2.13.0"}
    who = [("torch", 12.3e-6), ("reference", 123.4e-3), ("subject", 123.4)]
    return {"machine_info": machine, "benchmarks": [entry(*each) for each in who]}


def test_the_table_of_a_gpu_keeps_to_80_columns_and_cuts_no_number():
    lines = bench_report.table(on_a_gpu())
    assert max(map(len, lines)) <= 80
    told = "\n".join(lines)
    assert "…" not in told
    for part in ("12.3 us", "123 ms", "123 s", "123.46", "3.35 TB/s", "989 TFLOP/s", "100%"):
        assert part in told


def test_the_plot_of_a_gpu_has_its_share_of_the_bandwidth(tmp_path):
    bench_report.draw(on_a_gpu(), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("number", "told"),
    [(999.4, "999 B"), (999.6, "1.00 kB"), (12345, "12.3 kB"), (1.2345e6, "1.23 MB"), (5, "5 B")],
)
def test_numbers_have_three_digits(number, told):
    assert bench_report.scaled(number, "B") == told


def test_every_benchmark_is_marked_gpu_and_stands_in_a_hidden_test_file():
    for name, file in catalogue.exercises().items():
        tree = ast.parse(Path(file.path).read_bytes())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("bench_"):
                marks = [ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list]
                assert "gpu" in marks, f"{node.name} in test_{name}.py"
                assert [a.arg for a in node.args.args] == [name, "race"]
