"""Optimization: how wrong the short recursion of a moving average can be."""


def refute_sma_recursion(n: int) -> list[float]:
    """A series for which the notes' recursion of the simple moving average errs the most.

    With M_t the mean of the last n values, the notes put, approximately,

        M_t = ((n - 1) M_{t-1} + y_t) / n

    The result is y_1, ..., y_{n+1}, a list of n + 1 floats between 0 and 1 (both included). For it,
    with the true M_n put in on the right, the right side differs from the true M_{n+1}
    by as much as is possible for any such series. n is at least 2.

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> len(refute_sma_recursion(3))
    4
    """
    raise NotImplementedError
