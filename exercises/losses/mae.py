"""Losses: the mean of absolute errors."""

import torch
from jaxtyping import Float
from torch import Tensor


def mae(pred: Float[Tensor, "..."], target: Float[Tensor, "..."]) -> Float[Tensor, ""]:
    """Mean absolute error of predictions, over all their entries.

        MAE = (1/n) sum_i |pred_i - target_i|,   n the number of entries

    The result has the dtype of `pred`, which is that of `target`. Gradients flow back to both;
    where a prediction is exact, in the kink, they are 0.

    Raises:
        ValueError: naming `target` and its shape, if it isn't that of `pred` (nothing is
            broadcast); naming `pred` and its shape, if it has no entries; naming `pred` and its
            dtype, if it isn't floating point.

    Not allowed: torch's l1_loss.

    Notes: model evaluation notes, regression.

    >>> mae(torch.tensor([[1.0, 2.0], [3.0, -4.0]]), torch.zeros(2, 2))
    tensor(2.5000)
    """
    raise NotImplementedError
