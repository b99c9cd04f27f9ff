"""Optimization: Adam with weight decay beside it."""

import torch
from jaxtyping import Float
from torch import Tensor


def adam_w_step(
    theta: Float[Tensor, "*dims"],
    m: Float[Tensor, "*dims"],
    v: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> tuple[Float[Tensor, "*dims"], Float[Tensor, "*dims"], Float[Tensor, "*dims"]]:
    """The parameters and both moments (in this order: theta, m, v) after step t of AdamW.

        m'     = beta1 * m + (1 - beta1) * grad
        v'     = beta2 * v + (1 - beta2) * grad^2
        theta' = theta - lr * weight_decay * theta - lr * mhat / (sqrt(vhat) + eps)
            where mhat = m' / (1 - beta1^t), vhat = v' / (1 - beta2^t)

    The decay is decoupled: the moments don't know of it, and nothing is clamped. The steps are
    counted from t = 1, before which m and v are 0. The three results have the dtype of `theta`.

    Raises:
        ValueError: naming `t` and its value, if it is less than 1;
            naming `weight_decay` and its value, if it is negative;
            naming `beta1` or `beta2` and its value, unless it is in [0, 1);
            naming `m`, `v` or `grad` and its shape, if that isn't the shape of `theta`.

    Not allowed: torch.optim.

    Notes: interview notes, weight decay and Adam.

    >>> theta, none, grad = torch.tensor([1.0]), torch.zeros(1), torch.tensor([10.0])
    >>> adam_w_step(theta, none, none, grad, t=1, lr=0.1, weight_decay=0.1)[0]
    tensor([0.8900])
    """
    raise NotImplementedError
