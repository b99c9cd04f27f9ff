"""Information: how far a distribution is from another."""

import torch
from jaxtyping import Float
from torch import Tensor


def kl_divergence(
    p: Float[Tensor, "*dims n"], q: Float[Tensor, "*dims n"]
) -> Float[Tensor, "*dims"]:
    """Kullback-Leibler divergence of q from p along the last dimension, in nats.

        KL(p || q) = sum_i p_i log(p_i / q_i),   the mean of log(p/q) over draws from p

    An entry with p_i = 0 adds 0, even if q_i = 0 too; one with q_i = 0 < p_i makes the result inf.
    It is finite and exact to rounding for entries as small as the dtype has numbers. Equal p and q
    give 0. A sum within 1e-3 of 1 counts as 1; nothing is rescaled. The dtype is kept, and
    gradients flow back to both, as those of independent variables: log(p_i/q_i) + 1 to p_i and
    -p_i/q_i to q_i where both are positive; 0 to both where p_i = 0.

    Raises:
        ValueError: naming `q` and its shape, if it isn't that of `p`; naming `p` or `q` and a
            negative entry, if there is one, or the sum of a distribution that does not sum to 1 (nan
            does not).

    Not allowed: torch's xlogy, cross_entropy and kl_div, torch.distributions, scipy.

    Notes: supplements to D2L, generative adversarial networks.

    >>> kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75]))
    tensor(0.1438)
    """
    raise NotImplementedError
