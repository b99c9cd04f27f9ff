"""Optimization: a batch that is too large for the memory, in parts."""

import torch
from jaxtyping import Float
from torch import Tensor


def accumulate_gradients(
    grads: list[Float[Tensor, "*dims"]], sizes: list[int]
) -> Float[Tensor, "*dims"]:
    """The gradient of the mean loss over a whole batch, from the gradients of its parts.

    `grads` has, for each part, the gradient of the mean loss over that part's rows, and `sizes` the
    number of its rows, which may differ. Part and whole are means over rows, each of which counts
    the same. The result has the dtype of the gradients.

    Raises:
        ValueError: naming `grads` and its length, if there are none; the dtype of one, if that isn't
            floating point; the shape of one, if that isn't the first one's;
            naming `sizes` and its length, if that isn't the number of gradients, or one of its
            values, if that is below 1.

    Notes: PyTorch basics, linear regression; exam notes, notebook cells, class Network.

    >>> accumulate_gradients([torch.tensor([1.0, 2.0]), torch.tensor([5.0, -2.0])], sizes=[3, 1])
    tensor([2., 1.])
    """
    raise NotImplementedError
