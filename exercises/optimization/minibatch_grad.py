"""Optimization: the gradient of a few rows, in place of all."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def minibatch_grad(
    features: Float[Tensor, "n d"],
    targets: Float[Tensor, " n"],
    weights: Float[Tensor, " d"],
    rows: Int64[Tensor, " m"],
) -> Float[Tensor, " d"]:
    """The gradient, by the weights, of a linear model's loss over the rows of a mini-batch.

        loss = 1 / (2 m) * sum over i in rows of (features_i . weights - targets_i)^2

    It is the mean over the m drawn rows, and the half is in the loss. A row that was drawn twice, as
    happens with replacement, counts twice. The result has the dtype of `weights`, and gradients
    flow back through it to all three tensors.

    Raises:
        ValueError: naming `rows` and its shape, if it has none; its dtype, if that isn't int64;
            one of its values, if there is no such row (-1 is none);
            naming `targets` and its shape, if it hasn't one number for each row of `features`;
            naming `features` and its dtype, if its entries aren't floating point numbers.

    Not allowed: autograd.

    Notes: D2L notes, gradient descent; PyTorch basics, linear regression; exam notes, SGD.

    >>> features, targets = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 4.0]]), torch.zeros(3)
    >>> minibatch_grad(features, targets, torch.tensor([1.0, 1.0]), torch.tensor([2, 0]))
    tensor([ 1.5000, 11.0000])
    """
    raise NotImplementedError
