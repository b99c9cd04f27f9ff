"""Generative adversarial networks: a game between a generator and a discriminator."""

import torch
from jaxtyping import Float
from torch import Tensor


def generator_objective(p_data: Float[Tensor, " n"], p_g: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """C(G), the value of the GAN game against the best discriminator, for two distributions.

        C(G) = max_D sum_x (p_data(x) log D(x) + p_g(x) log(1 - D(x)))

    It lies between -log 4, which it has only for p_g = p_data, and 0, which it has where the two
    never meet. Points without probability add nothing to it. The result has the dtype of the
    arguments. Gradients flow back to both where all entries are positive, each entry a variable
    of its own: they are the logarithms of the best D(x) and of 1 - D(x).

    Raises:
        ValueError: naming `p_g` and its shape, if that isn't the shape of `p_data`; naming
            `p_data` or `p_g` and its smallest entry, if that is negative; naming it and its sum,
            if that is further than 1e-3 from 1.

    Notes: D2L supplements, generative adversarial networks, derivation; its C(G) has an error.

    >>> generator_objective(torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.5]))
    tensor(-1.3863)
    """
    if p_g.shape != p_data.shape:
        raise ValueError(f"p_g has shape {list(p_g.shape)}, but p_data {list(p_data.shape)}")
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if (p < 0).any():
            raise ValueError(f"{name} has the entry {p.min().item()}, but must be >= 0")
        if abs(p.sum().item() - 1) > 1e-3:
            raise ValueError(f"{name} has the sum {p.sum().item()}, but must have 1")
    total = p_data + p_g
    total = total.masked_fill(total == 0, 1)
    # Each expectation is over its own distribution: the data's for D, the generator's for 1 - D.
    return (torch.xlogy(p_data, p_data / total) + torch.xlogy(p_g, p_g / total)).sum()
