"""Losses: what noise with exponential tails makes of maximum likelihood."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def laplace_nll(
    y: Float[Tensor, " n"], mu: Float[Tensor, " n"], b: float = 1.0
) -> Float[Tensor, ""]:
    """Negative log-likelihood of n independent targets with Laplace noise, summed, in nats.

        p(y_i) = exp(-|y_i - mu_i| / b) / (2 b)

    The result has the dtype of `mu`, which is that of `y`, and gradients flow back to both; where
    a target is exact, they are 0. It may be negative: a density may be above 1.

    Raises:
        ValueError: naming `b` and its value, if it isn't above 0 (nan isn't); naming `y` and its
            shape, if it isn't that of `mu`.

    Not allowed: torch.distributions, scipy, torch's l1_loss.

    Notes: supplements to D2L, linear regression.

    >>> laplace_nll(torch.tensor([1.0, 5.0]), torch.tensor([0.0, 2.0]), b=0.5)
    tensor(8.)
    """
    raise NotImplementedError
