"""Optimization: the simple moving average that is like an exponential one."""


def equivalent_sma_window(beta: float, match: str) -> float:
    """Window of the simple moving average that is like an exponential one, in the way asked for.

    The exponential moving average M_t = beta M_{t-1} + (1 - beta) y_t has run for ever; the simple
    one is the mean of the last n values. The result is the n (any real number >= 1) for which

        match="memory"     the newest value has the same weight in both
        match="lag"        the mean age of the values, weighted as the averages weight them, is
                           the same in both (the newest value has age 0)
        match="variance"   the average of white noise has the same variance in both

    It is exact to rounding, also for beta near 1.

    Raises:
        ValueError: naming `beta` and its value, if not 0 <= beta < 1; naming `match` and its value,
            if it is none of the three.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> equivalent_sma_window(0.75, "memory")
    4.0
    """
    raise NotImplementedError
