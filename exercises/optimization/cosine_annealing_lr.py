"""Optimization: a learning rate that falls along half a wave."""

import math


def cosine_annealing_lr(lr: float, epoch: int, t_max: int, eta_min: float = 0.0) -> float:
    """The learning rate in an epoch of cosine annealing, in closed form.

        eta_min + (lr - eta_min) * (1 + cos(pi * epoch / t_max)) / 2

    Epochs count from 0, where the rate is `lr`; in epoch `t_max` it is `eta_min`. The formula holds
    after that too: the rate rises again, and the wave has the period 2 * t_max.

    Raises:
        ValueError: naming `lr`, `epoch`, `t_max` or `eta_min` and its value, if it is negative,
            infinite or nan, or `t_max` is 0.

    Not allowed: torch.optim.

    Notes: interview notes, learning rate updates, cosine annealing.

    >>> [round(cosine_annealing_lr(1.0, epoch, t_max=4, eta_min=0.2), 3) for epoch in (0, 2, 4, 6)]
    [1.0, 0.6, 0.2, 0.6]
    """
    raise NotImplementedError
