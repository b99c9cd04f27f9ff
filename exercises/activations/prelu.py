"""Activations: ReLU with a slope of its own below 0, one for each channel."""

import torch
from jaxtyping import Float
from torch import Tensor


def prelu(x: Float[Tensor, "n c *rest"], slope: Float[Tensor, " c"]) -> Float[Tensor, "n c *rest"]:
    """Parametric ReLU of each entry, whose slope below 0 is that of its channel.

        prelu(x) = max(x, 0) + slope_c * min(x, 0)

    Dimension 1 of `x` runs over the channels. A slope may be any number: negative, or above 1. The
    result has the dtype of `x`, which is that of `slope`, and gradients flow back to both. At x = 0
    the derivative with respect to x is the slope, as in torch. nan stays nan.

    Raises:
        ValueError: naming `x` and `slope` and their shapes, if `x` has less than two dimensions, or
            `slope` is not a vector with an entry for each channel.

    Not allowed: torch's prelu, leaky_relu, rrelu.

    Notes: supplements to D2L, multilayer perceptron, exercises.

    >>> prelu(torch.tensor([[-4.0, -4.0], [3.0, 0.0]]), torch.tensor([0.25, 2.0]))
    tensor([[-1., -8.],
            [ 3.,  0.]])
    """
    raise NotImplementedError
