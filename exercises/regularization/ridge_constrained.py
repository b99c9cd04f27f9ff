"""Regularization: a bound on the weights, and the penalty that does the same."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def ridge_constrained(
    features: Float[Tensor, "n d"], targets: Float[Tensor, " n"], theta: float
) -> tuple[Float[Tensor, " d"], float]:
    """The least squares within a ball, and the `lam` whose penalty leads to the same weights.

        the mean over i of (features_i . w - targets_i)^2 / 2 is smallest under ||w||^2 <= theta,
        and so is that mean + lam/2 * ||w||^2 without the bound, of all w

    Where the bound costs nothing, lam is 0, and the weights are the shortest of the least squares.
    A singular value of the features counts as 0 if it is at most 1e-6 of the largest. There is no
    intercept. The weights have the dtype of `features`; in float64 both are right to 8
    digits.

    Raises:
        ValueError: naming `theta` and its value, if it is 0 or less, infinite or nan: no penalty
            makes all weights 0; naming `targets` and its shape, if it hasn't one number for each
            row of `features`; naming `features` and its shape, if it has no entries, or its dtype,
            if that isn't floating point.

    Notes: PyTorch basics, weight decay; supplements to D2L, weight decay as a Lagrange multiplier.

    >>> features, targets = torch.tensor([[1.0], [1.0]]), torch.tensor([4.0, 4.0])
    >>> weights, lam = ridge_constrained(features, targets, theta=4.0)
    >>> weights, round(lam, 4)
    (tensor([2.]), 1.0)
    """
    raise NotImplementedError
