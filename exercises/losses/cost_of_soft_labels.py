"""Losses: is the cross-entropy 0 when the outputs are right?"""

import torch
from jaxtyping import Float
from torch import Tensor


def cost_of_soft_labels(k: int, cost: float) -> tuple[Float[Tensor, " k"], Float[Tensor, " k"]]:
    """Outputs that are exactly right and still cost much: "it tends to 0 when right" is refuted.

    Returns (logits, labels), float tensors of k entries: the labels are a distribution (not
    negative, sum 1), softmax(logits) equals them to 1e-5, the logits are finite, and the
    cross-entropy -sum_c y_c log softmax(logits)_c is at least `cost` nats. It is asked for k of at
    least 2 and for `cost` between 0 and 0.99 log k.

    Notes: model evaluation notes, loss functions.
    """
    raise NotImplementedError
