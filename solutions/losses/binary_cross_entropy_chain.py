"""Losses: the chain rule through a logistic regression."""

import sympy as sp


def binary_cross_entropy_chain(
    y: sp.Symbol, p: sp.Symbol, s: sp.Symbol, x: sp.Symbol
) -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
    """The derivative of the binary cross-entropy by a weight, in three factors and multiplied out.

        L = -(y log p + (1 - y) log(1 - p)),   p = 1 / (1 + e^-s),   s = w x + b

    Returns the sympy expressions

        dL/dp in y and p,   dp/ds in s,   ds/dw,   dL/dw in y, s and x

    in the symbols that are passed. They may have any form; only their values count.

    Notes: interview notes, derivative of the cross-entropy. The notes write an index at w_i; the
    weight is one and the same for all examples.
    """
    sigmoid = 1 / (1 + sp.exp(-s))
    dl_dp = -y / p + (1 - y) / (1 - p)
    dp_ds = sigmoid * (1 - sigmoid)
    # (1 - y) sigmoid - y (1 - sigmoid): what is left once the denominators have gone.
    return dl_dp, dp_ds, x, (sigmoid - y) * x
