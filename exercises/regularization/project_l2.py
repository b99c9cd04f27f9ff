"""Regularization: the nearest weights that a bound allows."""

import math

from jaxtyping import Float
from torch import Tensor


def project_l2(weights: Float[Tensor, "*dims"], theta: float) -> Float[Tensor, "*dims"]:
    """The nearest weights to these whose squares sum to `theta` at most.

    `theta` bounds the square of the norm, over all entries. Weights that meet the bound are returned
    as they are. The dtype is kept (in half precision the sum of the squares may be beyond its
    range, and the norm isn't), and gradients flow back.

    Raises:
        ValueError: naming `theta` and its value, if it is negative, infinite or nan.

    Not allowed: torch's renorm, torch.nn.utils.

    Notes: PyTorch basics, weight decay: the hard constraint.

    >>> import torch
    >>> project_l2(torch.tensor([3.0, 4.0]), theta=4.0)
    tensor([1.2000, 1.6000])
    """
    raise NotImplementedError
