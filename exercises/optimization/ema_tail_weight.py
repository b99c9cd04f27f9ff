"""Optimization: how much of an exponential moving average is old."""


def ema_tail_weight(beta: float, k: int, t: int | None = None) -> float:
    """Weight that all but the newest k values have together in an exponential moving average.

    In M_t, with M_0 = 0 and M_s = beta M_{s-1} + (1 - beta) y_s, each of y_1, ..., y_t has a
    coefficient. The result is the sum of the coefficients of y_1, ..., y_{t-k}; it is 0 if k >= t.
    With t=None it is the limit for an endless past, t -> infinity. Nothing is corrected for the
    zero start: with k = 0 it is the sum of all coefficients.

    Raises:
        ValueError: naming `beta` and its value, if not 0 <= beta < 1; naming `k` and its value,
            if it is negative; naming `t` and its value, if it is negative.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> ema_tail_weight(0.5, k=2)
    0.25
    >>> ema_tail_weight(0.5, k=2, t=3)
    0.125
    """
    raise NotImplementedError
