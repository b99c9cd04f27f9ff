"""Losses: the model that softmax cross-entropy belongs to."""

import torch
from jaxtyping import Float
from torch import Tensor


def softmax_regression(
    x: Float[Tensor, "n d"], weight: Float[Tensor, "d k"], bias: Float[Tensor, " k"]
) -> Float[Tensor, "n k"]:
    """Class probabilities that softmax regression predicts for each row of x.

        y_hat = softmax(x weight + bias),   over the k classes of each row

    Weights are laid out as in the notes: a column a class. Rows sum to 1. All arguments have one
    floating point dtype, and so has the result; it is finite for logits from -1e4 to 1e4, and
    gradients flow back to all arguments.

    Raises:
        ValueError: naming `x` and its shape, if it is not [n, d]; naming `weight` and its shape, if
            it doesn't have a row for each of the d features; naming `bias` and its shape, if it is
            not [k]; naming `weight` or `bias` and its dtype, if it is not that of `x`.

    Notes: PyTorch notes, softmax regression.

    >>> softmax_regression(torch.tensor([[1.0, 2.0]]), torch.zeros(2, 4), torch.zeros(4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    raise NotImplementedError
