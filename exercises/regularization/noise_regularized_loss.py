"""Regularization: noise on the inputs of a linear regression is a penalty."""

import math

from jaxtyping import Float
from torch import Tensor


def noise_regularized_loss(
    weights: Float[Tensor, " d"],
    features: Float[Tensor, "n d"],
    targets: Float[Tensor, " n"],
    nu: float,
) -> Float[Tensor, ""]:
    """The expected loss of a linear regression whose features get fresh noise of variance `nu`.

        E mean_i (targets_i - weights . (x_i + noise_i))^2

    over noise_i with d independent entries of mean 0 and variance `nu`; x_i are the rows of
    `features`. It is exact, nothing is drawn. Gradients flow back to all three tensors, and the
    dtype is that of `features`, which is that of the others.

    Raises:
        ValueError: naming `nu` and its value, if it is negative, infinite or nan; naming `weights`
            or `targets` and its shape, if it hasn't one number a feature, or a row; naming
            `features` and its shape, if it has no rows, or its dtype, if that isn't floating point.

    Notes: model evaluation notes, overfitting, and question 30; interview notes, against
    overfitting.

    >>> import torch
    >>> weights, features = torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 1.0]])
    >>> noise_regularized_loss(weights, features, torch.tensor([4.0]), nu=0.5)
    tensor(3.5000)
    """
    raise NotImplementedError
