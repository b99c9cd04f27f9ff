"""Normalization: which entries share a mean and a variance."""

import torch
from jaxtyping import Float
from torch import Tensor


def normalize_over(
    x: Float[Tensor, "*shape"], dims: tuple[int, ...], eps: float = 1e-5
) -> Float[Tensor, "*shape"]:
    """Each entry minus its set's mean, over the root of its set's variance plus eps.

        y = (x - mu) / sqrt(sigma^2 + eps),    mu = mean(x),  sigma^2 = mean((x - mu)^2)

    The entries that differ only in their places along `dims` form a set, with a mean and a variance
    of its own. For images [n, c, h, w], dims=(0, 2, 3) is the set of batch normalization, (1, 2, 3)
    that of layer normalization, (2, 3) that of instance normalization. The variance is the biased
    one: it divides by the number of entries. A set of one entry, and any constant set, becomes 0.
    The digits of a set far from 0 aren't lost, a nan spoils its own set only. The dtype is kept;
    float16 and bfloat16 are computed in float32. Gradients flow back, also through mu and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point; naming `dims` and its
            value, if it is empty, names a dimension twice or one that `x` hasn't; naming `eps` and
            its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, normalization methods.

    >>> normalize_over(torch.tensor([[1.0, 2.0], [9.0, 2.0]]), dims=(0,), eps=9.0)
    tensor([[-0.8000,  0.0000],
            [ 0.8000,  0.0000]])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    known = all(-x.dim() <= d < x.dim() for d in dims)
    if not known or len({d % x.dim() for d in dims}) < max(len(dims), 1):
        raise ValueError(f"dims is {dims}, but must be different dimensions of {x.dim()}")
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    # keepdim: the mean of a set is subtracted from the entries of that set.
    deviations = z - z.mean(dims, keepdim=True)
    variance = deviations.square().mean(dims, keepdim=True)
    return (deviations / (variance + eps).sqrt()).to(x.dtype)
