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
    raise NotImplementedError
