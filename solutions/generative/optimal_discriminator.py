"""Generative adversarial networks: a game between a generator and a discriminator."""

from jaxtyping import Float
from torch import Tensor


def optimal_discriminator(
    p_data: Float[Tensor, "*dims"], p_g: Float[Tensor, "*dims"]
) -> Float[Tensor, "*dims"]:
    """The discriminator that maximises the value of the GAN game for a fixed generator.

    It depends on the densities of the data and of the generated samples at a point x only, and is
    given at each point of the arguments, which may be densities (above 1, too) or probabilities.
    Where both are 0 no sample ever comes, and any value is optimal: the result is 1/2 there, and
    the gradient 0. It is exact to rounding for densities from 1e-30 to 1e30, has the shape and
    the dtype of the arguments, and gradients flow back to both.

    Raises:
        ValueError: naming `p_g` and its shape, if that isn't the shape of `p_data`; naming
            `p_data` or `p_g` and its smallest entry, if that is negative.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> import torch
    >>> optimal_discriminator(torch.tensor([3.0, 0.0, 0.0]), torch.tensor([1.0, 1.0, 0.0]))
    tensor([0.7500, 0.0000, 0.5000])
    """
    if p_g.shape != p_data.shape:
        raise ValueError(f"p_g has shape {list(p_g.shape)}, but p_data {list(p_data.shape)}")
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if (p < 0).any():
            raise ValueError(f"{name} has the entry {p.min().item()}, but must be >= 0")
    nowhere = (p_data == 0) & (p_g == 0)
    # The divisor is replaced, not the result alone: nan would flow back through 0/0.
    ratio = p_data / (p_data + p_g).masked_fill(nowhere, 1)
    return ratio.masked_fill(nowhere, 0.5)
