"""One call of an answer, which can be made again with other answers, and what it came to."""

import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from grader.words.compare import USUAL, Tolerance, same
from grader.words.show import labelled, show, show_call
from grader.words.verdict import Broken, CutOff, Forbidden, Mismatch, Stopped, Verdict

NOTHING: Any = type("NOTHING", (), {"__repr__": lambda self: "nothing"})()


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
    tolerance: Tolerance = USUAL  # what results of it may differ by
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

    def agrees(self, outcome: Outcome, other: Outcome) -> bool:
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
        alike = same(mine, theirs, self.tolerance) and same(theirs, mine, self.tolerance)
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


def _replaced(args: Any, kwargs: Any, key: int | str, leaf: Tensor) -> tuple[Any, Any]:
    if isinstance(key, str):
        return args, {**kwargs, key: leaf}
    return (*args[:key], leaf, *args[key + 1 :]), kwargs


class _no_guard:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
