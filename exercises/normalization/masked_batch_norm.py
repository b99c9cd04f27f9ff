"""Normalization: batch normalization of sequences that differ in length."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def masked_batch_norm(
    x: Float[Tensor, "n t c"], lengths: Int64[Tensor, " n"], eps: float = 1e-5
) -> Float[Tensor, "n t c"]:
    """Batch normalization in training of padded sequences, as if there were no padding.

        y = (x - mu) / sqrt(sigma^2 + eps) at the first lengths[i] steps of sequence i, and 0 behind

    mu and sigma^2 are the mean and the biased variance of a feature over all real steps of all
    sequences, each of which has the same weight. What the padding holds has no effect, not even
    nan, and gets no gradient. The dtype of `x` is kept, and gradients flow back, also through mu
    and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, t, c]; naming `lengths` and its values, unless they are n numbers from 0 to t
            with a sum of at least 2; naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, BN, for recurrent networks.

    >>> x = torch.tensor([[[1.0], [9.0]], [[9.0], [7.0]], [[1.0], [7.0]]])
    >>> masked_batch_norm(x, torch.tensor([2, 1, 1]), eps=9.0).squeeze(-1)
    tensor([[-0.8000,  0.8000],
            [ 0.8000,  0.0000],
            [-0.8000,  0.0000]])
    """
    raise NotImplementedError
