"""Activations: two ReLU units do what no affine map can."""

import math

import torch
from jaxtyping import Float64
from torch import Tensor


def xor_mlp(
    low: float, high: float
) -> tuple[Float64[Tensor, "2 2"], Float64[Tensor, "2"], Float64[Tensor, "2"], Float64[Tensor, ""]]:
    """Parameters W, b, v, c of a network with two hidden ReLU units that tells whether bits differ.

        o(x) = v^T relu(W x + b) + c,   a unit's weights are a row of W

    For x in {0, 1}^2, o(x) is `high` where the two bits differ, and `low` where they are equal, to
    rounding. The parameters are float64, in this order; any that compute it will do.

    Raises:
        ValueError: naming `low` or `high` and its value, if it is not finite.

    Notes: PyTorch study and PyTorch basics, multilayer perceptron.

    >>> W, b, v, c = xor_mlp(low=-1.0, high=4.0)
    >>> round(float(v @ torch.relu(W @ torch.tensor([1.0, 0.0]).double() + b) + c), 6)
    4.0
    """
    for name, value in (("low", low), ("high", high)):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}, but must be finite")
    # Of s = x_1 + x_2: relu(s) - 2 relu(s - 1) is 0, 1, 0 at s = 0, 1, 2, a bend that no line has.
    hidden = torch.ones(2, 2, dtype=torch.float64), torch.tensor([0.0, -1.0], dtype=torch.float64)
    v = (high - low) * torch.tensor([1.0, -2.0], dtype=torch.float64)
    return (*hidden, v, torch.tensor(low, dtype=torch.float64))
