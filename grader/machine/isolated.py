"""`--isolated`: the answer runs in a process apart, and can't reach what decides the verdict.

For the learner on their own machine one process is right: it is fast, a debugger works, and who
cheats, cheats himself. For whoever grades others it is not: in one process an answer finds, with
enough will, the hidden tests, the oracle and the comparison, and can end the run.

So the parts are laid apart. A *nursery* (`cell.main`) is started once a run; it loads torch and
never sees a hidden test. For each exercise it forks a child, which locks itself in (`walls`): no
files but Python's and the learner's own, no new processes, no network, no signals, little memory.
A fork costs milliseconds, so every exercise gets a fresh process, and gets another when its answer
dies or runs out of time. The tests stay in this process, and see the answer through `AnswerApart`:
arguments and results travel as plain data (`wire`), gradients as well: the child keeps the graph of
a result, and this side hangs a node into autograd whose backward asks for the product (`bridge`).
A function of the test that an answer is given stays here: the child asks for each call of it.

What remains: operations that an exercise forbids are watched for in the child, so an answer that
takes the watch apart can call them (it can reach no result by that which it couldn't have written).
On systems without Landlock or seccomp the files and processes are kept by Python's audit hook alone.
"""

import math
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from grader.machine import wire
from grader.machine.bridge import Graphs, differentiable, hung
from grader.machine.cell import described, error_of
from grader.machine.limits import AGAIN, MORE_MEMORY, WAITING, Clock, counted, worked_by
from grader.machine.paths import ROOT
from grader.words import verdict
from grader.words.verdict import Stopped, Verdict

PROCESSOR_SECONDS = 600  # for all checks of one exercise
LONG = 60.0  # seconds to wait where the answer isn't running
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Nursery:
    """The process that children are forked from."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from grader.machine import cell; "
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", f"{start}cell.main({theirs.fileno()})"],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={k: os.environ[k] for k in ENVIRONMENT if k in os.environ},
            )
        self._control.settimeout(LONG)
        self.walls: list[str] = self._received()["walls"]

    def child(self, about: dict[str, Any]) -> tuple[int, socket.socket]:
        """Fork a child for an answer; return its number, and the channel to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            wire.send(self._control, {"open": about})
            socket.send_fds(self._control, [b"."], [theirs.fileno()])
        return self._received()["child"], ours

    def end(self, child: int, kill: bool = True) -> int:
        """End a child, or wait for its end; return its exit status, a signal as a negative one."""
        wire.send(self._control, {"end": child, "kill": kill})
        return self._received()["status"]

    def close(self) -> None:
        """End the nursery, and with it its children."""
        self._control.close()
        self._process.wait(LONG)

    def _received(self) -> dict[str, Any]:
        message = wire.receive(self._control)
        if message is None:
            raise RuntimeError("the process that isolated answers are forked from has died")
        return message[0]


@cache
def nursery() -> Nursery:
    """Return this run's nursery, started when it is first asked for."""
    return Nursery()


def close() -> None:
    """End this run's nursery, if it was started."""
    if nursery.cache_info().currsize:
        nursery().close()
        nursery.cache_clear()


class AnswerApart:
    """An answer in a process of its own; used as `answer.Answer` is."""

    is_learners = True

    def __init__(self, name: str, path: Path, forbid: tuple[str, ...], instead: str) -> None:
        self.path, self.clock = path, Clock(0)
        self._about = {
            "name": name,
            "path": str(path),
            "forbid": forbid,
            "instead": instead,
            "memory": MORE_MEMORY,
            "cpu": PROCESSOR_SECONDS,
        }
        self._child: int | None = None
        self._channel: socket.socket | None = None
        self._held: dict[int, list[Tensor]] = {}  # what objects were made with: gradients reach it
        self._asked = Graphs()

    @cached_property
    def is_class(self) -> bool:
        """Whether it makes objects, whose methods are under test."""
        return bool(self._ask({"do": "kind"})[0]["class"])

    @property
    def value(self) -> Any:
        """What can be called: the function, as seen from this process."""
        return self.call

    def guard(self, backward: bool = False) -> AbstractContextManager[None]:
        """Nothing needs guarding on this side."""
        return nullcontext()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        return self._result({"do": "call"}, args, kwargs)

    def make(self, args: Any, kwargs: Any) -> Any:
        """Make an object of the class; return what stands for it here."""
        reply, _ = self._ask_about({"do": "make"}, args, kwargs)
        with _legible():
            number = int(reply["object"])
        self._held[number] = list(differentiable((args, kwargs)))
        return self._child, number

    def get(self, target: Any, attribute: str) -> Any:
        """Return an attribute of an object; for a method, something that can be called."""
        reply, blobs = self._ask({"do": "get", "attribute": attribute} | self._of(target))
        if "callable" in reply:
            return _method
        with _legible():
            return wire.Reader(blobs, known=self._held[target[1]]).read(reply["value"])

    def send(self, target: Any, attribute: str, args: Any, kwargs: Any) -> Any:
        """Call a method of an object."""
        request = {"do": "send", "attribute": attribute} | self._of(target)
        return self._result(request, args, kwargs)

    def end(self) -> None:
        """End the process, if it runs."""
        if self._child is not None and self._channel is not None:
            self._channel.close()
            nursery().end(self._child)
        self._child = self._channel = None

    def _of(self, target: Any) -> dict[str, int]:
        child, number = target
        if child != self._child:
            raise Stopped("its object is gone: the process that it lived in has ended")
        return {"object": number}

    def _result(self, request: dict[str, Any], args: Any, kwargs: Any) -> Any:
        reply, blobs = self._ask_about(request, args, kwargs)
        inputs = [*differentiable((args, kwargs)), *self._held.get(request.get("object", -1), ())]
        reader = wire.Reader(blobs, known=inputs)
        with _legible():
            value = reader.read(reply["value"])
        return hung(value, reader.tensors, inputs, reply.get("graph"), self.backward)

    def _ask_about(
        self, request: dict[str, Any], args: Any, kwargs: Any
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Send a call; do to the arguments here what it did to them there."""
        functions: list[Any] = []
        writer = wire.Writer(partial(_kept, functions))
        tree = request | {"args": writer.write(args), "kwargs": writer.write(kwargs)}
        reply, blobs = self._ask(tree, writer.blobs, functions)
        reader = wire.Reader(blobs)
        with _legible():
            for key, now in reply.get("changed", ()):
                _become((kwargs if isinstance(key, str) else args)[key], reader.read(now))
        return reply, blobs

    def backward(self, graph: int, ups: list[Tensor | None]) -> list[Tensor | None]:
        """Ask for the gradients of an earlier result."""
        writer = wire.Writer()
        request = {"do": "backward", "graph": graph, "ups": [writer.write(u) for u in ups]}
        reply, blobs = self._ask(request, writer.blobs)
        reader = wire.Reader(blobs)
        with _legible():
            return [reader.read(g) for g in reply["grads"]]

    def _ask(
        self, request: dict[str, Any], blobs: Any = (), functions: Any = ()
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Send a request and wait for the reply, no longer than the clock allows."""
        if self.clock.seconds and self.clock.left <= 0:
            raise Stopped(self.clock.told)
        try:
            reply, back = self._talk(request, list(blobs), functions)
        except TimeoutError:
            self.clock.left = 0.0
            self.end()
            raise Stopped(self.clock.told) from None
        except (wire.Unreadable, OSError):
            raise self._ended() from None
        return _judged(reply), back

    def _talk(
        self, request: dict[str, Any], blobs: list[bytes], functions: Any
    ) -> tuple[dict[str, Any], list[bytes]]:
        if self._channel is None:
            self._child, self._channel = nursery().child(self._about)
        self._channel.settimeout(WAITING * self.clock.seconds or None)
        wire.send(self._channel, request, blobs)
        while True:
            self._wait()
            message = wire.receive(self._channel)
            if message is None:
                raise wire.Unreadable("the end")
            reply, back = message
            if not isinstance(reply, dict):
                raise wire.Unreadable("no reply")
            if "ask" not in reply and "ask_backward" not in reply:
                return reply, back
            self._serve(reply, back, functions)

    def _wait(self) -> None:
        """Let the answer work until it sends something, no longer than the clock allows."""
        assert self._channel is not None
        assert self._child is not None
        limit = self.clock.left if self.clock.seconds else math.inf
        child, start, work = self._child, time.perf_counter(), worked_by(self._child)

        def used() -> float:
            return counted(time.perf_counter() - start, worked_by(child) - work)

        try:
            while not _sends(self._channel, limit - used()):
                if used() >= limit:
                    raise TimeoutError
        finally:
            self.clock.left -= used()

    def _serve(self, reply: dict[str, Any], blobs: list[bytes], functions: Any) -> None:
        """Call a function of the test that the answer was given, or derive what one returned."""
        assert self._channel is not None
        reader, writer = wire.Reader(blobs), wire.Writer(partial(_kept, functions))
        try:
            if "ask" in reply:
                told = self._called(reply, reader, writer, functions)
            else:
                ups = [reader.read(up) for up in reply["ups"]]
                grads = self._asked.backward(int(reply["ask_backward"]), ups)
                told = {"grads": [writer.write(grad) for grad in grads]}
        except Exception as error:
            told, writer = {"error": described(error) | {"lines": []}}, wire.Writer()
        wire.send(self._channel, told, writer.blobs)

    def _called(
        self, reply: dict[str, Any], reader: wire.Reader, writer: wire.Writer, functions: Any
    ) -> dict[str, Any]:
        args, kwargs = reader.read(reply["args"]), reader.read(reply["kwargs"])
        with torch.set_grad_enabled(bool(reply["grad"])):
            value = functions[int(reply["ask"])](*args, **kwargs)
        named = (*enumerate(args), *kwargs.items())
        return {
            "value": writer.write(value),
            "graph": self._asked.keep(value, reader.tensors),
            "moved": [[key, writer.write(v)] for key, v in named if isinstance(v, torch.Generator)],
        }

    def _ended(self) -> Stopped:
        """Return the verdict on a process that answers no more, or answers what can't be read."""
        child, channel = self._child, self._channel
        self._child = self._channel = None
        if child is None or channel is None:
            return Stopped("ended the process")
        channel.settimeout(0.2)
        try:
            gone = channel.recv(1) == b""
        except OSError:
            gone = False
        channel.close()
        status = nursery().end(child, kill=not gone)
        if not gone:
            return Stopped("answered with what can't be read as a value")
        return Stopped(f"ended the process{_how(status)}")


def _kept(functions: list[Any], function: Any) -> dict[str, Any]:
    """Write a function as a number: it is called here."""
    if not callable(function):
        raise TypeError(f"a {type(function).__name__} can't be given to an answer apart")
    functions.append(function)
    return {"t": "callable", "v": len(functions) - 1}


def _how(status: int) -> str:
    import signal

    if status >= 0:
        return ""
    try:
        return f" (by {signal.Signals(-status).name})"
    except ValueError:
        return f" (by signal {-status})"


def _judged(reply: dict[str, Any]) -> dict[str, Any]:
    """Return a reply that is a result; raise what is an error or a verdict."""
    if "verdict" in reply:
        kind: Any = getattr(verdict, str(reply["verdict"]), None)
        is_verdict = isinstance(kind, type) and issubclass(kind, Verdict)
        raise (kind if is_verdict else Stopped)(str(reply.get("told"))[:2000])
    if "error" in reply:
        with _legible():
            error: Any = error_of(reply["error"])
            error.own_lines = [str(line)[:200] for line in reply["error"]["lines"][:3]]
        raise error
    return reply


@contextmanager
def _legible() -> Iterator[None]:
    """Turn what goes wrong while a reply is read into a verdict: its sender is to blame."""
    try:
        yield
    except (Exception, RecursionError) as error:
        raise Stopped("answered with what can't be read as a value") from error


def _sends(channel: socket.socket, seconds: float) -> bool:
    """Wait for something to read, about so many seconds."""
    return bool(select.select([channel], [], [], min(max(seconds, AGAIN), LONG))[0])


def _method(*args: Any, **kwargs: Any) -> None:
    """Stand for a method: `Instance` asks only whether it can be called."""


def _become(mine: Any, now: Any) -> None:
    """Change an argument in place as the call in the other process changed its copy."""
    if isinstance(mine, Tensor) and isinstance(now, Tensor):
        mine.data = now.detach().to(mine.dtype)
    elif isinstance(mine, torch.Generator) and isinstance(now, torch.Generator):
        mine.set_state(now.get_state())
    elif isinstance(mine, list) and isinstance(now, list):
        mine[:] = now
    elif isinstance(mine, dict) and isinstance(now, dict):
        mine.clear()
        mine.update(now)
    elif hasattr(mine, "shape") and hasattr(now, "shape"):
        mine[...] = now
