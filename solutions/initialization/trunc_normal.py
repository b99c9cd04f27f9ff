"""Initialization: normal weights without outliers."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def trunc_normal(
    shape: tuple[int, ...], std: float, cut: float, generator: torch.Generator
) -> Float[Tensor, "*shape"]:
    """Independent normal numbers of mean 0 and standard deviation `std`, given |x| <= cut * std.

    The distribution is that of normal numbers of which those beyond the cut are drawn again:
    nothing piles up at the ends, and nothing is rescaled (so the result's standard deviation is
    less than `std`). `cut` counts standard deviations; it is from 0.1 to 1e4. The result is
    float32, up to its rounding within the cut, on the device of `generator`, from which all
    randomness comes.

    Raises:
        ValueError: naming `std` or `cut` and its value, if it isn't above 0 (nan isn't).

    Not allowed: torch.nn.init, torch.distributions, scipy.

    Notes: model evaluation notes, initialization.

    >>> x = trunc_normal((3, 1000), std=0.02, cut=2.0, generator=torch.Generator().manual_seed(0))
    >>> x.shape, (x.abs() <= 0.04).all()
    (torch.Size([3, 1000]), tensor(True))
    """
    for name, value in (("std", std), ("cut", cut)):
        if not value > 0:
            raise ValueError(f"{name} is {value}, but must be above 0")
    # erf(|x| / sqrt 2) is the share of normal numbers nearer to 0: uniform, and here below the cut's.
    share = math.erf(cut / math.sqrt(2))
    like = {"generator": generator, "device": generator.device, "dtype": torch.float64}
    uniform = torch.rand(shape, **like) * 2 - 1
    return (std * math.sqrt(2) * torch.erfinv(share * uniform)).float()
