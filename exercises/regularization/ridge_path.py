"""Regularization: what a growing penalty costs, and what it buys."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def ridge_path(
    features: Float[Tensor, "n d"], targets: Float[Tensor, " n"], lams: list[float]
) -> tuple[Float[Tensor, " k"], Float[Tensor, " k"]]:
    """The loss J and the size Omega of the weights that each penalty leads to, a number each.

        w is the minimum of J(w) + lam * Omega(w),
        J(w) = the mean over i of (features_i . w - targets_i)^2 / 2,   Omega(w) = ||w||^2 / 2

    J is without the penalty, and there is no intercept. With lam = 0, w is the shortest of the
    least squares, where a singular value counts as 0 if it is at most 1e-6 of the largest (for lam
    above 0, whether it does is open). Both results are in the order of `lams` and have the dtype of
    `features`, float32 or float64.

    Raises:
        ValueError: naming `lams` and their value, if one is negative, infinite or nan; naming
            `targets` and its shape, if it hasn't one number for each row of `features`; naming
            `features` and its shape, if it has no entries, or its dtype, if that isn't floating
            point.

    Notes: supplements to D2L, weight decay; model evaluation notes, norms.

    >>> features, targets = torch.tensor([[1.0], [1.0]]), torch.tensor([4.0, 4.0])
    >>> ridge_path(features, targets, [1.0, 3.0])
    (tensor([2.0000, 4.5000]), tensor([2.0000, 0.5000]))
    """
    raise NotImplementedError
