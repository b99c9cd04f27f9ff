"""Optimization: gradient descent that lets the parameters decay."""

import torch
from jaxtyping import Float
from torch import Tensor


def sgd_weight_decay_step(
    theta: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    lr: float,
    weight_decay: float = 0.0,
) -> Float[Tensor, "*dims"]:
    """The parameters after one step of gradient descent with weight decay.

        theta - lr * grad - lr * weight_decay * theta

    `grad` is the gradient of the loss alone, taken at `theta`. The result has the dtype of `theta`.
    Nothing is clamped: where lr * weight_decay is more than 1, a parameter changes its sign.

    Raises:
        ValueError: naming `lr` or `weight_decay` and its value, if it is negative;
            naming `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: interview notes, weight decay.

    >>> theta, grad = torch.tensor([2.0, -4.0]), torch.tensor([1.0, 1.0])
    >>> sgd_weight_decay_step(theta, grad, lr=0.5, weight_decay=0.25)
    tensor([ 1.2500, -4.0000])
    """
    for name, value in (("lr", lr), ("weight_decay", weight_decay)):
        if value < 0:
            raise ValueError(f"{name} is {value}, but can't be negative")
    if grad.shape != theta.shape:
        raise ValueError(f"grad has shape {tuple(grad.shape)}, but theta {tuple(theta.shape)}")
    # Shrink first and step after: the same, as long as the gradient was taken before.
    return (1 - lr * weight_decay) * theta - lr * grad
