"""Information: a symmetric divergence, the one of generative adversarial networks."""

import torch
from jaxtyping import Float
from torch import Tensor


def js_divergence(
    p: Float[Tensor, "*dims n"], q: Float[Tensor, "*dims n"]
) -> Float[Tensor, "*dims"]:
    """Jensen-Shannon divergence of two distributions along the last dimension, in nats.

        JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2,   m = (p + q) / 2

    with KL(p || m) = sum_i p_i log(p_i / m_i) and 0 log 0 = 0. It is symmetric, 0 for equal p and
    q, and at most log 2, which distributions without a common outcome have. A sum within 1e-3 of 1
    counts as 1. The dtype is kept, and gradients flow back to both, as those of independent
    variables: log(p_i/m_i) / 2 to a positive p_i, log(q_i/m_i) / 2 to a positive q_i; 0 to both
    where p_i = q_i = 0. (To an entry of 0 beside a positive one the slope is infinite: no promise
    is made.)

    Raises:
        ValueError: naming `q` and its shape, if it isn't that of `p`; naming `p` or `q` and a
            negative entry, if there is one, or the sum of a distribution that does not sum to 1 (nan
            does not).

    Not allowed: torch's xlogy, entr, cross_entropy and kl_div, torch.distributions, scipy.

    Notes: supplements to D2L, generative adversarial networks.

    >>> js_divergence(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.5, 0.5]))
    tensor(0.6931)
    """
    if p.shape != q.shape:
        raise ValueError(f"q has shape {list(q.shape)}, but p has {list(p.shape)}")
    _check_distribution("p", p)
    _check_distribution("q", q)
    # m is positive wherever p or q is, so neither divergence can be infinite.
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _kl(p: Tensor, q: Tensor) -> Tensor:
    safe_p, safe_q = torch.where(p > 0, p, 1), torch.where(p > 0, q, 1)
    return (p * (safe_p.log() - safe_q.log())).sum(-1)


def _check_distribution(name: str, p: Tensor) -> None:
    if (p < 0).any():
        raise ValueError(f"{name} has the negative entry {p.min().item():.6g}")
    for total in p.sum(-1).flatten().tolist():
        if not abs(total - 1) <= 1e-3:
            raise ValueError(f"{name} sums to {total:.6g}, but must sum to 1")
