"""The run: which code is under test, one mistake at a time, and what becomes of each outcome."""

import contextlib
import importlib
import os
import random
import re
import sys
import zlib
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.machine import catalogue, grade_report, matrix, progress, scoreboard
from grader.machine.paths import LEFT_BEHIND, NOTES, OWN_TARGETS, TESTS, folder
from grader.machine.stubs import is_begun
from grader.words.verdict import Accepted, Broken, Stopped, Verdict

if TYPE_CHECKING:  # a run over untouched stubs needs no torch, and so doesn't wait for it
    from grader.machine.subject import Subject

AUTHORS_ONLY = (NOTES, TESTS / "grader", TESTS / "hostile", TESTS / "test_suite.py")
USES_OPTIMIZERS = re.compile(r"torch\.optim\b(?!\")")  # and doesn't only forbid "torch.optim"
USES_TRANSFORMS = re.compile(
    r"torch\.(func|vmap|compile)\b|torch import .*\b(func|vmap)\b|functorch"
)
NOT_BEGUN = "not begun"
EARLIER = "one mistake at a time: an earlier test of this exercise did not pass"


class Run:
    """What a run of pytest knows: its target, its seed, the outcomes so far."""

    def __init__(self, config: pytest.Config) -> None:
        self.target: str = config.option.target
        self.maintainer: bool = config.option.maintainer
        self.seed: int = config.option.seed
        self.time_limit: float = config.option.time_limit
        self.isolated: bool = config.option.isolated
        self.outcomes: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
        self.sizes: dict[tuple[str, str, str], int] = defaultdict(int)
        self.is_set_up = False
        self.named: set[tuple[str, str, str]] = set()  # wrong answers that a test has rejected
        self.tries_all = grade_report.is_wanted(config)  # checks, also after one that failed
        self.given_up: set[tuple[str, str, str]] = set()  # answers that no further check can try

    @property
    def is_learners(self) -> bool:
        """Whether the code under test is a learner's."""
        return not set(self.target.split(",")) <= {*OWN_TARGETS} - {"exercises"}


RUN = pytest.StashKey[Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a person may choose."""
    group = parser.getgroup("deepclaims")
    group.addoption(
        "--target",
        default="exercises",
        metavar="WHOSE",
        help="the code under test: exercises (default), solutions, right, wrong, "
        "several of these with commas between, or a folder laid out like exercises",
    )
    group.addoption("--hints", type=int, default=0, metavar="N", help="show the first N hints")
    group.addoption(
        "--seed", type=int, default=None, metavar="N", help="replay a run's random choices"
    )
    group.addoption(
        "--no-shrink", action="store_true", help="report the first failing input, not the smallest"
    )
    group.addoption("--matrix", metavar="FILE", help="write which test rejects which wrong answer")
    group.addoption(
        "--maintainer", action="store_true", help="show full tracebacks, the tests' source included"
    )
    group.addoption(
        "--time-limit",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="what an answer may take in one check (default 5; 0: as long as it likes)",
    )
    group.addoption(
        "--isolated",
        action="store_true",
        help="run the answers in processes of their own: for whoever grades others",
    )
    grade_report.add_options(group)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Accept exercises as arguments; keep an exercise on one worker of pytest-xdist."""
    config.args = [catalogue.test_path(argument) or argument for argument in config.args]
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"


def pytest_configure(config: pytest.Config) -> None:
    """Check the target, choose the seed, and set Hypothesis up."""
    worker = getattr(config, "workerinput", None)
    if worker:
        config.option.seed = worker["seed"]
    elif config.option.seed is None:
        config.option.seed = 0 if os.environ.get("CI") else random.SystemRandom().randrange(10**6)
    for word in config.option.target.split(","):
        if word not in OWN_TARGETS and not Path(word).is_dir():
            raise pytest.UsageError(
                f"--target is {word!r}, but must be one of {', '.join(OWN_TARGETS)} or a folder"
            )
    if config.option.isolated and not hasattr(os, "fork"):
        raise pytest.UsageError("--isolated needs a system that can fork: Linux or macOS")
    if config.option.isolated and config.getoption("bench", None):
        raise pytest.UsageError("--isolated can't be timed: leave it out, or leave out --bench")
    grade_report.refuse_unsuitable(config)
    config.stash[RUN] = Run(config)


def _set_up_hypothesis(config: pytest.Config) -> None:
    """Load the run's settings, before the first test file takes them over."""
    from hypothesis import HealthCheck, Phase, configuration, core, settings

    configuration.set_hypothesis_home_dir(LEFT_BEHIND / "hypothesis")
    plain = settings(
        deadline=None,
        database=None,
        max_examples=25,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    settings.register_profile("tell", plain, phases=[Phase.generate, Phase.shrink])
    settings.register_profile("judge", plain, phases=[Phase.generate])  # nobody reads: no shrinking
    shrinks = config.stash[RUN].is_learners and not config.option.no_shrink
    settings.load_profile("tell" if shrinks else "judge")
    core.global_force_seed = config.option.seed


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every worker of pytest-xdist the same seed."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the notes and the suite itself to runs on the project's own answers."""
    return True if config.stash[RUN].is_learners and collection_path in AUTHORS_ONLY else None


class NotBegun(pytest.File):
    """The hidden tests of an exercise that nobody has written into; nothing of it is run."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each of the file's, under the same name."""
        for name in catalogue.read(self.path).tests:
            yield Waiting.from_parent(self, name=name)


class Waiting(pytest.Item):
    """A test that waits for the exercise to be begun."""

    def runtest(self) -> None:
        """Do nothing: the protocol below reports it without running it."""

    def report(self) -> pytest.TestReport:
        """Return the one report of it: skipped, because it is not begun."""
        name = self.path.stem.removeprefix("test_")
        report = pytest.TestReport(
            nodeid=self.nodeid,
            location=self.location,
            keywords={self.name: 1},
            outcome="skipped",
            longrepr=(str(catalogue.exercise_path(name)), 1, f"Skipped: {NOT_BEGUN}"),
            when="setup",
        )
        report.waiting = [self.path.parent.name, name]  # type: ignore[attr-defined]
        return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Report a waiting test at once: hundreds of untouched exercises cost no time."""
    if not isinstance(item, Waiting):
        return None
    item.session._setupstate.teardown_exact(nextitem)  # of the chapter that ends here, if one does
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    item.ihook.pytest_runtest_logreport(report=item.report())
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def exercise_file(test_file: Path, target: str) -> Path:
    """Return where a target has the exercise of a hidden test file."""
    name = test_file.stem.removeprefix("test_")
    return folder(target) / test_file.parent.name / f"{name}.py"


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Any:
    """Put an untouched exercise's tests aside, unread."""
    run = parent.config.stash[RUN]
    if run.is_learners and _is_untouched(module_path, run.target):
        return NotBegun.from_parent(parent, path=module_path)
    if not run.is_set_up:
        _set_up_hypothesis(parent.config)
        run.is_set_up = True
    return None


def _is_untouched(test_file: Path, target: str) -> bool:
    if "," in target or not test_file.is_relative_to(TESTS):
        return False
    is_exercise = "EXERCISE = " in test_file.read_text(encoding="utf8")
    return is_exercise and not is_begun(exercise_file(test_file, target))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test's argument that is named like its exercise the answer under test."""
    if not hasattr(metafunc.module, "EXERCISE"):
        return
    from grader.machine.subject import subjects

    key = "_subjects"
    if not hasattr(metafunc.module, key):  # all tests of a file share them, with their memory
        run = metafunc.config.stash[RUN]
        setattr(metafunc.module, key, subjects(metafunc.module, run.target, run.isolated))
    name, found = getattr(metafunc.module, key)
    if name in metafunc.fixturenames:
        alone = len(found) == 1 and found[0].label == metafunc.config.stash[RUN].target
        ids = [pytest.HIDDEN_PARAM] if alone else [s.label for s in found]
        metafunc.parametrize(name, found, ids=ids)


def subject_of(item: pytest.Item) -> "Subject | None":
    """Return the answer that a test is run against, if it is run against one."""
    if not hasattr(getattr(item, "module", None), "EXERCISE"):
        return None
    from grader.machine.subject import Subject

    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((value for value in values if isinstance(value, Subject)), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Count each exercise's tests before any are deselected."""
    for item in items:
        subject = subject_of(item)
        if subject and not item.get_closest_marker("gpu"):
            config.stash[RUN].sizes[subject.key] += 1


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on nothing needs the hidden tests by import."""
    tests = {item.path for item in session.items if isinstance(item, pytest.Function)}
    answers = {s.path for s in map(subject_of, session.items) if s and s.is_learners and s.path}
    if _any_has(USES_OPTIMIZERS, tests) or _any_has(USES_TRANSFORMS, answers):
        # torch loads its compiler with the first of these: that takes longer than any test.
        importlib.import_module("torch._dynamo")
    if session.config.stash[RUN].is_learners and any(map(subject_of, session.items)):
        from grader.machine.subject import hide_from_imports

        hide_from_imports()


def _any_has(pattern: re.Pattern, files: set[Path]) -> bool:
    """Whether any of these says it; what can't be read is told when its turn comes."""
    for file in files:
        with contextlib.suppress(OSError):
            if pattern.search(file.read_text(encoding="utf8", errors="replace")):
                return True
    return False


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed torch by the test's name, and show a learner one mistake at a time."""
    import torch

    from grader.machine.limits import Clock

    torch.set_num_threads(1)  # the tensors of the tests are tiny
    run = item.config.stash[RUN]
    torch.manual_seed(run.seed + zlib.crc32(item.nodeid.partition("[")[0].encode()))
    subject = subject_of(item)
    if subject and not run.maintainer and _is_judged_alone(subject):
        has_failed = "failed" in run.outcomes[subject.key].values()
        if has_failed and (subject.key in run.given_up or not run.tries_all):
            pytest.skip(EARLIER)
    if subject and (subject.is_learners or subject.given is not None):
        number, size = len(run.outcomes[subject.key]) + 1, run.sizes[subject.key]
        # A known answer gets more: no slow machine shall call it wrong.
        seconds = run.time_limit * (1 if subject.is_learners else 12)
        subject.answer.clock = Clock(seconds, f" in check {number} of {size}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator:
    """Leave the process as a test found it, and call a learner's answer once more in the end."""
    subject = subject_of(item)
    if subject is None or not subject.is_learners:
        return (yield)
    from grader.machine import fence, limits, state

    fence.build()  # replaces some names for good: before they are remembered
    state.remember_names()
    restored_names = state.restored_names  # bound now: the test may replace it
    if item.config.stash[RUN].time_limit:
        _start_warden(item.config)
    # What an answer returns can be slow as well: to show, to compare, to differentiate.
    whole = limits.Clock(12 * item.config.stash[RUN].time_limit, subject.answer.clock.where)
    try:
        with state.reseeded(), whole.running():
            made = yield
    finally:
        replaced = restored_names()
        if replaced:
            raise Stopped(f"replaced {', '.join(replaced[:3])}: others rely on it")
    run = item.config.stash[RUN]
    passed = list(run.outcomes[subject.key].values()).count("passed")
    if passed + 1 == run.sizes[subject.key] and (unsteady := subject.unsteady()):
        raise unsteady
    return made


def _start_warden(config: pytest.Config) -> None:
    """Start the process that ends a run which nothing else can: past pytest's own capturing."""
    from grader.machine.limits import WARDEN

    capture = config.pluginmanager.getplugin("capturemanager")
    if not WARDEN.is_there:
        if capture:
            capture.suspend_global_capture()
        WARDEN.start()
        if capture:
            capture.resume_global_capture()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator:
    """End the process of an answer that runs apart, after its last test."""
    subject = subject_of(item)
    if subject and subject.apart and (nextitem is None or subject_of(nextitem) is not subject):
        subject.answer.end()
    return (yield)


def _is_judged_alone(subject: "Subject") -> bool:
    return not subject.label.startswith("wrong-")  # those are tried with every test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator:
    """Reword a failure for its reader; judge a wrong answer by all of its tests together."""
    run, subject = item.config.stash[RUN], subject_of(item)
    if subject and not run.maintainer:  # pytest would format a traceback that nobody sees
        item.repr_failure = _nothing  # type: ignore[method-assign]
    made: Any = yield
    if not subject or item.get_closest_marker("gpu"):
        return made
    made.sections = [(title, _end_of(text)) for title, text in made.sections]
    made.subject = list(subject.key)
    made.size = run.sizes[subject.key]
    if call.when == "call":
        is_first = "failed" not in run.outcomes[subject.key].values()
        run.outcomes[subject.key][item.nodeid] = made.outcome
        if subject.label.startswith("wrong-"):
            _judge_wrong_answer(made, call, subject, run)
        elif made.failed and not run.maintainer:
            from grader.machine import report

            hints = subject.exercise.hints[: item.config.option.hints]
            made.longrepr = report.for_learner(call.excinfo, subject, hints)
            made.location = (made.location[0], None, report.title(item.name, subject))
            if call.excinfo and isinstance(call.excinfo.value, Broken | Stopped):
                run.given_up.add(subject.key)
            if not is_first:
                grade_report.put_off(made, EARLIER)
    return made


def _end_of(text: str, length: int = 2000) -> str:
    """Shorten what an answer printed: a flood would bury the verdicts."""
    return (
        text
        if len(text) <= length
        else f"[{len(text) - length} characters before]\n{text[-length:]}"
    )


def _nothing(excinfo: pytest.ExceptionInfo, style: Any = None) -> str:
    return ""


def _judge_wrong_answer(made: Any, call: pytest.CallInfo, subject: "Subject", run: Run) -> None:
    """Count a rejection as what it is here: a success."""
    error = call.excinfo.value if call.excinfo else None
    made.rejected = isinstance(error, Verdict)
    made.diagnosis = subject.given.diagnosis
    if isinstance(error, Verdict):
        made.counts = subject.given.accepts_bad_input or not isinstance(error, Accepted)
        is_first = made.counts and subject.key not in run.named
        made.said = error.diagnoses if is_first else []  # what a learner would read: the first
        run.named |= {subject.key} if is_first else set()
        made.outcome, made.longrepr = "passed", None


class Collected:
    """Hears the reports of this process and of all workers, for the end of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.board = config, scoreboard.Board()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note an outcome."""
        self.board.add(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run in which a wrong answer survives; remember a learner's progress."""
        if hasattr(self.config, "workerinput"):
            return
        if self.board.faults() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self.config.option.matrix:
            matrix.write(self.board, Path(self.config.option.matrix))
        if self.config.option.target == "exercises":
            progress.remember(self.board.states())

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """End the run with how far one is, or with the wrong answers that nothing rejects."""
        if terminalreporter.stats.get("failed"):
            terminalreporter.write_line(f"To repeat this run: --seed={config.option.seed}")
        if config.option.isolated and not hasattr(config, "workerinput"):
            for line in _missing_walls():
                terminalreporter.write_line(line)
        for line in self.board.lines(config.stash[RUN].is_learners):
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the processes that a run has started."""
    limits = sys.modules.get("grader.machine.limits")
    if limits is not None:
        limits.WARDEN.stop()
    isolated = sys.modules.get("grader.machine.isolated")
    if isolated is not None and config.option.isolated:
        isolated.close()


def _missing_walls() -> list[str]:
    """Say what this system lacks to keep answers apart."""
    from grader.machine import walls

    missing = [wall for wall in walls.ALL if wall not in walls.there()]
    return [f"isolated without {', '.join(missing)}: not on this system"] if missing else []


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start to collect what the run comes to."""
    if grade_report.is_wanted(session.config) and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(grade_report.GradeReport(session.config))
    session.config.pluginmanager.register(Collected(session.config), "deepclaims-collected")
