"""Activations: a smooth ReLU, exact in both tails."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def softplus(x: Float[Tensor, "*dims"], beta: float = 1.0) -> Float[Tensor, "*dims"]:
    """Smooth positive part of each entry, the smoother the smaller `beta` is.

        softplus(x) = log(1 + exp(beta x)) / beta

    It is the formula itself everywhere: torch's softplus returns x from beta x = 20 on. The result
    has the shape and the dtype of `x`, and gradients flow back through it. Values and gradients are
    finite and exact to rounding, small ones relative to themselves, for entries between -1e4 and
    1e4 and for beta between 1e-3 and 1e3, as far as the dtype has normal numbers. softplus(inf) =
    inf, softplus(-inf) = 0, softplus(nan) = nan.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers; naming
            `beta` and its value, if it is not a positive finite number.

    Not allowed: torch's softplus, logsigmoid, logaddexp, logsumexp, logcumsumexp, log_softmax,
    cross_entropy, binary_cross_entropy_with_logits, soft_margin_loss.

    Notes: model evaluation notes, activation functions.

    >>> softplus(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000e+00, 6.9315e-01, 1.0000e+03])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if not 0 < beta < math.inf:
        raise ValueError(f"beta is {beta}, but must be positive and finite")
    positive = x > 0
    # log(1 + e^z) = z + log(1 + e^-z): the exponent that isn't positive can't overflow.
    power = torch.where(positive, -beta * x, beta * x).exp()
    return torch.where(positive, x, 0) + power.log1p() / beta
