"""Normalization: the batch normalization of a dense layer, as in training."""

import torch
from jaxtyping import Float
from torch import Tensor


def batch_norm_train(
    x: Float[Tensor, "n c"],
    gamma: Float[Tensor, " c"],
    beta: Float[Tensor, " c"],
    eps: float = 1e-5,
) -> Float[Tensor, "n c"]:
    """Each feature standardised over the batch, then scaled by gamma and shifted by beta.

        y = gamma * (x - mu) / sqrt(sigma^2 + eps) + beta
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),    over the n samples

    The variance is the biased one: it divides by n. A constant feature becomes beta. The digits of
    a feature far from 0 aren't lost, a nan spoils its own feature only. The result has the dtype of
    `x`; float16 and bfloat16 are computed in float32. Gradients flow back to `x`, `gamma` and
    `beta`, also through mu and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c] with n of at least 2; naming `gamma` or `beta` and its shape, unless it is
            [c]; naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, BN; D2L notes, batch normalization; interview questions, BN.

    >>> batch_norm_train(torch.tensor([[1.0, 2.0], [9.0, 2.0]]), torch.tensor([10.0, 10.0]),
    ...                  torch.tensor([1.0, 2.0]), eps=9.0)
    tensor([[-7.,  2.],
            [ 9.,  2.]])
    """
    raise NotImplementedError
