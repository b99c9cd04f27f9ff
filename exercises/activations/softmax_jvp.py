"""Activations: how softmax changes in one direction, without its Jacobian matrix."""

import torch
from jaxtyping import Float
from torch import Tensor


def softmax_jvp(
    logits: Float[Tensor, "*dims"], v: Float[Tensor, "*dims"], dim: int = -1
) -> Float[Tensor, "*dims"]:
    """Product of the Jacobian matrix of softmax with `v`, for each slice along one dimension.

        sum_j d softmax(z)_i / d z_j * v_j,   i and j along `dim`

    The Jacobian matrix is symmetric: this is also what flows back through a softmax when `v` comes
    in from above. The result has the dtype of `logits`, and gradients flow back through it
    to `logits` and to `v`. Its entries are off by no more than rounding of numbers of the size of
    `v`, for logits as large as 1e4 and as small as -1e4. A slice may have millions of entries: time
    and memory grow as their number, not as its square.

    Raises:
        ValueError: naming `logits` and its dtype, if they are not floating point numbers; naming
            `v` and its shape, if it has not the shape of `logits`; naming `dim` and its value, if
            `logits` has no such dimension.

    Not allowed: automatic differentiation, forward or backward, and torch's own backward
    operation of softmax (the softmax itself you may take from torch).

    Notes: interview questions, derivative of softmax.

    >>> softmax_jvp(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]))
    tensor([ 0.2500, -0.2500])
    """
    raise NotImplementedError
