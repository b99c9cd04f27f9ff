"""Losses: labels that leave some probability to the other classes."""

import torch
from jaxtyping import Float32, Int64
from torch import Tensor


def soft_labels(targets: Int64[Tensor, " n"], k: int, eps: float) -> Float32[Tensor, "n k"]:
    """Soft labels, a row a target: 1 - eps for the true class, the rest shared by the others.

    The k - 1 other classes get equal parts of the mass `eps`, so that every row sums to 1. The
    result is float32, on the device of `targets`. With a single class there is nobody to share
    with: then `eps` must be 0.

    Raises:
        ValueError: naming `k` and its value, if it is less than 1, or 1 while `eps` is not 0;
            naming `eps` and its value, if it is not in [0, 1] (nan isn't); naming `targets` and
            one that is no class from 0 to k - 1, their shape, if it is not [n], or their dtype, if
            it is not int64.

    Notes: D2L notes, soft labels.

    >>> soft_labels(torch.tensor([2, 0]), k=3, eps=0.5)
    tensor([[0.2500, 0.2500, 0.5000],
            [0.5000, 0.2500, 0.2500]])
    """
    if not 0 <= eps <= 1:
        raise ValueError(f"eps is {eps}, but must be in [0, 1]")
    if k < 1 or (k == 1 and eps > 0):
        raise ValueError(f"k is {k}, which leaves no other class for the mass {eps}")
    if targets.dim() != 1 or targets.dtype != torch.int64:
        raise ValueError(f"targets has shape {list(targets.shape)} and dtype {targets.dtype}")
    outside = targets[(targets < 0) | (targets >= k)]
    if outside.numel():
        raise ValueError(f"targets has the entry {outside[0].item()}, but there are {k} classes")
    # Only k - 1 classes share: the true one has its part already.
    share = eps / (k - 1) if k > 1 else 0.0
    labels = torch.full((len(targets), k), share, dtype=torch.float32, device=targets.device)
    return labels.scatter_(1, targets[:, None], 1 - eps)
