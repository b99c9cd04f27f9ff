"""Optimization: the linear regression that needs no descent."""

import torch
from jaxtyping import Float
from torch import Tensor


def linreg_normal_equations(
    features: Float[Tensor, "n d"], targets: Float[Tensor, " n"]
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """The weights and the intercept with the smallest squared error, where its gradient is 0.

        X^T (X w + b - y) = 0   and   sum(X w + b - y) = 0,   X = features, y = targets

    Nothing is penalised. Both results have the dtype of `features`, float32 or float64. They keep
    their digits where features or targets are far from 0 and near each other, as years are.

    Raises:
        ValueError: naming `targets` and its shape, if it hasn't one number for each row of
            `features`; naming `features` and its dtype, if its entries aren't floating point
            numbers, or their rank once each column's mean is subtracted, if
            that isn't d: the best weights aren't unique then (too few rows, a constant column, or
            one that depends on others).

    Not allowed: torch's lstsq and pinv.

    Notes: D2L notes, basics; supplements to D2L, linear regression.

    >>> features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> linreg_normal_equations(features, torch.tensor([1.0, 5.0, 7.0, 11.0]))
    (tensor([2., 3.]), tensor(1.))
    """
    raise NotImplementedError
