"""Activations: L'Hopital's step in the proof that RealSoftMax tends to the maximum."""

import sympy as sp


def real_softmax_slope(a: sp.Expr, b: sp.Expr, lam: sp.Expr) -> sp.Expr:
    """Derivative of log(exp(lam a) + exp(lam b)) with respect to lam.

    `a`, `b` and `lam` are sympy expressions: symbols of any name, or numbers. Any form of the right
    expression is accepted.

    Not allowed: sympy's diff and Derivative; work it out on paper.

    Notes: D2L supplements, softmax regression, exercise 5.

    >>> real_softmax_slope(sp.Integer(6), sp.Integer(2), sp.Integer(0))
    4
    """
    raise NotImplementedError
