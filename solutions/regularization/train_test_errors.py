"""Regularization: a polynomial that fits its data too little, well, or too much."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def train_test_errors(
    train: tuple[Float[Tensor, " n"], Float[Tensor, " n"]],
    test: tuple[Float[Tensor, " m"], Float[Tensor, " m"]],
    degree: int,
    lam: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Mean squared errors, on the training and on the test points, of a polynomial fit.

    `train` and `test` are pairs (x, y). The polynomial f(x) = c_0 + c_1 x + ... + c_degree x^degree
    minimises

        sum_i (y_i - f(x_i))^2 + lam sum_{j >= 1} c_j^2

    over the training points; the constant c_0 is free, and the errors are without the penalty.

    Raises:
        ValueError: naming `degree` and its value, if it is negative; naming `lam` and its value, if
            it is negative, infinite or nan, or if it is 0 with a `degree` that isn't below n: then
            the fit isn't unique; naming `train` or `test`, if its x and y differ in length, or are
            empty.

    Notes: model evaluation notes, norms, and over- and underfitting.

    >>> x = torch.tensor([0.0, 1.0, 2.0, 3.0])
    >>> train_test_errors((x, x**2), (x + 4, (x + 4) ** 2), degree=1, lam=0.0)
    (tensor(1.), tensor(337.))
    """
    if degree < 0:
        raise ValueError(f"degree is {degree}, but must not be negative")
    for name, (x, y) in (("train", train), ("test", test)):
        if len(x) != len(y) or not len(x):
            raise ValueError(f"{name} has {len(x)} points x, and {len(y)} of y")
    if not 0 <= lam < math.inf or (lam == 0 and degree >= len(train[0])):
        raise ValueError(f"lam is {lam}, for degree {degree} and {len(train[0])} points")
    powers = [torch.stack([x**j for j in range(degree + 1)], 1) for x, _ in (train, test)]
    # A penalty is as good as more data: points where a coefficient should be 0.
    more = math.sqrt(lam) * torch.eye(degree + 1, dtype=train[0].dtype, device=train[0].device)[1:]
    goals = torch.cat([train[1], more.new_zeros(degree)])[:, None]
    fit = torch.linalg.lstsq(torch.cat([powers[0], more]), goals).solution[:, 0]
    return (train[1] - powers[0] @ fit).square().mean(), (test[1] - powers[1] @ fit).square().mean()
