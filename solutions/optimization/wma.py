"""Optimization: the weighted moving average of a series."""

import torch
from jaxtyping import Float
from torch import Tensor


def wma(y: Float[Tensor, "*series t"], weights: Float[Tensor, " n"]) -> Float[Tensor, "*series m"]:
    """Weighted means of the last n values of a series, the first weight for the newest value.

        M_t = (w_1 y_t + w_2 y_{t-1} + ... + w_n y_{t-n+1}) / (w_1 + ... + w_n),   t = n, ..., T

    Time runs along the last dimension of `y`; there are m = T - n + 1 means, M_n first. The weights
    need not fall, be positive or sum to 1; only their sum must not be 0. `y` and `weights` have
    the same dtype, which is kept, and gradients flow back to both.

    Raises:
        ValueError: naming `weights` and their number n, if n is 0 or more than T; naming
            `weights` and their sum 0, if that is what they sum to; naming `weights` and their
            shape, if they aren't a vector; naming `y` and its value, if it is a number and no
            series.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> wma(torch.tensor([0.0, 6.0, 3.0]), torch.tensor([2.0, 1.0]))
    tensor([4., 4.])
    """
    if not y.dim():
        raise ValueError(f"y is the number {y.item()}, but must have a dimension for time")
    if weights.dim() != 1:
        raise ValueError(f"weights has shape {list(weights.shape)}, but must be a vector")
    n, total = len(weights), weights.sum()
    if not 1 <= n <= y.shape[-1]:
        raise ValueError(f"weights has length {n}, but must have 1 to {y.shape[-1]}, as y has")
    if total == 0:
        raise ValueError("weights sum to 0, so there is no mean")
    # A window runs from old to new, the weights from new to old.
    return torch.matmul(y.unfold(-1, n, 1), weights.flip(0)) / total
