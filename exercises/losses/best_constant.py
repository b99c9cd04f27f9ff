"""Losses: which single number predicts best, by mean squared and by mean absolute error."""

import torch
from jaxtyping import Float
from torch import Tensor


def best_constant(targets: Float[Tensor, " n"], loss: str) -> Float[Tensor, ""]:
    """The number c for which the mean loss of predicting c for all targets is the least.

        "mse"   (1/n) sum_i (c - y_i)^2
        "mae"   (1/n) sum_i |c - y_i|; where a whole interval is as good, its midpoint

    The result has the dtype of `targets`, which aren't changed.

    Raises:
        ValueError: naming `loss` and its value, if it is none of these; naming `targets` and their
            shape, if there are none.

    Notes: model evaluation notes, regression.

    >>> best_constant(torch.tensor([0.0, 0.0, 0.0, 0.0, 10.0]), "mse")
    tensor(2.)
    >>> best_constant(torch.tensor([0.0, 0.0, 0.0, 0.0, 10.0]), "mae")
    tensor(0.)
    """
    raise NotImplementedError
