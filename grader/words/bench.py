"""What a benchmark declares: a race of the answer against the reference and torch's own operation.

A benchmark is a function `bench_...` at the end of a hidden test file. It asks for the answer
under test and for the starter, `race`:

    @gpu
    def bench_rows_of_a_language_model(softmax, race):
        race(
            softmax,
            torch=lambda logits: logits.softmax(-1),
            inputs=lambda draw, n, c: (draw.normal(n, c),),
            small=(32, 1000),
            large=(4096, 16000),
            forward=lambda logits: {"bytes": 2 * logits.nbytes, "flops": 5 * logits.numel()},
            backward=lambda logits: {"bytes": 3 * logits.nbytes, "flops": 4 * logits.numel()},
        )

The name says what the data are. `forward` and `backward` count what the formula needs, whoever
computes it: each entry read once, each result written once, each arithmetic operation once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

Count = Callable[..., Mapping[str, float]]


@dataclass(frozen=True)
class Cost:
    """What the formula needs, whoever computes it: bytes moved, floating point operations."""

    bytes: float
    flops: float


@dataclass(frozen=True)
class Draw:
    """Where a benchmark's inputs come from: other numbers at every call, the same in every run."""

    generator: torch.Generator
    dtype: torch.dtype = torch.float32

    @property
    def device(self) -> torch.device:
        """Where the inputs are made."""
        return self.generator.device

    def normal(self, *shape: int) -> Tensor:
        """Draw independent entries with mean 0 and variance 1."""
        return torch.randn(shape, generator=self.generator, dtype=self.dtype, device=self.device)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Draw independent entries between `low` and `high`."""
        drawn = torch.rand(shape, generator=self.generator, dtype=self.dtype, device=self.device)
        return low + (high - low) * drawn

    def integers(self, below: int, *shape: int) -> Tensor:
        """Draw class indices: int64, 0 <= entry < below."""
        return torch.randint(below, shape, generator=self.generator, device=self.device)

    def adjacency(self, n: int, density: float) -> Tensor:
        """Draw an undirected graph of n vertices, where each edge is there with this probability."""
        upper = (self.uniform(n, n) < density).to(self.dtype).triu(1)
        return upper + upper.mT


@dataclass(frozen=True, kw_only=True)
class Race:
    """One benchmark, as its author declares it.

    `inputs(draw, *size)` returns the arguments, a tuple of tensors, lists of them and plain values,
    of the same sizes at each call; `torch(*arguments)` is torch's own operation; `size` is `small`
    on a CPU and `large` on a GPU. `forward(*arguments)` counts the bytes and the FLOPs of the
    formula; `backward` those of its gradient: without it, only the forward pass is timed. `slack`
    widens the tolerance, as in `check`: long sums round more. What isn't a function of the
    arguments, a class for one, is raced by `use(answer, *arguments)`.
    """

    subject: Any
    torch: Callable[..., Any]
    inputs: Callable[..., tuple[Any, ...]]
    small: tuple[int, ...]
    large: tuple[int, ...]
    forward: Count
    backward: Count | None = None
    slack: float = 10.0
    use: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that can't be told from one number."""
        for field in ("small", "large"):
            if not isinstance(getattr(self, field), tuple):
                raise TypeError(f"{field} is {getattr(self, field)!r}, but must be a tuple")

    @property
    def directions(self) -> dict[str, Count]:
        """Return what is timed, with its count."""
        backward = {} if self.backward is None else {"backward": self.backward}
        return {"forward": self.forward, **backward}

    def entrant(self, answer: Any) -> Callable[..., Any]:
        """Return the function of the arguments with which an answer takes part."""
        return answer if self.use is None else partial(self.use, answer)

    def arguments(self, draw: Draw, size: tuple[int, ...]) -> tuple[Any, ...]:
        """Draw the arguments of one call."""
        drawn = self.inputs(draw, *size)
        if not isinstance(drawn, tuple):
            raise TypeError(f"inputs returned a {type(drawn).__name__}, but must return a tuple")
        return drawn

    def truth(self, *arguments: Any) -> Any:
        """Return the right answer: torch's operation in float64."""
        return self.torch(*wide(arguments))


def wide(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a copy of the arguments, lists of tensors too, in which real numbers are float64."""

    def widened(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        dtype = torch.float64 if value.is_floating_point() else value.dtype
        return value.detach().to(dtype, copy=True)

    return tree_map(widened, arguments)
