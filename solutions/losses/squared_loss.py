"""Losses: half the squared error of each example."""

import torch
from jaxtyping import Float
from torch import Tensor


def squared_loss(y_hat: Float[Tensor, "n 1"], y: Float[Tensor, "..."]) -> Float[Tensor, "n 1"]:
    """Half the squared error of each of n predictions; nothing is averaged.

        l_i = (y_hat_i - y_i)^2 / 2

    The predictions are a column; the n targets may be a column [n, 1], a vector [n] or a row
    [1, n], or have any other shape of n entries, read in its order. The result has the shape of
    `y_hat` and the dtype that both share, and gradients flow back to both.

    Raises:
        ValueError: naming `y` and its shape, if it doesn't have n entries.

    Not allowed: torch's mse_loss.

    Notes: supplements to D2L, linear regression from scratch; PyTorch study, basics.

    >>> squared_loss(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 0.0]))
    tensor([[0.5000],
            [4.5000]])
    """
    if y.numel() != y_hat.numel():
        raise ValueError(f"y has shape {list(y.shape)}, but y_hat {list(y_hat.shape)}")
    # Without reshape, a column [n, 1] less a vector [n] is a matrix [n, n] of all pairs.
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2
