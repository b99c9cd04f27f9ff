"""Optimization: Adam, one step at a time."""

import torch
from jaxtyping import Float
from torch import Tensor


def adam_step(
    theta: Float[Tensor, "*dims"],
    m: Float[Tensor, "*dims"],
    v: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and both moments (in this order: theta, m, v) after step t of Adam.

        m'     = beta1 * m + (1 - beta1) * grad
        v'     = beta2 * v + (1 - beta2) * grad^2
        theta' = theta - lr * mhat / (sqrt(vhat) + eps)
            where mhat = m' / (1 - beta1^t), vhat = v' / (1 - beta2^t)

    All entry by entry. The steps are counted from t = 1, before which m and v are 0. m' and v' come
    back as they are, without the bias correction. The three results have the dtype of `theta`.

    Raises:
        ValueError: naming `t` and its value, if it is less than 1;
            naming `beta1` or `beta2` and its value, unless it is in [0, 1);
            naming `m`, `v` or `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: interview notes, Adam; D2L notes, Adam; exam notes, question 37.

    >>> theta, none, grad = torch.tensor([1.0, 1.0]), torch.zeros(2), torch.tensor([2.0, -4.0])
    >>> adam_step(theta, none, none, grad, t=1, lr=0.1, beta1=0.5, beta2=0.75)
    (tensor([0.9000, 1.1000]), tensor([ 1., -2.]), tensor([1., 4.]))
    """
    raise NotImplementedError
