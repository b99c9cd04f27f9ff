"""Optimization: steps in the units of the parameters, with no rate to choose."""

import torch
from jaxtyping import Float
from torch import Tensor


def adadelta_step(
    theta: Float[Tensor, "*dims"],
    s: Float[Tensor, "*dims"],
    delta: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    rho: float = 0.9,
    eps: float = 1e-6,
    lr: float = 1.0,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters, the mean squares of gradients and those of steps, after an AdaDelta step.

        s'     = rho * s + (1 - rho) * grad^2
        step   = sqrt(delta + eps) / sqrt(s' + eps) * grad
        theta' = theta - lr * step
        delta' = rho * delta + (1 - rho) * step^2

    All entry by entry. Before the first step s and delta are 0: eps alone starts the movement. The
    method itself has lr = 1; another one (torch has it) scales the move, and not what delta sees.
    The three results have the dtype of `theta`.

    Raises:
        ValueError: naming `rho` and its value, unless 0 <= rho < 1;
            naming `eps` and its value, unless it is positive;
            naming `s`, `delta` or `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: D2L notes, gradient descent.

    >>> theta, none, grad = torch.tensor([5.0]), torch.tensor([0.0]), torch.tensor([2.0])
    >>> adadelta_step(theta, none, none, grad, rho=0.25, eps=1.0)
    (tensor([4.]), tensor([3.]), tensor([0.7500]))
    """
    raise NotImplementedError
