"""Activations: the hyperbolic tangent, right in both tails and near 0."""

import torch
from jaxtyping import Float
from torch import Tensor


def tanh(x: Float[Tensor, "*dims"]) -> Float[Tensor, "*dims"]:
    """Hyperbolic tangent of each entry.

        tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    The result has the shape and the dtype of `x`, and gradients flow back through it. Values are
    finite and right for every entry, however large, in every floating dtype; small ones are exact
    too: relative to the value and not only to 1, as far as the dtype has normal numbers. Gradients
    are finite everywhere, and off by no more than rounding of numbers of size 1. tanh(inf) = 1,
    tanh(-inf) = -1, tanh(nan) = nan.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers.

    Not allowed: torch's tanh, tanhshrink; numpy; scipy.

    Notes: PyTorch basics, multilayer perceptron; model evaluation notes, activation functions.

    >>> tanh(torch.tensor([-1000.0, 0.0, 0.5, 1e-20]))
    tensor([-1.0000e+00,  0.0000e+00,  4.6212e-01,  1.0000e-20])
    """
    raise NotImplementedError
