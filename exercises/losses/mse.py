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
    raise NotImplementedError
