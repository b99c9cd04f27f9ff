"""Losses: from one loss for each example to one number."""

import torch
from jaxtyping import Float
from torch import Tensor


def reduce_loss(
    losses: Float[Tensor, " n"], reduction: str, weight: Float[Tensor, " n"] | None = None
) -> Float[Tensor, ""] | Float[Tensor, " n"]:
    """The losses of n examples, reduced as torch's loss classes do it.

        "none"   w_i l_i, for each example
        "sum"    sum_i w_i l_i
        "mean"   sum_i w_i l_i / sum_i w_i

    Without `weight`, all w_i are 1; none is negative. A mean over nothing is nan: of no examples, or
    of weights that are all 0. The dtype of `losses`, which is that of `weight`, is kept, and
    gradients flow back to them.

    Raises:
        ValueError: naming `reduction` and its value, if it is none of these; naming `weight` and its
            shape, if it isn't that of `losses`.

    Notes: supplements to D2L, concise softmax regression.

    >>> reduce_loss(torch.tensor([1.0, 4.0]), "mean", weight=torch.tensor([3.0, 1.0]))
    tensor(1.7500)
    """
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'none', 'sum' or 'mean'")
    if weight is not None and weight.shape != losses.shape:
        raise ValueError(f"weight has shape {list(weight.shape)}, but losses {list(losses.shape)}")
    weight = torch.ones_like(losses) if weight is None else weight
    weighted = weight * losses
    if reduction == "none":
        return weighted
    # The mean is that of a weighted population: n is the sum of the weights.
    return weighted.sum() / weight.sum() if reduction == "mean" else weighted.sum()
