"""Losses: the mean of squared errors."""

import torch
from jaxtyping import Float
from torch import Tensor


def mse(pred: Float[Tensor, "..."], target: Float[Tensor, "..."]) -> Float[Tensor, ""]:
    """Mean squared error of predictions, over all their entries.

        MSE = (1/n) sum_i (pred_i - target_i)^2,   n the number of entries, not of rows

    The result has the dtype of `pred`, which is that of `target`, and gradients flow back to both.

    Raises:
        ValueError: naming `target` and its shape, if it isn't that of `pred` (nothing is
            broadcast); naming `pred` and its shape, if it has no entries; naming `pred` and its
            dtype, if it isn't floating point.

    Not allowed: torch's mse_loss.

    Notes: interview notes, loss; model evaluation notes, regression; D2L notes, linear regression.

    >>> mse(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.zeros(2, 2))
    tensor(7.5000)
    """
    if not pred.is_floating_point():
        raise ValueError(f"pred has dtype {pred.dtype}, but must be floating point")
    # A column less a row is a matrix of all pairs, and its mean looks like a loss.
    if target.shape != pred.shape:
        raise ValueError(f"target has shape {list(target.shape)}, but pred {list(pred.shape)}")
    if not pred.numel():
        raise ValueError(f"pred has shape {list(pred.shape)}, and no entries")
    return (pred - target).square().mean()
