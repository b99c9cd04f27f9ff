"""Numerics: all gradients of a step scaled together to one length."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def normalize_gradients(
    grads: list[Float[Tensor, "..."]], length: float = 1.0
) -> list[Float[Tensor, "..."]]:
    """Gradients of the same direction whose norm, over the entries of all of them, is `length`.

    They are scaled by one factor: the ratios between the layers stay as they are. Gradients that
    are all 0 have no direction, and stay 0. Each result has the shape and the dtype of its
    gradient; they need not share one. They are right for entries as large as 1e30 and as small as
    1e-30.

    Raises:
        ValueError: naming `length` and its value, if it is not a finite number above 0; naming
            `grads` and the value, if an entry is infinite or nan.

    Not allowed: torch's clip_grad_norm_, get_total_norm and normalize.

    Notes: PyTorch basics, numerical stability, tricks.

    >>> normalize_gradients([torch.tensor([3.0, 0.0]), torch.tensor([[-4.0]])], length=10.0)
    [tensor([6., 0.]), tensor([[-8.]])]
    """
    if not 0 < length < math.inf:
        raise ValueError(f"length is {length}, but must be finite and above 0")
    entries = torch.cat([g.double().flatten() for g in grads]) if grads else torch.zeros(0)
    if not entries.isfinite().all():
        raise ValueError(f"grads has the entry {entries[~entries.isfinite()][0].item()}")
    if not entries.any():
        return [g.clone() for g in grads]
    top = entries.abs().amax()
    # Squares of the entries themselves could overflow, or vanish: the largest becomes 1 first.
    factor = length / (entries / top).norm()
    return [(g.double() / top * factor).to(g.dtype) for g in grads]
