"""Activations: the real softmax, a smooth maximum."""

import torch
from jaxtyping import Float
from torch import Tensor


def log_sum_exp(x: Float[Tensor, "*dims"], dim: int = -1) -> Float[Tensor, "*rest"]:
    """Logarithm of the sum of the exponentials along one dimension: the RealSoftMax of its entries.

        RealSoftMax(x) = log sum_i exp(x_i),   the sum along `dim`, which the result lacks

    The result has the dtype of `x`, and gradients flow back through it. It is finite and exact to
    rounding for entries as large as 1e4 and as small as -1e4. An entry of -inf adds nothing; the
    result is -inf where there is no other entry, or none at all (`dim` of size 0); inf where an
    entry is inf; nan where an entry is nan. Gradients are asked for where some entry is finite
    and none is inf or nan.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers;
            naming `dim` and its value, if `x` has no such dimension.

    Not allowed: torch's softmax, log_softmax, logsumexp, logaddexp, logcumsumexp, softplus.

    Notes: D2L supplements, softmax regression, exercise 5.

    >>> log_sum_exp(torch.tensor([[0.0, 0.0], [1000.0, 1000.0]]))
    tensor([6.9315e-01, 1.0007e+03])
    """
    raise NotImplementedError
