"""Normalization: groups of channels of each sample."""

import torch
from jaxtyping import Float
from torch import Tensor


def group_norm(
    x: Float[Tensor, "n c *space"],
    groups: int,
    weight: Float[Tensor, " c"] | None = None,
    bias: Float[Tensor, " c"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "n c *space"]:
    """Each sample standardised over one group of channels and all of space at a time.

        y = weight * (x - mu) / sqrt(sigma^2 + eps) + bias
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),
            over the c / groups channels of a group and all dimensions behind

    A group is a block of neighbouring channels. No weight counts as 1, no bias as 0; they are one
    number a channel, not a group. The variance is the biased one. A constant group, and one of a
    single entry, becomes the bias. The dtype of `x` is kept; float16 and bfloat16 are computed in
    float32. Gradients flow back to all tensors, also through mu and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, if it has
            fewer than 2 dimensions; naming `groups` and its value, unless it is positive and
            divides c; naming `weight` or `bias` and its shape, unless it is [c]; naming `eps` and
            its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, GN; interview questions, other normalizations.

    >>> group_norm(torch.tensor([[1.0, 9.0, 4.0, 4.0]]), groups=2, eps=9.0)
    tensor([[-0.8000,  0.8000,  0.0000,  0.0000]])
    """
    if not x.is_floating_point() or x.dim() < 2:
        raise ValueError(f"x is {x.dtype} {list(x.shape)}, but must be floating point [n, c, ...]")
    c = x.shape[1]
    if groups < 1 or c % groups:
        raise ValueError(f"groups is {groups}, but must divide the {c} channels")
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != (c,):
            raise ValueError(f"{name} has shape {list(parameter.shape)}, but must be [{c}]")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    rows = x.to(torch.promote_types(x.dtype, torch.float32)).unflatten(1, (groups, -1)).flatten(2)
    # Statistics are those of a group, weight and bias those of a channel.
    deviations = rows - rows.mean(-1, keepdim=True)
    y = (deviations / (deviations.square().mean(-1, keepdim=True) + eps).sqrt()).reshape(x.shape)
    per_channel = (c,) + (1,) * (x.dim() - 2)
    y = y if weight is None else weight.reshape(per_channel) * y
    return (y if bias is None else y + bias.reshape(per_channel)).to(x.dtype)
