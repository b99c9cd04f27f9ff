"""Activations: what a share and a smooth maximum tend to, ties included."""

from fractions import Fraction


def real_softmax_limit(a: Fraction, b: Fraction) -> tuple[Fraction, Fraction]:
    """Two limits as lam tends to infinity: of the share of `a`, and of the scaled RealSoftMax.

        exp(lam a) / (exp(lam a) + exp(lam b))   and   (1 / lam) log(exp(lam a) + exp(lam b))

    Both are exact rationals, returned in this order.

    Notes: D2L supplements, softmax regression, exercise 5.

    >>> real_softmax_limit(Fraction(-2), Fraction(5, 2))
    (Fraction(0, 1), Fraction(5, 2))
    """
    # The notes let a >= b be enough for a share of 1; a tie stays at 1/2 for every lam.
    share = Fraction((a > b) - (a < b) + 1, 2)
    return share, max(a, b)
