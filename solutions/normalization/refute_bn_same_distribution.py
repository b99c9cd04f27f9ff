"""Normalization: the same mean and variance are not the same distribution."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_bn_same_distribution() -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Two batches of one feature that refute: after batch normalization all have one distribution.

    Both have the same number of samples, from 4 to 1000, floating point numbers of at most 1000 in
    size. After batch normalization in training (gamma 1, beta 0, eps 1e-5) both have a variance of
    at least 0.99, but the share of samples that are larger than 0 differs by at least 0.2.

    Notes: interview questions, BN.

    >>> len(refute_bn_same_distribution())
    2
    """
    # One moment more: the third says on which side the long tail is, and normalization keeps it.
    skewed = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0])
    return skewed, -skewed
