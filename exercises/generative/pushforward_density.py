"""Generative adversarial networks: a game between a generator and a discriminator."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def pushforward_density(
    p_z: Callable, branches: list[tuple[Callable, Callable]], x: Float[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """The density p_g of the generator's output G(z) at the points x, where z has the density p_z.

    z and x are real numbers. A generator need not be invertible: where several z have one G(z),
    each adds its share. So G is given by the branches of its inverse, a list of pairs (inverse,
    slope), each a function of a vector of points x: `inverse(x)` are the z of this branch, nan
    where it has none, and `slope(x)` are d inverse / dx, of either sign; they may be anything
    where the inverse is nan, where the branch adds nothing. `p_z` is a function of a vector of
    points z without nan. The result has the shape and the dtype of `x`.

    Raises:
        ValueError: naming `branches` and its value, if it is an empty list.

    Notes: D2L supplements, generative adversarial networks, derivation, which has p_g(x) = p_z(z).

    >>> def uniform(z):
    ...     return ((z > 0) & (z < 1)).float()
    >>> double = (lambda x: x / 2, lambda x: torch.full_like(x, 0.5))
    >>> pushforward_density(uniform, [double], torch.tensor([0.5, 1.5, 2.5]))
    tensor([0.5000, 0.5000, 0.0000])
    """
    raise NotImplementedError
