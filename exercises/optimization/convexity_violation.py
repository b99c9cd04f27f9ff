"""Optimization: by how much a function lies above its chord."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def convexity_violation(
    f: Callable[[Tensor], Tensor], x: Float[Tensor, "*dims"], y: Float[Tensor, "*dims"], lam: float
) -> float:
    """By how much f lies above the chord from x to y, at the point that is lam x + (1 - lam) y.

        f(lam x + (1 - lam) y) - (lam f(x) + (1 - lam) f(y))

    A function is convex if and only if this is above 0 nowhere: a single point of the chord can
    refute convexity, and none proves it. `f` returns one number, as a Tensor.

    Raises:
        ValueError: naming `lam` and its value, unless 0 <= lam <= 1: only between x and y is there
            a chord; naming `y` and its shape, if that isn't the shape of `x`.

    Notes: supplements to D2L, convexity, exercises.

    >>> convexity_violation(lambda x: -x.square().sum(), torch.zeros(2), torch.ones(2), lam=0.5)
    0.5
    """
    raise NotImplementedError
