"""Optimization: the noise that keeps SGD from its minimum."""

import math


def sgd_noise_floor(lr: float, curvature: float, variance: float, batch_size: int) -> float:
    """The mean squared distance from the minimum at which SGD with a constant rate settles.

    The loss is curvature / 2 * x^2. Each step's gradient is the mean over `batch_size` independent
    examples: right on average, and each example's has the given variance, wherever x is. What is
    returned is E[x_t^2] for t -> infinity: it doesn't depend on the start.

    Raises:
        ValueError: naming `curvature` and its value, unless it is finite and above 0; naming `lr`
            and its value, unless 0 < lr < 2 / curvature: else it never settles, or never leaves the
            start; naming `variance` and its value, if it is negative, infinite or nan; naming
            `batch_size` and its value, if it is below 1.

    Notes: exam notes, SGD and question 33.

    >>> sgd_noise_floor(lr=0.5, curvature=2.0, variance=3.0, batch_size=6)
    0.125
    """
    raise NotImplementedError
