"""Optimization: where the notes' expansion of an exponential moving average fails."""


def refute_ema_expansion(beta: float, t: int) -> list[float]:
    """A series for which the notes' expansion of the exponential moving average fails.

    With M_0 = 0 and M_s = beta M_{s-1} + (1 - beta) y_s the notes expand, here over n = 2 steps,

        M_t = beta^2 M_{t-2} + (1 - beta) (beta^{t-1} y_{t-1} + beta^0 y_t)

    The result is a series y_1, ..., y_t, a list of t floats between -1 and 1 (both included) for
    which the two sides differ by as much as is possible for any such series. t is at
    least 3, and 0 < beta < 1.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> len(refute_ema_expansion(0.5, 4))
    4
    """
    # Only the coefficient of y_{t-1} is wrong: beta^{t-1} instead of beta.
    return [1.0 if s == t - 1 else 0.0 for s in range(1, t + 1)]
