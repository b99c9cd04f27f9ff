"""Regularization: linear regression with an L1 penalty."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def lasso(
    features: Float[Tensor, "n d"], targets: Float[Tensor, " n"], lam: float, steps: int
) -> Float[Tensor, " d"]:
    """The weights after `steps` proximal gradient steps for least squares with an L1 penalty.

        the mean over i of (features_i . w - targets_i)^2 / 2  +  lam * ||w||_1

    From zeros, each step moves w by -rate times the slope of the mean, and then sets it to what
    minimises ||v - w||^2 / 2 + rate * lam * ||v||_1 over v. The rate is 1 / the largest eigenvalue
    of X^T X / n, X = features. So the objective never rises, and weights are 0 exactly, not nearly.
    There is no intercept. The dtype is that of `features`.

    Raises:
        ValueError: naming `lam` or `steps` and its value, if it is negative (or, for `lam`,
            infinite or nan); naming `targets` and its shape, if it hasn't one number for each row
            of `features`; naming `features` and its shape, if it has no entry that isn't 0.

    Not allowed: torch's softshrink.

    Notes: interview questions, L1 regularization.

    >>> features, targets = torch.tensor([[1.0, 1.0], [1.0, -1.0]]), torch.tensor([3.5, 2.5])
    >>> lasso(features, targets, lam=1.0, steps=1)
    tensor([2., 0.])
    """
    raise NotImplementedError
