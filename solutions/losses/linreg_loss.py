"""Losses: linear regression's, with the bias among the weights."""

import torch
from jaxtyping import Float
from torch import Tensor


def linreg_loss(
    x: Float[Tensor, "n d"], y: Float[Tensor, " n"], w: Float[Tensor, " d_plus_1"]
) -> Float[Tensor, ""]:
    """Mean over n examples of half the squared error of linear regression.

        L = (1/n) sum_i (1/2) (y_i - x~_i^T w)^2,   x~_i = (x_i, 1)

    The last entry of `w` is the bias: the 1 at the end of x~_i stands for it, and isn't in `x`.
    The result has the dtype of `x`, which is that of `y` and `w`, and gradients flow back to all.

    Raises:
        ValueError: naming `y` and its shape, if it isn't [n]; naming `w` and its shape, if it isn't
            [d + 1]; naming `x` and its shape, if it has no rows.

    Not allowed: torch's mse_loss and linear.

    Notes: supplements to D2L, linear regression.

    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.tensor([0.0, 0.0])
    >>> linreg_loss(x, y, w=torch.tensor([2.0, -1.0]))
    tensor(2.5000)
    """
    if x.shape[:1] != y.shape:
        raise ValueError(f"y has shape {list(y.shape)}, but x has {list(x.shape)}")
    if w.shape != (x.shape[1] + 1,):
        raise ValueError(f"w has shape {list(w.shape)}, but x has {list(x.shape)}")
    if not len(x):
        raise ValueError(f"x has shape {list(x.shape)}, and no row")
    # A column of ones makes the bias a weight like any other.
    y_hat = torch.cat([x, torch.ones_like(y)[:, None]], dim=1) @ w
    return (y - y_hat).square().mean() / 2
