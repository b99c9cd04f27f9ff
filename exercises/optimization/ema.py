"""Optimization: the exponential moving average of a series."""

import torch
from jaxtyping import Float
from torch import Tensor


def ema(
    y: Float[Tensor, "*series t"], beta: float, corrected: bool = False
) -> Float[Tensor, "*series t"]:
    """Exponential moving averages of a series that start from nothing.

        M_0 = 0,   M_t = beta M_{t-1} + (1 - beta) y_t,   t = 1, ..., T

    Time runs along the last dimension; the results are M_1, ..., M_T, without M_0. If `corrected`,
    each is divided by the sum of the coefficients that y_1, ..., y_t have in it: a constant series
    then gives itself. All results are exact to rounding, for beta as near to 1 as 1 - 1e-9 in
    float64 and as near as 0.999 in float32: no digit of 1 - beta is lost. A series without values
    has no averages. The dtype of `y` is kept; gradients flow back to `y`.

    Raises:
        ValueError: naming `beta` and its value, if not 0 <= beta < 1; naming `y` and its value, if
            it is a number and no series.

    Notes: supplements to D2L, batch normalisation, moving averages; Adam.

    >>> ema(torch.tensor([4.0, 8.0, 0.0]), beta=0.5)
    tensor([2.0000, 5.0000, 2.5000])
    >>> ema(torch.tensor([3.0, 3.0, 3.0]), beta=0.5, corrected=True)
    tensor([3., 3., 3.])
    """
    raise NotImplementedError
