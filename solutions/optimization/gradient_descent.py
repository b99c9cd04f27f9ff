"""Optimization: the path that follows the negative gradient."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def gradient_descent(
    grad: Callable[[Tensor], Tensor], x0: Float[Tensor, "*dims"], lr: float, steps: int
) -> Float[Tensor, "points *dims"]:
    """The path of gradient descent: where it starts, and where it is after each step.

        x_{t+1} = x_t - lr * grad(x_t),   t = 0, ..., steps - 1

    The first of the steps + 1 points is `x0`; all have its dtype. `grad` returns the gradient of
    the whole training loss at a point of the shape of `x0`; it may write into the same tensor at
    each call. A rate above 2 over the curvature isn't refused: its path diverges. Gradients flow
    back to `x0` through all steps.

    Raises:
        ValueError: naming `lr` and its value, if it is negative, infinite or nan; naming `steps`
            and its value, if it is negative; naming `x0` and its dtype, if its entries aren't
            floating point numbers.

    Not allowed: torch.optim.

    Notes: D2L notes, gradient descent; exam notes, SGD; supplements to D2L, linear regression.

    >>> gradient_descent(lambda x: 2 * x, torch.tensor([8.0, -4.0]), lr=0.25, steps=2)
    tensor([[ 8., -4.],
            [ 4., -2.],
            [ 2., -1.]])
    """
    if not 0 <= lr < math.inf:
        raise ValueError(f"lr is {lr}, but must be finite and not negative")
    if steps < 0:
        raise ValueError(f"steps is {steps}, but can't be negative")
    if not x0.is_floating_point():
        raise ValueError(f"x0 has dtype {x0.dtype}, but must be floating point")
    path = [x0]
    for _ in range(steps):
        # A new tensor each time: written in place, all points of the path would be the last one.
        path.append(path[-1] - lr * grad(path[-1]))
    return torch.stack(path)
