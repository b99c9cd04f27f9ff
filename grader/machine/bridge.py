"""Gradients that cross from one process into the other: a node here stands for a graph there.

Both sides use it: the grader for what an answer returns that runs apart, and the answer's process for
what a function of the test returns, which runs here.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

GRAPHS = 1024  # results whose gradient may still be asked for

Backward = Callable[[int, list[Tensor | None]], list[Tensor | None]]


class Graphs:
    """The graphs of results that were sent to the other side, by number."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[list[Tensor], list[Tensor]]] = OrderedDict()
        self._count = 0

    def keep(self, value: Any, inputs: list[Tensor]) -> int | None:
        """Keep the graph of a result, if gradients can flow back through it; return its number."""
        known = set(map(id, inputs))
        found = [tensor for tensor in differentiable(value) if id(tensor) not in known]
        outputs = [tensor for tensor in found if type(tensor) is Tensor]  # no parameter is a result
        if not outputs or not inputs:
            return None
        self._count += 1
        self._kept[self._count] = outputs, inputs
        if len(self._kept) > GRAPHS:
            self._kept.popitem(last=False)
        return self._count

    def backward(self, number: int, ups: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Return the gradients of the inputs of a kept result."""
        outputs, inputs = self._kept[number]
        told = [(out, up) for out, up in zip(outputs, ups, strict=True) if up is not None]
        grads = torch.autograd.grad(
            [out for out, _ in told],
            inputs,
            [up for _, up in told],
            allow_unused=True,
            retain_graph=True,
        )
        return [None if g is None else g.detach() for g in grads]


def hung(
    value: Any, made: list[Tensor], inputs: list[Tensor], graph: int | None, backward: Backward
) -> Any:
    """Return a result in which the tensors `made` of a message hang on this process's graph.

    Without a graph they lead to no input: to this process they are constants.
    """
    if graph is None:
        return _replaced(value, {id(tensor): tensor.detach() for tensor in made})
    bridged = _Bridge.apply(backward, graph, len(made), *made, *inputs)
    return _replaced(value, dict(zip(map(id, made), bridged, strict=True)))


def differentiable(value: Any) -> Iterator[Tensor]:
    """Yield the tensors of a value that ask for a gradient, in the order of the wire."""
    if isinstance(value, Tensor):
        if value.requires_grad:
            yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from differentiable(item)
    elif isinstance(value, dict):
        yield from differentiable(list(value.values()))


class _Bridge(torch.autograd.Function):
    """The node that stands for a graph of the other process."""

    @staticmethod
    def forward(ctx: Any, backward: Backward, graph: int, count: int, *tensors: Tensor) -> Any:
        ctx.far, ctx.graph, ctx.count = backward, graph, count
        ctx.set_materialize_grads(False)
        return tuple(t.detach().clone() for t in tensors[:count])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *ups: Tensor | None) -> Any:
        grads = ctx.far(ctx.graph, list(ups))
        return (None, None, None, *([None] * ctx.count), *grads)


def _replaced(value: Any, others: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return others.get(id(value), value)
    if type(value) in (tuple, list):
        return type(value)(_replaced(v, others) for v in value)
    if type(value) is dict:
        return {k: _replaced(v, others) for k, v in value.items()}
    return value
