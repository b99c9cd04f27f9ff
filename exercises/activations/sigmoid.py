"""Activations: the logistic function, right in both tails."""

import torch
from jaxtyping import Float
from torch import Tensor


def sigmoid(x: Float[Tensor, "*dims"]) -> Float[Tensor, "*dims"]:
    """Logistic function of each entry.

        sigmoid(x) = exp(x) / (exp(x) + exp(0)) = 1 / (1 + exp(-x))

    The result has the shape and the dtype of `x`, and gradients flow back through it. Values and
    gradients are finite and right for every finite entry, however large, in every floating dtype.
    Small values are exact too: relative to the value and not only to 1, as far as the dtype has
    normal numbers. sigmoid(inf) = 1, sigmoid(-inf) = 0, sigmoid(nan) = nan.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers.

    Not allowed: torch's sigmoid, logsigmoid, silu, glu, softmax, log_softmax, logsumexp,
    logaddexp, logcumsumexp, softplus; scipy.special.

    Notes: D2L supplements, softmax regression, exercise 2.

    >>> sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    raise NotImplementedError
