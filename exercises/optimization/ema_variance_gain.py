"""Optimization: how much an exponential moving average smooths."""

import sympy as sp


def ema_variance_gain(beta: sp.Expr, t: sp.Expr) -> sp.Expr:
    """Variance of an exponential moving average of t values of white noise.

    The values y_1, ..., y_t are uncorrelated, with variance 1 each, and

        M_0 = 0,   M_s = beta M_{s-1} + (1 - beta) y_s,   s = 1, ..., t

    The result is Var(M_t), not its square root and not its limit, as a sympy expression in `beta`
    and `t` without a sum over the steps. Either may also be a sympy number: beta not 1 or -1,
    t = 0, 1, 2, ...

    Notes: supplements to D2L, batch normalisation, moving averages.

    >>> beta, t = sp.symbols("beta t")
    >>> sp.factor(ema_variance_gain(beta, t).subs(t, 1))
    (beta - 1)**2
    """
    raise NotImplementedError
