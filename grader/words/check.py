"""The assertions of the hidden tests: call the answer, compare, and say what is wrong."""

import copy
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from grader.words.compare import USUAL, Tolerance, differences, same
from grader.words.diagnosis import matches
from grader.words.patterns import patterns
from grader.words.show import labelled, sentence, show, show_call
from grader.words.verdict import (
    Accepted,
    Broken,
    Crashed,
    CutOff,
    Forbidden,
    Mismatch,
    Stopped,
    Unfinished,
    Verdict,
)

NOTHING: Any = type("NOTHING", (), {"__repr__": lambda self: "nothing"})()


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
    call = Call(function, args, kwargs, typed=raises is None)
    outcome = call.run(function)
    tolerance = Tolerance(slack, scale)
    if raises is not None:
        lines = _error_differences(outcome, raises, naming or {})
        call.judge(outcome, lines, why, tolerance, Accepted)
    else:
        outcome.reraise_unless_returned(call)
        lines = outcome.changed_arguments() or differences(outcome.value, want, tolerance)
        lines += patterns(outcome.value, want, args) if lines else []
        call.judge(outcome, lines, why, tolerance)


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
    call = Call(function, args, kwargs, gradient=Gradient(wrt, upstream, of))
    if want is None:
        wide = Call(like, _map(_double, args), _map(_double, kwargs), gradient=call.gradient)
        oracle = wide.run(like)
        if oracle.error is not None:  # the test's own fault, not the answer's
            raise oracle.error
        inputs = [call.argument(key) for key in wrt]
        want = tuple(g.to(x.dtype) for g, x in zip(oracle.value, inputs, strict=True))
    outcome = call.run(function)
    if isinstance(outcome.error, CutOff) and not any(w.any() for w in want):
        call.judge(outcome, [], why, USUAL)  # a constant has the right gradient: 0
        return
    outcome.reraise_unless_returned(call)
    tolerance = Tolerance(slack, scale)
    lines: list[str] = outcome.changed_arguments()
    for key, mine, right in () if lines else zip(wrt, outcome.value, want, strict=True):
        lines = differences(mine, right, _above_noise(tolerance, right))
        if lines:
            part = "" if of is None else f" of item {of}"
            lines = [f"the gradient{part} with respect to {call.label(key)}:", *lines]
            lines += patterns(mine, right, (call.argument(key),))
            break
    call.judge(outcome, lines, why, tolerance)


def _above_noise(tolerance: Tolerance, want: Tensor) -> Tolerance:
    """Give a gradient that cancels to nothing the rounding of the terms of size 1 that cancelled."""
    is_noise = want.numel() > 0 and float(want.abs().max()) < 1e-14
    return Tolerance(tolerance.slack, 1.0) if is_noise and tolerance.scale is None else tolerance


@dataclass(frozen=True)
class Gradient:
    """What to differentiate by, and the gradient that comes in from above."""

    wrt: tuple[int | str, ...]
    upstream: Tensor | None
    of: int | None = None  # which item of a returned tuple is differentiated

    def flow(self, result: Any, inputs: list[Tensor], guard: Any) -> tuple[Tensor, ...]:
        """Return the gradients of `result` with respect to `inputs`."""
        if self.of is not None:
            if not isinstance(result, tuple) or len(result) <= self.of:
                raise Mismatch(f"returned a {type(result).__name__}, but it should be a tuple")
            result = result[self.of]
        if not isinstance(result, Tensor):
            raise Mismatch(f"returned a {type(result).__name__}, but it should be a Tensor")
        if not result.requires_grad:
            raise CutOff("returned a result that is cut off from the graph: no gradient flows back")
        up = self.upstream if self.upstream is not None else uneven(result)
        load_autograd()
        with guard():
            grads = torch.autograd.grad(result, inputs, up.to(result.dtype), allow_unused=True)
        return tuple(
            torch.zeros_like(x) if g is None else g for g, x in zip(grads, inputs, strict=True)
        )


@cache
def load_autograd() -> None:
    """Let torch load what its first gradient needs, sympy among it: not on the answer's time."""
    x = torch.ones(2, requires_grad=True)
    torch.autograd.grad(x.exp(), x, torch.ones(2))


def uneven(like: Tensor) -> Tensor:
    """Return an upstream gradient in which no two neighbours are equal, the same at every call."""
    steps = torch.arange(like.numel(), dtype=torch.float64)
    return (((steps * 7 + 3) % 11 - 4.5) / 4).reshape(like.shape).to(like.dtype)


@dataclass
class Outcome:
    """What a call came to: a value or an error, and the arguments as it left them."""

    value: Any = NOTHING
    error: Exception | None = None
    before: tuple[Any, Any] = ((), {})
    after: tuple[Any, Any] = ((), {})
    drawn: Tensor | None = None  # where torch's generator stood: other answers start there, too

    def reraise_unless_returned(self, call: "Call") -> None:
        """Turn an error of the answer into a verdict that says where it comes from."""
        if isinstance(self.error, Verdict):  # the result can't be differentiated
            told = f"{call}\n{self.error.args[0]}"
            raise Mismatch(told, lambda: matches(call, self, USUAL)) from None
        if isinstance(self.error, NotImplementedError):
            raise Unfinished(
                f"{call}\nraised NotImplementedError: this part is still to be written"
            )
        if self.error is not None:
            raised = f"raised {type(self.error).__name__}: {message(self.error)}"
            lines = [str(call), sentence(raised), *_own_lines(self.error, call.function)]
            raise Crashed("\n".join(lines), lambda: matches(call, self, USUAL)) from self.error

    def changed_arguments(self) -> list[str]:
        """Say which argument the call changed in place, if it did."""
        (args, kwargs), (args_now, kwargs_now) = self.before, self.after
        pairs: list[tuple[str, object, object]] = [
            (f"argument {i}", *pair) for i, pair in enumerate(zip(args, args_now, strict=True), 1)
        ]
        pairs += [(f"`{name}`", value, kwargs_now[name]) for name, value in kwargs.items()]
        for label, was, now in pairs:
            if not identical(was, now):
                return [
                    f"changed its {label} in place",
                    labelled("it was", show(was)),
                    labelled("now it is", show(now)),
                ]
        return []


@dataclass
class Call:
    """One call of an answer, repeatable with other answers on the same arguments."""

    function: Any
    args: tuple[object, ...]
    kwargs: dict[str, object]
    typed: bool = True
    gradient: Gradient | None = None
    _frozen: tuple[Any, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the arguments as they are now."""
        self._frozen = clone((tuple(self.args), dict(self.kwargs)))

    def __str__(self) -> str:
        name = getattr(self.function, "name", getattr(self.function, "__name__", "it"))
        return show_call(name, *self._frozen)

    def run(self, function: Any) -> Outcome:
        """Call `function` on copies of the arguments."""
        before, (args, kwargs) = self._frozen, clone(self._frozen)
        holder: Any
        inputs = []
        for key in self.gradient.wrt if self.gradient else ():
            holder = kwargs if isinstance(key, str) else args
            leaf = holder[key].detach().requires_grad_()
            args, kwargs = _replaced(args, kwargs, key, leaf)
            inputs.append(leaf)
        target = function if self.typed else getattr(function, "untyped", function)
        drawn = torch.random.get_rng_state()
        try:
            value = target(*args, **kwargs)
            if self.gradient:
                value = self.gradient.flow(
                    value, inputs, getattr(function, "guard_backward", _no_guard)
                )
        except (Forbidden, Broken, Stopped):
            raise
        except Exception as error:
            return Outcome(error=error, before=before, after=(args, kwargs), drawn=drawn)
        return Outcome(value, before=before, after=(args, kwargs), drawn=drawn)

    def judge(
        self,
        outcome: Outcome,
        lines: list[str],
        why: str,
        tolerance: Tolerance,
        verdict: type[Verdict] = Mismatch,
    ) -> None:
        """Raise the verdict if there is anything to say; remember the call if there isn't."""
        if lines:
            told = [str(self), *lines, *([sentence(why)] if why else [])]
            raise verdict("\n".join(told), lambda: matches(self, outcome, tolerance))
        if hasattr(self.function, "remember"):
            self.function.remember(self, outcome)

    def agrees(self, outcome: Outcome, other: Outcome, tolerance: Tolerance = USUAL) -> bool:
        """Whether two runs of the call came to the same."""
        if outcome.error is not None or other.error is not None:
            # By name: an error that comes from another process has a class of its own.
            alike = type(outcome.error).__name__ == type(other.error).__name__
            return alike and (
                not isinstance(other.error, Verdict)
                or message(outcome.error) == message(other.error)
            )
        if bool(outcome.changed_arguments()) != bool(other.changed_arguments()):
            return False
        # Both ways: beside a result of 0, a tolerance of the other's size would hide everything.
        mine, theirs = outcome.value, other.value
        alike = same(mine, theirs, tolerance) and same(theirs, mine, tolerance)
        return alike and _hangs_on_a_graph(mine) == _hangs_on_a_graph(theirs)

    @property
    def arguments(self) -> tuple[Any, Any]:
        """The arguments, by position and by keyword."""
        return self._frozen

    @property
    def is_large(self) -> bool:
        """Whether running it again takes a while."""
        args, kwargs = self._frozen
        tensors = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
        return sum(t.numel() for t in tensors) > 10_000

    def argument(self, key: int | str) -> Any:
        """Return an argument by position or keyword."""
        return self._frozen[1][key] if isinstance(key, str) else self._frozen[0][key]

    def label(self, key: int | str) -> str:
        """Name an argument in a sentence."""
        return f"`{key}`" if isinstance(key, str) else f"argument {key + 1}"


def clone(value: Any) -> Any:
    """Return a copy that shares no memory and keeps strides; what can't be copied, itself."""
    if isinstance(value, Tensor):
        if any(
            step == 0 < size - 1 for step, size in zip(value.stride(), value.shape, strict=True)
        ):
            copied = value.detach().clone()  # expanded: its memory can't be written entry by entry
        else:
            copied = torch.empty_strided(
                value.shape, value.stride(), dtype=value.dtype, device=value.device
            ).copy_(value.detach())
        return copied.requires_grad_(value.requires_grad)
    if type(value) in (tuple, list):
        return type(value)(map(clone, value))
    if type(value) is dict:
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if callable(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def identical(a: Any, b: Any) -> bool:
    """Whether two arguments hold the very same bits; NaN is itself. A generator may move on."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        alike = (a.shape, a.dtype) == (b.shape, b.dtype)
        return alike and bool(
            torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())
        )
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(identical(a[k], b[k]) for k in a)
    if isinstance(a, torch.Generator) or callable(a):
        return True
    return bool(a is b or repr(a) == repr(b))


def _hangs_on_a_graph(value: Any) -> bool:
    """Whether gradients could flow back from a result: two that differ in it aren't alike."""
    return any(isinstance(leaf, Tensor) and leaf.requires_grad for leaf in tree_leaves(value))


def message(error: BaseException | None) -> str:
    """Return an error's words as a plain string, whatever its class makes of them."""
    try:
        return str.__str__(str(error))[:2000]
    except Exception:
        return "(its message can't be read)"


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


def _replaced(args: Any, kwargs: Any, key: int | str, leaf: Tensor) -> tuple[Any, Any]:
    if isinstance(key, str):
        return args, {**kwargs, key: leaf}
    return (*args[:key], leaf, *args[key + 1 :]), kwargs


def _floating(args: tuple, kwargs: Mapping) -> tuple[int | str, ...]:
    named = [*enumerate(args), *kwargs.items()]
    return tuple(k for k, v in named if isinstance(v, Tensor) and v.is_floating_point())


def _map(change: Callable, value: Any) -> Any:
    if isinstance(value, dict):
        return {k: change(v) for k, v in value.items()}
    return tuple(map(change, value))


def _double(value: object) -> object:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


class _no_guard:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
