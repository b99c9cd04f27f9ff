"""Losses: how badly probabilities of a yes fit the labels."""

import torch
from jaxtyping import Float
from torch import Tensor


def binary_cross_entropy(
    p: Float[Tensor, "*dims"], labels: Float[Tensor, "*dims"], reduction: str = "mean"
) -> Float[Tensor, "..."]:
    """Binary cross-entropy of the labels with the probabilities p of label 1, in nats.

        L_i = -(y_i log p_i + (1 - y_i) log(1 - p_i)),   where 0 log 0 = 0

    Labels may lie anywhere in [0, 1]. `reduction` is "mean" over all entries, "sum", or "none" for
    a loss an entry, in the shape of `p`; the mean of no entries is nan, their sum 0. The result
    has the dtype that `p` and `labels` share. It is exact to rounding for every p: nothing is
    clipped, so p = 0 with label 1 costs inf, p = 0 with label 0 costs 0, and p = 1e-20 with label 0
    costs 1e-20.
    Gradients flow back to `p` where 0 < p < 1.

    Raises:
        ValueError: naming `reduction` and its value, if it is none of the three; naming `labels`
            and their shape, if it is not that of `p`; naming `p` or `labels` and an entry of it
            that is not in [0, 1] (nan isn't).

    Not allowed: torch's binary_cross_entropy, with logits or without.

    Notes: interview notes, cross-entropy.

    >>> binary_cross_entropy(torch.tensor([0.9, 0.2, 0.6]), torch.tensor([1.0, 0.0, 1.0]))
    tensor(0.2798)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")
    if labels.shape != p.shape:
        raise ValueError(f"labels has shape {list(labels.shape)}, but p has {list(p.shape)}")
    for name, values in (("p", p), ("labels", labels)):
        outside = values[~((values >= 0) & (values <= 1))]
        if outside.numel():
            raise ValueError(f"{name} has the entry {outside[0].item()}, but must be in [0, 1]")
    # x log y with x = 0 is 0 even where log y is -inf; log1p keeps a p that 1 - p would swallow.
    losses = -torch.xlogy(labels, p) - torch.special.xlog1py(1 - labels, -p)
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
