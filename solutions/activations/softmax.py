"""Activations: scores become a probability distribution."""

import torch
from jaxtyping import Float
from torch import Tensor


def softmax(logits: Float[Tensor, "*dims"], dim: int = -1) -> Float[Tensor, "*dims"]:
    """Probabilities proportional to the exponentials of the logits, along one dimension.

        softmax(z)_j = exp(z_j) / sum_k exp(z_k),   the sum along `dim`

    The result has the shape and the dtype of `logits`, and gradients flow back through it. It is
    finite and exact to rounding, small probabilities too, for logits as large as 1e4 and as small
    as -1e4; a logit of -inf gets probability 0, unless all along `dim` are -inf: then they are nan.

    Raises:
        ValueError: naming `logits` and its dtype, if they are not floating point numbers, or its
            shape, if it has no entries along `dim`; naming `dim` and its value, if `logits` has no
            such dimension.

    Not allowed: torch's softmax, softmin, log_softmax, logsumexp, logaddexp, logcumsumexp.

    Notes: interview notes, activation functions; D2L notes, softmax regression.

    >>> softmax(torch.tensor([[0.0, 0.0], [1e4, 0.0]]))
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]])
    """
    if not logits.is_floating_point():
        raise ValueError(f"logits has dtype {logits.dtype}, but must be floating point")
    if not -logits.dim() <= dim < logits.dim():
        raise ValueError(f"dim is {dim}, but logits has {logits.dim()} dimensions")
    if not logits.shape[dim]:
        raise ValueError(f"logits has shape {list(logits.shape)}, and no entry along dim {dim}")
    # A common factor of numerator and denominator cancels: exp(-max) makes every exponent <= 0.
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True)
