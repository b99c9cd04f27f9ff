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
    raise NotImplementedError
