"""Regularization: linear regression with an L2 penalty."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def ridge(
    features: Float[Tensor, "n d"],
    targets: Float[Tensor, " n"],
    lam: float,
    reduction: str = "mean",
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """The weights w and the intercept b of a linear regression with an L2 penalty on w alone.

        the mean (or sum) over i of (features_i . w + b - targets_i)^2 / 2  +  lam/2 * ||w||^2

    is smallest there. `reduction` is "mean" or "sum". Since lam is above 0, there is one minimum
    for any number of rows and columns. Both results have the dtype of `features`, float32 or
    float64; where features or targets are far from 0 and near each other, they lose no more digits
    than rounding took from those.

    Raises:
        ValueError: naming `lam` and its value, if it is 0 or less, infinite or nan; naming
            `reduction` and its value, if it is neither of the two; naming `targets` and its shape,
            if it hasn't one number for each row of `features`; naming `features` and its shape, if
            it has no rows, or its dtype, if that isn't floating point.

    Not allowed: torch's lstsq.

    Notes: D2L notes, model selection; PyTorch basics, weight decay; interview questions, norms.

    >>> features, targets = torch.tensor([[1.0], [3.0]]), torch.tensor([5.0, 9.0])
    >>> ridge(features, targets, lam=1.0)
    (tensor([1.]), tensor(5.))
    """
    raise NotImplementedError
