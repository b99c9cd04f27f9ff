"""What a plot declares: the curves that an answer makes, where people would rather look than read.

A hidden test file says it before its benchmarks, in a function of the answer alone:

    @plot(x="step", y="learning rate")
    def plot_two_cycles(cosine_lr):
        steps = range(100)
        return {"T_max = 50": (steps, [cosine_lr(0.1, step, 50) for step in steps])}

It returns the curves by their labels: the xs and the ys of each, as tensors or sequences of as many
numbers. `python -m grader plot NAME` draws the reference's, and the learner's own over them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

Curves = dict[str, tuple[list[float], list[float]]]


@dataclass(frozen=True)
class Plot:
    """One panel: what its axes say, and the function that makes its curves."""

    x: str
    y: str
    draw: Callable[[Any], Mapping[str, tuple[Any, Any]]]
    xscale: str = "linear"
    yscale: str = "linear"

    @property
    def title(self) -> str:
        """The name of the function, as words."""
        return self.draw.__name__.removeprefix("plot_").replace("_", " ")

    def curves(self, answer: Any) -> Curves:
        """Return the numbers of an answer's curves; refuse what can't be drawn."""
        drawn = self.draw(answer)
        if not isinstance(drawn, Mapping) or not drawn:
            raise TypeError(f"{self.draw.__name__} returned {drawn!r}, but must return curves")
        found = {label: (numbers(xs), numbers(ys)) for label, (xs, ys) in drawn.items()}
        for label, (xs, ys) in found.items():
            if len(xs) != len(ys):
                raise ValueError(f"the curve {label!r} has {len(xs)} xs, but {len(ys)} ys")
        return found


def plot(*, x: str, y: str, xscale: str = "linear", yscale: str = "linear") -> Callable[[Any], Any]:
    """Mark a function of the answer as a plot; `x` and `y` say what its axes are."""

    def mark(draw: Any) -> Any:
        draw.plot = Plot(x, y, draw, xscale, yscale)
        return draw

    return mark


def numbers(values: Any) -> list[float]:
    """Return a curve's coordinates as plain numbers."""
    flat = values.detach().flatten() if isinstance(values, torch.Tensor) else values
    return [float(value) for value in flat]
