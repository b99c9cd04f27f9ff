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
    if not 0 < lam < math.inf:
        raise ValueError(f"lam is {lam}, but must be above 0, and finite")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean' or 'sum'")
    n, d = features.shape
    if targets.shape != (n,):
        raise ValueError(f"targets has shape {list(targets.shape)}, but features {n} rows")
    if not n or not features.is_floating_point():
        raise ValueError(f"features has shape {list(features.shape)}, dtype {features.dtype}")
    middle, level = features.mean(0), targets.mean()
    x, price = features - middle, lam * n if reduction == "mean" else lam
    # The free intercept leads through the means, whatever w is: it drops out of the centred data.
    weights = torch.linalg.solve(x.mT @ x + price * x.new_ones(d).diag(), x.mT @ (targets - level))
    return weights, level - middle @ weights
