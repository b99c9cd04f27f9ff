"""Convolution: the padding that keeps the size, derived."""

import sympy as sp


def same_padding_formula() -> sp.Expr:
    """Total padding p with which a convolution of stride 1 keeps the size n of its input.

    The output has n + p - d (k - 1) entries for a kernel of k weights that sit d apart; p counts
    the zeros of both sides together. The result is a sympy expression in the symbols `k` and `d`.

    Notes: D2L notes, convolutional networks, padding (where d = 1); model evaluation notes,
    padding.

    >>> same_padding_formula().subs({"k": 3, "d": 1})
    2
    """
    raise NotImplementedError
