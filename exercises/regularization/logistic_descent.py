"""Regularization: what a penalty does where logistic regression has no minimum."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def logistic_descent(
    features: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    lr: float,
    lam: float,
    steps: int,
) -> Float[Tensor, " d"]:
    """The weights of a logistic regression after so many steps of gradient descent, from zeros.

        loss(w) = the mean over i of (log(1 + exp(z_i)) - labels_i z_i)  +  lam/2 * ||w||^2,
        z_i = features_i . w

    All rows go into each step; there is no intercept. Labels are from 0 to 1. If a plane through 0
    separates those of 0 and 1, and lam is 0, there is no minimum: the weights grow for ever. The
    result has the dtype of `features`, and it is finite for z as large as 1e8 and as small as -1e8.
    A rate that diverges isn't refused.

    Raises:
        ValueError: naming `lr` or `lam` and its value, if it is negative, infinite or nan; naming
            `steps` and its value, if it is negative; naming `labels` and its shape, if there are
            none, or not one for each row of `features`; naming `labels`, if one is nan or not from
            0 to 1.

    Not allowed: torch.optim.

    Notes: exam notes, question 29; model evaluation notes, loss functions.

    >>> features, labels = torch.tensor([[4.0], [-4.0]]), torch.tensor([1.0, 0.0])
    >>> logistic_descent(features, labels, lr=0.5, lam=0.0, steps=1)
    tensor([1.])
    """
    raise NotImplementedError
