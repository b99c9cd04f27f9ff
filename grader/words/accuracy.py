"""What a measurement of accuracy declares: the exact result, and the inputs to compare it on.

A hidden test file says it once, before its benchmarks:

    @accuracy(
        "size of the logits",
        inputs=lambda draw, size: (size * draw.normal(8),),
        torch=lambda logits: logits.softmax(-1),
    )
    def exact(mp, logits):
        powers = [mp.exp(z) for z in logits]
        return [p / sum(powers) for p in powers]

The exact result is computed with 50 digits from what the answer gets to see: the inputs rounded to
its dtype, as (nested) lists of mpmath numbers. `python -m grader show NAME --accuracy` shows it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.words.bench import Draw

DTYPES = ("float32", "float64", "bfloat16")


@dataclass(frozen=True)
class Accuracy:
    """How the accuracy of an exercise is measured."""

    over: str  # what grows from one row of the table to the next: "size of the logits"
    inputs: Callable[[Draw, float], tuple[Any, ...]]  # the arguments of one call, in float64
    exact: Callable[..., Any]  # of mpmath and these arguments
    torch: Callable[..., Any] | None  # torch's own operation, if it has one
    decades: tuple[int, int]  # the first and the last power of ten
    dtypes: tuple[str, ...]


def accuracy(
    over: str,
    *,
    inputs: Callable[[Draw, float], tuple[Any, ...]],
    torch: Callable[..., Any] | None = None,
    decades: tuple[int, int] = (-8, 4),
    dtypes: tuple[str, ...] = DTYPES,
) -> Callable[[Any], Any]:
    """Mark a function of mpmath numbers as the exact result that an exercise's answers approach."""
    if decades[0] > decades[1]:
        raise ValueError(f"decades is {decades}, but must be the first and the last power of ten")

    def mark(exact: Any) -> Any:
        exact.accuracy = Accuracy(over, inputs, exact, torch, decades, dtypes)
        return exact

    return mark
