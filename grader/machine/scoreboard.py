"""What a run came to: progress by chapter for a learner, a kill matrix for an author."""

from collections import defaultdict
from typing import Any

from grader.machine import catalogue, progress
from grader.machine.paths import relative

Key = tuple[str, str, str]  # chapter, exercise, whose answer
WIDTH = 80  # columns; not from where rich would have to be loaded for it


class Board:
    """The outcomes of a run, exercise by exercise."""

    def __init__(self) -> None:
        self.outcomes: dict[Key, dict[str, str]] = defaultdict(dict)
        self.sizes: dict[Key, int] = {}
        self.waiting: set[tuple[str, str]] = set()
        self.rejections: dict[Key, dict[str, list[str] | None]] = defaultdict(dict)
        self.diagnosis: dict[Key, str] = {}

    def add(self, report: Any) -> None:
        """Note one report of pytest."""
        if hasattr(report, "waiting"):
            self.waiting.add(tuple(report.waiting))
        if not hasattr(report, "subject"):
            return
        key: Key = tuple(report.subject)
        self.sizes[key] = report.size
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[key][report.nodeid] = report.outcome
        if hasattr(report, "rejected"):
            said = report.said if report.rejected and report.counts else None
            self.diagnosis[key] = report.diagnosis
            self.rejections[key][report.nodeid.rpartition("::")[2]] = said

    def state(self, key: Key) -> str:
        """Say whether an exercise is done, or where it stands."""
        outcomes = list(self.outcomes[key].values())
        if "failed" in outcomes:
            return "to mend"
        whole = outcomes.count("passed") == self.sizes.get(key)
        return "done" if whole else "not all tried"

    def states(self) -> dict[str, str]:
        """Say of each exercise that was tried where it stands."""
        return {key[1]: self.state(key) for key in self.outcomes}

    def survivors(self) -> list[Key]:
        """Return the wrong answers that were tried with all their tests, and that none rejects."""
        return [
            key
            for key, tests in sorted(self.rejections.items())
            if len(tests) == self.sizes[key] and all(said is None for said in tests.values())
        ]

    def lines(self, for_learner: bool) -> list[str]:
        """Return the lines that end the run."""
        return self._progress() if for_learner else self._strength()

    def first_said(self, key: Key) -> list[str]:
        """Return what the first test that rejects a wrong answer says of it."""
        return next((said for said in self.rejections[key].values() if said is not None), [])

    def faults(self) -> list[str]:
        """Say which wrong answers no test rejects, and which are rejected without being named."""
        alive = self.survivors()
        unnamed = [
            key
            for key in sorted(self.rejections)
            if any(said is not None for said in self.rejections[key].values())
            and self.diagnosis[key] not in self.first_said(key)
        ]
        return [
            *(f"SURVIVES  {_named(key)}: no hidden test rejects it" for key in alive),
            *(f"UNNAMED   {_named(key)}: rejected without its diagnosis" for key in unnamed),
        ]

    def also_said(self) -> dict[Key, list[str]]:
        """Return, for wrong answers, the diagnoses of others that are said beside their own."""
        return {
            key: others
            for key in sorted(self.rejections)
            if (others := [s for s in self.first_said(key) if s != self.diagnosis[key]])
        }

    def _strength(self) -> list[str]:
        if not self.rejections:
            return []
        caught = len(self.rejections) - len(self.survivors())
        lines = [*self.faults(), f"{caught} of {len(self.rejections)} wrong answers are caught"]
        if self.also_said():
            lines += [f"{len(self.also_said())} are told another mistake beside their own"]
        return lines

    def _progress(self) -> list[str]:
        states = {key[:2]: self.state(key) for key in self.outcomes}
        if not states and not self.waiting:
            return []
        marks = {"done": "#", "to mend": "x", "not all tried": "~"}
        chapters: dict[str, list[str]] = defaultdict(list)
        for chapter, name in sorted({*states, *self.waiting}):
            chapters[chapter].append(marks.get(states.get((chapter, name), ""), "."))
        lines = [""]
        for chapter, row in chapters.items():
            lines += _row(chapter, "".join(sorted(row, key="#~x.".index)))
        done = progress.done() | {name for (_, name), state in states.items() if state == "done"}
        return [*lines, *next_lines(done)]


def _named(key: Key) -> str:
    return f"{key[0]}/{key[1]}: {key[2].removeprefix('wrong-')}()"


def _row(chapter: str, marks: str) -> list[str]:
    count = f"{marks.count('#')}/{len(marks)}"
    pieces = [marks[i : i + 50] for i in range(0, len(marks), 50)]
    first, *more = pieces
    return [f"{chapter:<16} {first}  {count}", *(f"{'':<16} {piece}" for piece in more)]


def next_lines(done: set[str]) -> list[str]:
    """Say which exercise comes next: the first whose predecessors are done."""
    name = next_exercise(done)
    if name is None:
        return ["All exercises are done."]
    path, command = f"next: {relative(catalogue.exercise_path(name))}", f"(pytest -k {name})"
    line = f"{path}   {command}"
    return [line] if len(line) <= WIDTH else [path, f"      {command}"]


def next_exercise(done: set[str]) -> str | None:
    """Return the first exercise that is not done and whose predecessors are."""
    left = [name for name in catalogue.in_order() if name not in done]
    return next((n for n in left if set(catalogue.after(n)) <= done), left[0] if left else None)
