"""Optimization: a step of mini-batch SGD for the sum of absolute errors."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def lad_sgd_step(
    w: Float[Tensor, " d"], X: Float[Tensor, "b d"], y: Float[Tensor, " b"], lr: float
) -> Float[Tensor, " d"]:
    """The weights after one step of SGD on the mean absolute error of a batch.

        w' = w - lr / b * sum_i s_i x_i,   s_i the slope of |e| at e = x_i . w - y_i

    Where an error is 0 its slope is taken as 0. The result has the dtype of `w`; gradients flow
    back to `w` and `X`.

    Raises:
        ValueError: naming `lr` and its value, if it is negative, infinite or nan; naming `w` and
            its shape, if it isn't a vector; naming `X` and its shape, if it has no rows, or not one
            column for each weight; naming `y` and its shape, if it hasn't one for each row.

    Not allowed: autograd, torch.optim.

    Notes: supplements to D2L, linear regression, exercise on Laplace noise.

    >>> X, y = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([5.0, -1.0])
    >>> lad_sgd_step(torch.tensor([0.0, 0.0]), X, y, lr=0.5)
    tensor([-0.5000,  0.5000])
    """
    raise NotImplementedError
