"""Losses: binary cross-entropy without ever leaving the logits."""

import torch
from jaxtyping import Float
from torch import Tensor


def binary_cross_entropy_with_logits(
    logits: Float[Tensor, "*dims"], labels: Float[Tensor, "*dims"], reduction: str = "mean"
) -> Float[Tensor, "..."]:
    """Binary cross-entropy of the labels with the probabilities sigmoid(logits), in nats.

        L_i = -(y_i log sigmoid(s_i) + (1 - y_i) log(1 - sigmoid(s_i)))

    Labels may lie anywhere in [0, 1]. `reduction` is "mean" over all entries, "sum", or "none" for
    a loss an entry, in the shape of `logits`; the mean of no entries is nan, their sum 0. The
    result has the dtype that `logits` and `labels` share. For logits from -1e4 to 1e4 it is finite
    and exact to rounding of numbers of the size of the logit, and for labels 0 and 1 also where it
    is tiny: a logit of 40 with label 1 costs 4.25e-18. Gradients flow back to `logits`; they are
    finite and those of the formula for every such logit, 0 included.

    Raises:
        ValueError: naming `reduction` and its value, if it is none of the three; naming `logits`
            and their dtype, if they are not floating point numbers; naming `labels` and their
            shape, if it is not that of `logits`, or an entry that is not in [0, 1] (nan isn't).

    Not allowed: torch's binary_cross_entropy (with logits or without), logsigmoid, softplus.

    Notes: interview notes, cross-entropy; model evaluation notes, loss functions.

    >>> binary_cross_entropy_with_logits(torch.tensor([0.0, 1e4]), torch.tensor([1.0, 0.0]), "none")
    tensor([6.9315e-01, 1.0000e+04])
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")
    if not logits.is_floating_point():
        raise ValueError(f"logits has dtype {logits.dtype}, but must be floating point")
    if labels.shape != logits.shape:
        shapes = f"{list(labels.shape)}, but logits has {list(logits.shape)}"
        raise ValueError(f"labels has shape {shapes}")
    outside = labels[~((labels >= 0) & (labels <= 1))]
    if outside.numel():
        raise ValueError(f"labels has the entry {outside[0].item()}, but must be in [0, 1]")
    # -log sigmoid(s) = log(1 + e^-s) = logaddexp(0, -s), which no s overflows.
    zero = torch.zeros_like(logits)
    losses = labels * torch.logaddexp(zero, -logits) + (1 - labels) * torch.logaddexp(zero, logits)
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
