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
    raise NotImplementedError
