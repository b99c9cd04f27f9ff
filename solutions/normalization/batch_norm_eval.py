"""Normalization: batch normalization at inference, with the statistics of training."""

import torch
from jaxtyping import Float
from torch import Tensor


def batch_norm_eval(
    x: Float[Tensor, "n c *space"],
    running_mean: Float[Tensor, " c"],
    running_var: Float[Tensor, " c"],
    gamma: Float[Tensor, " c"],
    beta: Float[Tensor, " c"],
    eps: float = 1e-5,
) -> Float[Tensor, "n c *space"]:
    """Each channel normalised with stored statistics, then scaled and shifted.

        y = gamma * (x - running_mean) / sqrt(running_var + eps) + beta

    All entries of a channel, dimension 1, share one number of each kind. What else is in the batch
    has no effect, so that a batch of one is as good as any. The result has the shape and the dtype
    of `x`; float16 and bfloat16 are computed in float32. Gradients flow back to `x`, `gamma` and
    `beta`.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, if it has
            fewer than 2 dimensions; naming `running_mean`, `running_var`, `gamma` or `beta` and its
            shape, unless it is [c]; naming `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, model.eval(); interview questions, BN at inference.

    >>> one = torch.ones(1)
    >>> batch_norm_eval(torch.tensor([[3.0]]), one, 3 * one, one, 0 * one, eps=1.0)
    tensor([[1.]])
    """
    if not x.is_floating_point() or x.dim() < 2:
        raise ValueError(f"x is {x.dtype} {list(x.shape)}, but must be floating point [n, c, ...]")
    numbers = {"running_mean": running_mean, "running_var": running_var}
    for name, number in {**numbers, "gamma": gamma, "beta": beta}.items():
        if number.shape != x.shape[1:2]:
            raise ValueError(f"{name} has shape {list(number.shape)}, but x {list(x.shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    per_channel = (-1,) + (1,) * (x.dim() - 2)
    wide = torch.promote_types(x.dtype, torch.float32)
    # All of it is known before x comes: one factor and one summand for each channel.
    factor = (gamma.to(wide) / (running_var.to(wide) + eps).sqrt()).reshape(per_channel)
    deviations = x.to(wide) - running_mean.to(wide).reshape(per_channel)
    return (factor * deviations + beta.reshape(per_channel)).to(x.dtype)
