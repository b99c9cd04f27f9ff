"""Optimization: cosine annealing that starts again and again."""

import math


def cosine_warm_restarts(
    lr: float, epoch: float, t_0: int, t_mult: int = 1, eta_min: float = 0.0
) -> float:
    """The learning rate at a moment of cosine annealing with warm restarts.

    In a cycle of length T, t epochs after its beginning, 0 <= t < T, the rate is

        eta_min + (lr - eta_min) * (1 + cos(pi * t / T)) / 2

    The first cycle begins at epoch 0 and has the length `t_0`; each one is `t_mult` times as long as
    the one before. Where a cycle ends the next begins, with the rate `lr`: eta_min is never reached.
    `epoch` may be a fraction: 2.25 is a quarter through the third epoch's batches.

    Raises:
        ValueError: naming `lr`, `epoch`, `t_0`, `t_mult` or `eta_min` and its value, if it is
            negative, infinite or nan, or `t_0` or `t_mult` is 0.

    Not allowed: torch.optim.

    Notes: interview notes, learning rate updates, cosine annealing with warm restarts.

    >>> [round(cosine_warm_restarts(1.0, epoch, t_0=2, t_mult=2), 3) for epoch in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """
    raise NotImplementedError
