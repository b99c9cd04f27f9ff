"""Numerics: the variance of columns, also far away from 0."""

import torch
from jaxtyping import Float
from torch import Tensor


def column_variance(x: Float[Tensor, "n d"], correction: int = 1) -> Float[Tensor, " d"]:
    """Variance of each column: the squared deviations from its mean, divided by n - correction.

        s^2 = sum_i (x_i - mean)^2 / (n - correction) = (sum_i x_i^2 - n mean^2) / (n - correction)

    The default is the unbiased variance of a sample; correction=0 is that of a population. The
    result has the dtype of `x`, and gradients flow back through it. It is right to rounding, however
    far a column is from 0: for entries of 1e8 whose neighbours in float32 are 8 apart, too; only
    the sum of the squared deviations must be in the dtype's range. A constant column has the
    variance 0 exactly.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers, or its
            shape, if it is not [n, d] with n greater than `correction`; naming `correction` and its
            value, if it is negative.

    Not allowed: torch's var, std, var_mean, std_mean, cov, corrcoef, batch_norm, layer_norm.

    Notes: interview questions, why to normalise.

    >>> column_variance(torch.tensor([[1e8, 0.0], [1e8 + 16, 4.0]]))
    tensor([128.,   8.])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if correction < 0:
        raise ValueError(f"correction is {correction}, but must be at least 0")
    if x.dim() != 2 or len(x) <= correction:
        raise ValueError(f"x has shape {list(x.shape)}, but must be [n, d] with n > {correction}")
    # A shift changes no variance. Differences of neighbours are exact; a mean of 1e8 is rounded.
    shifted = x - x[:1]
    return (shifted - shifted.mean(0)).square().sum(0) / (len(x) - correction)
