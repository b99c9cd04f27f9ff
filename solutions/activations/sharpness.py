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
    if n < 1:
        raise ValueError(f"n is {n}, but must be at least 1")
    if not 0 < error < math.inf:
        raise ValueError(f"error is {error}, but must be positive and finite")
    # The worst case is a tie of all n: its sum is n times the largest term.
    return math.log(n) / error
