"""Optimization: how fast momentum comes nearer, on a quadratic."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def momentum_rate(lr: float, momentum: float, curvatures: Float[Tensor, " n"]) -> float:
    """The factor by which a step of SGD with momentum shrinks the error, in the long run.

        v' = momentum * v + curvature * x,   x' = x - lr * v'

    `curvatures` are the eigenvalues of a quadratic's Hessian; each moves on its own, and the result
    is the factor of the slowest: the largest size of an eigenvalue of the matrices that map
    (x_t, x_{t-1}) to (x_{t+1}, x_t). From 1 on the error doesn't vanish. A curvature may be 0 or
    negative.

    Raises:
        ValueError: naming `lr` and its value, if it is negative, infinite or nan; naming `momentum`
            and its value, unless 0 <= momentum <= 1; naming `curvatures` and its shape, if it isn't
            a vector with entries.

    Not allowed: what computes eigenvalues, of torch, numpy or scipy.

    Notes: supplements to D2L, momentum, exercise; exam notes, questions 34 and 35.

    >>> momentum_rate(0.5, 0.25, torch.tensor([1.0, 4.0]))
    0.5
    """
    raise NotImplementedError
