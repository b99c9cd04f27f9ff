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
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if not 0 < lam < math.inf:
        raise ValueError(f"lam is {lam}, but must be positive and finite")
    if not -x.dim() <= dim < x.dim():
        raise ValueError(f"dim is {dim}, but x has {x.dim()} dimensions")
    if not x.shape[dim]:
        raise ValueError(f"x has shape {list(x.shape)}, and no entry along dim {dim}")
    bottom = x.amin(dim, keepdim=True)
    # min x = -max(-x): the shift that leaves every exponent <= 0 is the minimum here.
    return bottom.squeeze(dim) - (lam * (bottom - x)).exp().sum(dim).log() / lam
