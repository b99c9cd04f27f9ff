"""Initialization: what a deep and wide network makes of its inputs' second moment."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def deep_second_moments(
    phi: Callable[[Tensor], Tensor], gain: float, depth: int, start: float = 1.0
) -> list[float]:
    """The second moments E[h_1^2], ..., E[h_depth^2] behind the layers of a very wide network.

        h_l = phi(z_l),   z_l = W_l h_{l-1},   E[h_0^2] = start

    The weights are independent, with mean 0 and variance gain^2 / n_in. So many terms make each
    unit's z normal, with mean 0; the second moment is over all weights. `phi` is the activation,
    applied to each entry of a float64 tensor, continuous and without a kink but at 0. The results
    are right to a millionth of each, wherever the standard deviation of z is at most 20.

    Raises:
        ValueError: naming `gain` or `start` and its value, if it is negative, infinite or nan;
            naming `depth` and its value, if it is negative.

    Notes: supplements to D2L, numerical stability and initialization; PyTorch basics, numerical
    stability.

    >>> [round(moment, 6) for moment in deep_second_moments(torch.relu, gain=1.0, depth=3)]
    [0.5, 0.25, 0.125]
    """
    for name, number in (("gain", gain), ("start", start)):
        if not 0 <= number < math.inf:
            raise ValueError(f"{name} is {number}, but must be finite and not negative")
    if depth < 0:
        raise ValueError(f"depth is {depth}, but can't be negative")
    normal = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
    density = torch.exp(-(normal**2) / 2)
    moments, moment = [], start
    for _ in range(depth):
        # Var(z) = n_in E[w^2] E[h^2]: not the variance of h counts, but its mean's square as well.
        h = phi(gain * math.sqrt(moment) * normal)
        moment = float(density @ h**2 / density.sum())
        moments.append(moment)
    return moments
