"""Initialization: the width of weights before a leaky relu."""

import math


def kaiming_scale(fan_in: int, negative_slope: float = 0.0) -> tuple[float, float]:
    """Standard deviation of Kaiming's (He's) weights, and the bound of the uniform ones.

    Each unit is z = sum of `fan_in` products w_j x_j, behind it a leaky relu: x = z for z > 0 and
    x = negative_slope * z for z <= 0 (0 is relu itself, 1 the identity). The weights are
    independent, with mean 0, and symmetric about it; so is z. Their standard deviation s is such
    that the second moment E[x^2] is the same behind every layer. The bound is the b for which
    weights uniform in [-b, b] have the standard deviation s.

    Raises:
        ValueError: naming `fan_in` and its value, if it is below 1; naming `negative_slope` and its
            value, if it is nan or infinite.

    Not allowed: torch.nn.init.

    Notes: model evaluation notes, initialization; supplements to D2L, concise softmax regression;
    PyTorch basics, numerical stability.

    >>> kaiming_scale(8)
    (0.5, 0.8660254037844386)
    """
    if fan_in < 1:
        raise ValueError(f"fan_in is {fan_in}, but must be at least 1")
    if not math.isfinite(negative_slope):
        raise ValueError(f"negative_slope is {negative_slope}, but must be finite")
    # Half of E[z^2] is above 0 and stays; the other half is multiplied by the slope's square.
    std = math.sqrt(2 / ((1 + negative_slope**2) * fan_in))
    return std, math.sqrt(3) * std
