"""Initialization: where gradient descent takes linear regression from weights of 0."""

import torch
from jaxtyping import Float
from torch import Tensor


def linear_regression_from_zero(
    x: Float[Tensor, "n d"], y: Float[Tensor, " n"], lr: float, steps: int
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """Weights w and bias b after `steps` steps of gradient descent that starts from w = 0, b = 0.

        l(w, b) = (1/n) sum_i (1/2) (x_i^T w + b - y_i)^2

    Each step uses all rows at once, and w and b are updated together. Both results have the dtype
    of `x`, which is that of `y`.

    Raises:
        ValueError: naming `y` and its shape, if it isn't [n]; naming `x` and its shape, if it has no
            rows; naming `lr` and its value, if it is negative or nan; naming `steps` and its value,
            if it is negative.

    Not allowed: automatic differentiation, torch.optim, torch.linalg.

    Notes: supplements to D2L, linear regression from scratch, and initialization.

    >>> linear_regression_from_zero(torch.tensor([[1.0], [3.0]]), torch.tensor([2.0, 4.0]), 0.5, 1)
    (tensor([3.5000]), tensor(1.5000))
    """
    if y.shape != x.shape[:1]:
        raise ValueError(f"y has shape {list(y.shape)}, but x has {list(x.shape)}")
    if not len(x):
        raise ValueError(f"x has shape {list(x.shape)}, and no row")
    if not lr >= 0:
        raise ValueError(f"lr is {lr}, but can't be negative")
    if steps < 0:
        raise ValueError(f"steps is {steps}, but can't be negative")
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(steps):
        # No hidden layer, no symmetry: the gradient of w_j has column j of x in it.
        residual = x @ w + b - y
        w, b = w - lr * (residual @ x) / len(x), b - lr * residual.mean()
    return w, b
