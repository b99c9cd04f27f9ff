"""Regularization: what one believes of the weights before any data."""

import math

from jaxtyping import Float
from torch import Tensor


def log_prior(weights: Float[Tensor, "*dims"], prior: str, scale: float) -> Float[Tensor, ""]:
    """The natural logarithm of the prior density of the weights, all independent.

        "gaussian": mean 0, standard deviation `scale`
        "laplace": density proportional to exp(-|w| / scale)
        "uniform": from -scale to scale, both ends included; -inf if a weight lies outside

    The density is that of all weights together, with the constants that make it integrate to 1.
    Gradients flow back (0 for "uniform"; the slope of |w| at 0 counts as 0). The dtype is kept.

    Raises:
        ValueError: naming `scale` and its value, if it is 0 or less, infinite or nan; naming
            `prior` and its value, if it is none of the three.

    Not allowed: torch.distributions, scipy.stats.

    Notes: supplements to D2L, weight decay as a prior; interview questions, MAP inference.

    >>> import torch
    >>> log_prior(torch.tensor([3.0, -4.0]), "laplace", scale=0.5)
    tensor(-14.)
    """
    if not 0 < scale < math.inf:
        raise ValueError(f"scale is {scale}, but must be above 0, and finite")
    if prior not in ("gaussian", "laplace", "uniform"):
        raise ValueError(f"prior is {prior!r}, but must be 'gaussian', 'laplace' or 'uniform'")
    if prior == "gaussian":
        constant = math.log(math.sqrt(2 * math.pi) * scale)
        return -(weights / scale).square().sum() / 2 - weights.numel() * constant
    # Both divide by 2 scale: the width of the one, the integral of the other.
    constant = weights.numel() * math.log(2 * scale)
    if prior == "laplace":
        return -weights.abs().sum() / scale - constant
    inside = weights.clamp(-scale, scale)  # infinite ones, too: 0 times them would be nan
    return (0 * inside).sum() - (constant if inside.equal(weights) else math.inf)
