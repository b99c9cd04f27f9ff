"""The shape of an error: a factor, a sign, another axis, a shift, lost digits, ties only, and so on."""

import math
from collections.abc import Iterator
from fractions import Fraction

import torch
from torch import Tensor

from grader.words.compare import RELATIVE, Tolerance, close


def patterns(got: object, want: object, args: tuple[object, ...] = ()) -> list[str]:
    """Return the sentences that describe how `got` differs from `want`, the most telling alone."""
    pair = _tensors(got, want)
    if pair is None:
        return []
    told = next(_found(*pair, args), None)
    return [told] if told else []


def _found(got: Tensor, want: Tensor, args: tuple[object, ...]) -> Iterator[str]:
    if got.shape != want.shape:
        yield from _swapped(got, want)
        if got.numel() == want.numel() and close(got.reshape(want.shape), want).all():
            yield "The numbers are right; only their shape is not."
        yield from _reduced_elsewhere(got, want, args)
        return
    wrong = ~close(got, want)
    broken = wrong & ~got.isfinite() & want.isfinite()
    if broken.any():
        yield _overflow(got, broken)
    if wrong.any() and got.isfinite().all() and want.isfinite().all():
        yield from _arithmetic(got, want)
        yield from _rearranged(got, want)
        yield from _along_another_axis(got, want)
        yield from _imprecise(got, want)
        yield from _only_some(wrong, want, args)


def _overflow(got: Tensor, broken: Tensor) -> str:
    kinds = sorted({str(v) for v in got[broken].tolist()})
    return f"It is {' or '.join(kinds)} where a finite number should be: an overflow, or 0/0."


def _arithmetic(got: Tensor, want: Tensor) -> Iterator[str]:
    telling = want != 0
    if telling.sum() >= 1 and close(got[~telling], want[~telling]).all():
        ratio = got[telling] / want[telling]
        finite = bool(ratio.isfinite().all())  # the quotient of two numbers may overflow
        # A factor so near to 1 would be read into rounding errors.
        away = abs(float(ratio[0]) - 1) > 10 * RELATIVE[want.dtype]
        if finite and away and close(ratio, ratio[:1].expand_as(ratio)).all() and ratio[0] != 0:
            if close(ratio[:1], -torch.ones_like(ratio[:1])).all():
                yield "The sign is flipped: every entry is minus what it should be."
            elif telling.sum() >= 2 or _is_simple(float(ratio[0])):
                yield f"Every entry is {_factor(float(ratio[0]))} times what it should be."
    if want.numel() >= 2 and want.unique().numel() >= 2:
        offset = got - want
        if close(got, want + offset.flatten()[0]).all():
            yield f"Every entry is {float(offset.flatten()[0]):+.6g} away from what it should be."


def _swapped(got: Tensor, want: Tensor) -> Iterator[str]:
    """Find two dimensions that have changed places."""
    if got.dim() != want.dim():
        return
    for first in range(got.dim()):
        for second in range(first + 1, got.dim()):
            turned = got.transpose(first, second)
            if turned.shape == want.shape and close(turned, want).all():
                whole = "It is the transpose of what it should be."
                yield whole if got.dim() == 2 else f"Dimensions {first} and {second} are swapped."


def _reduced_elsewhere(got: Tensor, want: Tensor, args: tuple[object, ...]) -> Iterator[str]:
    """Tell from the shapes alone which dimension of an argument has gone, and which should."""
    for x in args:
        if isinstance(x, Tensor):
            lost, goes = (_missing(x.shape, result.shape) for result in (got, want))
            if lost and goes and lost != goes:
                yield f"It lacks dimension {lost[0]} of the argument, but should lack {goes[0]}."


def _missing(whole: torch.Size, part: torch.Size) -> list[int]:
    """Return the dimension without which `whole` is `part`, if only one can be meant."""
    found = [d for d in range(len(whole)) if (*whole[:d], *whole[d + 1 :]) == tuple(part)]
    return found if len(found) == 1 else []


def _along_another_axis(got: Tensor, want: Tensor) -> Iterator[str]:
    """Compare the dimensions along which all sums are the same number, as after a softmax."""
    for power, what in ((1, "It sums"), (2, "Its squares sum")):
        has, needs = (_constant_sums(t**power) for t in (got, want))
        if has.keys() & needs.keys():
            return
        for dim, total in needs.items():
            other = [d for d, t in has.items() if _equal(t, total, want)]
            where = f"along dimension {other[0]}" if other else "over all entries"
            if other or _equal((got**power).sum(), total, want):
                yield f"{what} to {round(float(total), 6) + 0.0:g} {where}, but should along dimension {dim}."


def _constant_sums(t: Tensor) -> dict[int, Tensor]:
    """Return the dimensions along which the entries sum to one number everywhere, and which."""
    found = {}
    for dim in range(t.dim()):
        sums = t.sum(dim).flatten()
        if t.shape[dim] > 1 and len(sums) > 1 and _equal(sums, sums[:1].expand_as(sums), t):
            found[dim] = sums[0]
    return found


def _equal(a: Tensor, b: Tensor, among: Tensor) -> bool:
    """Whether sums are equal but for the rounding of what was summed."""
    return bool(close(a, b, Tolerance(scale=float(among.abs().max()))).all())


def _imprecise(got: Tensor, want: Tensor) -> Iterator[str]:
    telling = want != 0
    if not telling.any() or not close(got[~telling], want[~telling]).all():
        return
    error = float(((got[telling] - want[telling]).double() / want[telling].double()).abs().max())
    if 0 < error < 1e-3:
        told = "its precision is lost, or a small constant is another"
        yield f"Only about {math.floor(-math.log10(error))} digits are right: {told}."


def _rearranged(got: Tensor, want: Tensor) -> Iterator[str]:
    if want.numel() < 2 or want.unique().numel() < 2:
        return
    yield from _swapped(got, want)
    for dim in range(want.dim()):
        size = want.shape[dim]
        if size < 2:
            continue
        if close(got.flip(dim), want).all():
            yield f"It is in reverse order along dimension {dim}."
        if size < 3:
            continue
        for earlier, later, way in ((got, want, "late"), (want, got, "early")):
            if close(earlier.narrow(dim, 1, size - 1), later.narrow(dim, 0, size - 1)).all():
                yield f"It is shifted by one along dimension {dim}: each entry comes one {way}."


def _only_some(wrong: Tensor, want: Tensor, args: tuple[object, ...]) -> Iterator[str]:
    x = next((a for a in args if isinstance(a, Tensor) and a.shape == want.shape), None)
    if x is None or x.dim() == 0 or wrong.all():
        return
    x = x.detach().double()
    tied = _ties(x)
    rare = 0 < int(tied.sum()) <= x.numel() / 2  # in a matrix of zeros and ones a tie says nothing
    if rare and torch.equal(wrong, wrong & tied):
        yield "Only entries that are tied with another are wrong."
    if x[wrong].abs().min() > x[~wrong].abs().max():
        yield f"Only large inputs are wrong: those of {float(x[wrong].abs().min()):.6g} and more."


def _ties(x: Tensor) -> Tensor:
    return (x.unsqueeze(-1) == x.unsqueeze(-2)).sum(-1) > 1


def _is_simple(ratio: float) -> bool:
    fraction = Fraction(ratio).limit_denominator(64)
    return fraction != 1 and abs(float(fraction) - ratio) < 1e-6 * abs(ratio)


def _factor(ratio: float) -> str:
    simple = abs(ratio) < 1e6 and _is_simple(ratio)
    return str(Fraction(ratio).limit_denominator(64)) if simple else f"{ratio:.6g}"


def _tensors(got: object, want: object) -> tuple[Tensor, Tensor] | None:
    # By its type: an object may say that it is of another class, and torch believes it.
    if type(got) not in (tuple, list, Tensor, float):
        return None
    if isinstance(got, tuple | list) and isinstance(want, tuple | list) and len(got) == len(want):
        pairs = [_tensors(a, b) for a, b in zip(got, want, strict=True)]
        off = [p for p in pairs if p and (p[0].shape != p[1].shape or not close(*p).all())]
        return off[0] if off else None
    if not isinstance(got, Tensor | float) or not isinstance(want, Tensor | float):
        return None
    a, b = (torch.as_tensor(v).detach() for v in (got, want))
    if not (b.dtype.is_floating_point and a.dtype.is_floating_point) or not b.numel():
        return None
    return (a, b) if a.dtype == b.dtype else (a.to(b.dtype), b)
