"""Generative adversarial networks: a game between a generator and a discriminator."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_second_expectation() -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Two distributions (p_data, p_g) that refute the notes' formula for C(G), and by far.

        as written:  E_{x ~ p_data} log D(x) + E_{x ~ p_data} log(1 - D(x))
        meant:       E_{x ~ p_data} log D(x) + E_{x ~ p_g}    log(1 - D(x))

    with D = p_data / (p_data + p_g), so that 1 - D = p_g / (p_data + p_g).

    The smallest value that C(G) can have is -log 4. Here, what is meant is at most 0.01 above it,
    so that p_g is a very good imitation of p_data; what is written is at least 1 below it.

    Both are float64 vectors of one length with positive entries that sum to 1 within 1e-6.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> p_data, p_g = refute_second_expectation()
    >>> p_data.shape == p_g.shape
    True
    """
    raise NotImplementedError
