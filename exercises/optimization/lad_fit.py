"""Optimization: the line with the least sum of absolute errors, exactly."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def lad_fit(X: Float[Tensor, "n d"], y: Float[Tensor, " n"]) -> Float[Tensor, " d"]:
    """Weights for which the sum of the absolute errors is least.

        sum_i |y_i - x_i . w|

    Where several are best, any of them is right. The sum is the least to 1e-6 of its size and of
    the sum of all |y_i|. There is no intercept but a column of ones. X has full column rank. The
    result has the dtype of `X`.

    Raises:
        ValueError: naming `X` and its shape, if it isn't a matrix or has no entries, or its dtype,
            if that isn't floating point; naming `y` and its shape, if it hasn't one for each row;
            naming `X` or `y`, if an entry is infinite or nan.

    Notes: supplements to D2L, linear regression, exercise on Laplace noise.

    >>> lad_fit(torch.ones(3, 1), torch.tensor([1.0, 2.0, 10.0]))
    tensor([2.])
    """
    raise NotImplementedError
