"""Grade each exercise when its file is saved, in a process that has everything loaded already.

The watch imports torch, pytest and what the hidden tests use, once. Each grading is a fork of it:
it begins within milliseconds, prints what `pytest` would print, and takes all that an answer has
broken with it. A grading that doesn't end is killed, when its time is up or when a file is saved
again. Where processes can't fork (Windows) a new one loads everything: right, but slower.

The files are looked at several times a second. For some hundred files that costs next to nothing;
unlike a system's notifications it works on every disk, and can't miss a new or replaced folder.
"""

import gc
import importlib
import importlib.metadata
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from grader.machine import catalogue, progress, scoreboard
from grader.machine.paths import EXERCISES, LEFT_BEHIND, ROOT, TESTS, relative
from grader.machine.terminal import say

CAN_FORK = "fork" in multiprocessing.get_all_start_methods()
CONTEXT: Any = multiprocessing.get_context("fork" if CAN_FORK else "spawn")
PERIOD = 0.05  # seconds between two looks at the files
REST = 0.02  # seconds without a change after which saving is over: some editors write in steps
PATIENCE = 60.0  # seconds for an exercise; an answer's own limits are far below, if they can act
FINISHED = 64  # the exit status of a grading that has printed its verdict
READY = "Save a file, and its exercise is graded. Ctrl-C ends."
ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
NEEDED = (  # what hidden tests and the grader import when they are needed, and not before
    *("torch", "torch.fx.experimental.symbolic_shapes", "torch._subclasses.schema_check_mode"),
    *("torch._dynamo", "hypothesis.extra", "scipy.signal", "scipy.special", "scipy.stats"),
    *("sympy", "mpmath", "beartype", "jaxtyping", "networkx", "tomllib", "xml.etree.ElementTree"),
    *("pdb", "grader.machine.plugin", "grader.machine.bench", "grader.machine.report"),
    *("grader.machine.subject", "grader.words.inputs", "grader.words.oracles"),
)

Stamp = tuple[int, int, int]


def watch(target: Path = EXERCISES) -> int:
    """Grade the exercises of a folder as they are saved; return 0 when Ctrl-C ends it."""
    with _quiet_end():
        seat = Watch(target)
        if CAN_FORK:
            load()
        say(f"Watching {relative(target)}/", wrap=False)
        say(READY)
        for line in scoreboard.next_lines(progress.done()):
            say(line, wrap=False)
        try:
            while True:
                seat.turn()
        finally:
            seat.stop()
    return 0


@contextmanager
def _quiet_end() -> Iterator[None]:
    """Let Ctrl-C, and a terminal that is closed, end the block without a word."""
    for number in ENDS:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        say("")


def load() -> None:
    """Import what every grading needs, plugins included, for the forks to have."""
    from _pytest.config import default_plugins

    for name in NEEDED:
        importlib.import_module(name)
    _rehearse_hypothesis()
    plugins = importlib.metadata.entry_points(group="pytest11")
    with warnings.catch_warnings(action="ignore"):  # Hypothesis' plugin would rather come first
        for name in (*(f"_pytest.{p}" for p in default_plugins), *(p.value for p in plugins)):
            importlib.import_module(name)
    import torch

    torch.set_num_threads(1)  # a thread pool doesn't survive a fork
    catalogue.in_order()
    gc.collect()
    gc.freeze()  # else each fork would search, and so copy, all that is loaded


def _rehearse_hypothesis() -> None:
    """Let Hypothesis read the sources of all that is loaded: it does so at its first property."""
    from hypothesis import configuration, given, settings, strategies

    configuration.set_hypothesis_home_dir(LEFT_BEHIND / "hypothesis")

    @settings(max_examples=1, database=None, deadline=None)
    @given(strategies.none())
    def rehearsal(nothing: None) -> None: ...

    rehearsal()


def stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    """Return what tells one saved state of a file from another, for the files that are there."""
    found = {}
    for file in files:
        with suppress(OSError):
            about = file.stat()
            found[file] = (about.st_ino, about.st_size, about.st_mtime_ns)
    return found


class Grading:
    """One run of hidden tests, in a process of its own."""

    def __init__(self, names: list[str], target: Path) -> None:
        self.names = names
        self.process = CONTEXT.Process(target=grade, args=(names, target), daemon=True)
        self.process.start()
        self.deadline = time.monotonic() + PATIENCE * len(names)

    def stop(self) -> None:
        """End it now."""
        self.process.kill()
        self.process.join()

    def trouble(self) -> str | None:
        """Say why there won't be a verdict; nothing if it is printed, None if it may come yet."""
        code = self.process.exitcode
        if code is None:
            if time.monotonic() < self.deadline:
                return None
            self.stop()
            return f"no verdict after {PATIENCE * len(self.names):g} s"
        if code == FINISHED:
            return ""
        how = f"status {code}" if code >= 0 else signal.Signals(-code).name
        return f"no verdict: the answer ended the process that graded it ({how})"


def grade(names: list[str], target: Path) -> None:
    """Run the hidden tests of these exercises, and print what pytest prints."""
    import pytest

    for number in ENDS:
        signal.signal(number, signal.SIG_DFL)
    if CAN_FORK:
        os.setsid()  # the terminal sends Ctrl-C to the watch alone, which ends this process
    else:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(ROOT)
    tests = [str(catalogue.paths()[name]) for name in names]
    whose = "exercises" if target == EXERCISES else str(target)  # whose progress is remembered
    # What a learner's run can do without costs a third of a short grading.
    spared = ("--assert=plain", "-p", "no:cacheprovider", "-p", "no:benchmark")
    pytest.main([*tests, f"--target={whose}", *spared])
    sys.exit(FINISHED)


class Watch:
    """The files of a folder, what is being graded, and what waits for it."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.files = {
            target / path.parent.name / f"{name}.py": name
            for name, path in catalogue.paths().items()
        }
        self.seen = stamps(self.files)
        self.graders_own = stamps(_graders_own())
        self.waiting: list[list[str]] = []  # names that are graded in one run
        self.grading: Grading | None = None

    def turn(self) -> None:
        """Look at the files once, and at what is being graded."""
        saved, gone = self.changes()
        if gone:
            more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
            say(f"gone: {', '.join(gone[:3])}{more}")
        if saved:
            self.put_first(saved)
        if self.grading is None and self.waiting:
            self._tell_if_out_of_date()
            self.grading = Grading(self.waiting.pop(0), self.target)
        if self.grading is None:
            time.sleep(PERIOD)
        else:
            self.grading.process.join(PERIOD)
            self.listen(self.grading)

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the exercises saved and gone since the last look, once saving is over."""
        before, now = self.seen, stamps(self.files)
        while now != self.seen:
            self.seen = now
            time.sleep(REST)
            now = stamps(self.files)
        saved = [self.files[f] for f in now if now[f] != before.get(f)]
        return saved, [self.files[f] for f in before if f not in now]

    def put_first(self, saved: list[str]) -> None:
        """Let what was saved last be graded next; what is interrupted for it comes after."""
        interrupted = self.stop()
        later = [[n for n in names if n not in saved] for names in (interrupted, *self.waiting)]
        self.waiting = [names for names in (saved, *later) if names]

    def listen(self, grading: Grading) -> None:
        """See whether a grading is over; if one of several answers ended it, try each alone."""
        trouble = grading.trouble()
        if trouble is None:
            return
        self.grading = None
        if trouble and len(grading.names) > 1:
            self.waiting[:0] = [[name] for name in grading.names]
        elif trouble:
            say(f"\n{grading.names[0]}: {trouble}.")

    def stop(self) -> list[str]:
        """End what is being graded; return the exercises that have no verdict yet."""
        if self.grading is None:
            return []
        names = self.grading.names
        self.grading.stop()
        self.grading = None
        return names

    def _tell_if_out_of_date(self) -> None:
        now = stamps(_graders_own())
        if now != self.graders_own:
            self.graders_own = now
            say("The grader or its tests have changed: press Ctrl-C, and start the watch again.")


def _graders_own() -> list[Path]:
    """Return the files that a grading runs and the learner doesn't write."""
    inside = [p for place in (ROOT / "grader", TESTS) for p in sorted(place.rglob("*.py"))]
    return [ROOT / "conftest.py", ROOT / "pyproject.toml", *inside]
