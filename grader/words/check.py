"""The assertions of the hidden tests: call the answer, compare, and say what is wrong."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from grader.words.call import NOTHING, Call, Gradient, Outcome, message
from grader.words.compare import Tolerance, differences
from grader.words.diagnosis import matches
from grader.words.patterns import patterns
from grader.words.show import labelled, sentence, show
from grader.words.verdict import Accepted, Crashed, CutOff, Mismatch, Unfinished, Verdict


def check(
    function: Callable,
    *args: object,
    want: object = NOTHING,
    raises: type[Exception] | None = None,
    naming: Mapping[str, object] | None = None,
    why: str = "",
    slack: float = 1.0,
    scale: float | None = None,
    **kwargs: object,
) -> None:
    """Call `function(*args, **kwargs)`; require `want`, and that the arguments are left alone.

    `want` is a Tensor, a float, an int, a bool, a string, None, a Fraction, a numpy array, a sympy
    expression, a tuple, list, dict or dataclass of these, or `such_that(...)`. With `raises` the
    call must raise that error, with each argument of `naming` and its value in the message. `why`
    is a sentence for the learner. `slack` widens the tolerance of the dtype; say in the test why.
    """
    if (want is NOTHING) == (raises is None):
        raise TypeError("give either want= or raises=")
    tolerance = Tolerance(slack, scale)
    call = Call(function, args, kwargs, typed=raises is None, tolerance=tolerance)
    outcome = call.run(function)
    if raises is not None:
        lines = _error_differences(outcome, raises, naming or {})
        _judge(call, outcome, lines, why, Accepted)
    else:
        _require_a_result(call, outcome)
        lines = outcome.changed_arguments() or differences(outcome.value, want, tolerance)
        lines += patterns(outcome.value, want, args) if lines else []
        _judge(call, outcome, lines, why)


def check_gradient(
    function: Callable,
    *args: object,
    like: Callable | None = None,
    want: tuple[Tensor, ...] | None = None,
    wrt: tuple[int | str, ...] | None = None,
    upstream: Tensor | None = None,
    of: int | None = None,
    why: str = "",
    slack: float = 1.0,
    scale: float | None = None,
    **kwargs: object,
) -> None:
    """Require the values of the gradients that flow back through `function(*args, **kwargs)`.

    The result (item `of` of a tuple) is weighted with `upstream` (uneven if not given) and derived
    with respect to the arguments `wrt` (positions or keywords; all floating tensors if not given).
    The right gradients are `want`, or those of `like`, computed in float64.
    """
    if (like is None) == (want is None):
        raise TypeError("give either like= or want=")
    wrt = wrt if wrt is not None else _floating(args, kwargs)
    tolerance = Tolerance(slack, scale)
    gradient = Gradient(wrt, upstream, of)
    call = Call(function, args, kwargs, gradient=gradient, tolerance=tolerance)
    if want is None:
        wide = Call(like, _map(_double, args), _map(_double, kwargs), gradient=call.gradient)
        oracle = wide.run(like)
        if oracle.error is not None:  # the test's own fault, not the answer's
            raise oracle.error
        inputs = [call.argument(key) for key in wrt]
        want = tuple(g.to(x.dtype) for g, x in zip(oracle.value, inputs, strict=True))
    outcome = call.run(function)
    if isinstance(outcome.error, CutOff) and not any(w.any() for w in want):
        _judge(call, outcome, [], why)  # a constant has the right gradient: 0
        return
    _require_a_result(call, outcome)
    lines: list[str] = outcome.changed_arguments()
    for key, mine, right in () if lines else zip(wrt, outcome.value, want, strict=True):
        lines = differences(mine, right, _above_noise(tolerance, right))
        if lines:
            part = "" if of is None else f" of item {of}"
            lines = [f"the gradient{part} with respect to {call.label(key)}:", *lines]
            lines += patterns(mine, right, (call.argument(key),))
            break
    _judge(call, outcome, lines, why)


def _above_noise(tolerance: Tolerance, want: Tensor) -> Tolerance:
    """Give a gradient that cancels to nothing the rounding of the terms of size 1 that cancelled."""
    is_noise = want.numel() > 0 and float(want.abs().max()) < 1e-14
    return Tolerance(tolerance.slack, 1.0) if is_noise and tolerance.scale is None else tolerance


def _require_a_result(call: Call, outcome: Outcome) -> None:
    """Turn an error of the answer into a verdict that says where it comes from."""
    if isinstance(outcome.error, Verdict):  # the result can't be differentiated
        told = f"{call}\n{outcome.error.args[0]}"
        raise Mismatch(told, lambda: matches(call, outcome)) from None
    if isinstance(outcome.error, NotImplementedError) and not _is_torchs(outcome.error):
        raise Unfinished(f"{call}\nraised NotImplementedError: this part is still to be written")
    if outcome.error is not None:
        raised = f"raised {type(outcome.error).__name__}: {message(outcome.error)}"
        lines = [str(call), sentence(raised), *_own_lines(outcome.error, call.function)]
        raise Crashed("\n".join(lines), lambda: matches(call, outcome)) from outcome.error


def _is_torchs(error: NotImplementedError) -> bool:
    """Whether torch says that it lacks a kernel (`"addmm" not implemented for 'Bool'`)."""
    return "not implemented for '" in message(error)


def _judge(
    call: Call,
    outcome: Outcome,
    lines: list[str],
    why: str,
    verdict: type[Verdict] = Mismatch,
) -> None:
    """Raise the verdict if there is anything to say; remember the call if there isn't."""
    if lines:
        told = [str(call), *lines, *([sentence(why)] if why else [])]
        raise verdict("\n".join(told), lambda: matches(call, outcome))
    if hasattr(call.function, "remember"):
        call.function.remember(call, outcome)


def _error_differences(
    outcome: Outcome, raises: type[Exception], naming: Mapping[str, object]
) -> list[str]:
    needs = f"it should raise {raises.__name__}"
    if outcome.error is None:
        return [labelled("returned", show(outcome.value)), f"but {needs}"]
    if not isinstance(outcome.error, raises):
        told = f"raised {type(outcome.error).__name__}: {message(outcome.error)}"
        return [sentence(told), f"but {needs}"]
    said = message(outcome.error)
    for name, value in naming.items():
        for part, what in ((name, "the argument"), (value, "its value")):
            if not _mentions(said, part):
                told = f"raised {type(outcome.error).__name__}: {said or '(no message)'}"
                return [sentence(told), f"but the message should name {what}: {part}"]
    return []


def _mentions(said: str, part: object) -> bool:
    """Whether a message has a name as a word, a number by its value, anything else as text."""
    if isinstance(part, str) and part.isidentifier():
        return re.search(rf"(?<!\w){part}(?!\w)", said) is not None
    if _bare(plain_sequence(part)) in _bare(said):
        return True
    if not isinstance(part, float):
        return False
    # -1.0 may be written -1, and 1.001953125 as 1.002: rounded, it is still named.
    numbers = (float(n) for n in re.findall(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?", said))
    return any(math.isclose(n, part, rel_tol=1e-3) for n in numbers)


def _bare(text: str) -> str:
    return "".join(text.split()).translate(str.maketrans("", "", "[](){},'\"`"))


def plain_sequence(part: object) -> str:
    """Return a shape or a sequence as its numbers, anything else as text."""
    return str(list(part)) if isinstance(part, tuple | list | torch.Size) else str(part)


def _own_lines(error: Exception, function: Any) -> list[str]:
    """Return the lines of the learner's own file that the error went through, the last first."""
    import traceback

    if hasattr(error, "own_lines"):  # it was raised in another process
        return list(error.own_lines)
    path = str(getattr(function, "path", ""))
    frames = [f for f in traceback.extract_tb(error.__traceback__) if path and f.filename == path]
    return [f"{_short(f.filename)}:{f.lineno}: {f.line}" for f in reversed(frames[-3:])]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def _floating(args: tuple, kwargs: Mapping) -> tuple[int | str, ...]:
    named = [*enumerate(args), *kwargs.items()]
    return tuple(k for k, v in named if isinstance(v, Tensor) and v.is_floating_point())


def _map(change: Callable, value: Any) -> Any:
    if isinstance(value, dict):
        return {k: change(v) for k, v in value.items()}
    return tuple(map(change, value))


def _double(value: object) -> object:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value
