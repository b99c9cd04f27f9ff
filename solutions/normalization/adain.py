"""Normalization: the statistics of one picture on the content of another."""

import torch
from jaxtyping import Float
from torch import Tensor


def adain(
    content: Float[Tensor, "n c h w"], style: Float[Tensor, "n c hs ws"], eps: float = 1e-5
) -> Float[Tensor, "n c h w"]:
    """Adaptive instance normalization: each plane of `content` gets `style`'s mean and deviation.

        y = sigma_s * (content - mu_c) / sigma_c + mu_s,    sigma = sqrt(variance + eps)

    mu and the biased variance are over height and width, for each channel of each picture. The
    style may have another height and width. If both are one picture, it comes back. The dtype of
    `content` is kept; gradients flow back to both.

    Raises:
        ValueError: naming `content` and its dtype, unless it is floating point, or its shape,
            unless it is [n, c, h, w] with h w of at least 1; naming `style` and its shape, unless
            it is [n, c, hs, ws] for the same n and c with hs ws of at least 1; naming `eps` and its
            value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, IN; interview questions, other normalizations.

    >>> adain(torch.tensor([[[[1.0, 9.0]]]]), torch.tensor([[[[3.0], [3.0], [3.0]]]]), eps=9.0)
    tensor([[[[0.6000, 5.4000]]]])
    """
    if not content.is_floating_point():
        raise ValueError(f"content has dtype {content.dtype}, but must be floating point")
    if content.dim() != 4 or content.shape[2] * content.shape[3] < 1:
        raise ValueError(f"content has shape {list(content.shape)}, but must be [n, c, h, w]")
    fits = style.dim() == 4 and style.shape[:2] == content.shape[:2]
    if not fits or style.shape[2] * style.shape[3] < 1:
        raise ValueError(f"style has shape {list(style.shape)}, content {list(content.shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    mean, mean_s = (t.mean((2, 3), keepdim=True) for t in (content, style))
    var, var_s = (t.var((2, 3), correction=0, keepdim=True) for t in (content, style))
    # gamma and beta of instance normalization aren't learned: they are what the style has.
    return ((var_s + eps) / (var + eps)).sqrt() * (content - mean) + mean_s
