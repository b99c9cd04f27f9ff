"""Independent ways to know the right answer. Nothing here may import solutions or exercises."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def gradient(loss: Callable[..., Tensor], x: Tensor, *rest: object) -> Tensor:
    """Return dloss/dx by autograd, computed in float64, in the dtype of `x`."""
    z = x.detach().double().requires_grad_()
    wide = [r.double() if isinstance(r, Tensor) and r.is_floating_point() else r for r in rest]
    (grad,) = torch.autograd.grad(loss(z, *wide), z)
    return grad.to(x.dtype)


def hessian(loss: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the matrix of second derivatives of a scalar function of one vector, in float64."""
    return torch.autograd.functional.hessian(loss, x.detach().double())


def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return d function(x)_i / d x_j by autograd, in float64."""
    return torch.autograd.functional.jacobian(function, x.detach().double())


def to_50_digits(function: Callable[..., Any], *args: Tensor) -> Tensor:
    """Apply `function` of mpmath numbers entry by entry with 50 digits; return float64."""
    import mpmath

    flat = [a.detach().double().flatten().tolist() for a in args]
    with mpmath.workdps(50):
        values = [float(function(*map(mpmath.mpf, entry))) for entry in zip(*flat, strict=True)]
    return torch.tensor(values, dtype=torch.float64).reshape(args[0].shape)


def row_to_50_digits(function: Callable[[list[Any]], list[Any]], rows: Tensor) -> Tensor:
    """Apply `function` of a list of mpmath numbers to each row with 50 digits; return float64."""
    import mpmath

    with mpmath.workdps(50):
        table = [[float(v) for v in function([mpmath.mpf(x) for x in r])] for r in rows.tolist()]
    return torch.tensor(table, dtype=torch.float64)
