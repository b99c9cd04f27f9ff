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
    (x, y), (x_test, y_test) = train, test
    if degree < 0:
        raise ValueError(f"degree is {degree}, but must not be negative")
    for name, points in (("train", train), ("test", test)):
        if len(points[0]) != len(points[1]) or not len(points[0]):
            raise ValueError(f"{name} has {len(points[0])} points x, and {len(points[1])} of y")
    if not 0 <= lam < math.inf or (not lam and degree >= len(x)):
        raise ValueError(f"lam is {lam}, for degree {degree} and {len(x)} points")
    powers, of_test = (torch.stack([v**j for j in range(degree + 1)], 1) for v in (x, x_test))
    # A penalty is as good as more data: points where a coefficient should be 0.
    more = math.sqrt(lam) * torch.eye(degree + 1, dtype=x.dtype, device=x.device)[1:]
    goals = torch.cat([y, more.new_zeros(degree)])[:, None]
    fit = torch.linalg.lstsq(torch.cat([powers, more]), goals).solution.flatten()
    return (y - powers @ fit).square().mean(), (y_test - of_test @ fit).square().mean()
