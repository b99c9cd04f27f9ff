"""Optimization: the simple moving average, each mean from the mean before."""

import torch
from jaxtyping import Float
from torch import Tensor


def sma_recursive(
    y: Float[Tensor, "*series t"], n: int, exact: bool = True
) -> Float[Tensor, "*series m"]:
    """Moving averages of window n, each from the one before, exactly or as the notes shorten it.

        M_n = (y_1 + ... + y_n) / n
        exact:       M_t = M_{t-1} + what y_t brings and the value that leaves the window takes
        not exact:   M_t = ((n - 1) M_{t-1} + y_t) / n,   t = n+1, ..., T

    Time runs along the last dimension; there are m = T - n + 1 results, M_n first. If `exact`, they
    are the means of the last n values (values of moderate size: rounding may add up). If not, each
    is computed from the *approximate* M_{t-1}; only M_n is a true mean. The dtype of `y` is kept,
    and gradients flow back to `y`.

    Raises:
        ValueError: naming `n` and its value, if it is less than 1 or more than T; naming `y`
            and its value, if it is a number and no series.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> y = torch.tensor([0.0, 0.0, 0.0, 6.0, 0.0])
    >>> sma_recursive(y, n=3)
    tensor([0., 2., 2.])
    >>> sma_recursive(y, n=3, exact=False)
    tensor([0.0000, 2.0000, 1.3333])
    """
    raise NotImplementedError
