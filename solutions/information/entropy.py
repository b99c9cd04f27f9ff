"""Information: how much a distribution leaves open."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def entropy(p: Float[Tensor, "*dims n"], base: float = math.e) -> Float[Tensor, "*dims"]:
    """Entropy of each distribution along the last dimension.

        H(p) = -sum_i p_i log p_i,   the logarithm to `base`: nats by default, bits for 2

    An entry of 0 adds 0 (p log p -> 0). The dtype of `p` is kept, and gradients flow back: those of
    the formula, with p_i an independent variable; for an entry of 0, where the slope is infinite,
    the gradient is 0. A sum within 1e-3 of 1 counts as 1; nothing is rescaled.

    Raises:
        ValueError: naming `p` and a negative entry, if there is one; naming `p` and the sum of a
            distribution that does not sum to 1 (nan does not); naming `base` and its value, if it isn't above
            1 (nan isn't).

    Not allowed: torch's entr and xlogy, torch.distributions, scipy.

    Notes: supplements to D2L, softmax regression and generative adversarial networks.

    >>> entropy(torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]]), base=2.0)
    tensor([1.5000, 1.0000])
    """
    if not base > 1:
        raise ValueError(f"base is {base}, but must be above 1")
    _check_distribution("p", p)
    # Mask before the logarithm: after it, 0 * inf has already made the gradient nan.
    safe = torch.where(p > 0, p, 1)
    return -(p * safe.log()).sum(-1) / math.log(base)


def _check_distribution(name: str, p: Tensor) -> None:
    if (p < 0).any():
        raise ValueError(f"{name} has the negative entry {p.min().item():.6g}")
    for total in p.sum(-1).flatten().tolist():
        if not abs(total - 1) <= 1e-3:
            raise ValueError(f"{name} sums to {total:.6g}, but must sum to 1")
