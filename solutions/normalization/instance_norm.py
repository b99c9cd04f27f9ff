"""Normalization: each channel of each image for itself."""

import torch
from jaxtyping import Float
from torch import Tensor


def instance_norm(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, " c"] | None = None,
    bias: Float[Tensor, " c"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "n c h w"]:
    """Each plane [h, w] standardised for itself, then scaled and shifted by its channel's numbers.

        y = weight * (x - mu) / sqrt(sigma^2 + eps) + bias
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),    over h and w

    No weight counts as 1, no bias as 0. The variance is the biased one. A constant plane becomes
    its channel's bias. Neither another image nor another channel has any effect. The dtype of `x`
    is kept; float16 and bfloat16 are computed in float32. Gradients flow back to all tensors, also
    through mu and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c, h, w] with h w of at least 2; naming `weight` or `bias` and its shape, unless
            it is [c]; naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, IN; interview questions, other normalizations.

    >>> instance_norm(torch.tensor([[[[1.0, 9.0]], [[0.0, 8.0]]]]), eps=9.0)
    tensor([[[[-0.8000,  0.8000]],
    <BLANKLINE>
             [[-0.8000,  0.8000]]]])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if x.dim() != 4 or x.shape[2] * x.shape[3] < 2:
        raise ValueError(f"x has shape {list(x.shape)}, but its planes must have 2 pixels")
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != x.shape[1:2]:
            raise ValueError(f"{name} has shape {list(parameter.shape)}, but x {list(x.shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    # Brightness and contrast of a plane are its mean and its deviation: both are gone.
    deviations = z - z.mean((2, 3), keepdim=True)
    y = deviations / (deviations.square().mean((2, 3), keepdim=True) + eps).sqrt()
    y = y if weight is None else weight[:, None, None] * y
    return (y if bias is None else y + bias[:, None, None]).to(x.dtype)
