"""Optimization: how far the gradient of a mini-batch is from the whole one."""

import torch
from jaxtyping import Float
from torch import Tensor


def minibatch_grad_variance(
    grads: Float[Tensor, "n d"], batch_size: int, replace: bool = True
) -> Float[Tensor, ""]:
    """The expected squared distance between a random batch's mean gradient and that of all rows.

    `grads` has the gradient of each of the n examples: this is the whole training set, no sample of
    it. A batch has `batch_size` rows, each set of which is equally probable: drawn one by one with
    replacement if `replace`, else all different. The distance is Euclidean, over all d parameters.
    It is the exact expectation: nothing is drawn. The result has the dtype of `grads`, keeps its
    digits where all gradients have a large part in common, and gradients flow back through it.

    Raises:
        ValueError: naming `batch_size` and its value, if it is below 1, or above n without
            replacement; naming `grads` and its shape, if it has no rows, or its dtype, if its entries
            aren't floating point numbers.

    Notes: exam notes, batch normalisation, SGD and question 33; PyTorch basics, linear regression.

    >>> grads = torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0]])
    >>> minibatch_grad_variance(grads, 2), minibatch_grad_variance(grads, 2, replace=False)
    (tensor(1.3333), tensor(0.6667))
    """
    raise NotImplementedError
