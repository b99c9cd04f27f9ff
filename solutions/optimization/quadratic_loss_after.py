"""Optimization: the training loss that gradient descent leaves, on a quadratic."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def quadratic_loss_after(
    eigenvalues: Float[Tensor, " n"], start: Float[Tensor, " n"], lr: float, steps: int
) -> Float[Tensor, ""]:
    """The loss after a number of steps of gradient descent, from a start whose loss is known.

        f(x) = 1/2 * sum_i eigenvalues_i * x_i^2

    The coordinates of `start` are those along the eigenvectors of the Hessian. The result is the
    loss itself, exact to rounding, in float64 for as many as 1e6 steps at once; it has the dtype of
    `start`, and gradients flow back to both tensors. An eigenvalue may be 0 or negative: there is
    no minimum then. A rate that diverges isn't refused.

    Raises:
        ValueError: naming `lr` and its value, if it is negative, infinite or nan; naming `steps`
            and its value, if it is negative; naming `eigenvalues` and its shape, if that isn't the
            shape of `start`; naming `start` and its dtype, if its entries aren't floating point.

    Not allowed: torch.optim.

    Notes: exam notes, loss functions, choice of hyperparameters; supplements to D2L, linear
    regression.

    >>> quadratic_loss_after(torch.tensor([2.0, 4.0]), torch.tensor([4.0, 1.0]), lr=0.25, steps=1)
    tensor(4.)
    """
    if not 0 <= lr < math.inf:
        raise ValueError(f"lr is {lr}, but must be finite and not negative")
    if steps < 0:
        raise ValueError(f"steps is {steps}, but can't be negative")
    if eigenvalues.shape != start.shape:
        raise ValueError(
            f"eigenvalues has shape {list(eigenvalues.shape)}, but start {start.shape}"
        )
    if not start.is_floating_point():
        raise ValueError(f"start has dtype {start.dtype}, but must be floating point")
    # Along an eigenvector nothing else is seen: each step multiplies by the same factor.
    left = start * (1 - lr * eigenvalues) ** steps
    return (eigenvalues * left.square()).sum() / 2
