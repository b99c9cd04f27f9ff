"""The suite about itself: every exercise is whole, every claim has its evidence, nothing drifts."""

import ast
import re
import runpy
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from grader.machine import catalogue, ledger
from grader.machine.paths import EXERCISES, ROOT, SOLUTIONS, TESTS
from grader.machine.stubs import is_begun, stub
from grader.words.exercise import Exercise

SOLVED = sorted(SOLUTIONS.glob("*/*.py"))
HIDDEN = [file.path for file in catalogue.exercises().values()]
EIGHT = {"pyproject.toml", "exercises", "solutions", "tests", "conftest.py", "README.md"}
EIGHT |= {"noxfile.py", "grader"}
NUMERIC = ("implement", "repair", "predict", "speed")
SLOW_IMPORTS = {"sympy", "scipy", "mpmath", "networkx", "matplotlib"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf8"))


def test_there_are_exercises_and_claims():
    assert len(SOLVED) >= 50
    assert len(ledger.claims()) >= 150


def test_the_top_level_has_eight_names_and_dot_files():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= EIGHT


def test_names_are_unique_over_all_chapters():
    assert [n for n, count in Counter(path.stem for path in SOLVED).items() if count > 1] == []


def test_solutions_and_hidden_tests_stand_at_the_same_paths():
    solved = {(path.parent.name, path.stem) for path in SOLVED}
    assert {(path.parent.name, path.stem.removeprefix("test_")) for path in HIDDEN} == solved


def test_no_exercise_is_left_behind_by_its_solution():
    solved = {path.relative_to(SOLUTIONS) for path in SOLVED}
    assert {path.relative_to(EXERCISES) for path in EXERCISES.glob("*/*.py")} <= solved


@pytest.mark.parametrize("solution", SOLVED, ids=lambda path: path.stem)
def test_the_stub_is_cut_from_the_solution(solution):
    path = EXERCISES / solution.relative_to(SOLUTIONS)
    fresh = stub(solution.read_text(encoding="utf8"))
    if is_begun(path):
        return  # a learner's clone: the exercise is theirs now
    assert path.exists(), "run `nox -s stubs`"
    assert path.read_text(encoding="utf8") == fresh, "run `nox -s stubs`"
    runpy.run_path(str(path))  # it loads: nothing that it names was cut


@pytest.mark.parametrize("solution", SOLVED, ids=lambda path: path.stem)
def test_a_solution_stands_alone_and_says_what_it_returns(solution):
    text = solution.read_text(encoding="utf8")
    imported = [n.module or "" for n in ast.walk(tree(solution)) if isinstance(n, ast.ImportFrom)]
    assert not [m for m in imported if m.partition(".")[0] in ("solutions", "tests", "grader")]
    kind = (catalogue.read(catalogue.paths()[solution.stem]).metadata or {}).get(
        "kind", "implement"
    )
    parts = ("Notes:", ">>>") if kind in NUMERIC else ("Notes:",)  # an example would be the answer
    assert all(part in text for part in parts), f"the docstring lacks one of {parts}"
    assert "TODO" not in text


@pytest.mark.parametrize("path", HIDDEN, ids=lambda path: path.stem)
def test_a_hidden_test_file_is_whole(path):
    name = path.stem.removeprefix("test_")
    file = catalogue.read(path)
    exercise = Exercise(**(file.metadata or {}))
    solution = ast.get_docstring(_answer(name)) or ""
    assert "TODO" not in path.read_text(encoding="utf8"), "fill in every TODO"
    assert set(exercise.after) <= catalogue.exercises().keys(), "`after` names what is not there"
    assert len(file.wrong) >= (4 if exercise.kind in NUMERIC else 2), "declare more @wrong answers"
    assert len(set(file.wrong.values())) == len(file.wrong), "two mistakes have one diagnosis"
    assert len(file.tests) >= (3 if exercise.kind in NUMERIC else 1), "write more tests"
    assert file.claims, "no test carries the id of a claim"
    assert exercise.hints, "give a hint"
    assert not exercise.forbid or "Not allowed:" in solution, (
        "the stub doesn't say what's forbidden"
    )


def _answer(name: str) -> ast.AST:
    """Return the public function or class of a solution; of a class, one with all docstrings."""
    public = [
        node
        for node in tree(catalogue.solution_path(name)).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert len(public) == 1, "a solution defines one public name"
    return public[0]


@pytest.mark.parametrize("path", HIDDEN, ids=lambda path: path.stem)
def test_hidden_tests_use_the_words_and_import_quickly(path):
    body = tree(path)
    assert not [n for n in ast.walk(body) if isinstance(n, ast.Assert)], "use check(), not assert"
    imports = [n for n in body.body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {a.name for n in imports if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in imports if isinstance(n, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert not roots & SLOW_IMPORTS, "import it inside the test that needs it"
    assert not roots & {"solutions", "exercises"}, "an oracle is independent of the answers"


def test_every_claim_has_a_sound_row_and_its_evidence():
    assert ledger.faults() == []


def test_the_report_is_up_to_date():
    assert ledger.REPORT.read_text(encoding="utf8") == ledger.report(), "run `nox -s claims`"


def test_no_exercise_comes_before_itself():
    order = catalogue.in_order()
    for name in order:
        for before in catalogue.entry(name).after:
            assert order.index(before) < order.index(name), f"{before} and {name} wait for another"


def test_the_dependencies_are_pinned():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))[
        "dependency-groups"
    ]
    loose = [p for ps in groups.values() for p in ps if isinstance(p, str) and "==" not in p]
    assert loose == []


def test_no_file_holds_a_path_of_somebodys_machine():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    homes = re.compile(r"(?<![\w.])/(root|home|work|Users)/\w")
    for path in (ROOT / line for line in listed.stdout.splitlines()):
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".yml"):
            assert not homes.search(path.read_text(encoding="utf8")), path


def test_the_tests_of_the_notes_need_no_answers():
    for path in (TESTS / "notes").glob("test_*.py"):
        text = path.read_text(encoding="utf8")
        assert "from solutions" not in text, path
        assert "from exercises" not in text, path
