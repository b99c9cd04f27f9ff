"""Optimization: roots by Newton's method, and how it may end without one."""

import math
from collections.abc import Callable


def newton(
    f: Callable[[float], float],
    df: Callable[[float], float],
    x0: float,
    tol: float,
    max_iter: int,
) -> tuple[float, int, str]:
    """Where Newton's method ends, after how many steps, and how.

        x_{n+1} = x_n - f(x_n) / df(x_n),   df the derivative of f

    At each point, before a step is made, it is the first of these that holds:

        "root"          |f(x)| <= tol
        "not finite"    f(x) or df(x) is infinite or nan
        "flat"          df(x) = 0: the tangent meets the axis nowhere
        "out of steps"  max_iter steps have been made

    The point that is returned is the one where that was seen. Neither function is asked at a point
    that isn't finite itself: there it ends as "not finite", too.

    Raises:
        ValueError: naming `tol` and its value, if it is negative or nan; naming `max_iter` and its
            value, if it is negative.

    Not allowed: scipy.optimize.

    Notes: interview notes, Newton's method.

    >>> newton(lambda x: x * x - 1, lambda x: 2 * x, x0=2.0, tol=0.0625, max_iter=10)
    (1.025, 2, 'root')
    """
    if not tol >= 0:
        raise ValueError(f"tol is {tol}, but can't be negative or nan")
    if max_iter < 0:
        raise ValueError(f"max_iter is {max_iter}, but can't be negative")
    x = x0
    for step in range(max_iter + 1):
        value, slope = (f(x), df(x)) if math.isfinite(x) else (x, x)
        # Nothing promises a root: each way to end without one has its name.
        if abs(value) <= tol:
            return x, step, "root"
        if not (math.isfinite(value) and math.isfinite(slope)):
            return x, step, "not finite"
        if slope == 0:
            return x, step, "flat"
        x = x - value / slope if step < max_iter else x
    return x, max_iter, "out of steps"
