"""Optimization: a learning rate that falls at given epochs."""

import math


def multi_step_lr(lr: float, epoch: int, milestones: list[int], gamma: float = 0.1) -> float:
    """The learning rate in an epoch, where it is multiplied by `gamma` at each milestone.

    Epochs count from 0. In an epoch that is a milestone the rate has been multiplied already. The
    milestones may stand in any order; one that is listed twice multiplies twice; without any the
    rate stays `lr`.

    Raises:
        ValueError: naming `lr`, `epoch` or `gamma` and its value, if it is negative, infinite or
            nan; naming `milestones` and their value, if one is negative.

    Not allowed: torch.optim.

    Notes: interview notes, learning rate updates.

    >>> [multi_step_lr(1.0, epoch, milestones=[2, 5], gamma=0.5) for epoch in range(7)]
    [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    """
    for name, value in (("lr", lr), ("epoch", epoch), ("gamma", gamma)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value}, but must be finite and not negative")
    if min(milestones, default=0) < 0:
        raise ValueError(f"milestones is {milestones}, but no epoch is negative")
    # An epoch is told by the milestones behind it, its own among them.
    return lr * gamma ** sum(milestone <= epoch for milestone in milestones)
