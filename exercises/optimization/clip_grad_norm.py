"""Optimization: gradients that are too long are shortened, all together."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def clip_grad_norm(
    grads: list[Float[Tensor, "..."]], max_norm: float
) -> tuple[list[Float[Tensor, "..."]], float]:
    """The gradients, shortened so that their norm is at most `max_norm`, and the norm before.

        norm = sqrt(sum of the squares of all entries of all gradients)
        clipped = grads * max_norm / norm    if norm > max_norm,    else grads, bit for bit

    One norm for the whole model: the direction and the ratios between the layers stay. There is no
    small number in the denominator. Each gradient keeps its shape and its dtype; they need not
    share one. The norm is right for entries as large as 1e30 and as small as 1e-30, in every dtype.
    A `max_norm` of 0 leaves zeros, one of infinity only measures; the norm of no gradients is 0.

    Raises:
        ValueError: naming `max_norm` and its value, if it is negative or nan; naming `grads` and
            their norm, if that is infinite or nan, as clipping mends no such gradient; naming
            `grads` and the dtype, if one isn't of floating point numbers.

    Not allowed: torch's clip_grad_norm_, get_total_norm and renorm.

    Notes: D2L notes, recurrent networks; PyTorch basics, numerical stability; exam notes,
    question 20.

    >>> clip_grad_norm([torch.tensor([30.0, 0.0]), torch.tensor([[40.0]])], max_norm=5.0)
    ([tensor([3., 0.]), tensor([[4.]])], 50.0)
    """
    raise NotImplementedError
