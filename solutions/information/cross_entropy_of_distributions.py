"""Information: what it costs to code one distribution with another's code."""

import torch
from jaxtyping import Float
from torch import Tensor


def cross_entropy_of_distributions(
    p: Float[Tensor, "*dims n"], q: Float[Tensor, "*dims n"]
) -> Float[Tensor, "*dims"]:
    """Cross-entropy of each pair of distributions along the last dimension, in nats.

        H(p, q) = -sum_i p_i log q_i

    An entry with p_i = 0 adds 0, even if q_i = 0 too; one with q_i = 0 < p_i makes the result inf.
    It is exact to rounding for q_i as small as the dtype has numbers. A sum within 1e-3 of 1 counts
    as 1. The dtype is kept, and gradients flow back to both, as those of independent variables:
    -log q_i to p_i and -p_i/q_i to q_i where q_i > 0, also if p_i = 0; 0 to both where p_i = q_i =
    0.

    Raises:
        ValueError: naming `q` and its shape, if it isn't that of `p`; naming `p` or `q` and a
            negative entry, if there is one, or the sum of a distribution that does not sum to 1 (nan
            does not).

    Not allowed: torch's xlogy, cross_entropy and kl_div, torch.distributions, scipy.

    Notes: after D2L (Gluon), introduction; supplements to D2L, generative adversarial networks.

    >>> cross_entropy_of_distributions(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([1.0, 0.0, 0.0]))
    tensor(inf)
    """
    if p.shape != q.shape:
        raise ValueError(f"q has shape {list(q.shape)}, but p has {list(p.shape)}")
    _check_distribution("p", p)
    _check_distribution("q", q)
    # Only 0 log 0 needs help: -p_i log 0 is inf by itself, and 0 log q_i has a slope.
    safe = torch.where((p == 0) & (q == 0), 1, q)
    return -(p * safe.log()).sum(-1)


def _check_distribution(name: str, p: Tensor) -> None:
    if (p < 0).any():
        raise ValueError(f"{name} has the negative entry {p.min().item():.6g}")
    for total in p.sum(-1).flatten().tolist():
        if not abs(total - 1) <= 1e-3:
            raise ValueError(f"{name} sums to {total:.6g}, but must sum to 1")
