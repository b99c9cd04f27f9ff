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
    raise NotImplementedError
