"""Losses: what one step of training a linear classifier needs."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def softmax_regression_grad(
    x: Float[Tensor, "n d"],
    targets: Int64[Tensor, " n"],
    weight: Float[Tensor, "k d"],
    bias: Float[Tensor, " k"],
) -> tuple[Float[Tensor, "k d"], Float[Tensor, " k"]]:
    """Gradients of the mean cross-entropy of a linear classifier: by weight, and by bias.

        L = -(1/n) sum_i log softmax(weight x_i + bias)_{t_i}

    Weights are laid out as in torch's Linear: a row a class. The results have the dtype of `x`, and
    are finite for logits from -1e4 to 1e4. n is at least 1.

    Raises:
        ValueError: naming `targets` and one that is no class from 0 to k - 1, or their shape if it
            is not [n]; naming `weight` and its shape, if its rows don't have d entries.

    Not allowed: automatic differentiation, torch's cross_entropy. Its softmax is allowed.

    Notes: interview notes, derivative of the cross-entropy.

    >>> x, weight = torch.tensor([[1.0, 2.0, 4.0]]), torch.zeros(2, 3)
    >>> softmax_regression_grad(x, torch.tensor([1]), weight, torch.zeros(2))[0]
    tensor([[ 0.5000,  1.0000,  2.0000],
            [-0.5000, -1.0000, -2.0000]])
    """
    (n, d), k = x.shape, len(weight)
    if weight.shape != (k, d):
        raise ValueError(f"weight has shape {list(weight.shape)}, but x has {d} features")
    if targets.shape != (n,):
        raise ValueError(f"targets has shape {list(targets.shape)}, but x has {n} rows")
    outside = targets[(targets < 0) | (targets >= k)]
    if outside.numel():
        raise ValueError(f"targets has the entry {outside[0].item()}, but there are {k} classes")
    delta = torch.softmax(x @ weight.mT + bias, -1)
    delta[torch.arange(n, device=x.device), targets] -= 1
    # All classes share the input x_i: the gradient is a sum of outer products delta_i x_i^T.
    return delta.mT @ x / n, delta.mean(0)
