"""Activations: a smooth maximum that can be made as sharp as one likes."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def scaled_log_sum_exp(
    x: Float[Tensor, "*dims"], lam: float, dim: int = -1
) -> Float[Tensor, "*rest"]:
    """Smooth maximum along one dimension: the RealSoftMax of lam times the entries, over lam.

        (1 / lam) log sum_i exp(lam x_i),   the sum along `dim`, which the result lacks

    It is never below the maximum, and at most log(n) / lam above it for n entries. The result has
    the dtype of `x`, and gradients flow back through it. It is finite and exact to rounding for
    entries between -1e4 and 1e4 and for lam between 1e-6 and 1e36, in float32 as in float64.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers, or its
            shape, if it has no entries along `dim`; naming `lam` and its value, if it is not a
            positive finite number; naming `dim` and its value, if `x` has no such dimension.

    Not allowed: torch's softmax, log_softmax, logsumexp, logaddexp, logcumsumexp, softplus.

    Notes: D2L supplements, softmax regression, exercise 5.

    >>> scaled_log_sum_exp(torch.tensor([[0.0, 1.0], [3.0, 3.0]]), lam=10.0)
    tensor([1.0000, 3.0693])
    """
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if not 0 < lam < math.inf:
        raise ValueError(f"lam is {lam}, but must be positive and finite")
    if not -x.dim() <= dim < x.dim():
        raise ValueError(f"dim is {dim}, but x has {x.dim()} dimensions")
    if not x.shape[dim]:
        raise ValueError(f"x has shape {list(x.shape)}, and no entry along dim {dim}")
    top = x.amax(dim, keepdim=True)
    # First subtract, then multiply: lam x may overflow, lam (x - max) can only underflow in exp.
    return top.squeeze(dim) + (lam * (x - top)).exp().sum(dim).log() / lam
