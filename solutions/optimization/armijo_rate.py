"""Optimization: how far to go along a direction, found by trying."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def armijo_rate(
    loss: Callable[[Tensor], Tensor],
    x: Float[Tensor, "*dims"],
    grad: Float[Tensor, "*dims"],
    direction: Float[Tensor, "*dims"],
    sufficient: float = 1e-4,
) -> float:
    """The first rate of 1, 1/2, 1/4, ..., 2^-50 whose step lowers the loss enough (Armijo's rule).

        loss(x + rate * direction) <= loss(x) + sufficient * rate * (grad . direction)

    `loss` maps a point of the shape of `x` to a number, and `grad` is its gradient at `x`; the
    product is that of all entries. Enough is a share of what the slope at `x` promises. A loss that
    is infinite or nan at a point that is tried is no gain.

    Raises:
        ValueError: naming `sufficient` and its value, unless it is above 0 and below 1; naming
            `grad` or `direction` and its shape, if that isn't the shape of `x`; naming `direction`
            and its slope, grad . direction, unless that is below 0: it doesn't lead downhill; naming
            `direction`, if none of the rates is enough.

    Not allowed: torch.optim, scipy.optimize.

    Notes: exam notes, question 38; model evaluation notes, learning rates.

    >>> x = torch.tensor([1.0])
    >>> armijo_rate(lambda x: (x * x).sum(), x, 2 * x, -8 * x)
    0.125
    """
    if not 0 < sufficient < 1:
        raise ValueError(f"sufficient is {sufficient}, but must be above 0 and below 1")
    for name, given in (("grad", grad), ("direction", direction)):
        if given.shape != x.shape:
            raise ValueError(f"{name} has shape {list(given.shape)}, but x has {list(x.shape)}")
    slope, start = float((grad * direction).sum()), float(loss(x))
    if not slope < 0:
        raise ValueError(f"direction has the slope {slope}, but must lead downhill")
    for rate in (0.5**k for k in range(51)):
        # A line through the loss at x, less steep than the tangent: it is above the loss near x.
        value = float(loss(x + rate * direction))
        if math.isfinite(value) and value <= start + sufficient * rate * slope:
            return rate
    raise ValueError(f"direction has the slope {slope}, but no rate lowers the loss enough")
