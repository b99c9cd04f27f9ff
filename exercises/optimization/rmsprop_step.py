"""Optimization: AdaGrad that forgets."""

import torch
from jaxtyping import Float
from torch import Tensor


def rmsprop_step(
    theta: Float[Tensor, "*dims"],
    s: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    lr: float,
    rho: float = 0.99,
    eps: float = 1e-8,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and the mean squares after one step of RMSProp.

        s'     = rho * s + (1 - rho) * grad^2
        theta' = theta - lr * grad / (sqrt(s') + eps)

    All entry by entry, with eps outside the root (as in torch; the book has it inside). Before the
    first step s is 0, which is not corrected: the first step is lr / sqrt(1 - rho) long. Both
    results have the dtype of `theta`.

    Raises:
        ValueError: naming `rho` and its value, unless 0 <= rho < 1;
            naming `eps` and its value, unless it is positive;
            naming `s` or `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: D2L notes, gradient descent; exam notes, question 37.

    >>> theta, s, grad = torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0]), torch.tensor([7.0, 4.0])
    >>> rmsprop_step(theta, s, grad, lr=0.5, rho=0.5)
    (tensor([0.3000, 0.2929]), tensor([25.,  8.]))
    """
    raise NotImplementedError
