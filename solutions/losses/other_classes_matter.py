"""Losses: does a class that isn't the target influence the loss?"""

import torch
from jaxtyping import Float
from torch import Tensor


def other_classes_matter(k: int) -> tuple[Float[Tensor, " k"], Float[Tensor, " k"], int]:
    """Two vectors of k logits and a target, which refute "other classes do not influence the loss".

    Returns (logits, changed, target). The logits are finite, the two vectors are equal at the
    target, and yet the cross-entropies of the target with softmax(logits) and softmax(changed)
    differ by 1 nat or more. k is at least 2.

    Notes: interview notes, derivative of the cross-entropy: the loss is -log of the target's
    probability, so the others' probabilities do not appear in it.
    """
    # The other logits sit in the denominator of the target's probability.
    return torch.zeros(k), k * torch.arange(0.0, k), 0
