"""Activations: how sharp a smooth maximum has to be."""

import math


def sharpness(n: int, error: float) -> float:
    """Smallest lam for which the smooth maximum of any n numbers is off by at most `error`.

    The smooth maximum is (1 / lam) log sum_i exp(lam x_i), and it is off by its difference to
    max_i x_i. The result is a float; it is 0 for one number, of which any lam is good enough.

    Raises:
        ValueError: naming `n` and its value, if it is below 1; naming `error` and its value, if it
            is not a positive finite number.

    Notes: D2L supplements, softmax regression, exercise 5 (extended to n numbers).

    >>> f"{sharpness(1000, 0.01):.2f}"
    '690.78'
    """
    raise NotImplementedError
