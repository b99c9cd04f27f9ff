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
    for name, value in (("lam", lam), ("steps", steps)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value}, but must be 0 or more, and finite")
    if targets.shape != features.shape[:1]:
        raise ValueError(f"targets has shape {list(targets.shape)}, features {features.shape}")
    if not features.any():
        raise ValueError(f"features has shape {list(features.shape)}, and no entry that isn't 0")
    gram, moment = features.mT @ features / len(features), features.mT @ targets / len(features)
    rate = 1 / torch.linalg.eigvalsh(gram)[-1]
    weights = torch.zeros_like(moment)
    for _ in range(steps):
        moved = weights - rate * (gram @ weights - moment)
        # The penalty isn't descended but solved for: it can take a weight to 0 and stop there.
        weights = moved.sign() * (moved.abs() - rate * lam).clamp(min=0)
    return weights
