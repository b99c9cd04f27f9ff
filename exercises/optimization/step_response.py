"""Optimization: how quickly three moving averages notice a change."""

import math


def step_response(k: int, n: int, beta: float) -> tuple[float, float, float]:
    """What three moving averages are, k values after a series has jumped from 0 to 1.

    The series was 0 for ever, and its last k values are 1. The result is (SMA, WMA, EMA):

        SMA    the mean of the last n values
        WMA    the weighted mean of the last n values, with the weights n, n-1, ..., 1; n for the
               newest
        EMA    M_t = beta M_{t-1} + (1 - beta) y_t

    The results are floats and, for beta as near to 1 as 1 - 1e-9, exact to rounding.

    Raises:
        ValueError: naming `k` and its value, if it is negative; naming `n` and its value, if it is
            less than 1; naming `beta` and its value, if not 0 <= beta < 1.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> step_response(1, n=4, beta=0.5)
    (0.25, 0.4, 0.5)
    """
    raise NotImplementedError
