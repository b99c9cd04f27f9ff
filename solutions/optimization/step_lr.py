"""Optimization: a learning rate that falls in steps of equal length."""

import math


def step_lr(lr: float, epoch: int, step_size: int, gamma: float = 0.1) -> float:
    """The learning rate in an epoch, where it is multiplied by `gamma` every `step_size` epochs.

    Epochs count from 0. The first `step_size` of them have the rate `lr`; in epoch `step_size` it
    has been multiplied for the first time. With `step_size` 1 the rate decays exponentially.

    Raises:
        ValueError: naming `lr`, `epoch`, `step_size` or `gamma` and its value, if it is negative,
            infinite or nan, or `step_size` is 0.

    Not allowed: torch.optim.

    Notes: interview notes, learning rate updates.

    >>> [step_lr(1.0, epoch, step_size=2, gamma=0.5) for epoch in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    settings = {
        "lr": (lr, 0),
        "epoch": (epoch, 0),
        "step_size": (step_size, 1),
        "gamma": (gamma, 0),
    }
    for name, (value, least) in settings.items():
        if not least <= value < math.inf:
            raise ValueError(f"{name} is {value}, but must be finite and at least {least}")
    # Only whole steps count: between them the rate stands still.
    return lr * gamma ** (epoch // step_size)
