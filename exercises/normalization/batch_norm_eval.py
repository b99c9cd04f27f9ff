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
    raise NotImplementedError
