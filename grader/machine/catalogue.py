"""What exercises there are, read from the hidden test files without running them."""

import ast
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from grader.machine.paths import EXERCISES, NOTES, SOLUTIONS, TESTS, relative


@dataclass
class Declarations:
    """The tests of one file, with the claims that each is evidence for."""

    path: Path
    metadata: dict[str, Any] | None = None  # the literals of EXERCISE, if it has one
    tests: dict[str, list[str]] = field(default_factory=dict)  # name -> claims
    counterexamples: dict[str, list[str]] = field(default_factory=dict)
    benchmarks: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)  # name -> diagnosis
    right: dict[str, str] = field(default_factory=dict)  # name -> style
    refusals: set[str] = field(default_factory=set)  # tests that only ask for errors

    @property
    def claims(self) -> list[str]:
        """All claims that some test of the file is evidence for."""
        marked = [*self.tests.values(), *self.counterexamples.values()]
        return sorted({claim for claims in marked for claim in claims})

    def node(self, test: str) -> str:
        """Return pytest's name of a test."""
        return f"{relative(self.path)}::{test}"


@dataclass(frozen=True)
class Entry:
    """One exercise as `python -m grader list --json` prints it."""

    name: str
    chapter: str
    path: str
    level: str
    after: list[str]
    claims: list[str]
    wrong: list[str]
    right: list[str]
    benchmarks: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


@cache
def read(path: Path) -> Declarations:
    """Read a test file's declarations from its syntax tree."""
    found = Declarations(path, metadata(path))
    tree = ast.parse(path.read_bytes())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            marks = list(_marks(node))
            ids = [i for mark, values in marks if mark == "claim" for i in values]
            against = [i for mark, values in marks if mark == "counterexample" for i in values]
            if node.name.startswith("test_"):
                found.tests[node.name] = ids
                found.refusals |= {node.name} if _only_asks_for_errors(node) else set()
            elif node.name.startswith("bench_"):
                found.benchmarks.append(node.name)
            if against:
                found.counterexamples[node.name] = against
            for mark, values in marks:
                if mark in ("wrong", "right") and values:
                    getattr(found, mark)[node.name] = values[0]
    return found


@cache
def metadata(path: Path) -> dict[str, Any] | None:
    """Return the literals of a test file's EXERCISE; the rest of the file isn't parsed."""
    _, found, rest = path.read_text(encoding="utf8").partition("\nEXERCISE = ")
    if not found:
        return None
    first, _, more = rest.partition("\n")
    text = (
        first if first.rstrip().endswith(")") else first + "\n" + more.partition("\n)")[0] + "\n)"
    )
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(k.arg): _literal(k, path) for k in call.keywords}


@cache
def paths() -> dict[str, Path]:
    """Return the hidden test files by the names of their exercises, unread."""
    found = [p for p in sorted(TESTS.glob("*/test_*.py")) if p.parent.name not in NOT_CHAPTERS]
    return {path.stem.removeprefix("test_"): path for path in found}


def declaring(word: str) -> list[str]:
    """Return the exercises whose hidden test files mark something with a word, unread."""
    texts = {name: path.read_text(encoding="utf8") for name, path in paths().items()}
    return [name for name, text in texts.items() if f"\n@{word}(" in text]


@cache
def exercises() -> dict[str, Declarations]:
    """Return what the hidden test files declare by the names of their exercises."""
    return {name: read(path) for name, path in paths().items()}


NOT_CHAPTERS = (NOTES.name, "grader", "hostile")


def note_tests() -> list[Declarations]:
    """Return the test files of claims that are verified and not exercised."""
    return [read(path) for path in sorted(NOTES.glob("test_*.py"))]


def after(name: str) -> tuple[str, ...]:
    """Return the exercises that come before one."""
    return tuple((metadata(paths()[name]) or {}).get("after", ()))


@cache
def entry(name: str) -> Entry:
    """Return one exercise's entry."""
    file = read(paths()[name])
    about = file.metadata or {}
    return Entry(
        name=name,
        chapter=file.path.parent.name,
        path=relative(exercise_path(name)),
        level=about.get("level", ""),
        after=list(about.get("after", ())),
        claims=file.claims,
        wrong=list(file.wrong),
        right=list(file.right),
        benchmarks=file.benchmarks,
    )


def exercise_path(name: str) -> Path:
    """Return the learner's file of an exercise."""
    return EXERCISES / paths()[name].parent.name / f"{name}.py"


def solution_path(name: str) -> Path:
    """Return the reference solution of an exercise."""
    return SOLUTIONS / paths()[name].parent.name / f"{name}.py"


def right_answers(name: str) -> dict[str, str]:
    """Return the sources of an exercise's @right answers by their styles, with their helpers."""
    path = paths()[name]
    text = path.read_text(encoding="utf8")
    nodes = {
        n.name: n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef | ast.ClassDef)
    }

    def source(node: ast.FunctionDef | ast.ClassDef, seen: set[str]) -> list[str]:
        seen.add(node.name)
        used = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in nodes]
        helpers = [h for u in used if u not in seen for h in source(nodes[u], seen)]
        return [*helpers, ast.get_source_segment(text, node) or ""]

    return {
        style: "\n\n\n".join(source(nodes[function], set()))
        for function, style in read(path).right.items()
    }


def test_path(word: str) -> str | None:
    """Return the hidden tests of an exercise's name, file or chapter; None for anything else."""
    plain = word.replace("\\", "/").removeprefix("./").rstrip("/").removeprefix("exercises/")
    name = plain.rpartition("/")[2].removesuffix(".py")
    if "::" in word or plain.startswith("tests") or name.startswith("-"):
        return None
    if name in paths() and plain in (name, f"{paths()[name].parent.name}/{name}.py"):
        return str(paths()[name])
    chapter = TESTS / plain
    return str(chapter) if chapter in {path.parent for path in paths().values()} else None


def in_order() -> list[str]:
    """Return the names of all exercises, each after its predecessors, easier ones first."""
    levels = {"warm-up": 0, "core": 1, "hard": 2}
    about = {name: metadata(path) or {} for name, path in paths().items()}
    chapter = {name: path.parent.name for name, path in paths().items()}
    left = sorted(about, key=lambda n: (levels.get(about[n].get("level", ""), 3), chapter[n], n))
    ordered: list[str] = []
    while left:
        ready = next((n for n in left if {*about[n].get("after", ())} <= {*ordered}), left[0])
        left.remove(ready)
        ordered.append(ready)
    return ordered


def _marks(node: ast.FunctionDef | ast.ClassDef) -> Iterator[tuple[str, list[str]]]:
    """Yield each decorator's name with its literal arguments."""
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = ast.unparse(call.func if call else decorator).rpartition(".")[2]
        args = call.args if call else []
        yield name, [str(a.value) for a in args if isinstance(a, ast.Constant)]


def _only_asks_for_errors(test: ast.AST) -> bool:
    calls = [node for node in ast.walk(test) if isinstance(node, ast.Call)]
    checks = [c for c in calls if ast.unparse(c.func) in ("check", "check_gradient")]
    return bool(checks) and all(any(k.arg == "raises" for k in c.keywords) for c in checks)


def _literal(keyword: ast.keyword, path: Path) -> Any:
    try:
        return ast.literal_eval(keyword.value)
    except ValueError:
        raise ValueError(f"{relative(path)}: EXERCISE's {keyword.arg} is not a literal") from None
