"""Activations: what flows back through a ReLU, by hand, with a choice at 0."""

import torch
from jaxtyping import Float
from torch import Tensor


def relu_backward(
    x: Float[Tensor, "*dims"], upstream: Float[Tensor, "*dims"], at_zero: float = 0.0
) -> Float[Tensor, "*dims"]:
    """Gradient that flows back through relu(x) = max(x, 0), given the one that comes from above.

        upstream * slope,   slope = 1 for x > 0, 0 for x < 0, `at_zero` for x = 0

    At 0 there is no derivative: any number of [0, 1] is a subgradient, and a program has to choose.
    A slope of 0 stops whatever comes in, inf and nan too. Entries of `x` aren't nan. The result has
    the dtype of `upstream`, which is that of `x`.

    Raises:
        ValueError: naming `upstream` and its shape, if it has not the shape of `x`; naming `at_zero`
            and its value, if it is not between 0 and 1.

    Not allowed: automatic differentiation, and torch's own backward operations.

    Notes: model evaluation notes, activation functions; PyTorch study, AlexNet.

    >>> relu_backward(torch.tensor([2.0, -2.0, 0.0]), torch.tensor([3.0, 5.0, 8.0]), at_zero=0.5)
    tensor([3., 0., 4.])
    """
    if upstream.shape != x.shape:
        shapes = f"upstream has shape {list(upstream.shape)}, but x has {list(x.shape)}"
        raise ValueError(f"{shapes}: they must be equal")
    if not 0 <= at_zero <= 1:
        raise ValueError(f"at_zero is {at_zero}, but must be between 0 and 1")
    slope = torch.where(x == 0, at_zero, (x > 0).to(upstream.dtype))
    # A closed unit multiplies by 0, but inf * 0 would be nan: it is left out.
    return torch.where(slope == 0, 0, slope * upstream)
