"""Optimization: a learning rate for each parameter, from the squares of all its gradients."""

import torch
from jaxtyping import Float
from torch import Tensor


def adagrad_step(
    theta: Float[Tensor, "*dims"],
    s: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    lr: float,
    eps: float = 1e-10,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and the sums of squares after one step of AdaGrad.

        s'     = s + grad^2
        theta' = theta - lr * grad / (sqrt(s') + eps)

    All entry by entry, with eps outside the root. Before the first step s is 0; a parameter whose
    gradients were all 0 stays where it is. Both results have the dtype of `theta`.

    Raises:
        ValueError: naming `lr` and its value, if it is negative;
            naming `eps` and its value, unless it is positive;
            naming `s` or `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: D2L notes, gradient descent; exam notes, question 37.

    >>> theta, s, grad = torch.tensor([1.0, 1.0]), torch.tensor([9.0, 0.0]), torch.tensor([4.0, 4.0])
    >>> adagrad_step(theta, s, grad, lr=0.5)
    (tensor([0.6000, 0.5000]), tensor([25., 16.]))
    """
    raise NotImplementedError
