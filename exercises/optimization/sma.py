"""Optimization: the simple moving average of a series."""

import torch
from jaxtyping import Float
from torch import Tensor


def sma(y: Float[Tensor, "*series t"], n: int) -> Float[Tensor, "*series m"]:
    """Means of the last n values of a series, at each time that has n values behind it.

        M_t = (y_t + y_{t-1} + ... + y_{t-n+1}) / n,   t = n, ..., T

    Time runs along the last dimension; there are m = T - n + 1 means, M_n first, each of a
    trailing window: nothing is padded. Each mean depends on the n values of its window alone: a
    value outside leaves no trace in it, were it as large as 1e18, infinite or nan. The dtype of
    `y` is kept, and gradients flow back to `y`.

    Raises:
        ValueError: naming `n` and its value, if it is less than 1 or more than T; naming `y`
            and its value, if it is a number and no series.

    Not allowed: torch's average pooling.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> sma(torch.tensor([1.0, 3.0, 8.0, 4.0]), n=2)
    tensor([2.0000, 5.5000, 6.0000])
    """
    raise NotImplementedError
