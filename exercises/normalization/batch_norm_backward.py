"""Normalization: the gradients of batch normalization, by hand."""

import torch
from jaxtyping import Float
from torch import Tensor


def batch_norm_backward(
    x: Float[Tensor, "n c"],
    gamma: Float[Tensor, " c"],
    upstream: Float[Tensor, "n c"],
    eps: float = 1e-5,
) -> tuple[Float[Tensor, "n c"], Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Gradients of a loss with respect to x, gamma and beta, given that with respect to y.

        y = gamma * xhat + beta,    xhat = (x - mu) / sqrt(sigma^2 + eps)
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),    over the n samples

    `upstream` is dL/dy; the result is (dL/dx, dL/dgamma, dL/dbeta). The statistics depend on `x` as
    well. The gradient with respect to `x` sums to 0 over the samples, and for a batch of two it
    goes to 0 with eps: two samples always become -1 and 1. The dtype of `x` is kept, and the digits
    of a feature far from 0 aren't lost.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, unless it
            is [n, c] with n of at least 2; naming `gamma` or `upstream` and its shape, unless it is
            [c] or [n, c]; naming `eps` and its value, unless it is positive.

    Not allowed: automatic differentiation, torch's normalizations and their backward passes.

    Notes: interview notes, BN; interview questions, BN.

    >>> batch_norm_backward(torch.tensor([[0.0], [3.0], [6.0]]), torch.tensor([9.0]),
    ...                     torch.tensor([[1.0], [0.0], [2.0]]), eps=3.0)[1:]
    (tensor([1.]), tensor([3.]))
    """
    raise NotImplementedError
