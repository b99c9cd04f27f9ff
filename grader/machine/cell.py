"""The other side of `--isolated`: a process that runs one learner's answer, and little else.

`main` is a nursery: it has torch loaded and has never seen a hidden test, and forks a child for
each exercise. The child locks itself in (see `walls`) before it reads the first line of the answer,
then serves calls over its channel until the grader ends it.
"""

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from grader.machine import walls, wire
from grader.machine.answer import Answer
from grader.machine.bridge import Graphs, differentiable, hung
from grader.machine.guard import forbidding
from grader.words.call import clone, identical, load_autograd
from grader.words.verdict import Verdict


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
        self._held: list[list[Tensor]] = []  # what they were made with
        self._graphs = Graphs()

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
            writer.know(self._held[request["object"]])
            value = self._answer.get(self._objects[request["object"]], request["attribute"])
            return {"callable": True} if callable(value) else {"value": writer.write(value)}
        return self._call(request, reader, writer)

    def _call(self, request: dict, reader: wire.Reader, writer: wire.Writer) -> dict[str, Any]:
        args, kwargs = reader.read(request["args"]), reader.read(request["kwargs"])
        before = clone((args, kwargs))
        if request["do"] == "make":
            self._objects.append(self._answer.make(args, kwargs))
            self._held.append(reader.tensors)
            reply: dict[str, Any] = {"object": len(self._objects) - 1}
        else:
            inputs = reader.tensors
            if request["do"] == "send":
                inputs = [*inputs, *self._held[request["object"]]]
                target = self._objects[request["object"]]
                value = self._answer.send(target, request["attribute"], args, kwargs)
            else:
                value = self._answer.call(*args, **kwargs)
            writer.know(inputs)
            reply = {"value": _written(writer, value), "graph": self._graphs.keep(value, inputs)}
        changed = [
            (key, now)
            for key, was, now in (
                *((i, a, args[i]) for i, a in enumerate(before[0])),
                *((k, v, kwargs[k]) for k, v in before[1].items()),
            )
            if isinstance(now, torch.Generator) or not identical(was, now)
        ]
        return reply | {"changed": [[key, writer.write(now)] for key, now in changed]}

    def _backward(self, request: dict, reader: wire.Reader, writer: wire.Writer) -> dict[str, Any]:
        ups = [reader.read(up) for up in request["ups"]]
        with self._answer.guard(backward=True):
            grads = self._graphs.backward(request["graph"], ups)
        return {"grads": [writer.write(grad) for grad in grads]}

    def _callable(self, tree: dict) -> Any:
        """Stand in for a function of the test that the answer was given."""

        def ask(*args: Any, **kwargs: Any) -> Any:
            writer = wire.Writer()
            asked = {"args": writer.write(args), "kwargs": writer.write(kwargs)}
            asked |= {"ask": tree["v"], "grad": torch.is_grad_enabled()}
            reply, blobs = self._asked(asked, writer.blobs)
            reader = wire.Reader(blobs, self._callable)
            value = reader.read(reply["value"])
            for key, now in reply["moved"]:
                (kwargs if isinstance(key, str) else args)[key].set_state(
                    reader.read(now).get_state()
                )
            if reply["graph"] is None:
                return value  # what asks for a gradient here leads to tensors of the test alone
            inputs = list(differentiable((args, kwargs)))
            return hung(value, reader.tensors, inputs, reply["graph"], self._ask_backward)

        return ask

    def _ask_backward(self, graph: int, ups: list[Tensor | None]) -> list[Tensor | None]:
        """Ask for the gradients of what a function of the test returned."""
        writer = wire.Writer()
        asked = {"ask_backward": graph, "ups": [writer.write(up) for up in ups]}
        reply, blobs = self._asked(asked, writer.blobs)
        reader = wire.Reader(blobs)
        return [reader.read(grad) for grad in reply["grads"]]

    def _asked(self, message: dict[str, Any], blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        wire.send(self._channel, message, blobs)
        heard = wire.receive(self._channel)
        if heard is None:
            os._exit(0)
        if "error" in heard[0]:
            raise error_of(heard[0]["error"])
        return heard

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
