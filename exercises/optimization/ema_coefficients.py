"""Optimization: what an exponential moving average is made of."""

from fractions import Fraction


def ema_coefficients(beta: Fraction, n: int) -> tuple[Fraction, list[Fraction]]:
    """Coefficients of an exponential moving average, unrolled over its last n steps.

    From M_t = beta M_{t-1} + (1 - beta) y_t follow the numbers a and c_1, ..., c_n in

        M_t = a M_{t-n} + c_1 y_{t-n+1} + c_2 y_{t-n+2} + ... + c_n y_t

    The result is (a, [c_1, ..., c_n]), the oldest value's coefficient first, as exact fractions.
    They don't depend on t >= n. With n = 0, M_t is a M_t. `beta` is any fraction.

    Raises:
        ValueError: naming `n` and its value, if it is negative.

    Notes: supplements to D2L, batch normalisation, moving averages. Their exponents are wrong.

    >>> ema_coefficients(Fraction(1, 3), 2)
    (Fraction(1, 9), [Fraction(2, 9), Fraction(2, 3)])
    """
    raise NotImplementedError
