"""Normalization: a dense layer with batch normalization before its activation."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def bn_layer_forward(
    W: Float[Tensor, "n p"],
    A_prev: Float[Tensor, "p m"],
    b: Float[Tensor, " n"],
    gamma: Float[Tensor, " n"],
    beta: Float[Tensor, " n"],
    g: Callable[[Tensor], Tensor],
    eps: float = 1e-5,
) -> Float[Tensor, "n m"]:
    """The layer's activations A for m samples, each a column, as in training.

        Z      = W A_prev + b
        mu     = 1/m sum_i Z^(i),    sigma^2 = 1/m sum_i (Z^(i) - mu)^2
        Ztilde = gamma * (Z - mu) / sqrt(sigma^2 + eps) + beta
        A      = g(Ztilde)

    A unit is a row: it has one entry of b, mu, sigma^2, gamma and beta. `g` acts on each entry by
    itself. With a single sample all that is left is g(beta). Gradients flow back to all tensors;
    that of b is 0.

    Raises:
        ValueError: naming `A_prev` and its shape, unless it is [p, m] for the [n, p] of `W` with m
            of at least 1; naming `b`, `gamma` or `beta` and its shape, unless it is [n]; naming
            `eps` and its value, unless it is positive.

    Not allowed: torch's batch, layer, group and instance normalization.

    Notes: interview notes, BN, the principle.

    >>> one = torch.ones(1)
    >>> bn_layer_forward(torch.tensor([[2.0]]), torch.tensor([[1.0, 5.0]]), one, 5 * one, one,
    ...                  torch.relu, eps=9.0)
    tensor([[0., 5.]])
    """
    raise NotImplementedError
