"""Break the solutions one small step at a time, and see which breaks no hidden test notices.

cosmic-ray makes the mutants; each is tried in a fork of this process, which has torch loaded. A
survivor is a hole in the tests, unless `tests/equivalent_mutants.toml` explains why it behaves
like the original. Another input that refutes a statement is another right answer, and no mutant.
"""

import argparse
import ast
import contextlib
import difflib
import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from grader.machine import catalogue
from grader.machine.paths import ROOT, TESTS
from grader.machine.terminal import say, table

EQUIVALENT = TESTS / "equivalent_mutants.toml"
SECONDS = 30  # a mutant that takes longer is noticed by the person who waits for it
# cosmic-ray replaces each operator by each other: these tell the tests' strength, the rest repeats it.
BINARY = {
    "Add": ("Sub", "Mul"),
    "Sub": ("Add",),
    "Mul": ("Div", "Add"),
    "Div": ("Mul", "FloorDiv"),
    "FloorDiv": ("Div", "Mul"),
    "Mod": ("FloorDiv", "Add"),
    "Pow": ("Mul", "Add"),
    "BitAnd": ("BitOr",),
}
COMPARISON = {  # the boundary moved, and the answer reversed: what notices both notices the rest
    "Lt": ("LtE", "GtE"),
    "LtE": ("Lt", "Gt"),
    "Gt": ("GtE", "LtE"),
    "GtE": ("Gt", "Lt"),
    "Eq": ("NotEq", "LtE"),
    "NotEq": ("Eq", "Gt"),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
OTHERS = (
    "NumberReplacer",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "AddNot",
    "ZeroIterationForLoop",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
)


@dataclass(frozen=True)
class Mutant:
    """A solution with one change."""

    name: str
    source: str
    removed: str  # the changed lines as they were, stripped
    added: str  # and as they are

    @property
    def key(self) -> tuple[str, str, str]:
        """Name it for the file of explanations."""
        return self.name, self.removed, self.added


def mutants(name: str) -> list[Mutant]:
    """Return the mutants of an exercise's solution, each text once."""
    original = catalogue.solution_path(name).read_text(encoding="utf8")
    found: dict[str, Mutant] = {}
    for source in _mutated(original):
        with contextlib.suppress(SyntaxError):
            if _meaning(source) != _meaning(original):
                found.setdefault(_meaning(source), Mutant(name, source, *_change(original, source)))
    return list(found.values())


def _mutated(source: str) -> Iterator[str]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    pairs = {f"ReplaceBinaryOperator_{a}_{b}" for a, bs in BINARY.items() for b in bs}
    pairs |= {f"ReplaceComparisonOperator_{a}_{b}" for a, bs in COMPARISON.items() for b in bs}
    for operator in operator_names():
        short = operator.rpartition("/")[2]
        if short in pairs or short in OTHERS:
            occurrence = 0
            while (
                mutated := mutate_code(source, get_operator(operator)(), occurrence)
            ) is not None:
                yield mutated
                occurrence += 1


class _WithoutPlus(ast.NodeTransformer):
    """Drops a plus sign that stands alone: +1 is 1, and no other mutant."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        """Return the operand in place of its plus."""
        self.generic_visit(node)
        return node.operand if isinstance(node.op, ast.UAdd) else node


def _meaning(source: str) -> str:
    """Return the code without comments, annotations and the texts of its error messages."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc.args = []
    return ast.unparse(_WithoutPlus().visit(tree))


def _change(before: str, after: str) -> tuple[str, str]:
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    sides = ([line[2:].strip() for line in diff if line.startswith(sign)] for sign in "-+")
    removed, added = (" ".join(side) for side in sides)
    return removed, added


def survives(mutant: Mutant) -> bool:
    """Run the exercise's hidden tests on the mutant, in this process; it is a fork of its own."""
    import pytest

    with tempfile.TemporaryDirectory() as folder:
        chapter = catalogue.paths()[mutant.name].parent.name
        path = Path(folder, chapter, f"{mutant.name}.py")
        path.parent.mkdir()
        path.write_text(mutant.source, encoding="utf8")
        test = str(catalogue.paths()[mutant.name])
        with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
            status = pytest.main(
                [
                    "-q",
                    "-x",
                    "--no-shrink",
                    "--assert=plain",
                    "--seed=0",
                    "--time-limit=0",  # the alarm below: a slow machine kills no mutant
                    f"--target={folder}",
                    "-p",
                    "no:cacheprovider",
                    test,
                ]
            )
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{mutant.name}: pytest ended with {status!r}")
    return status == pytest.ExitCode.OK


def _try(mutant: Mutant) -> tuple[Mutant, bool]:
    def out_of_time(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(SECONDS)
    try:
        return mutant, survives(mutant)
    except TimeoutError:
        return mutant, False
    finally:
        signal.alarm(0)


def is_another_right_answer(mutant: Mutant) -> bool:
    """Whether a survivor is right: a refutation is accepted because the statement fails on it."""
    about = catalogue.metadata(catalogue.paths()[mutant.name]) or {}
    return about.get("kind") == "refute"


def explained() -> dict[tuple[str, str, str], str]:
    """Return why each equivalent mutant is one."""
    if not EQUIVALENT.exists():
        return {}
    rows = tomllib.loads(EQUIVALENT.read_text(encoding="utf8")).get("mutant", [])
    return {(row["exercise"], row["removed"], row["added"]): row["why"] for row in rows}


def main() -> int:
    """Try the mutants; print the share that is killed, and each survivor."""
    parser = argparse.ArgumentParser(prog="nox -s mutants --", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; all if none is named")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="try one in N, for a first look"
    )
    options = parser.parse_args()
    names = options.names or sorted(catalogue.paths())
    unknown = set(names) - catalogue.paths().keys()
    if unknown:
        parser.error(f"NAME is {', '.join(sorted(unknown))}, but there is no such exercise")
    os.chdir(ROOT)
    _load_once()
    tried = [mutant for name in names for mutant in mutants(name)][:: options.every]
    why, alive = explained(), []
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for mutant, survived in pool.imap_unordered(_try, tried):
            if survived and not is_another_right_answer(mutant):
                alive.append(mutant)
                _tell_survivor(mutant, why)
    _tell(tried, alive, why)
    holes = [m for m in alive if m.key not in why]
    seen, complete = {m.key for m in alive}, options.every == 1
    gone = [key for key in why if complete and key[0] in names and key not in seen]
    for key in gone:
        say(f"{key[0]}: the explained mutant is killed, or gone: {key[1]} -> {key[2]}")
    return 1 if holes or gone else 0


def _load_once() -> None:
    """Import what every fork needs."""
    import torch

    for name in ("hypothesis", "jaxtyping", "mpmath", "scipy.signal", "scipy.special", "sympy"):
        importlib.import_module(name)
    for name in ("machine.report", "machine.subject", "words.inputs", "words.oracles"):
        importlib.import_module(f"grader.{name}")
    catalogue.in_order()
    torch.set_num_threads(1)


def _tell_survivor(mutant: Mutant, why: dict[tuple[str, str, str], str]) -> None:
    if mutant.key not in why:
        say(f"SURVIVES  {mutant.name}\n  - {mutant.removed}\n  + {mutant.added}", wrap=False)


def _tell(tried: list[Mutant], alive: list[Mutant], why: dict[tuple[str, str, str], str]) -> None:
    chapters: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for mutant in tried:
        chapters[catalogue.paths()[mutant.name].parent.name][0] += 1
    for mutant in alive:
        row = chapters[catalogue.paths()[mutant.name].parent.name]
        row[1 if mutant.key in why else 2] += 1
    rows = [
        [chapter, str(n), f"{100 * (n - same - holes) / n:.1f} %", str(same), str(holes)]
        for chapter, (n, same, holes) in sorted(chapters.items())
    ]
    table("mutants", ["chapter", "mutants", "killed", "equivalent", "holes"], rows)
    share = 100 * (len(tried) - len(alive)) / max(1, len(tried))
    say(f"{len(tried) - len(alive)} of {len(tried)} mutants are killed ({share:.1f} %)")


if __name__ == "__main__":
    sys.exit(main())
