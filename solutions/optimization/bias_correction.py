"""Optimization: what Adam divides its averages by."""

import sympy as sp


def bias_correction(beta: sp.Expr, t: sp.Expr) -> sp.Expr:
    """Sum of the coefficients that the values have in an exponential moving average.

    With M_0 = 0 and M_s = beta M_{s-1} + (1 - beta) y_s for s = 1, ..., t, it is the sum of the
    coefficients of y_1, ..., y_t in M_t: what M_t is divided by to be a weighted mean. The
    result is a sympy expression in `beta` and `t` without a sum over the steps. Either may
    also be a sympy number: 0 <= beta <= 1, t = 0, 1, 2, ...; with t = 0 there are no coefficients.

    Notes: supplements to D2L, Adam.

    >>> bias_correction(sp.Rational(1, 2), sp.Integer(1))
    1/2
    """
    # The geometric sum's denominator 1 - beta is the factor that stands before it.
    return 1 - beta**t
