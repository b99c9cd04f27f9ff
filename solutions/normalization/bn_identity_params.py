"""Normalization: the gamma and beta that undo batch normalization."""

import torch
from jaxtyping import Float
from torch import Tensor


def bn_identity_params(
    x: Float[Tensor, "n c *space"], eps: float = 1e-5
) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """The gamma and beta with which batch normalization in training gives `x` back.

        gamma * (x - mu) / sqrt(sigma^2 + eps) + beta = x
            where mu and sigma^2 are the mean and the biased variance of each channel of `x`

    Channels are dimension 1. They are those of this batch: another one has other statistics, and is
    changed. The results have the dtype of `x`; the digits of a channel far from 0 aren't lost.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c, ...] with 2 values a channel at least; naming `eps` and its value, unless it
            is positive.

    Notes: interview questions, BN; D2L notes, batch normalization.

    >>> bn_identity_params(torch.tensor([[1.0], [9.0]]), eps=9.0)
    (tensor([5.]), tensor([5.]))
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if x.dim() < 2 or x.transpose(0, 1).flatten(1).shape[1] < 2:
        raise ValueError(f"x has shape {list(x.shape)}, but must have 2 values for each channel")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    values = x.transpose(0, 1).flatten(1)
    # eps belongs to gamma: without it the batch would come back a little smaller.
    return (values.var(1, correction=0) + eps).sqrt(), values.mean(1)
