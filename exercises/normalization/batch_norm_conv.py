"""Normalization: the batch normalization of a convolution layer, as in training."""

import torch
from jaxtyping import Float
from torch import Tensor


def batch_norm_conv(
    x: Float[Tensor, "n c h w"],
    gamma: Float[Tensor, " c"],
    beta: Float[Tensor, " c"],
    eps: float = 1e-5,
) -> Float[Tensor, "n c h w"]:
    """Each channel standardised over batch, height and width, then scaled and shifted.

        y = gamma * (x - mu) / sqrt(sigma^2 + eps) + beta
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),    over n, h and w

    A channel has one mean, one biased variance, one gamma and one beta for all of its pixels. A
    batch of one image is fine if it has more than one pixel. A constant channel becomes beta. The
    result has the shape and the dtype of `x`; float16 and bfloat16 are computed in float32.
    Gradients flow back to `x`, `gamma` and `beta`, also through mu and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c, h, w] with n h w of at least 2; naming `gamma` or `beta` and its shape, unless
            it is [c]; naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: D2L notes, batch normalization; interview notes, normalization methods.

    >>> image = torch.tensor([[[[1.0, 9.0]], [[5.0, 5.0]]]])
    >>> batch_norm_conv(image, torch.tensor([10.0, 10.0]), torch.tensor([1.0, 2.0]), eps=9.0)
    tensor([[[[-7.,  9.]],
    <BLANKLINE>
             [[ 2.,  2.]]]])
    """
    raise NotImplementedError
