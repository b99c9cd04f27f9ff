"""Optimization: Adam with one bias correction for both of its moments."""

import sympy as sp


def shared_correction(beta1: sp.Expr, beta2: sp.Expr, t: sp.Expr) -> sp.Expr:
    """The factor by which step t of Adam grows if both moments are divided by 1 - beta1^t.

    Right is: the first moment divided by 1 - beta1^t, the second by 1 - beta2^t. The factor is
    (length of the step with the shared correction) / (length of the right step), for the same
    moments and with eps = 0. It doesn't depend on the gradients.

    The arguments are positive sympy symbols or exact numbers, with betas below 1; the result is a
    sympy expression of them.

    Notes: D2L course notes, Adam.

    >>> shared_correction(sp.Rational(1, 4), sp.Rational(1, 4), sp.Integer(3))
    1
    """
    raise NotImplementedError
