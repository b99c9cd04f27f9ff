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
    if not x.is_floating_point():
        raise ValueError(f"x has dtype {x.dtype}, but must be floating point")
    if x.dim() != 2 or len(x) < 2:
        raise ValueError(f"x has shape {list(x.shape)}, but must be [n, c] with n at least 2")
    for name, given, shape in (("gamma", gamma, x.shape[1:]), ("upstream", upstream, x.shape)):
        if given.shape != shape:
            raise ValueError(f"{name} has shape {list(given.shape)}, but must be {list(shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}, but must be positive")
    deviations = x - x.mean(0)
    root = (deviations.square().mean(0) + eps).sqrt()
    xhat = deviations / root
    dgamma, dbeta = (upstream * xhat).sum(0), upstream.sum(0)
    # What mu and sigma^2 hand back is taken off: the parts of upstream along 1 and along xhat.
    return gamma / root * (upstream - (dbeta + xhat * dgamma) / len(x)), dgamma, dbeta
