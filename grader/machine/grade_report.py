"""What a run came to, for a program to read: `--report FILE` and `--gradescope FILE`.

A check is a hidden test. An exercise is worth 1 point (warm-up), 2 (core) or 3 (hard), and an
answer gets the share of the checks that it passes, with three exceptions:

- Whoever fails the first check, a case worked by hand, has no function yet that parts could be
  right of, and gets nothing: some later check passes for an answer that returns its input.
- Checks that only ask for an error count no more than the others do: `raise ValueError` passes all
  of them and does nothing else. Who passes half of the other checks gets half of their share.
- An exercise that is not begun, or that a run ended before it came to, has no points.

So a run that is asked for a report tries all checks of an exercise, where a learner's stops at the
first that fails. The terminal and JUnit's file still show one mistake at a time: what fails later
is reported there as skipped. Only an answer that can't be loaded, or had to be stopped, isn't tried
again: each of its checks would take all the time there is.

The files are plain ASCII, and hold no source. They are written anew after each exercise, so that a
run which an answer ends leaves behind what was known.
"""

import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from grader.machine import catalogue
from grader.machine.paths import ROOT

POINTS = {"warm-up": 1, "core": 2, "hard": 3}
NOT_RUN = "not run"
OPTIONS = ("report", "gradescope")


def add_options(group: Any) -> None:
    """Add the options that ask for a report."""
    group.addoption("--report", metavar="FILE", help="write each exercise's checks and points")
    group.addoption("--gradescope", metavar="FILE", help="write Gradescope's results.json")


def is_wanted(config: pytest.Config) -> bool:
    """Whether a run is to leave a report behind."""
    return any(getattr(config.option, name, None) for name in OPTIONS)


def refuse_unsuitable(config: pytest.Config) -> None:
    """Say which runs a report makes no sense of."""
    target = config.option.target
    if is_wanted(config) and set(target.split(",")) & {"wrong", "right"} | set(target) & {","}:
        raise pytest.UsageError(f"a report is about one person's answers, not --target={target}")


@dataclass
class Grade:
    """What is known of one exercise."""

    name: str
    is_waiting: bool = False
    outcomes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    messages: dict[str, str] = field(default_factory=dict)  # test -> what its first failure says

    def add(self, test: str, case: str, outcome: str, told: str) -> None:
        """Note the outcome of one case of a test: a failure stays one."""
        if self.outcomes[test].get(case) != "failed":
            self.outcomes[test][case] = outcome
        if outcome == "failed":
            self.messages.setdefault(test, told)

    @property
    def checks(self) -> dict[str, str]:
        """Say of each hidden test whether it passed, failed, or was not run."""
        return {test: self._outcome(test) for test in catalogue.read(self._path).tests}

    def _outcome(self, test: str) -> str:
        outcomes = {*self.outcomes.get(test, {}).values()}
        return next((o for o in ("failed", NOT_RUN, "passed") if o in outcomes), NOT_RUN)

    @property
    def state(self) -> str:
        """Say where the exercise stands."""
        outcomes = {*self.checks.values()}
        if "failed" in outcomes:
            return "to mend"
        if outcomes == {"passed"}:
            return "done"
        return "not begun" if self.is_waiting else "not all tried"

    @property
    def max_points(self) -> int:
        """Return what the exercise is worth."""
        return POINTS[self.level]

    @property
    def points(self) -> float:
        """Return what the answer gets."""
        passed = {test for test, outcome in self.checks.items() if outcome == "passed"}
        share = credit([*self.checks], catalogue.read(self._path).refusals, passed)
        return round(self.max_points * share, 2)

    @property
    def level(self) -> str:
        """Return the exercise's level."""
        return catalogue.entry(self.name).level

    @property
    def _path(self) -> Path:
        return catalogue.paths()[self.name]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "chapter": self._path.parent.name,
            "name": self.name,
            "level": self.level,
            "state": self.state,
            "points": self.points,
            "max_points": self.max_points,
            "checks": [
                {
                    "check": sentence(test),
                    "outcome": outcome,
                    "message": self.messages.get(test, ""),
                }
                for test, outcome in self.checks.items()
            ],
        }

    def as_gradescope(self) -> dict[str, Any]:
        """Return the exercise as one test of Gradescope's, with its first mistake."""
        passed = [*self.checks.values()].count("passed")
        lines = [f"{self.state}: {passed} of {len(self.checks)} checks passed"]
        first = next((test for test, o in self.checks.items() if o == "failed"), None)
        if first:
            lines += ["", f"{self.name}: {sentence(first)}", self.messages[first]]
        return {
            "name": f"{self._path.parent.name}/{self.name}",
            "score": self.points,
            "max_score": self.max_points,
            "status": "passed" if self.state == "done" else "failed",
            "output": "\n".join(lines),
            "output_format": "text",
            "tags": [self.level],
            "visibility": "visible",
        }


def sentence(test: str) -> str:
    """Return what a hidden test says is true."""
    return test.removeprefix("test_").replace("_", " ")


def credit(tests: list[str], refusals: set[str], passed: set[str]) -> float:
    """Return the share of an exercise's points that its passed tests are worth."""
    if not tests or tests[0] not in passed:
        return 0.0
    telling = [test for test in tests if test not in refusals]
    share = len(passed.intersection(telling)) / len(telling)
    return (share * len(telling) + share * len(passed & refusals)) / len(tests)


class GradeReport:
    """Hears the reports of this process and of all workers, and writes the files."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.start = config, time.time()
        self.grades: dict[str, Grade] = {}
        self.last = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Expect what was collected: an exercise that the run doesn't get to has no points."""
        self.expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Expect what the workers collected."""
        self.expect(ids)

    def expect(self, nodes: list[str]) -> None:
        """Give each exercise its place in the report, whatever becomes of the run."""
        for name, *_ in filter(None, map(_parts, nodes)):
            self.grades.setdefault(name, Grade(name))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note what became of a hidden test."""
        parts = _parts(report.nodeid)
        if parts is None:
            return
        name, test, case = parts
        grade = self.grades.setdefault(name, Grade(name))
        if hasattr(report, "waiting"):
            grade.is_waiting = True
            return
        if self.last not in ("", name):
            self.write()
        self.last = name
        outcome, told = judged(report)
        if report.when == "call" or outcome != "passed":
            grade.add(test, case, outcome, told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write what there is in the end."""
        self.write()

    def write(self) -> None:
        """Write the files that were asked for."""
        option, grades = self.config.option, sorted(self.grades.values(), key=_place)
        if option.report:
            _replace(Path(option.report), self._as_json(grades))
        if option.gradescope:
            _replace(Path(option.gradescope), self._as_gradescope(grades))

    def _as_json(self, grades: list[Grade]) -> dict[str, Any]:
        return {
            "target": self.config.option.target,
            "seed": self.config.option.seed,
            "versions": {
                "python": sys.version.split()[0],
                "torch": version("torch"),
                "pytest": pytest.__version__,
                "deepclaims": _own_version(),
            },
            "points": round(sum(g.points for g in grades), 2),
            "max_points": sum(g.max_points for g in grades),
            "exercises": [g.as_json() for g in grades],
        }

    def _as_gradescope(self, grades: list[Grade]) -> dict[str, Any]:
        return {
            "score": round(sum(g.points for g in grades), 2),
            "execution_time": round(time.time() - self.start, 1),
            "output": f"To repeat this run: --seed={self.config.option.seed}",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": [g.as_gradescope() for g in grades],
        }


def _parts(node: str) -> tuple[str, str, str] | None:
    """Return the exercise, the hidden test and the case that pytest's name of a test stands for."""
    file, _, rest = node.partition("::")
    test, _, case = rest.partition("[")
    name = Path(file).stem.removeprefix("test_")
    is_hidden = catalogue.paths().get(name) == ROOT / file and test.startswith("test_")
    return (name, test, case) if is_hidden else None


def judged(report: Any) -> tuple[str, str]:
    """Return the outcome of one report of pytest, and what it says to the learner."""
    if hasattr(report, "put_off"):
        return "failed", report.put_off
    if report.outcome == "skipped":
        return NOT_RUN, ""
    if report.outcome == "passed":
        return "passed", ""
    if not hasattr(report, "subject"):  # of pytest-xdist: its worker is gone
        return "failed", "ended the process that ran it"
    return "failed", report.longrepr if isinstance(report.longrepr, str) else ""


def put_off(report: Any, reason: str) -> None:
    """Keep a failure for the report alone; the reader of the terminal has another one to mend."""
    report.put_off = report.longrepr
    report.outcome, report.longrepr = "skipped", (report.location[0], 1, f"Skipped: {reason}")


def _place(grade: Grade) -> tuple[str, str]:
    return grade._path.parent.name, grade.name


def _own_version() -> str:
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]["version"]


def _replace(path: Path, data: dict[str, Any]) -> None:
    """Put a whole new file in the old one's place: it can be read at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(data, indent=1) + "\n", encoding="ascii")
    draft.replace(path)
