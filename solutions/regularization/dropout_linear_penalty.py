"""Regularization: dropout of the features of a linear regression is a penalty."""

import torch
from jaxtyping import Float
from torch import Tensor


def dropout_linear_penalty(
    features: Float[Tensor, "n d"], weights: Float[Tensor, " d"], p: float
) -> Float[Tensor, ""]:
    """What dropout of the features adds to the expected loss of a linear regression.

        E mean_i (targets_i - x'_i . weights)^2  =  mean_i (targets_i - x_i . weights)^2 + penalty

    The expectation is over x'_ij, which is 0 with probability `p` and otherwise x_ij / (1 - p),
    each on its own; x_i are the rows of `features`. The penalty doesn't depend on the targets.
    Gradients flow back through it, and the dtype is that of `features`, which is that of the
    weights.

    Raises:
        ValueError: naming `p` and its value, if it isn't from 0 to 1, or is 1; naming `weights` and
            its shape, if it hasn't one number a feature; naming `features` and its shape, if it has
            no rows, or its dtype, if that isn't floating point.

    Notes: D2L notes, model selection; PyTorch basics, using dropout.

    >>> features = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    >>> dropout_linear_penalty(features, torch.tensor([1.0, -1.0]), p=0.5)
    tensor(7.)
    """
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, but must be at least 0 and below 1")
    if weights.shape != features.shape[1:]:
        raise ValueError(f"weights has shape {list(weights.shape)}, features {features.shape}")
    if not features.is_floating_point() or not len(features):
        raise ValueError(f"features has dtype {features.dtype}, shape {list(features.shape)}")
    # A ridge, in which each weight pays for the size of its own feature.
    return p / (1 - p) * torch.dot(features.square().mean(0), weights.square())
