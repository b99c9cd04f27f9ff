"""Optimization: a step of Newton's method for a minimum, held back where the Hessian can't guide."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def damped_newton_step(
    x: Float[Tensor, " n"],
    grad: Float[Tensor, " n"],
    hessian: Float[Tensor, "n n"],
    damping: float,
) -> Float[Tensor, " n"]:
    """The point after one damped step of Newton's method for a minimum.

        x' = x - (hessian + damping * I)^(-1) grad

    `damping` = 0 is Newton's own step: it leads to the stationary point of the local quadratic, be
    that a minimum, a saddle or a maximum. Above minus the smallest eigenvalue, the step goes
    downhill; for a large damping it is nearly grad / damping. `hessian` is symmetric. The result
    has the dtype of `x`, and gradients flow back to all three.

    Raises:
        ValueError: naming `damping` and its value, if it is negative, infinite or nan, or if
            hessian + damping * I is singular; naming `grad` or `hessian` and its shape, if that
            doesn't belong to `x`; naming `x` and its dtype, if that isn't floating point.

    Not allowed: torch.optim, scipy.optimize.

    Notes: exam notes, questions 34, 38 and 39.

    >>> x, grad = torch.tensor([1.0, 0.5]), torch.tensor([2.0, -1.0])
    >>> damped_newton_step(x, grad, torch.tensor([[2.0, 0.0], [0.0, -2.0]]), damping=6.0)
    tensor([0.7500, 0.7500])
    """
    raise NotImplementedError
