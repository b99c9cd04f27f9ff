"""Losses: quadratic for small errors, linear for large ones."""

import torch
from jaxtyping import Float
from torch import Tensor


def huber(error: Float[Tensor, "*dims"], delta: float = 1.0) -> Float[Tensor, "*dims"]:
    """Huber's loss of each error, entry by entry; nothing is averaged.

        e^2 / 2                     where |e| <= delta
        delta (|e| - delta / 2)     where |e| > delta

    An infinite `delta` makes it half the squared error. The dtype of `error` is kept. Gradients
    flow back: e where |e| <= delta, else delta with the sign of e. Both are exact wherever twice the
    result is in the dtype's range, also where e^2 isn't.

    Raises:
        ValueError: naming `error` and its dtype, if it isn't floating point; naming `delta` and its
            value, if it isn't above 0 (nan isn't).

    Not allowed: torch's huber_loss and smooth_l1_loss.

    Notes: supplements to D2L, linear regression.

    >>> huber(torch.tensor([0.5, -3.0]))
    tensor([0.1250, 2.5000])
    """
    raise NotImplementedError
