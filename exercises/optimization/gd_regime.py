"""Optimization: what a learning rate does on a quadratic."""

import math


def gd_regime(lr: float, curvature: float) -> str:
    """What gradient descent does on curvature / 2 * x^2, from any start but the minimum.

        "still"        it stays where it is
        "monotone"     it comes nearer on one side, at each step
        "one step"     it is at the minimum after a single step
        "oscillating"  it comes nearer, on the other side of the minimum at each step
        "cycling"      it jumps between two points for ever
        "diverging"    it gets farther away, on one side or on both

    A negative rate goes uphill: it is no error. Where the borders are, decides the product
    lr * curvature as it is in floating point.

    Raises:
        ValueError: naming `curvature` and its value, unless it is finite and above 0; naming `lr`
            and its value, if it is infinite or nan.

    Notes: supplements to D2L, linear regression, exercises on the rate and on the summed loss.

    >>> gd_regime(lr=0.125, curvature=2.0)
    'monotone'
    """
    raise NotImplementedError
