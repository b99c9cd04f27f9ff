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
    if not 0 <= beta < 1:
        raise ValueError(f"beta is {beta}, but must be at least 0 and less than 1")
    for name, value in (("k", k), ("t", t)):
        if value is not None and value < 0:
            raise ValueError(f"{name} is {value}, but must not be negative")
    if t is None:
        return float(beta**k)
    # (1 - beta) times beta^k + ... + beta^{t-1} telescopes.
    return float(beta**k - beta ** max(k, t))
