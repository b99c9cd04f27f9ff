"""Initialization: the weights and the biases of a linear layer."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def init_linear(
    fan_in: int, fan_out: int, scheme: str, generator: torch.Generator
) -> tuple[Float[Tensor, "{fan_out} {fan_in}"], Float[Tensor, " {fan_out}"]]:
    """Weight and bias of a linear layer y = W x + b, drawn by one of five schemes, in float32.

        "xavier_normal"     weights of standard deviation sqrt(2 / (fan_in + fan_out))
        "xavier_uniform"    of the same, uniform in an interval about 0
        "kaiming_normal"    weights of standard deviation sqrt(2 / fan_in)
        "kaiming_uniform"   of the same, uniform in an interval about 0
        "torch"             weights and biases as torch.nn.Linear has them from the start, both
                            uniform in [-b, b] with b = 1 / sqrt(fan_in)

    Biases are 0 but for the last. All weights (and biases) are independent, and all randomness
    comes from `generator`, on whose device they are.

    Raises:
        ValueError: naming `fan_in`, `fan_out` or `scheme` and its value, if a fan is below 1, or the
            scheme is none of these.

    Not allowed: torch.nn.

    Notes: model evaluation notes, initialization, and question 36; PyTorch study, basics;
    supplements to D2L, concise softmax regression.

    >>> w, b = init_linear(3, 2, "kaiming_normal", torch.Generator().manual_seed(0))
    >>> w.shape, b
    (torch.Size([2, 3]), tensor([0., 0.]))
    """
    raise NotImplementedError
