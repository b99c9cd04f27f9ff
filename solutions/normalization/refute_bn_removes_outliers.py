"""Normalization: what an outlier does to the others of its batch."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_bn_removes_outliers() -> Float[Tensor, " n"]:
    """The values of one feature that refute: batch normalization removes an outlier's bad influence.

    There are 4 to 20 of them, in floating point and at most 1e6 in size; the last is the outlier.
    Normalised without it (batch normalization in training, gamma 1, beta 0, eps 1e-5) the others
    spread over at least 1, from the smallest to the largest. Normalised with it, those others
    spread over less than 0.01.

    Notes: interview notes, BN.

    >>> refute_bn_removes_outliers().dim()
    1
    """
    # The outlier is bounded by sqrt(n - 1), but it pays with the deviation that all are divided by.
    return torch.tensor([0.0, 1.0, 2.0, 3.0, 1000.0])
