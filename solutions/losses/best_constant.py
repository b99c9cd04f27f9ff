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
    if loss not in ("mse", "mae"):
        raise ValueError(f"loss is {loss!r}, but must be 'mse' or 'mae'")
    if not len(targets):
        raise ValueError(f"targets has shape {list(targets.shape)}, and no entry")
    if loss == "mse":
        return targets.mean()
    # The slope of sum |c - y_i| counts the targets below c, less those above: 0 in the middle.
    ordered, n = targets.sort().values, len(targets)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
