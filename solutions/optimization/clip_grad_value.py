"""Optimization: gradients whose entries are cut off one by one."""

import torch
from jaxtyping import Float
from torch import Tensor


def clip_grad_value(grad: Float[Tensor, "*dims"], limit: float) -> Float[Tensor, "*dims"]:
    """The gradient with each entry cut off at `limit` above and at -`limit` below.

    Entries in between stay as they are, bit for bit. An infinite entry becomes `limit` or -`limit`,
    nan stays nan. Unlike clipping by the norm this bends the gradient's direction: the result is
    the point nearest to `grad` in the cube of half-width `limit`. It has the dtype of `grad`;
    gradients flow back with factor 1 where |grad| < limit, and 0 where |grad| > limit.

    Raises:
        ValueError: naming `limit` and its value, if it is negative or nan; naming `grad` and its
            dtype, if its entries aren't floating point numbers.

    Not allowed: torch's clip_grad_value_, clamp, clip and hardtanh.

    Notes: PyTorch basics, numerical stability; exam notes, question 20.

    >>> clip_grad_value(torch.tensor([3.0, 0.5, -2.0]), limit=1.0)
    tensor([ 1.0000,  0.5000, -1.0000])
    """
    if not limit >= 0:
        raise ValueError(f"limit is {limit}, but can't be negative or nan")
    if not grad.is_floating_point():
        raise ValueError(f"grad has dtype {grad.dtype}, but must be floating point")
    # Each entry for itself: the large ones lose, the small ones don't, so the direction changes.
    return torch.where(grad.abs() > limit, limit * grad.sign(), grad)
