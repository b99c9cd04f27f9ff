"""Activations: the logarithms of probabilities, without taking the logarithm of 0."""

import torch
from jaxtyping import Float
from torch import Tensor


def log_softmax(logits: Float[Tensor, "*dims"], dim: int = -1) -> Float[Tensor, "*dims"]:
    """Logarithms of the softmax probabilities of the logits, along one dimension.

        log_softmax(z)_j = log(exp(z_j) / sum_k exp(z_k)),   the sum along `dim`

    The result has the shape and the dtype of `logits`, and gradients flow back through it. It is
    finite and exact to rounding for logits as large as 1e4 and as small as -1e4, also where the
    probability itself is too small for the dtype. A logit of -inf gives -inf and leaves the others
    as if it weren't there, unless all along `dim` are -inf: then they are nan.

    Raises:
        ValueError: naming `logits` and its dtype, if they are not floating point numbers, or its
            shape, if it has no entries along `dim`; naming `dim` and its value, if `logits` has no
            such dimension.

    Not allowed: torch's softmax, log_softmax, logsumexp, logaddexp, logcumsumexp, cross_entropy,
    nll_loss.

    Notes: interview questions, overflow and underflow (question 7).

    >>> log_softmax(torch.tensor([[0.0, 0.0], [0.0, -200.0]]))
    tensor([[  -0.6931,   -0.6931],
            [   0.0000, -200.0000]])
    """
    if not logits.is_floating_point():
        raise ValueError(f"logits has dtype {logits.dtype}, but must be floating point")
    if not -logits.dim() <= dim < logits.dim():
        raise ValueError(f"dim is {dim}, but logits has {logits.dim()} dimensions")
    if not logits.shape[dim]:
        raise ValueError(f"logits has shape {list(logits.shape)}, and no entry along dim {dim}")
    shifted = logits - logits.amax(dim, keepdim=True)
    # The logarithm is taken of a sum that is at least 1, never of a single probability.
    return shifted - shifted.exp().sum(dim, keepdim=True).log()
