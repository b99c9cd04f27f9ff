"""Optimization: the learning rate that a step of SGD really has."""

import math


def effective_lr(
    lr: float, rows: int, batch_size: int, reduction: str, loss_scale: float = 1.0
) -> float:
    """The rate at which SGD on the mean loss of a batch's rows would make the same step.

    The loss that is differentiated is loss_scale * the reduction of the rows' losses:

        "mean"         their sum over the number of rows in this batch
        "sum"          their sum
        "batch_size"   their sum over `batch_size`, however many rows this batch has: the listing's

    `rows` is what this batch has, at most `batch_size`: the last one of an epoch may be smaller.

    Raises:
        ValueError: naming `reduction` and its value, if it is another; naming `lr` or `loss_scale`
            and its value, if it is negative, infinite or nan; naming `rows` and its value, unless
            1 <= rows <= batch_size.

    Notes: supplements to D2L, linear regression from scratch and its concise implementation.

    >>> effective_lr(0.125, rows=2, batch_size=8, reduction="batch_size")
    0.03125
    """
    for name, value in (("lr", lr), ("loss_scale", loss_scale)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value}, but must be finite and not negative")
    if not 1 <= rows <= batch_size:
        raise ValueError(f"rows is {rows}, but must be between 1 and {batch_size}")
    # A factor of the loss is a factor of its gradient, and so one of the step.
    factors = {"mean": 1.0, "sum": float(rows), "batch_size": rows / batch_size}
    if reduction not in factors:
        raise ValueError(f"reduction is {reduction!r}, but must be in {list(factors)}")
    return lr * loss_scale * factors[reduction]
