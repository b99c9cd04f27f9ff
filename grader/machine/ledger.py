"""The claims of the notes, each with its verdict, and the tests that are found to carry its id."""

import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from grader.machine import catalogue
from grader.machine.paths import NOTES, relative

VERDICTS = ("wrong", "conditional", "convention", "holds", "opinion")
NEED_COUNTEREXAMPLE = ("wrong", "conditional", "convention")
REPORT = NOTES / "README.md"


@dataclass(frozen=True)
class Claim:
    """One row of the ledger, with the evidence that was found for it."""

    id: str
    chapter: str
    source: str
    statement: str
    verdict: str
    as_written: str = ""
    why: str = ""
    exercises: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `python -m grader claims --json` prints."""
        return {
            "id": self.id,
            "verdict": self.verdict,
            "exercises": list(self.exercises),
            "tests": list(self.tests),
            "counterexamples": list(self.counterexamples),
        }

    def faults(self) -> list[str]:
        """Say what is missing in the row itself or as evidence for it."""
        found = []
        if self.verdict not in VERDICTS:
            found.append(f"verdict is {self.verdict!r}, but must be in {VERDICTS}")
        if not self.statement or not self.source:
            found.append("statement or source is empty")
        if self.verdict != "holds" and not self.why:
            found.append(f"a claim that is {self.verdict!r} needs a why")
        if self.verdict != "opinion" and not self.tests:
            found.append("no test carries its id with @claim or @counterexample")
        if self.verdict in NEED_COUNTEREXAMPLE and not self.counterexamples:
            found.append("no @counterexample runs it as the notes write it")
        return [f"{self.id} ({self.chapter}): {fault}" for fault in found]


@dataclass
class Evidence:
    """Where the ids of the claims are found."""

    exercises: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    tests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counterexamples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@cache
def evidence() -> Evidence:
    """Read the ids off all tests, without running them."""
    found = Evidence()
    for name, file in catalogue.exercises().items():
        for claim in file.claims:
            found.exercises[claim].append(name)
    for file in [*catalogue.exercises().values(), *catalogue.note_tests()]:
        for marks, into in (
            (file.tests, found.tests),
            (file.counterexamples, found.tests),
            (file.counterexamples, found.counterexamples),
        ):
            for test, ids in marks.items():
                for claim in ids:
                    if file.node(test) not in into[claim]:
                        into[claim].append(file.node(test))
    return found


@cache
def claims() -> tuple[Claim, ...]:
    """Return all rows of the ledger, in the order of their ids."""
    seen, rows = evidence(), []
    for path in sorted(NOTES.glob("*.toml")):
        if path.name == "sources.toml":
            continue
        for row in tomllib.loads(path.read_text(encoding="utf8")).get("claim", []):
            unknown = row.keys() - {"id", "source", "statement", "as_written", "verdict", "why"}
            if unknown or not {"id", "source", "statement", "verdict"} <= row.keys():
                raise ValueError(f"{relative(path)}: wrong or missing fields in {row}")
            key = row["id"]
            rows.append(
                Claim(
                    chapter=path.stem,
                    exercises=tuple(seen.exercises[key]),
                    tests=tuple(seen.tests[key]),
                    counterexamples=tuple(seen.counterexamples[key]),
                    **row,
                )
            )
    return tuple(sorted(rows, key=lambda claim: claim.id))


def faults() -> list[str]:
    """Say all that is wrong with the ledger: rows, evidence, ids that no row has."""
    rows = claims()
    found = [fault for claim in rows for fault in claim.faults()]
    for key, count in Counter(claim.id for claim in rows).items():
        found += [f"{key}: {count} rows"] if count > 1 else []
        found += [f"{key}: no source {key[:2]} in sources.toml"] if key[:2] not in sources() else []
    known = {claim.id for claim in rows}
    for key, tests in evidence().tests.items():
        if key not in known:
            found.append(f"{key}: no row in the ledger, but {tests[0]} carries it")
    return sorted(found)


@cache
def sources() -> dict[str, dict[str, str]]:
    """Return the notes by the first two letters of their claims' ids."""
    return tomllib.loads((NOTES / "sources.toml").read_text(encoding="utf8"))


def report() -> str:
    """Return the readable report: what the notes get wrong first, then all chapters."""
    rows = claims()
    counts = Counter(claim.verdict for claim in rows)
    total = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    lines = [
        "# What the notes claim, and what holds",
        "",
        "Written by `nox -s claims` from the ledger (`*.toml`) and the tests that carry the claims' ids.",
        f"{len(rows)} claims: {total}.",
        "",
        "| notes | |",
        "| --- | --- |",
        *(f"| {key} | {source['title']} |" for key, source in sources().items()),
        "",
    ]
    titles = {
        "wrong": "Errata: statements that are wrong",
        "conditional": "Statements that hold only under a condition",
        "convention": "Statements that depend on a convention",
    }
    for verdict, title in titles.items():
        lines += [f"## {title}", ""]
        for claim in (c for c in rows if c.verdict == verdict):
            lines += _in_full(claim)
    lines += ["## All chapters", ""]
    for chapter in sorted({claim.chapter for claim in rows}):
        lines += [
            f"### {chapter.replace('_', ' ')}",
            "",
            "| claim | verdict | statement | exercises |",
        ]
        lines += ["| --- | --- | --- | --- |"]
        lines += [_in_short(claim) for claim in rows if claim.chapter == chapter]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def _in_full(claim: Claim) -> list[str]:
    lines = [f"**{claim.id}** ({claim.source})", "", f"> {claim.statement}", ""]
    if claim.as_written:
        lines += ["As written:", "", "```latex", claim.as_written, "```", ""]
    run = ", ".join(f"`{test}`" for test in claim.counterexamples)
    return [*lines, claim.why, "", f"Run: {run}", ""]


def _in_short(claim: Claim) -> str:
    statement = claim.statement.replace("|", "\\|").replace("\n", " ")
    done = ", ".join(f"`{name}`" for name in claim.exercises)
    return f"| {claim.id} | {claim.verdict} | {statement} | {done} |"


def main() -> None:
    """Write the readable report."""
    REPORT.write_text(report(), encoding="utf8")
    sys.stdout.write(f"wrote {relative(REPORT)}\n")


if __name__ == "__main__":
    main()
