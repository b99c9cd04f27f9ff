"""Activations: softmax regression with two classes is logistic regression."""

import torch
from jaxtyping import Float
from torch import Tensor


def two_class_softmax(logits: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch"]:
    """Probability of the first of two classes, by way of one number a row and not of two.

        p = exp(o_1) / (exp(o_1) + exp(o_2)),   o_1 = logits[..., 0], o_2 = logits[..., 1]

    The result has the dtype of `logits`, and gradients flow back through it. Values and gradients
    are finite and exact to rounding, small probabilities too, for logits as large as 1e4 and as
    small as -1e4.

    Raises:
        ValueError: naming `logits` and its shape, if its last dimension is not of size 2.

    Not allowed: torch's softmax, log_softmax, logsumexp, logaddexp, logcumsumexp (its sigmoid is
    allowed).

    Notes: D2L supplements, softmax regression, exercise 2.

    >>> two_class_softmax(torch.tensor([[3.0, 3.0], [1000.0, 0.0]]))
    tensor([0.5000, 1.0000])
    """
    raise NotImplementedError
