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
    n = len(grads)
    if not n or not grads.is_floating_point():
        raise ValueError(f"grads has shape {list(grads.shape)} and dtype {grads.dtype}")
    if batch_size < 1 or (batch_size > n and not replace):
        raise ValueError(f"batch_size is {batch_size}, of {n} rows, replace={replace}")
    variance = (grads - grads.mean(0)).square().sum() / n
    # Rows that can't come twice make up for each other: of all n of them, no error is left.
    correction = 1.0 if replace else (n - batch_size) / max(n - 1, 1)
    return variance / batch_size * correction
