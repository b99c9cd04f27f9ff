"""Optimization: which learning rates fall slowly enough, and fast enough."""


def robbins_monro(p: float, q: float) -> tuple[bool, bool]:
    """Whether the rates eps_k = k^-p * log(k + 1)^-q, k = 1, 2, ..., meet each of two conditions.

    Stochastic gradient descent converges if the sum of all eps_k is infinite (else it may stop
    short of the minimum), and the sum of all eps_k^2 is finite (else the noise never dies down).
    The first of the result says whether the former holds, the second whether the latter does.

    p and q are any numbers: p = q = 0 is a constant rate, a negative one makes the rate grow.

    Notes: exam notes, question 35.

    >>> robbins_monro(1.0, 0.0)
    (True, True)
    """
    raise NotImplementedError
