"""Normalization: the gradients of layer normalization, by hand."""

import torch
from jaxtyping import Float
from torch import Tensor


def layer_norm_backward(
    x: Float[Tensor, "*tokens c"],
    weight: Float[Tensor, " c"],
    upstream: Float[Tensor, "*tokens c"],
    eps: float = 1e-5,
) -> tuple[Float[Tensor, "*tokens c"], Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Gradients of a loss with respect to x, weight and bias, given that with respect to y.

        y = weight * xhat + bias,    xhat = (x - mu) / sqrt(sigma^2 + eps)
            where mu = mean(x),  sigma^2 = mean((x - mu)^2),    over the last dimension

    `upstream` is dL/dy; the result is (dL/dx, dL/dweight, dL/dbias). The statistics of a token
    depend on its entries as well. The gradient with respect to `x` sums to 0 over the entries of
    each token. There may be any number of dimensions before the last. The dtype of `x` is kept, and
    the digits of a token far from 0 aren't lost.

    Raises:
        ValueError: naming `x` and its dtype, unless it is floating point, or its shape, if it has
            no dimension; naming `weight` or `upstream` and its shape, unless it is [c] or that of
            `x`; naming `eps` and its value, unless it is positive.

    Not allowed: automatic differentiation, torch's normalizations and their backward passes.

    Notes: interview notes, LN.

    >>> layer_norm_backward(torch.tensor([0.0, 3.0, 6.0]), torch.tensor([3.0, 3.0, 3.0]),
    ...                     torch.tensor([3.0, 0.0, 6.0]), eps=3.0)
    (tensor([ 1., -3.,  2.]), tensor([-3.,  0.,  6.]), tensor([3., 0., 6.]))
    """
    raise NotImplementedError
