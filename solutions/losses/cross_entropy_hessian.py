"""Losses: the curvature of the softmax cross-entropy."""

import torch
from jaxtyping import Float
from torch import Tensor


def cross_entropy_hessian(
    logits: Float[Tensor, " k"], labels: Float[Tensor, " k"]
) -> Float[Tensor, "k k"]:
    """Second derivatives of the softmax cross-entropy with respect to the logits.

        H_ab = d^2 L / dz_a dz_b,   L = -sum_c y_c log softmax(z)_c

    The labels are any weights; they need not sum to 1. They have the dtype of `logits`, and so has
    the result; it is finite for logits from -1e4 to 1e4.

    Raises:
        ValueError: naming `logits` and their shape, if it is not [k], or their dtype, if they are
            not floating point numbers; naming `labels` and their shape, if it is not that of
            `logits`.

    Not allowed: automatic differentiation, torch's cross_entropy. Its softmax is allowed.

    Notes: D2L notes, softmax regression, exercise 3 (left blank there). What does H have to do
    with the variance of the distribution softmax(z)?

    >>> cross_entropy_hessian(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """
    if logits.dim() != 1 or not logits.is_floating_point():
        raise ValueError(f"logits has shape {list(logits.shape)} and dtype {logits.dtype}")
    if labels.shape != logits.shape:
        shapes = f"{list(labels.shape)}, but logits has {list(logits.shape)}"
        raise ValueError(f"labels has shape {shapes}")
    p = torch.softmax(logits, -1)
    # The covariance matrix of a one-hot draw from p: E[e e^T] - E[e] E[e]^T.
    return labels.sum() * (p.diag() - torch.outer(p, p))
