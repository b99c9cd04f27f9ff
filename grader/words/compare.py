"""Whether a result is the expected one; if not, where and how it differs."""

import dataclasses
import numbers
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.words.show import labelled, plain, sentence, show, two_numbers

# Rounding that an honest algorithm may add: relative to an entry, and relative to the largest
# entry (a sum cancels to a small number with the error of its large terms).
RELATIVE = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}
OF_LARGEST = {
    torch.float64: 1e-14,
    torch.float32: 1e-6,
    torch.float16: 2e-3,
    torch.bfloat16: 1.6e-2,
}


@dataclass(frozen=True)
class Tolerance:
    """How far a result may be off: `slack` widens both bounds, `scale` replaces the largest entry."""

    slack: float = 1.0
    scale: float | None = None


USUAL = Tolerance()


@dataclass(frozen=True)
class Such:
    """An expectation that many results meet: a predicate, and the sentence that says it."""

    told: str
    holds: Callable[[Any], bool]


def such_that(told: str, holds: Callable[[Any], bool]) -> Such:
    """Expect any result for which `holds(result)`; `told` completes "expected ..."."""
    return Such(told, holds)


def differences(got: object, want: object, tolerance: Tolerance = USUAL) -> list[str]:
    """Return the lines that say how `got` differs from `want`; none where it doesn't."""
    try:
        got = plain_containers(got)
    except RecursionError:
        return [f"returned {_a(got)} that is nested too deeply to be read"]
    posing = impostor(got, whole=isinstance(want, Such))
    if posing is not None:
        return [f"returned {_a(posing)}: a class of its own, where a plain value is expected"]
    if isinstance(want, Such):
        return _unless(_meets(got, want), got, want.told)
    if isinstance(want, Tensor):
        return _tensor_differences(got, want, tolerance)
    if isinstance(want, np.ndarray):
        return _array_differences(got, want, tolerance)
    if _is_sympy(want):
        return _sympy_differences(got, want)
    if isinstance(want, dict):
        return _dict_differences(got, want, tolerance)
    if isinstance(want, tuple | list):
        return _sequence_differences(got, want, tolerance)
    if dataclasses.is_dataclass(want) and not isinstance(want, type):
        return _dataclass_differences(got, want, tolerance)
    return _scalar_differences(got, want, tolerance)


PLAIN = ("builtins", "torch", "numpy", "fractions", "decimal", "sympy", "grader")


def impostor(value: object, whole: bool = False) -> object | None:
    """Return the value, or the item of it, whose class may answer whatever is asked of it.

    A subclass can say that it is equal to anything. Tensors and arrays are told apart later, where
    their type is named; objects that a test looks into field by field are no impostors, unless they
    are judged as a `whole`.
    """
    is_read = dataclasses.is_dataclass(value) and not isinstance(value, type) and not whole
    if isinstance(value, Tensor | np.ndarray) or is_read:
        return None
    if type(value) in (tuple, list):
        posing = (impostor(item, whole) for item in value)  # type: ignore[attr-defined]
        return next((item for item in posing if item is not None), None)
    kind = type(value)
    poses = isinstance(value, numbers.Number | str | bytes) or kind.__eq__ is not object.__eq__
    is_known = kind.__module__.partition(".")[0] in PLAIN
    is_own = is_known and _found(sys.modules.get(kind.__module__), kind.__qualname__) is kind
    return value if poses and not is_own else None


def plain_containers(value: object) -> object:
    """Return tuples, lists and dicts of a subclass as plain ones, read without its methods."""
    if isinstance(value, tuple):
        return tuple(map(plain_containers, tuple.__iter__(value)))
    if isinstance(value, list):
        return list(map(plain_containers, list.__iter__(value)))
    if isinstance(value, dict):
        return {key: plain_containers(item) for key, item in dict.items(value)}
    return value


def _found(home: object, name: str) -> object:
    for part in name.split("."):
        home = getattr(home, part, None)
    return home


def same(got: object, want: object, tolerance: Tolerance = USUAL) -> bool:
    """Whether `got` would be accepted where `want` is expected."""
    return not differences(got, want, tolerance)


def close(got: Tensor, want: Tensor, tolerance: Tolerance = USUAL) -> Tensor:
    """Return, entry by entry, whether `got` is within rounding of `want`; NaN equals NaN."""
    if not (want.dtype.is_floating_point or want.dtype.is_complex):
        return got == want
    real = torch.empty(0, dtype=want.dtype).real.dtype
    finite = want[want.isfinite()].abs()
    largest = float(finite.max()) if finite.numel() else 0.0
    scale = tolerance.scale if tolerance.scale is not None else largest or 1.0
    wide = torch.complex128 if want.dtype.is_complex else torch.float64
    return torch.isclose(
        got.to(wide),
        want.to(wide),
        rtol=RELATIVE[real] * tolerance.slack,
        atol=OF_LARGEST[real] * scale * tolerance.slack,
        equal_nan=True,
    )


def _tensor_differences(got: object, want: Tensor, tolerance: Tolerance) -> list[str]:
    if type(got) is not Tensor:
        what = "no Tensor" if not isinstance(got, Tensor) else "a subclass of Tensor"
        return [f"returned {what} but {_a(got)}, and it should be a plain Tensor"]
    for what in ("shape", "dtype", "device"):
        has, needs = getattr(got, what), getattr(want, what)
        if has != needs:
            lines = [f"returned {what} {plain(has)}, but it should be {plain(needs)}"]
            return lines + ([] if what == "device" else [labelled("returned", show(got))])
    got, want = got.detach(), want.detach()
    right = close(got, want, tolerance)
    if right.all():
        return []
    at = tuple((~right).nonzero()[0].tolist())
    has, needs = two_numbers(got[at].item(), want[at].item())
    where = f"{int((~right).sum())} of {want.numel()} entries differ"
    place = f", the first at {list(at)}" if at else ""
    values = f"{has}, but it should be {needs}"
    shown = _apart(got, want) if want.dim() else []
    return [*shown, f"{where}{place}: {values}" if want.dim() else f"returned {values}"]


def _apart(got: Tensor, want: Tensor) -> list[str]:
    """Show both tensors, with enough digits for them to read differently."""
    texts = "", ""
    for digits in (5, 8, 12, 17):
        texts = show(got, digits=digits), show(want, digits=digits)
        if texts[0] != texts[1] or want.numel() > 24:
            break
    return [labelled("returned", texts[0]), labelled("expected", texts[1])]


def _array_differences(got: object, want: np.ndarray, tolerance: Tolerance) -> list[str]:
    if not isinstance(got, np.ndarray):
        return [f"returned no numpy array but {_a(got)}"]
    if got.dtype != want.dtype:
        return [f"returned dtype {got.dtype}, but it should be {want.dtype}"]
    return _tensor_differences(torch.from_numpy(got), torch.from_numpy(want), tolerance)


def _scalar_differences(got: object, want: object, tolerance: Tolerance) -> list[str]:
    if isinstance(got, Tensor):
        return [f"returned {_a(got)}, but it should be a plain {type(want).__name__}"]
    if want is None or isinstance(want, bool | np.bool_ | str):
        kind = (bool, np.bool_) if isinstance(want, bool | np.bool_) else (type(want),)
        return _unless(isinstance(got, kind) and got == want, got, want)
    if isinstance(want, Fraction):
        return _unless(_as_fraction(got) == want, got, want)
    if isinstance(want, numbers.Integral):
        if not isinstance(got, numbers.Integral) or isinstance(got, bool):
            return [f"returned {_a(got)} {show(got)}, but it should be the int {want}"]
        return _unless(got == want, got, want)
    if isinstance(want, float):
        if not isinstance(got, numbers.Real) or isinstance(got, bool | Fraction):
            return [f"returned {_a(got)} {show(got)}, but it should be the float {want:.10g}"]
        wide = torch.tensor([float(got)], dtype=torch.float64)
        if close(wide, torch.tensor([want], dtype=torch.float64), tolerance).all():
            return []
        has, needs = two_numbers(float(got), want)
        return [labelled("returned", has), labelled("expected", needs)]
    return _unless(type(got) is type(want) and got == want, got, want)


def _as_fraction(got: Any) -> Fraction | None:
    """Return an exact rational as a Fraction, whatever exact type it has; None for a float."""
    if isinstance(got, bool) or not (isinstance(got, numbers.Rational) or _is_sympy(got)):
        return None
    if _is_sympy(got):
        return Fraction(int(got.p), int(got.q)) if got.is_Rational else None
    return Fraction(got)


def _sequence_differences(got: Any, want: Any, tolerance: Tolerance) -> list[str]:
    kind = tuple if isinstance(want, tuple) else list
    if not isinstance(got, kind):
        return [f"returned {_a(got)}, but it should be a {kind.__name__} of {len(want)}"]
    if len(got) != len(want):
        told = f"returned a {kind.__name__} of {len(got)}, but it should have {len(want)} items"
        return [told, labelled("returned", show(got))]
    for position, (mine, right) in enumerate(zip(got, want, strict=True)):
        lines = differences(mine, right, tolerance)
        if lines:
            return [f"item {position} of the returned {kind.__name__}:", *lines]
    return []


def _dict_differences(got: Any, want: dict, tolerance: Tolerance) -> list[str]:
    if not isinstance(got, dict):
        return [f"returned {_a(got)}, but it should be a dict"]
    if got.keys() != want.keys():
        return _unless(False, sorted(map(str, got)), f"the keys {sorted(map(str, want))}")
    for key, right in want.items():
        lines = differences(got[key], right, tolerance)
        if lines:
            return [f"the value at {key!r} of the returned dict:", *lines]
    return []


def _dataclass_differences(got: Any, want: Any, tolerance: Tolerance) -> list[str]:
    for field in dataclasses.fields(want):
        if not hasattr(got, field.name):
            return [f"returned {_a(got)}, which has no `{field.name}`"]
        lines = differences(getattr(got, field.name), getattr(want, field.name), tolerance)
        if lines:
            return [f"`{field.name}` of what was returned:", *lines]
    return []


def _sympy_differences(got: object, want: Any) -> list[str]:
    """Compare two expressions at exact points; symbols are matched by name."""
    import sympy as sp

    try:
        mine = sp.sympify(got)
    except (sp.SympifyError, TypeError):
        return [f"returned {_a(got)}, but it should be a sympy expression"]
    if isinstance(want, sp.MatrixBase) or isinstance(mine, sp.MatrixBase):
        if not isinstance(mine, sp.MatrixBase) or not isinstance(want, sp.MatrixBase):
            kinds = "matrix" if isinstance(want, sp.MatrixBase) else "scalar expression"
            return [f"returned {_a(got)}, but it should be a sympy {kinds}"]
        if mine.shape != want.shape:
            return [f"returned shape {list(mine.shape)}, but it should be {list(want.shape)}"]
        pairs = zip(mine, want, strict=True)
        return next((lines for a, b in pairs if (lines := _sympy_differences(a, b))), [])
    if not isinstance(mine, sp.Expr):
        return _unless(bool(mine == want), got, "another expression")
    extra = {s.name for s in mine.free_symbols} - {s.name for s in want.free_symbols}
    for trial in range(12):
        names = sorted({s.name for s in mine.free_symbols | want.free_symbols})
        # Positive, different, and off every special value; a denominator that is prime.
        point = {
            name: sp.Rational(7 + 5 * trial + 11 * i, 13 + 4 * i) for i, name in enumerate(names)
        }
        a, b = (_at(side, point) for side in (mine, want))
        if a != b and not _is_near(a, b):
            told = f"at {', '.join(f'{k} = {v}' for k, v in point.items())} it is {sp.N(a, 6)}"
            lines = [
                labelled("returned", show(str(mine))),
                f"{told}, but it should be {sp.N(b, 6)}",
            ]
            return lines + ([f"It has symbols that don't belong: {sorted(extra)}"] if extra else [])
    return []


def _is_near(a: Any, b: Any) -> bool:
    try:
        return bool(abs(a - b) <= 1e-25 * max(1, abs(b)))
    except TypeError:  # an infinity without direction, or what is no number
        return False


def _at(expression: Any, point: dict[str, Any]) -> Any:
    import sympy as sp

    values = {symbol: point[symbol.name] for symbol in expression.free_symbols}
    value = expression.subs(values).doit()
    return value if value.is_Rational else sp.N(value, 40)


def _meets(got: object, want: Such) -> bool:
    try:
        return bool(want.holds(got))
    except Exception:  # a result of the wrong kind breaks the predicate: it doesn't meet it
        return False


def _unless(fine: bool, got: object, want: object) -> list[str]:
    if fine:
        return []
    told = want if isinstance(want, str) and not isinstance(got, str) else show(want)
    return [labelled("returned", show(got)), sentence(labelled("expected", str(told)))]


def _a(value: object) -> str:
    name = "None" if value is None else type(value).__name__
    if value is None:
        return name
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _is_sympy(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "sympy"
