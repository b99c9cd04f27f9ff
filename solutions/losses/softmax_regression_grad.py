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

    Weights are laid out as in torch's Linear: a row a class. `x`, `weight` and `bias` have one
    floating point dtype, and so have the results; they are finite for logits from -1e4 to 1e4. n is
    at least 1.

    Raises:
        ValueError: naming `x` and its shape, if it is not [n, d]; naming `targets` and one that is
            no class from 0 to k - 1, their shape, if it is not [n], or their dtype, if it is not
            int64; naming `weight` and its shape, if its rows don't have d entries; naming `bias`
            and its shape, if it is not [k]; naming `weight` or `bias` and its dtype, if it is not
            that of `x`.

    Not allowed: automatic differentiation, torch's cross_entropy. Its softmax is allowed.

    Notes: interview notes, derivative of the cross-entropy.

    >>> x, weight = torch.tensor([[1.0, 2.0, 4.0]]), torch.zeros(2, 3)
    >>> softmax_regression_grad(x, torch.tensor([1]), weight, torch.zeros(2))[0]
    tensor([[ 0.5000,  1.0000,  2.0000],
            [-0.5000, -1.0000, -2.0000]])
    """
    _check(x, targets, weight, bias)
    n = len(x)
    delta = torch.softmax(x @ weight.mT + bias, -1)
    delta[torch.arange(n, device=x.device), targets] -= 1
    # All classes share the input x_i: the gradient is a sum of outer products delta_i x_i^T.
    return delta.mT @ x / n, delta.mean(0)


def _check(x: Tensor, targets: Tensor, weight: Tensor, bias: Tensor) -> None:
    if x.dim() != 2:
        raise ValueError(f"x has shape {list(x.shape)}, but must be [n, d]")
    if weight.dim() != 2 or weight.shape[1] != x.shape[1]:
        raise ValueError(f"weight has shape {list(weight.shape)}, but x has {x.shape[1]} features")
    k = len(weight)
    if bias.shape != (k,):
        raise ValueError(f"bias has shape {list(bias.shape)}, but there are {k} classes")
    for name, given in (("weight", weight), ("bias", bias)):
        if given.dtype != x.dtype:
            raise ValueError(f"{name} has dtype {given.dtype}, but x has {x.dtype}")
    if targets.shape != (len(x),) or targets.dtype != torch.int64:
        raise ValueError(f"targets has shape {list(targets.shape)} and dtype {targets.dtype}")
    outside = targets[(targets < 0) | (targets >= k)]
    if outside.numel():
        raise ValueError(f"targets has the entry {outside[0].item()}, but there are {k} classes")
