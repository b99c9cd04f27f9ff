"""Optimization: SGD with momentum as torch has it, with the learning rate outside the velocity."""

import torch
from jaxtyping import Float
from torch import Tensor


def momentum_step_torch(
    theta: Float[Tensor, "*dims"],
    velocity: Float[Tensor, "*dims"] | None,
    grad: Float[Tensor, "*dims"],
    lr: float,
    momentum: float,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and the velocity after one step of torch.optim.SGD with momentum.

        g         = grad + weight_decay * theta
        velocity' = momentum * velocity + (1 - dampening) * g
        theta'    = theta - lr * velocity'                       or, if `nesterov`,
        theta'    = theta - lr * (g + momentum * velocity')

    Before the first step `velocity` is None; the first velocity is g itself, not dampened. Unlike
    the notes' form, a new learning rate rescales the whole velocity. Both results have the
    dtype of `theta`; the velocity shares no memory with an argument.

    Raises:
        ValueError: naming `momentum` and its value, unless 0 <= momentum < 1; naming `dampening`
            and its value, if `nesterov` comes with a dampening that isn't 0; naming `velocity` or
            `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: interview notes, momentum SGD and weight decay; exam notes, question 35.

    >>> theta, velocity, grad = torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([2.0])
    >>> momentum_step_torch(theta, velocity, grad, lr=0.25, momentum=0.5)
    (tensor([0.4375]), tensor([2.2500]))
    """
    raise NotImplementedError
