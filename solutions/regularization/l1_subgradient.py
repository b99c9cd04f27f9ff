"""Regularization: which way down, where the penalty has a kink."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def l1_subgradient(
    weights: Float[Tensor, "*dims"], grad: Float[Tensor, "*dims"], lam: float
) -> Float[Tensor, "*dims"]:
    """The smallest subgradient of loss + lam * ||w||_1, entry by entry.

    `grad` is the gradient of the loss alone, at `weights`. Where a weight isn't 0, the objective
    has one slope. Where it is 0, the objective has a kink, and every slope between the one on the
    left and the one on the right is a subgradient: of these, the one nearest to 0. So the result is
    0 everywhere exactly where, for a convex loss, `weights` are a minimum. The dtype is kept.

    Raises:
        ValueError: naming `lam` and its value, if it is negative, infinite or nan; naming `grad`
            and its shape, if that isn't the shape of `weights`.

    Notes: interview questions, L1 regularization.

    >>> weights, grad = torch.tensor([2.0, -2.0, 0.0, 0.0]), torch.tensor([0.5, 0.5, 0.5, 3.0])
    >>> l1_subgradient(weights, grad, lam=1.0)
    tensor([ 1.5000, -0.5000,  0.0000,  2.0000])
    """
    if not 0 <= lam < math.inf:
        raise ValueError(f"lam is {lam}, but must be 0 or more, and finite")
    if grad.shape != weights.shape:
        raise ValueError(f"grad has shape {list(grad.shape)}, weights {list(weights.shape)}")
    # At 0 the penalty pushes against the loss, as hard as needed, but by lam at the most.
    at_zero = grad - grad.clamp(-lam, lam)
    return torch.where(weights == 0, at_zero, grad + lam * weights.sign())
