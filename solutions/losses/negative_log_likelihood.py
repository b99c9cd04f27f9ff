"""Losses: cross-entropy of probabilities that are already there."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def negative_log_likelihood(
    p: Float[Tensor, "n k"], targets: Int64[Tensor, " n"], reduction: str = "mean"
) -> Float[Tensor, "..."]:
    """Cross-entropy of the target classes with given probabilities, in nats.

        L_i = -log p_{i, t_i}

    The rows of `p` are probabilities, not logits: they are used as they are. `reduction` is "mean"
    over the n rows, "sum" (minus the logarithm of the likelihood of all targets together), or
    "none" for a loss a row; the mean of no rows is nan, their sum 0. The result has the dtype of
    `p`. Nothing is clipped: probability 0 of the target costs inf. It is exact to rounding for
    thousands of rows, though their likelihood is far too small for a float. Gradients flow back
    to `p` where the target's probability is not 0.

    Raises:
        ValueError: naming `reduction` and its value, if it is none of the three; naming `p` and its
            shape, if it is not [n, k], or an entry of it that is not in [0, 1] (nan isn't); naming
            `targets` and one that is no class from 0 to k - 1, their shape, if it is not [n], or
            their dtype, if it is not int64.

    Not allowed: torch's nll_loss, cross_entropy.

    Notes: interview notes, cross-entropy; PyTorch notes, softmax regression.

    >>> negative_log_likelihood(torch.tensor([[0.5, 0.5], [0.25, 0.75]]), torch.tensor([1, 0]), "sum")
    tensor(2.0794)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")
    if p.dim() != 2:
        raise ValueError(f"p has shape {list(p.shape)}, but must be [n, k]")
    n, k = p.shape
    if targets.shape != (n,) or targets.dtype != torch.int64:
        raise ValueError(f"targets has shape {list(targets.shape)} and dtype {targets.dtype}")
    for name, values, low, high in (("targets", targets, 0, k - 1), ("p", p, 0, 1)):
        outside = values[~((values >= low) & (values <= high))]
        if outside.numel():
            raise ValueError(f"{name} has the entry {outside[0].item()}, outside [{low}, {high}]")
    # The logarithm comes before the sum: a product of many probabilities underflows to 0.
    losses = -p[torch.arange(n, device=p.device), targets].log()
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
