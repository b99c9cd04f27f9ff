"""Losses: does torch's label smoothing train on the notes' soft labels?"""

import torch
from jaxtyping import Float
from torch import Tensor


def label_smoothing_differs(k: int) -> tuple[Float[Tensor, " k"], int, float]:
    """An input for which torch's label smoothing is not the loss with the notes' soft labels.

    Returns (logits, target, eps): k finite logits of at most 100 in size, a class, and an eps
    in [0, 1]. The soft labels give the target 1 - eps and each of the k - 1 other classes an equal
    part of eps; `torch.nn.CrossEntropyLoss(label_smoothing=eps)` is said to implement exactly that.
    The two losses must differ by 0.5 nats or more. It is asked for k from 2 to 10.

    Notes: D2L notes, soft labels.
    """
    raise NotImplementedError
