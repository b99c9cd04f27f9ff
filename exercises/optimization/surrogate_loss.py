"""Optimization: losses with a slope, in place of the one that counts mistakes."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def surrogate_loss(
    scores: Float[Tensor, " n"], labels: Float[Tensor, " n"], kind: str
) -> Float[Tensor, ""]:
    """The mean loss of a classifier's scores, by their margins m_i = labels_i * scores_i.

        "zero_one"   1 if m <= 0, else 0
        "hinge"      max(0, 1 - m)
        "logistic"   log2(1 + exp(-m))

    The labels are -1 and +1. The other two are nowhere below the first; they are convex, and have a
    slope where it has none. All stay finite and exact for margins of 1e4 in size. The result has
    the dtype of `scores`; for hinge and logistic, gradients flow back to the scores. At the hinge's
    kink no test asks for a slope.

    Raises:
        ValueError: naming `kind` and its value, if it is none of these; naming `scores` and its
            shape, if it isn't a vector with entries; naming `labels`, if a label is neither -1 nor
            +1, or if it hasn't one for each score.

    Not allowed: torch's own losses, softplus and logsigmoid.

    Notes: exam notes, question 17.

    >>> surrogate_loss(torch.tensor([2.0, -0.5]), torch.tensor([1.0, 1.0]), "hinge")
    tensor(0.7500)
    """
    raise NotImplementedError
