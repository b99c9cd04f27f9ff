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
    if not x.is_floating_point() or x.dim() != 3:
        raise ValueError(f"x is {x.dtype} {list(x.shape)}, but must be floating point [n, t, c]")
    fits = lengths.shape == x.shape[:1] and bool(((lengths >= 0) & (lengths <= x.shape[1])).all())
    if not fits or lengths.sum() < 2:
        raise ValueError(f"lengths is {lengths.tolist()}, but x has shape {list(x.shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    real = (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None]
    m = lengths.sum().to(x.dtype)
    # where, and not a product with the mask: 0 * nan is nan.
    mean = torch.where(real, x, 0).sum((0, 1)) / m
    deviations = torch.where(real, x - mean, 0)
    return deviations / (deviations.square().sum((0, 1)) / m + eps).sqrt()
