"""Normalization: each sample, or each token, over its own features."""

import torch
from jaxtyping import Float
from torch import Tensor


def layer_norm(
    x: Float[Tensor, "*dims"],
    shape: tuple[int, ...],
    weight: Float[Tensor, "*features"] | None = None,
    bias: Float[Tensor, "*features"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "*dims"]:
    """Layer normalization: standardised over the last dimensions, whose sizes are `shape`.

        y = weight * (x - mu) / sqrt(sigma^2 + eps) + bias
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),    over the last len(shape) dimensions

    No weight counts as 1, no bias as 0; both have the shape `shape`: a number for each feature.
    The variance is the biased one. For tokens [n, t, hidden] `shape` is (hidden,), for images
    [n, c, h, w] it is (c, h, w): each token, each image has a mean of its own, whatever else is in
    the batch. A constant sample becomes `bias`, as does one with a single feature. The dtype of `x`
    is kept; float16 and bfloat16 are computed in float32. Gradients flow back to all tensors, also
    through mu and sigma^2.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point; naming `shape` and its
            value, if it is empty or isn't how the shape of `x` ends; naming `weight` or `bias` and
            its shape, unless that is `shape`; naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization, nor rms_norm.

    Notes: interview notes, LN; interview questions, other normalizations.

    >>> layer_norm(torch.tensor([[1.0, 9.0], [4.0, 4.0]]), (2,), eps=9.0)
    tensor([[-0.8000,  0.8000],
            [ 0.0000,  0.0000]])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if not shape or x.shape[-len(shape) :] != tuple(shape):
        raise ValueError(f"shape is {tuple(shape)}, but x has shape {list(x.shape)}")
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != tuple(shape):
            raise ValueError(f"{name} has shape {list(parameter.shape)}, and not {tuple(shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    # Statistics over exactly the dimensions that weight and bias have: those of one sample.
    dims = tuple(range(-len(shape), 0))
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    deviations = z - z.mean(dims, keepdim=True)
    y = deviations / (deviations.square().mean(dims, keepdim=True) + eps).sqrt()
    y = y if weight is None else weight * y
    return (y if bias is None else y + bias).to(x.dtype)
