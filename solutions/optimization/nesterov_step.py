"""Optimization: momentum that looks where it is going."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def nesterov_step(
    theta: Float[Tensor, "*dims"],
    velocity: Float[Tensor, "*dims"],
    grad: Callable[[Tensor], Tensor],
    lr: float,
    momentum: float,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and the velocity after one step of Nesterov's momentum, in its own form.

        velocity' = momentum * velocity + lr * grad(theta - momentum * velocity)
        theta'    = theta - velocity'

    `grad` returns the loss's gradient at any point. It is asked where the old velocity alone would
    lead; the learning rate is inside the velocity, which is 0 before the first step. (torch's
    `nesterov=True` keeps that point as its parameters.) Both results have the dtype of `theta`.

    Raises:
        ValueError: naming `lr` and its value, unless lr >= 0;
            naming `momentum` and its value, unless 0 <= momentum < 1;
            naming `velocity` and its shape, if that isn't the shape of `theta`;
            naming `theta` and its dtype, if its entries aren't floating point numbers.

    Not allowed: torch.optim.

    Notes: exam notes, question 35; D2L notes, gradient descent.

    >>> theta, velocity = torch.tensor([4.0]), torch.tensor([2.0])
    >>> nesterov_step(theta, velocity, lambda x: 2 * x, lr=0.25, momentum=0.5)
    (tensor([1.5000]), tensor([2.5000]))
    """
    if not lr >= 0:
        raise ValueError(f"lr is {lr}, but can't be negative or nan")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum}, but must be in [0, 1)")
    if velocity.shape != theta.shape:
        raise ValueError(f"velocity has shape {list(velocity.shape)}, but theta {theta.shape}")
    if not theta.is_floating_point():
        raise ValueError(f"theta has dtype {theta.dtype}, but must be floating point")
    # Where the step overshoots, the gradient ahead already points back: that is the whole difference.
    ahead = theta - momentum * velocity
    velocity = momentum * velocity + lr * grad(ahead)
    return theta - velocity, velocity
