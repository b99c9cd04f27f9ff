"""Regularization: a loss, and a price for the size of the weights."""

import math

from jaxtyping import Float
from torch import Tensor


def regularized_loss(
    loss: Float[Tensor, ""], *weights: Float[Tensor, "..."], lam: float, kind: str = "l2"
) -> Float[Tensor, ""]:
    """The loss plus `lam` times the size of the weights, of all their tensors together.

        "l2": half the sum of the squares    "l1": the sum of the absolute values
        "l0": how many aren't 0

    Biases are usually not penalised: they are not given. Gradients flow back to the loss and to the
    weights: lam * w for "l2", lam * sign(w) for "l1" (0 where w is 0), none for "l0". The result
    has the dtype of `loss`; without weights it is the loss.

    Raises:
        ValueError: naming `lam` and its value, if it is negative, infinite or nan; naming `kind`
            and its value, if it is none of the three.

    Notes: D2L notes, model selection; PyTorch basics, weight decay; interview questions, norms.

    >>> import torch
    >>> weights, more = torch.tensor([3.0, -4.0]), torch.tensor([[0.0], [2.0]])
    >>> regularized_loss(torch.tensor(1.0), weights, more, lam=0.5)
    tensor(8.2500)
    """
    if not 0 <= lam < math.inf:
        raise ValueError(f"lam is {lam}, but must be 0 or more, and finite")
    sizes = {
        # Half of the squares: then the slope is lam * w, which is what weight_decay adds in torch.
        "l2": lambda w: w.square().sum() / 2,
        "l1": lambda w: w.abs().sum(),
        "l0": lambda w: w.ne(0).to(loss.dtype).sum(),
    }
    if kind not in sizes:
        raise ValueError(f"kind is {kind!r}, but must be one of {list(sizes)}")
    return (loss + lam * sum(sizes[kind](w) for w in weights)).to(loss.dtype)
