"""Activations: all partial derivatives of softmax, by hand."""

import torch
from jaxtyping import Float
from torch import Tensor


def softmax_jacobian(logits: Float[Tensor, " k"]) -> Float[Tensor, "k k"]:
    """Matrix of the partial derivatives of softmax at one vector of logits.

        J_ij = d softmax(z)_i / d z_j

    The result has the dtype of `logits`, and gradients flow back through it. Its entries are off by
    no more than rounding of numbers of size 1, for logits as large as 1e4 and as small as -1e4.

    Raises:
        ValueError: naming `logits` and its shape, if it is not a vector, or its dtype, if they are not
            floating point numbers.

    Not allowed: automatic differentiation (the softmax itself you may take from torch).

    Notes: interview notes, cross-entropy; interview questions, derivative of softmax.

    >>> softmax_jacobian(torch.tensor([0.0, 0.0]))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """
    if logits.dim() != 1:
        raise ValueError(f"logits has shape {list(logits.shape)}, but must be a vector")
    if not logits.is_floating_point():
        raise ValueError(f"logits has dtype {logits.dtype}, but must be floating point")
    p = logits.softmax(0)
    # Every probability shares its denominator with the others: no entry off the diagonal is 0.
    return p.diag() - p[:, None] * p
