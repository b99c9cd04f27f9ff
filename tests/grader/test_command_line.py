"""`python -m grader`: what it prints, what it keeps, how it refuses."""

import ast
import json
import subprocess
import sys

import pytest

from grader.__main__ import main
from grader.machine import catalogue, hints, progress, scoreboard, stubs
from grader.machine.paths import ROOT

FIELDS = ["name", "chapter", "path", "level", "after", "claims", "wrong", "right", "benchmarks"]


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Keep what the commands leave behind out of the checkout."""
    monkeypatch.setattr(stubs, "LEFT_BEHIND", tmp_path)
    monkeypatch.setattr(hints, "FILE", tmp_path / "hints.json")
    monkeypatch.setattr(hints, "LEFT_BEHIND", tmp_path)
    monkeypatch.setattr(progress, "FILE", tmp_path / "progress.json")
    monkeypatch.setattr(progress, "LEFT_BEHIND", tmp_path)
    monkeypatch.setattr(catalogue, "EXERCISES", tmp_path / "exercises")
    catalogue.entry.cache_clear()
    yield
    catalogue.entry.cache_clear()


def test_the_list_of_exercises_as_json(capsys):
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [FIELDS] * len(catalogue.exercises())
    softmax = next(row for row in rows if row["name"] == "softmax")
    assert softmax["chapter"] == "activations"
    assert softmax["level"] == "warm-up"
    assert "S0-306" in softmax["claims"]
    assert "ignores_dim" in softmax["wrong"]
    assert "through_the_logarithm" in softmax["right"]


def test_the_claims_as_json(capsys):
    assert main(["claims", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["S0-306"]["verdict"] == "holds"
    assert "softmax" in rows["S0-306"]["exercises"]
    by_hand = "tests/activations/test_softmax.py::test_a_case_worked_by_hand"
    assert by_hand in rows["S0-306"]["tests"]


def test_lists_fit_into_80_columns(capsys):
    for command in (["list"], ["claims"], ["hint", "softmax"]):
        assert main(command) == 0
        printed = capsys.readouterr().out
        assert printed.isascii()
        assert max(map(len, printed.split("\n"))) <= 80


def test_one_hint_more_each_time(capsys):
    everything = catalogue.exercises()["softmax"].metadata["hints"]
    for count in range(1, len(everything) + 2):
        main(["hint", "softmax"])
        assert capsys.readouterr().out.count("Hint ") == min(count, len(everything))
    hints.forget("softmax")
    main(["hint", "exercises/activations/softmax.py"])
    assert capsys.readouterr().out.count("Hint ") == 1


def test_an_exercise_is_shown_without_its_answer(capsys):
    assert main(["show", "softmax"]) == 0
    printed = capsys.readouterr().out
    assert "raise NotImplementedError" in printed
    assert "S0-306 (holds)" in printed
    assert "amax" not in printed


def test_reset_keeps_a_copy(capsys, tmp_path):
    path = catalogue.exercise_path("softmax")
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    assert main(["reset", "softmax"]) == 0
    assert not stubs.is_begun(path)
    kept = tmp_path / "attempts" / "activations" / "softmax.1.py"
    assert kept.read_text() == "mine"
    assert "your version is kept in" in capsys.readouterr().out


def test_an_unknown_name_is_refused_with_the_nearest_ones(capsys):
    assert main(["show", "sofmax"]) == 2
    assert "NAME is 'sofmax'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["nonsense"])


def test_the_next_exercise_has_its_predecessors_done():
    order = catalogue.in_order()
    assert scoreboard.next_exercise(set()) == order[0]
    for count in range(len(order)):
        name = scoreboard.next_exercise(set(order[:count]))
        assert name is not None
        assert set(catalogue.entry(name).after) <= set(order[:count])
    assert scoreboard.next_exercise(set(order)) is None


def store(**verdicts):
    """Leave behind what a run would."""
    kept = {name: [state, progress.fingerprint(name)] for name, state in verdicts.items()}
    progress.FILE.write_text(json.dumps(kept))


def proved(**outcomes):
    """Return what a run came to, of exercises of one test each."""
    made = scoreboard.Board()
    for name, outcome in outcomes.items():
        key = ("activations", name, "exercises")
        made.outcomes[key]["test_a"], made.sizes[key] = outcome, 1
    return made.states()


def test_the_list_says_where_each_exercise_stands(capsys):
    for name, text in {"softmax": "one", "sigmoid": "two", "softmin": "three"}.items():
        path = catalogue.exercise_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    progress.remember(proved(softmax="passed", sigmoid="failed"))
    main(["list"])
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()]
    found = {row[0].strip(): row[-1].strip() for row in rows if len(row) == 3}
    told = {"softmax": "done", "sigmoid": "to mend", "softmin": "begun", "log_softmax": ""}
    assert told.items() <= found.items()
    catalogue.exercise_path("sigmoid").write_text("another try")
    assert progress.states() == {"softmax": "done"}


@pytest.mark.parametrize(
    "spoilt", ["", "{", "[1]", '{"softmax": "x", "sigmoid": ["done", 1]}', "[" * 10**5]
)
def test_a_spoilt_record_of_progress_holds_nothing(spoilt):
    progress.FILE.write_text(spoilt)
    assert progress.states() == {}
    path = catalogue.exercise_path("softmax")
    path.parent.mkdir(parents=True)
    path.write_text("one")
    progress.remember(proved(softmax="passed"))
    assert progress.done() == {"softmax"}
    assert [file.name for file in progress.FILE.parent.glob("progress*")] == ["progress.json"]


def test_the_solution_opens_when_the_exercise_is_done(capsys):
    assert main(["show", "softmax", "--solution"]) == 2
    refused = capsys.readouterr()
    assert refused.out == ""
    assert refused.err == "softmax isn't done: its solution opens then, or with --force\n"
    assert main(["show", "softmax", "--solution", "--force"]) == 0
    forced = capsys.readouterr().out
    assert forced.startswith("softmax isn't done: this is shown because of --force.")
    path = catalogue.exercise_path("softmax")
    path.parent.mkdir(parents=True)
    path.write_text("one")
    store(softmax="done")
    assert main(["show", "softmax", "--solution"]) == 0
    printed = capsys.readouterr().out
    assert "--force" not in printed
    assert "powers / powers.sum(dim, keepdim=True)" in printed
    assert "by way of log-sum-exp: exp(z - log sum exp z)" in printed
    assert "def through_the_logarithm(logits, dim=-1):" in printed
    assert "def test_" not in printed
    assert "@" not in printed


@pytest.mark.slow  # it parses all hidden test files
def test_another_right_answer_comes_with_its_helpers():
    with_helpers = 0
    for name, path in catalogue.paths().items():
        hidden = ast.parse(path.read_bytes()).body
        defined = {node.name for node in hidden if isinstance(node, ast.FunctionDef)}
        for source in catalogue.right_answers(name).values():
            tree = ast.parse(source)
            here = {node.name for node in tree.body}
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & defined
            assert used <= here | {name}
            with_helpers += len(here) > 1
    assert with_helpers


def test_done_ends_when_the_file_changes():
    path = catalogue.exercise_path("softmax")
    path.parent.mkdir(parents=True)
    path.write_text("one")
    store(softmax="done")
    assert progress.done() == {"softmax"}
    path.write_text("two")
    assert progress.done() == set()


def test_it_needs_no_torch():
    code = "import sys, grader.__main__ as g; g.main(['list']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
