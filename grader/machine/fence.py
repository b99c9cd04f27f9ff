"""A fence around an answer that runs in the grader's own process.

Python tells an audit hook of every file that is opened, every process that is started, every look
at another's frame; the fence refuses what no exercise asks for, and only while an answer runs. A
few calls that end or bend the process raise no such event: they are replaced for as long.

It keeps accidents and short cuts away from the learner's own machine. It is no prison: what shares
a process with the grader can reach the grader in the end. Whoever grades others uses `--isolated`.
"""

import _thread
import atexit
import linecache
import os
import signal
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from grader.machine.paths import LEFT_BEHIND, ROOT, SOLUTIONS, TESTS
from grader.words.verdict import Stopped

HIDDEN = tuple(str(p) + os.sep for p in (SOLUTIONS, TESTS, LEFT_BEHIND, ROOT / ".git"))
STANDARD = str(Path(os.__file__).parent) + os.sep
INSTALLED = tuple({sysconfig.get_path("purelib") + os.sep, sysconfig.get_path("platlib") + os.sep})
GRADER = str(ROOT / "grader") + os.sep

CHANGES_FILES = {
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr", "os.lockf"),
    *("shutil.rmtree", "shutil.move", "shutil.copyfile", "shutil.copytree", "os.chflags"),
}
LEAVES = {
    *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system"),
    *("subprocess.Popen", "pty.spawn", "os.kill", "os.killpg", "signal.pthread_kill"),
    *(
        "sqlite3.connect",
        "socket.__new__",
        "socket.connect",
        "socket.bind",
        "resource.setrlimit",
        "resource.prlimit",
    ),
}
LOOKS = {
    *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._current_frames"),
    *("sys._current_exceptions", "sys.settrace", "sys.setprofile", "sys.addaudithook"),
}
FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
INNARDS = {"__globals__", "__closure__", "__code__"}
# What raises no event; a module's own copy of a function is replaced as well.
REPLACED: tuple[tuple[Any, str], ...] = tuple(
    (module, name)
    for module, names in (
        (os, "_exit abort close closerange dup2 write ftruncate mkfifo mknod setuid setgid"),
        (sys.modules.get("posix") or sys.modules.get("nt"), "_exit abort close closerange dup2"),
        (sys.modules.get("posix") or sys.modules.get("nt"), "write ftruncate mkfifo mknod"),
        (atexit, "register unregister _clear _run_exitfuncs"),
        (signal, "signal setitimer alarm raise_signal pthread_sigmask set_wakeup_fd siginterrupt"),
        (
            sys.modules["_signal"],
            "signal setitimer alarm raise_signal pthread_sigmask set_wakeup_fd siginterrupt",
        ),
        (_thread, "start_new_thread start_new interrupt_main"),
        (threading, "_start_new_thread"),
        (torch, "save from_file"),
    )
    for name in names.split()
    if hasattr(module, name)
)

ENDS = ("_exit", "abort")  # these stay replaced: an answer's `__del__` may call them later


class Fence:
    """What an answer that runs now may not do; what it tried is kept, as it may catch errors."""

    def __init__(self) -> None:
        self.around: str | None = None  # the file of the answer that runs now
        self.files: set[str] = set()  # those of all answers so far: some code runs later
        self.seen: list[Stopped] = []
        self._is_judging = False

    def refuse(self, told: str) -> None:
        """Stop the answer with a sentence."""
        self.seen.append(Stopped(told))
        raise self.seen[-1]

    def hear(self, event: str, details: tuple[Any, ...]) -> None:
        """Judge an event; what isn't the answer's doing is let through."""
        if self._is_judging or (self.around is None and not self._matters_later(event, details)):
            return
        self._is_judging = True  # judging raises events as well
        try:
            told = self._told(event, details) if self.around or self._is_late() else None
        finally:
            self._is_judging = False
        if told:
            self.refuse(told)

    def _matters_later(self, event: str, details: tuple[Any, ...]) -> bool:
        """Whether an event is looked at when no answer runs: one may have left code behind."""
        if not self.files:
            return False
        writes = event == "open" and bool(details[2] & (os.O_WRONLY | os.O_RDWR))
        return writes or event in CHANGES_FILES or event in LEAVES

    def _is_late(self) -> bool:
        """Whether code that an answer left behind asks: a `__del__`, a hook in a gradient."""
        frame = _asker()
        return frame is not None and frame.f_code.co_filename in self.files

    def is_asked(self) -> bool:
        """Whether the answer itself, and no library that it uses, asks for what happens now."""
        if self._is_judging:
            return False
        self._is_judging = True
        try:
            return self.is_answers(_asker()) if self.around else self._is_late()
        finally:
            self._is_judging = False

    def _told(self, event: str, details: tuple[Any, ...]) -> str | None:
        if event == "open":
            return _opened(*details)
        if event in ("os.listdir", "os.scandir", "glob.glob", "os.walk"):
            return (
                f"looked into {_named(details[0])}, which is hidden" if _hidden(details) else None
            )
        if event in CHANGES_FILES and not _is_importing():
            return f"called {event}: an answer can't change files"
        if event in LEAVES or (event.startswith("ctypes.") and self.is_answers(_asker())):
            return f"called {event}: an answer can't reach outside itself"
        if event in ("os.putenv", "os.unsetenv") and self.is_answers(_asker()):
            return "changed the environment variables"
        if event in LOOKS and self.is_answers(_asker()):
            return f"called {event}: an answer can't look at what grades it"
        if event == "sys._getframe" and self.is_answers(_asker(past=("inspect", "traceback"))):
            return "looked at the call stack: an answer can't know who calls it"
        if event == "object.__getattr__" and details[1] in FRAMES | INNARDS:
            frame = _caller()
            if frame is not None and self.is_answers(frame):
                return f"read {details[1]}: an answer can't look at what grades it"
        if event in ("compile", "code.__new__") and _pretends(event, details):
            frame = _asker()
            return "pretended to be another file" if self.is_answers(frame) else None
        return None

    def is_answers(self, frame: FrameType | None) -> bool:
        """Whether a frame runs the answer's code: neither a library's nor the grader's."""
        if frame is None:
            return False
        file = frame.f_code.co_filename
        return file == self.around or not file.startswith((GRADER, STANDARD, *INSTALLED, "<frozen"))


FENCE = Fence()


def _opened(path: Any, mode: Any, flags: Any) -> str | None:
    writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    is_sink = not isinstance(path, int) and os.fsdecode(path) == os.devnull
    if writes and not is_sink and not _is_importing():
        return f"opened {_named(path)} to write into it: an answer can't change files"
    if not _hidden((path,)):
        return None
    if _is_drawing_a_stack():
        raise PermissionError(f"{_named(path)} is hidden")  # who quotes lines goes without
    return f"opened {_named(path)}, which is hidden"


def _is_drawing_a_stack() -> bool:
    """Whether a library quotes the lines of a call stack, as torch does when it is seeded."""
    frame = _caller()
    if frame is None or frame.f_globals.get("__name__") not in ("tokenize", "linecache"):
        return False
    return not FENCE.is_answers(_asker())


def _hidden(details: tuple[Any, ...]) -> bool:
    path = details[0] if details else None
    if isinstance(path, int) or path is None:
        return False
    whole = os.path.realpath(os.fspath(path))
    whole = whole.decode(errors="replace") if isinstance(whole, bytes) else whole
    return (whole + os.sep).startswith(HIDDEN)


def _named(path: Any) -> str:
    if isinstance(path, int):
        return f"file descriptor {path}"
    text = os.fsdecode(path)
    return f"`{Path(text).name}`"


def _pretends(event: str, details: tuple[Any, ...]) -> bool:
    file = details[1] if len(details) > 1 else ""
    file = file.decode(errors="replace") if isinstance(file, bytes) else str(file)
    return file.startswith((GRADER, STANDARD, *INSTALLED, "<frozen"))


def _caller() -> FrameType | None:
    """Return the frame that raised the event: this module's own are passed over."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _is_importing() -> bool:
    """Whether a library that is imported asks: some make themselves a folder to cache in."""
    frame = _caller()
    while frame is not None and frame.f_code.co_filename != FENCE.around:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _asker(past: tuple[str, ...] | None = None) -> FrameType | None:
    """Return the nearest frame that isn't the standard library's: it asked for the event.

    With `past` only these modules of the standard library are passed over.
    """
    frame = _caller()
    while frame is not None:
        file = frame.f_code.co_filename
        is_passed = (
            file.startswith((STANDARD, "<frozen")) and not file.startswith(INSTALLED)
            if past is None
            else frame.f_globals.get("__name__") in past
        )
        if not is_passed:
            return frame
        frame = frame.f_back
    return None


def is_hidden(path: Path) -> bool:
    """Whether a path leads, through links as well, to what answers may not read."""
    return _hidden((path,))


@contextmanager
def fenced(path: Path | None) -> Iterator[None]:
    """Keep the answer of this file within the fence; None is the suite's own and goes free."""
    if path is None or FENCE.around is not None:
        yield
        return
    build()
    originals = [(m, name, getattr(m, name)) for m, name in REPLACED if name not in ENDS]
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    for file in [f for f in linecache.cache if f.startswith(HIDDEN)]:
        del linecache.cache[file]  # Hypothesis has read the tests' sources
    FENCE.seen.clear()
    FENCE.files.add(str(path))
    try:  # memory may be short already: what was replaced is put back in any case
        for module, name, original in originals:
            setattr(module, name, _refusing(module, name, original))
        FENCE.around = str(path)
        yield
    finally:
        FENCE.around = None
        sys.dont_write_bytecode = bytecode
        for module, name, original in originals:
            setattr(module, name, original)
        # Out of time comes first: an interrupted watch may look like something that was tried.
        if FENCE.seen and not isinstance(sys.exception(), Stopped):
            raise FENCE.seen[0]


def build(built: list[bool] = []) -> None:  # noqa: B006 (a hook can't be taken down again)
    """Install the hook, once; replace for good what ends the process at any time."""
    if not built:
        built.append(True)
        sys.addaudithook(FENCE.hear)
        for module, name in REPLACED:
            if name in ENDS:
                setattr(module, name, _refusing(module, name, getattr(module, name)))


def _refusing(module: Any, name: str, original: Any) -> Callable[..., Any]:
    """Return a function that refuses the answer, and serves the libraries that it uses."""
    told = f"{module.__name__.lstrip('_')}.{name.lstrip('_')}"

    def refused(*args: Any, **kwargs: Any) -> Any:
        if FENCE.is_asked():
            FENCE.refuse(f"called {told}: an answer can't reach outside itself")
        return original(*args, **kwargs)

    return refused
