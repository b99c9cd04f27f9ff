"""Optimization: the heavy ball, with the learning rate inside its velocity."""

import torch
from jaxtyping import Float
from torch import Tensor


def momentum_step(
    theta: Float[Tensor, "*dims"],
    velocity: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    lr: float,
    momentum: float,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and the velocity after one step of SGD with momentum, in the notes' form.

        velocity' = momentum * velocity + lr * grad
        theta'    = theta - velocity'

    The learning rate is inside the velocity: a step that was taken at a rate of old goes on at that
    rate. (torch.optim.SGD keeps the rate outside.) Before the first step the velocity is 0. Both
    results have the dtype of `theta`.

    Raises:
        ValueError: naming `lr` and its value, if it is negative;
            naming `momentum` and its value, unless 0 <= momentum < 1;
            naming `velocity` or `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: interview notes, momentum SGD; D2L notes, gradient descent; exam notes, question 35.

    >>> theta, velocity, grad = torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([2.0])
    >>> momentum_step(theta, velocity, grad, lr=0.25, momentum=0.5)
    (tensor([0.2500]), tensor([0.7500]))
    """
    raise NotImplementedError
