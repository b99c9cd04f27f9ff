"""Optimization: one schedule after another."""

import math
from collections.abc import Callable


def sequential_lr(
    base_lr: float, factors: list[Callable[[int], float]], milestones: list[int], epoch: int
) -> float:
    """The learning rate of an epoch under several schedules that run one after another.

    The first schedule runs until the first milestone, the second from there until the second one,
    and so on; in the epoch of a milestone the new one runs already. Each begins with its own epoch
    0, and gives the factor by which `base_lr` is multiplied. Epochs count from 0. There is one
    milestone less than there are schedules.

    Raises:
        ValueError: naming `base_lr` and its value, if it is negative, infinite or nan; naming
            `milestones` and its value, if it hasn't one entry less than `factors`, or if they don't
            rise from above 0; naming `epoch` and its value, if it is negative.

    Not allowed: torch.optim.

    Notes: supplements to D2L, learning rate schedulers.

    >>> factors = [lambda epoch: (epoch + 1) / 4, lambda epoch: 0.5**epoch]
    >>> [sequential_lr(8.0, factors, [4], epoch) for epoch in range(7)]
    [2.0, 4.0, 6.0, 8.0, 8.0, 4.0, 2.0]
    """
    if not 0 <= base_lr < math.inf:
        raise ValueError(f"base_lr is {base_lr}, but must be finite and not negative")
    rises = all(a < b for a, b in zip([0, *milestones], milestones, strict=False))
    if len(milestones) != len(factors) - 1 or not rises:
        raise ValueError(f"milestones is {milestones}, for {len(factors)} schedules")
    if epoch < 0:
        raise ValueError(f"epoch is {epoch}, but can't be negative")
    which = sum(milestone <= epoch for milestone in milestones)
    # A schedule knows nothing of those before it: its own time begins where it takes over.
    return base_lr * factors[which](epoch - [0, *milestones][which])
