"""Initialization: the width of weights that suits the way up and the way down."""

import math


def xavier_scale(fan_in: int, fan_out: int, gain: float = 1.0) -> tuple[float, float]:
    """Standard deviation of Xavier's (Glorot's) weights, and the bound of the uniform ones.

    On the way up the variance of a layer is multiplied by fan_in * s^2, on the way down by
    fan_out * s^2, where s is the standard deviation of the weights. Both are 1 only for
    fan_in = fan_out; Xavier's s makes their mean 1. `gain` multiplies s. The bound is the b for
    which weights uniform in [-b, b] have the standard deviation s.

    Raises:
        ValueError: naming `fan_in`, `fan_out` or `gain` and its value, if a fan is below 1, or the
            gain is negative or nan.

    Not allowed: torch.nn.init.

    Notes: supplements to D2L, numerical stability and initialization; model evaluation notes,
    initialization; PyTorch basics, variance of the layers.

    >>> xavier_scale(2, 6)
    (0.5, 0.8660254037844386)
    """
    raise NotImplementedError
