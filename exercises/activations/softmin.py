"""Activations: a smooth minimum."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def softmin(x: Float[Tensor, "*dims"], lam: float = 1.0, dim: int = -1) -> Float[Tensor, "*rest"]:
    """Smooth minimum along one dimension: what RealSoftMax is to the maximum.

        -(1 / lam) log sum_i exp(-lam x_i),   the sum along `dim`, which the result lacks

    It is a number for each row, not torch's vector of weights of the same name. It is never above
    the minimum, at most log(n) / lam below it for n entries, and tends to it as lam grows. The
    result has the dtype of `x`, and gradients flow back through it. It is finite and exact to
    rounding for finite entries between -1e4 and 1e4 and for lam between 1e-3 and 1e3; an entry of
    inf adds nothing to the sum, as long as another is finite.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers, or its
            shape, if it has no entries along `dim`; naming `lam` and its value, if it is not a
            positive finite number; naming `dim` and its value, if `x` has no such dimension.

    Not allowed: torch's softmin, softmax, log_softmax, logsumexp, logaddexp, logcumsumexp,
    softplus.

    Notes: D2L supplements, softmax regression, exercise 5 (left open there).

    >>> softmin(torch.tensor([[0.0, 0.0], [5.0, 500.0]]))
    tensor([-0.6931,  5.0000])
    """
    raise NotImplementedError
