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
    raise NotImplementedError
