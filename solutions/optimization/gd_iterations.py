"""Optimization: how many steps of gradient descent features of different scales cost."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def gd_iterations(features: Float[Tensor, "n d"], tol: float) -> int:
    """The fewest steps of gradient descent that are enough from any start, at the best rate.

    The loss is that of a linear regression without an intercept, |X w - y|^2 / (2 n), X = features.
    Enough is: the distance |w - w*| to the best weights is at most `tol` times the one at the
    start, wherever that is. The rate is constant, and the one that needs the fewest steps for that.
    It takes as many where y is another, or where the features are all multiplied by a number.

    Raises:
        ValueError: naming `tol` and its value, unless 0 < tol < 1; naming `features` and their
            rank, if that isn't d: some weights would never change; their dtype, if that isn't
            floating point.

    Notes: exam notes, why normalise.

    >>> gd_iterations(torch.tensor([[1.0, 0.0], [0.0, 2.0]]), tol=0.01)
    10
    """
    if not 0 < tol < 1:
        raise ValueError(f"tol is {tol}, but must be between 0 and 1")
    if not features.is_floating_point():
        raise ValueError(f"features has dtype {features.dtype}, but must be floating point")
    rank = int(torch.linalg.matrix_rank(features))
    if rank < features.shape[1]:
        raise ValueError(f"features has rank {rank}, but {features.shape[1]} columns")
    scales = torch.linalg.svdvals(features.double()).square()
    # At the rate 2 / (largest + smallest) both ends shrink equally fast: by (kappa - 1) / (kappa + 1).
    rate = float((scales.max() - scales.min()) / (scales.max() + scales.min()))
    return math.ceil(math.log(tol) / math.log(rate)) if rate else 1
