"""Optimization: Rosenblatt's rule, which ends where a line can part the classes."""

import torch
from jaxtyping import Float
from torch import Tensor


def perceptron_fit(
    X: Float[Tensor, "n d"], y: Float[Tensor, " n"], max_epochs: int
) -> tuple[Float[Tensor, " d"], float, int, bool]:
    """The weights and the bias of a perceptron, the updates they took, and whether it is done.

    It starts with w = 0 and b = 0, and goes through the rows in their order again and again. At
    each row with y_i (w . x_i + b) <= 0 it updates at once:

        w = w + y_i x_i,   b = b + y_i

    It is done after an epoch without an update, and gives up after `max_epochs` epochs. The labels
    are -1 and +1. The weights have the dtype of `X`.

    Raises:
        ValueError: naming `y`, if a label is neither -1 nor +1, or if it hasn't one for each row;
            naming `X` and its shape, if it isn't a matrix, or its dtype, if that isn't floating
            point; naming `max_epochs` and its value, if it is negative.

    Notes: PyTorch basics, perceptron.

    >>> perceptron_fit(torch.tensor([[2.0], [1.0]]), torch.tensor([1.0, -1.0]), max_epochs=20)
    (tensor([2.]), -3.0, 13, True)
    """
    raise NotImplementedError
