"""Activations: the positive part."""

import torch
from jaxtyping import Num
from torch import Tensor


def relu(x: Num[Tensor, "*dims"]) -> Num[Tensor, "*dims"]:
    """Positive part of each entry.

        relu(x) = max(x, 0)

    The result has the shape and the dtype of `x`, which may be an integer one, and gradients flow
    back through it: the slope is 1 above 0 and 0 below, and at 0 it is 0, as in torch. relu(inf) =
    inf, relu(-inf) = 0, relu(nan) = nan.

    Raises:
        ValueError: naming `x` and its dtype, if that is bool or complex.

    Not allowed: torch's relu, relu6, leaky_relu, prelu, rrelu, elu, celu, threshold.

    Notes: PyTorch study and PyTorch basics, multilayer perceptron; model evaluation notes,
    activation functions.

    >>> relu(torch.tensor([[-1.5, 2.0], [0.0, 0.5]]))
    tensor([[0.0000, 2.0000],
            [0.0000, 0.5000]])
    """
    if x.dtype == torch.bool or x.is_complex():
        raise ValueError(f"x has dtype {x.dtype}, but must have real numbers")
    # "Not at most 0", and not "above 0": nan is neither, and must not become 0.
    return torch.where(x <= 0, 0, x)
