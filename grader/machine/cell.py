"""The other side of `--isolated`: a process that runs one learner's answer, and little else.

`main` is a nursery: it has torch loaded and has never seen a hidden test, and forks a child for
each exercise. The child locks itself in (see `walls`) before it reads the first line of the answer,
then serves calls over its channel until the grader ends it.
"""

import os
import signal
import socket
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from grader.machine import walls, wire
from grader.machine.answer import Answer
from grader.machine.guard import forbidding
from grader.words.call import clone, identical, load_autograd
from grader.words.verdict import Verdict

GRAPHS = 64  # results whose gradient may still be asked for


def main(descriptor: int) -> None:
    """Serve the grader: fork a child for an exercise, or end one and say how it ended."""
    import jaxtyping  # noqa: F401 (most answers need it: the children share it)
    import numpy  # noqa: F401

    torch.set_num_threads(1)
    _warm_up()
    control = socket.socket(fileno=descriptor)
    wire.send(control, {"walls": walls.there()})
    while (message := wire.receive(control)) is not None:
        request = message[0]
        if "open" in request:
            _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            child = os.fork()
            if child == 0:
                control.close()
                _live(request["open"], socket.socket(fileno=descriptors[0]))
            os.close(descriptors[0])
            wire.send(control, {"child": child})
        else:
            os.kill(request["end"], signal.SIGKILL) if request["kill"] else None
            _, status = os.waitpid(request["end"], 0)
            wire.send(control, {"status": os.waitstatus_to_exitcode(status)})


def _warm_up() -> None:
    """Let torch load and read now what it otherwise would at an answer's first call."""
    load_autograd()
    with forbidding(("nothing",), ""):
        torch.ones(2).exp()


def _live(about: dict[str, Any], channel: socket.socket) -> None:
    """Be the child: lock the doors, and serve."""
    try:
        path = Path(about["path"])
        walls.lock(path.parent, about["memory"], about["cpu"])
        answer = Answer(
            about["name"], path, forbid=tuple(about["forbid"]), instead=about["instead"]
        )
        Cell(answer, channel).serve()
    finally:
        os._exit(0)


class Cell:
    """What the grader talks to: the answer, the objects it made, the graphs of its results."""

    def __init__(self, answer: Answer, channel: socket.socket) -> None:
        self._answer, self._channel = answer, channel
        self._objects: list[Any] = []
        self._graphs: OrderedDict[int, tuple[list[Tensor], list[Tensor]]] = OrderedDict()
        self._count = 0

    def serve(self) -> None:
        """Answer requests until the line is cut."""
        while (message := wire.receive(self._channel)) is not None:
            writer = wire.Writer()
            try:
                reply = self._reply(*message, writer)
            except Verdict as verdict:
                reply = {"verdict": type(verdict).__name__, "told": str(verdict)}
            except Exception as error:
                reply = self._of_error(error)
            wire.send(self._channel, reply, writer.blobs if "error" not in reply else [])

    def _reply(self, request: dict, blobs: list[bytes], writer: wire.Writer) -> dict[str, Any]:
        reader = wire.Reader(blobs, self._callable, strided=True)
        if request["do"] == "kind":
            return {"class": self._answer.is_class}
        if request["do"] == "backward":
            return self._backward(request, reader, writer)
        if request["do"] == "get":
            value = self._answer.get(self._objects[request["object"]], request["attribute"])
            return {"callable": True} if callable(value) else {"value": writer.write(value)}
        return self._call(request, reader, writer)

    def _call(self, request: dict, reader: wire.Reader, writer: wire.Writer) -> dict[str, Any]:
        args, kwargs = reader.read(request["args"]), reader.read(request["kwargs"])
        before = clone((args, kwargs))
        if request["do"] == "make":
            self._objects.append(self._answer.make(args, kwargs))
            reply: dict[str, Any] = {"object": len(self._objects) - 1}
        else:
            if request["do"] == "send":
                target = self._objects[request["object"]]
                value = self._answer.send(target, request["attribute"], args, kwargs)
            else:
                value = self._answer.call(*args, **kwargs)
            reply = {"value": _written(writer, value), "graph": self._keep(value, reader.tensors)}
        changed = [
            (key, now)
            for key, was, now in (
                *((i, a, args[i]) for i, a in enumerate(before[0])),
                *((k, v, kwargs[k]) for k, v in before[1].items()),
            )
            if isinstance(now, torch.Generator) or not identical(was, now)
        ]
        return reply | {"changed": [[key, writer.write(now)] for key, now in changed]}

    def _keep(self, value: Any, inputs: list[Tensor]) -> int | None:
        """Keep the graph of a result, if gradients can flow back through it."""
        outputs = list(_differentiable(value))
        if not outputs or not inputs:
            return None
        self._count += 1
        self._graphs[self._count] = outputs, inputs
        if len(self._graphs) > GRAPHS:
            self._graphs.popitem(last=False)
        return self._count

    def _backward(self, request: dict, reader: wire.Reader, writer: wire.Writer) -> dict[str, Any]:
        outputs, inputs = self._graphs[request["graph"]]
        pairs = zip(outputs, map(reader.read, request["ups"]), strict=True)
        told = [(out, up) for out, up in pairs if up is not None]
        with self._answer.guard(backward=True):
            grads = torch.autograd.grad(
                [out for out, _ in told],
                inputs,
                [up for _, up in told],
                allow_unused=True,
                retain_graph=True,
            )
        return {"grads": [writer.write(None if g is None else g.detach()) for g in grads]}

    def _callable(self, tree: dict) -> Any:
        """Stand in for a function of the test that the answer was given."""

        def ask(*args: Any, **kwargs: Any) -> Any:
            writer = wire.Writer()
            asked = {"args": writer.write(args), "kwargs": writer.write(kwargs)}
            wire.send(self._channel, {"ask": tree["v"]} | asked, writer.blobs)
            message = wire.receive(self._channel)
            if message is None:
                os._exit(0)
            reply, blobs = message
            if "error" in reply:
                raise error_of(reply["error"])
            return wire.Reader(blobs).read(reply["value"])

        return ask

    def _of_error(self, error: Exception) -> dict[str, Any]:
        """Return an error as data, with the answer's own lines that it went through."""
        import traceback

        path = str(self._answer.path)
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        short = "/".join(Path(path).parts[-3:])
        lines = [f"{short}:{f.lineno}: {f.line}" for f in reversed(frames[-3:])]
        return {"error": described(error) | {"lines": lines}}


def _written(writer: wire.Writer, value: Any) -> Any:
    try:
        return writer.write(value)
    except RecursionError:
        return {"t": "alien", "kind": type(value).__name__, "v": "(nested too deeply)"}


def _differentiable(value: Any) -> Any:
    """Yield the tensors of a result that ask for a gradient, in the order of the wire."""
    if type(value) is Tensor and value.requires_grad:
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _differentiable(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _differentiable(item)


def described(error: Exception) -> dict[str, Any]:
    """Return an error's type, the types that it is as well, and its words."""
    from grader.words.call import message

    kinds = [t.__name__ for t in type(error).__mro__ if t.__module__ == "builtins"]
    return {"type": type(error).__name__, "is": kinds, "told": message(error)}


def error_of(told: dict[str, Any]) -> Exception:
    """Return an error that reads as the described one does, and is caught as it is."""
    import builtins

    known = (getattr(builtins, str(name), None) for name in told["is"])
    base = next((t for t in known if isinstance(t, type) and issubclass(t, Exception)), Exception)
    words = str(told["told"])
    name = str(told["type"])
    body = {"__init__": lambda self: None, "__str__": lambda self: words}
    made = type(name if name.isidentifier() else "Exception", (base,), body)
    return made()


if __name__ == "__main__":
    main(int(sys.argv[1]))
