"""Normalization: standardising each feature is less than whitening."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_bn_whitens() -> Float[Tensor, "n c"]:
    """A batch that refutes: batch normalization is a whitening of the batch.

    Whitening leaves a batch whose features have variance 1 and no covariance: (1/n) Y'Y = I for the
    centred result Y. The batch has 2 to 8 features and 3 to 100 samples, floating point numbers of
    at most 1000 in size. After batch normalization in training (gamma 1, beta 0, eps 1e-5) each of
    its features does have a variance of at least 0.99, but two of them have a covariance of at
    least 0.5 in size.

    Notes: interview questions, BN.

    >>> refute_bn_whitens().dim()
    2
    """
    raise NotImplementedError
