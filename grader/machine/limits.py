"""How long and how much: an answer in this process gets so many seconds, and so much memory.

The clock of a check counts only the answer's own time, over all its calls: what it worked, so that
a crowded machine times out no honest loop. An alarm interrupts what runs, again and again. What
goes on all the same (a loop in C never hears of an alarm) is ended by the warden, a small process
that looks on: with it ends the run, as one process has only one life.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from grader.words.verdict import Stopped

# Bound now, below the modules' own names: while an answer runs these refuse to be called (see `fence`).
_signal: Any = sys.modules["_signal"]
_handle: Any = _signal.signal
_alarm: Any = getattr(_signal, "setitimer", None)  # not there on Windows
_write = os.write
_now, _worked = time.perf_counter, time.process_time
WAITING = 3  # seconds of waiting that count as one of work
AGAIN = 0.05  # seconds between interruptions
PATIENCE = 3.0  # seconds of interruptions before the run is ended
MORE_MEMORY = 4 << 30  # bytes that an answer may take beside what the process holds already


WATCHES = r"""
import os, queue, sys, threading, time
heard, process, seconds = queue.Queue(), int(sys.argv[1]), None
def listen():
    for line in sys.stdin:
        heard.put(line)
    heard.put(None)
def worked():
    try:
        return time.clock_gettime(~process << 3 | 2)
    except Exception:
        return float("nan")  # smaller than nothing: all that has passed counts
threading.Thread(target=listen, daemon=True).start()
while True:
    try:
        line = heard.get(timeout=seconds)
    except queue.Empty:
        patience -= 1
        if patience > 0 and worked() - work < 0.9 * seconds:
            continue  # others had the processor
        sys.stderr.write(words.replace("\t", "\n"))
        sys.stderr.flush()
        os.kill(process, 9 if os.name == "posix" else 15)
        break
    if line is None:
        break
    seconds, patience, words = line.split(" ", 2)
    seconds, patience, work = float(seconds) or None, int(patience), worked()
"""


class Warden:
    """The process that ends this one if an answer neither comes back nor lets itself be stopped."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None

    @property
    def is_there(self) -> bool:
        """Whether it has been started."""
        return self._process is not None

    def start(self) -> None:
        """Start it, where standard error is the one that its last words should be read on."""
        command = [sys.executable, "-I", "-S", "-c", WATCHES, str(os.getpid())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """Let it go."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process = None

    @contextmanager
    def waiting(self, seconds: float, told: str) -> Iterator[None]:
        """Have this process ended if the block works longer, or lasts that often as long."""
        last = f"\tThe answer {told}, and doesn't let itself be stopped: the run ends here.\t"
        self._tell(f"{seconds} {WAITING} {last}\n")
        try:
            yield
        finally:
            self._tell("0 0 \n")

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            _write(self._process.stdin.fileno(), line.encode())


WARDEN = Warden()


def counted(passed: float, worked: float) -> float:
    """Return the seconds that an answer is charged: its work, and a part of what it only waited.

    >>> counted(passed=4.0, worked=4.0), counted(passed=9.0, worked=4.0), counted(9.0, worked=0.0)
    (4.0, 4.0, 3.0)
    """
    return min(passed, max(worked, passed / WAITING))


def worked_by(process: int) -> float:
    """Return the processor's seconds that another process has had, where the system tells."""
    try:
        return time.clock_gettime(~process << 3 | 2)  # as clock_getcpuclockid makes it on Linux
    except (AttributeError, OSError):
        return _now()  # all that has passed is charged


class Clock:
    """The time of one check: how much the answer has used, and what is said when it's used up."""

    def __init__(self, seconds: float, where: str = "") -> None:
        self.seconds, self.left, self.where = seconds, seconds, where

    @property
    def told(self) -> str:
        """The sentence about it."""
        return f"timed out after {self.seconds:g} s{self.where}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Interrupt the block when the time is up."""
        if not self.seconds or sys.gettrace() is not None:
            yield  # no limit, or somebody steps through it in a debugger
            return
        if self.left <= 0:
            raise Stopped(self.told)
        with WARDEN.waiting(self.left + PATIENCE, self.told), self._alarmed():
            yield

    @contextmanager
    def _alarmed(self) -> Iterator[None]:
        if not _can_interrupt():
            yield
            return
        is_up: list[bool] = []
        start, work = _now(), _worked()

        def used() -> float:
            return counted(_now() - start, _worked() - work)

        def ring(number: int, frame: FrameType | None) -> None:
            if not is_up and used() < self.left:
                return  # others had the processor: it rings again
            is_up.append(True)
            raise Stopped(self.told)

        before = _handle(signal.SIGALRM, ring)
        outer, _ = _alarm(signal.ITIMER_REAL, self.left, AGAIN)
        try:
            yield
        finally:
            _alarm(signal.ITIMER_REAL, 0)  # first: a late alarm would find no handler
            _handle(signal.SIGALRM, before)
            self.left -= used()
            if outer:
                _alarm(signal.ITIMER_REAL, max(outer - (_now() - start), AGAIN), AGAIN)
            if is_up:
                self.left = 0.0
                raise Stopped(self.told)


def _can_interrupt() -> bool:
    """Whether there are alarms here: not on Windows, and not beside the main thread."""
    return threading.current_thread() is threading.main_thread() and _alarm is not None


@contextmanager
def interrupted_by_hand() -> Iterator[list[bool]]:
    """Yield a list that is true once a person has pressed Ctrl-C: answers can raise it as well."""
    pressed: list[bool] = []
    handler = signal.getsignal(signal.SIGINT)
    if handler is not signal.default_int_handler or not _can_interrupt():
        # Where the signal is ignored nobody can have pressed it; else it is believed.
        pressed += [True] if handler is not signal.SIG_IGN else []
        yield pressed
        return

    def press(number: int, frame: FrameType | None) -> None:
        pressed.append(True)
        raise KeyboardInterrupt

    _handle(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        _handle(signal.SIGINT, signal.default_int_handler)


@contextmanager
def little_memory() -> Iterator[None]:
    """Refuse the block more memory than an exercise can need, where the system can."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        yield  # somebody has set a limit already
        return
    room = held_memory() + MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def held_memory() -> int:
    """Return the bytes of address space that this process holds (Linux)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
