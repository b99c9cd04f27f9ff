"""Normalization: the statistics that training keeps for inference."""

import torch
from jaxtyping import Float
from torch import Tensor


def update_running_stats(
    running_mean: Float[Tensor, " c"],
    running_var: Float[Tensor, " c"],
    x: Float[Tensor, "n c *space"],
    momentum: float | None = 0.1,
    batches: int = 0,
) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Running mean and variance of each channel after one more batch, as torch keeps them.

        running' = (1 - momentum) * running + momentum * statistic of x

    The statistics of `x` are the mean and the unbiased variance of a channel (dimension 1) over all
    m values that it has: the squares are divided by m - 1, though the layer itself normalises with
    the biased variance. With momentum=None the results are plain averages of the statistics of all
    batches, and `batches` is the number of those that came before; else `batches` has no effect.
    The results keep the dtypes of the running statistics, and no gradient flows back to `x`;
    statistics of float16 and bfloat16 are computed in float32.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c, ...] with 2 values a channel at least; naming `running_mean` or `running_var`
            and its shape, unless it is [c]; naming `momentum` and its value, unless it is None or
            in [0, 1]; naming `batches` and its value, if it is negative.

    Not allowed: torch's batch and instance normalization.

    Notes: D2L notes, moving averages; interview questions, BN at inference.

    >>> update_running_stats(torch.zeros(1), torch.ones(1), torch.tensor([[1.0], [2.0], [6.0]]))
    (tensor([0.3000]), tensor([1.6000]))
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if x.dim() < 2 or x.transpose(0, 1).flatten(1).shape[1] < 2:
        raise ValueError(f"x has shape {list(x.shape)}, but must have 2 values for each channel")
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        if running.shape != x.shape[1:2]:
            raise ValueError(f"{name} has shape {list(running.shape)}, but x {list(x.shape)}")
    if not (momentum is None or 0 <= momentum <= 1) or batches < 0:
        raise ValueError(f"momentum is {momentum} and batches is {batches}: one is out of range")
    rate = 1 / (batches + 1) if momentum is None else momentum
    values = x.detach().transpose(0, 1).flatten(1).to(torch.promote_types(x.dtype, torch.float32))
    # Unbiased: it estimates the variance of all data, from which a batch is only a sample.
    fresh = values.mean(1), values.var(1, correction=1)
    pairs = zip((running_mean, running_var), fresh, strict=True)
    mean, var = (((1 - rate) * old + rate * new).to(old.dtype) for old, new in pairs)
    return mean, var
