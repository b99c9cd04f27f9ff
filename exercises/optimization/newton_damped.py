"""Optimization: Newton's method that never lets |f| grow."""

import math
from collections.abc import Callable


def newton_damped(
    f: Callable[[float], float],
    df: Callable[[float], float],
    x0: float,
    tol: float,
    max_iter: int,
) -> tuple[float, int, str]:
    """Where the damped Newton's method ends, after how many steps, and how.

        x_{n+1} = x_n - 2^(-k) f(x_n) / df(x_n),   df the derivative of f

    with the smallest k of 0, 1, ..., 50 for which |f(x_{n+1})| < |f(x_n)|. At each point, before a
    step is made, it is the first of these that holds:

        "root"          |f(x)| <= tol
        "flat"          df(x) = 0
        "out of steps"  max_iter steps have been made
        "stuck"         no such k makes |f| smaller; that of nan never is

    The point that is returned is the one where that was seen. f(x0) is a finite number, df(x) is
    wherever it is asked, and f may be infinite or nan on the way that a step tries.

    Raises:
        ValueError: naming `tol` and its value, if it is negative or nan; naming `max_iter` and its
            value, if it is negative.

    Not allowed: scipy.optimize.

    Notes: interview notes, Newton's method.

    >>> newton_damped(lambda x: x * x - 16, lambda x: 2 * x, x0=1.0, tol=1.0, max_iter=1)
    (4.75, 1, 'out of steps')
    """
    raise NotImplementedError
