"""Activations: the derivative of the logistic function, small slopes included."""

import torch
from jaxtyping import Float
from torch import Tensor


def sigmoid_grad(x: Float[Tensor, "*dims"]) -> Float[Tensor, "*dims"]:
    """Derivative of the logistic function at each entry.

        sigmoid'(x) = exp(-x) / (1 + exp(-x))^2

    It is an even function: at most 1/4, and nowhere 0 but at infinity. The result has the shape and
    the dtype of `x`. It is exact to rounding in both tails, relative to the value itself, as far as
    the dtype has normal numbers. At inf and -inf it is 0, at nan it is nan.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers.

    Not allowed: automatic differentiation, and torch's own backward operations (its sigmoid is
    allowed).

    Notes: interview notes, activation functions; model evaluation notes, activation functions;
    PyTorch study, AlexNet.

    >>> sigmoid_grad(torch.tensor([-20.0, 0.0, 20.0]))
    tensor([2.0612e-09, 2.5000e-01, 2.0612e-09])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    # 1 - sigmoid(x) has no digits left where sigmoid(x) is near 1; sigmoid(-x) has them all.
    return x.sigmoid() * (-x).sigmoid()
