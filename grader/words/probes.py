"""Further arguments, derived from those of one call, to tell two mistakes apart.

The tests give every dimension its own size, so a size names a dimension: what is done to it is
done to all tensors that have it. Logits keep their targets, and a graph its symmetry. What sums to
1 goes on doing so. The gentle changes come first, and all are the same in every run.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

Place = int | str
Arguments = dict[Place, Any]  # by position or keyword

EXTREMES = (-1.0, 10.0, 0.1, 100.0, 1e4, 1e-4)


def variants(arguments: Arguments) -> Iterator[Arguments]:
    """Yield other arguments of the same kind."""
    yield from _of_dimensions(arguments)
    for place, value in arguments.items():
        for other in others(value):
            yield {**arguments, place: other}
    for place in arguments:
        if isinstance(place, str):
            yield {p: v for p, v in arguments.items() if p != place}
    for dtype in (torch.float64, torch.float32):
        yield {p: v.to(dtype) if _is_floating(v) else v for p, v in arguments.items()}
    for factor in EXTREMES:
        for place, value in arguments.items():
            if _is_floating(value):
                yield {**arguments, place: value * factor}


def crossings(arguments: Arguments, seen: Arguments) -> Iterator[Arguments]:
    """Yield the arguments with one value of another call in its place."""
    for place, value in seen.items():
        yield {**arguments, place: value}


def others(value: Any) -> Iterator[Any]:
    """Yield other values of the same type."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + 2, value + 3, -value)
    elif isinstance(value, float | Fraction):
        for factor in (Fraction(3, 4), Fraction(5, 4), Fraction(1, 2), Fraction(2), Fraction(-1)):
            yield type(value)(value * type(value)(factor))
        yield from (1 - value, type(value)(0), type(value)(1))
    elif isinstance(value, tuple | list) and type(value) in (tuple, list):
        yield from _of_sequence(value)
    elif isinstance(value, Tensor):
        yield from _of_tensor(value)


def _of_sequence(value: tuple | list) -> Iterator[tuple | list]:
    kind = type(value)
    if len(value) > 1:
        yield value[::-1]
    for at, item in enumerate(value[:6]):
        for other in others(item):
            yield kind([*value[:at], other, *value[at + 1 :]])
    if value:
        yield value[:-1]
        yield kind([*value, value[0]])


def _of_tensor(x: Tensor) -> Iterator[Tensor]:
    if x.numel() == 0 or x.dtype.is_complex:
        return
    if x.dtype == torch.bool:
        yield ~x
    elif not x.is_floating_point():
        yield from (x.amax() - x, x + 1, x - 1)
    else:
        step = _symmetric_like(x, _uneven(x))
        yield _normalised_like(x, x * (1 + step / 8))
        yield from (_normalised_like(x, _toggled(x, at)) for at in (0, x.numel() // 2, -1))
        yield x + _uneven(x)  # no graph any more
        yield x.round()


def _of_dimensions(arguments: Arguments) -> Iterator[Arguments]:
    sizes = sorted({n for v in arguments.values() if isinstance(v, Tensor) for n in v.shape} - {0})
    for size in sizes:
        for change in (_reversed, _rolled, _longer, _twice, _padded, _shorter):
            yield {p: _along(v, size, change) for p, v in arguments.items()}
    square = {p: v.mT for p, v in arguments.items() if isinstance(v, Tensor) and _is_square(v)}
    if square:
        yield {**arguments, **square}


def _along(value: Any, size: int, change: Callable[[Tensor, int], Tensor]) -> Any:
    """Change all dimensions of this size, wherever the tensor has them."""
    if not isinstance(value, Tensor):
        return value
    changed = value
    for dim in range(value.dim()):
        if value.shape[dim] == size:
            changed = change(changed, dim)
    return _normalised_like(value, changed)


def _reversed(x: Tensor, dim: int) -> Tensor:
    return x.flip(dim)


def _rolled(x: Tensor, dim: int) -> Tensor:
    return x.roll(1, dim)


def _shorter(x: Tensor, dim: int) -> Tensor:
    return x.narrow(dim, 0, x.shape[dim] - 1)


def _longer(x: Tensor, dim: int) -> Tensor:
    return torch.cat([x, x.narrow(dim, 0, 1)], dim)


def _twice(x: Tensor, dim: int) -> Tensor:
    return torch.cat([x, x.flip(dim)], dim)


def _padded(x: Tensor, dim: int) -> Tensor:
    return torch.cat([x, torch.zeros_like(x.narrow(dim, 0, 1))], dim)


def _toggled(x: Tensor, at: int) -> Tensor:
    """Put 0 where an entry isn't, and 1 where it is."""
    changed = x.detach().clone(memory_format=torch.contiguous_format)
    flat = changed.view(-1)
    flat[at] = 0.0 if flat[at] else 1.0
    if _is_symmetric(x):
        changed = torch.where(changed != x, changed, changed.mT)
    return changed


def _uneven(x: Tensor) -> Tensor:
    """Return numbers from -2 to 2 in which no two neighbours are equal."""
    steps = torch.arange(x.numel(), dtype=torch.float64)
    return (((steps * 7 + 5) % 17 - 8) / 4).reshape(x.shape).to(x.dtype)


def _symmetric_like(x: Tensor, step: Tensor) -> Tensor:
    return (step + step.mT) / 2 if _is_symmetric(x) else step


def _normalised_like(x: Tensor, changed: Tensor) -> Tensor:
    """Let it sum to 1 along the last dimension, or over all, if the first does."""
    if not _is_floating(x) or x.dim() == 0 or not x.numel() or not (x >= 0).all():
        return changed
    if _is_symmetric(x):  # a graph, whose degrees may well be 1
        return changed
    last = x.sum(-1)
    if torch.allclose(last, torch.ones_like(last)):
        return changed / changed.sum(-1, keepdim=True)
    return changed / changed.sum() if abs(float(x.detach().sum()) - 1) < 1e-5 else changed


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _is_square(x: Tensor) -> bool:
    return x.dim() >= 2 and x.shape[-1] == x.shape[-2]


def _is_symmetric(x: Tensor) -> bool:
    return _is_square(x) and torch.equal(x, x.mT)
