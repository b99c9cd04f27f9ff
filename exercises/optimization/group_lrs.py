"""Optimization: one schedule for each parameter group."""

import math
from collections.abc import Callable


def group_lrs(
    lrs: list[float], factor: Callable[[int], float] | list[Callable[[int], float]], epoch: int
) -> list[float]:
    """The learning rates of an optimizer's parameter groups in an epoch, one for each group.

    `lrs` has the groups' initial rates. Each is multiplied by what `factor` makes of the epoch,
    which counts from 0: one function for all groups, or a list with one for each.

    Raises:
        ValueError: naming `lrs` and their value, if there are none, or one is negative, infinite or
            nan; naming `factor` and its length, if it is a list of another length than `lrs`;
            naming `epoch` and its value, if it is negative.

    Not allowed: torch.optim.

    Notes: interview notes, learning rate updates; supplements to D2L, learning rate schedulers.

    >>> group_lrs([1.0, 0.5], lambda epoch: 0.5**epoch, epoch=2)
    [0.25, 0.125]
    >>> group_lrs([1.0, 0.5], [lambda epoch: 0.5**epoch, lambda epoch: 1.0], epoch=2)
    [0.25, 0.5]
    """
    raise NotImplementedError
