"""Generative adversarial networks: a game between a generator and a discriminator."""

import sympy
from sympy import log


def optimal_discriminator_argmax() -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Where the integrand of the GAN game's value is largest, and how we know.

    At a fixed x, with a = p_data(x) > 0, b = p_g(x) > 0 and y = D(x) between 0 and 1, it is

        f(y) = a log y + b log(1 - y)

    Returned are three expressions in the symbols `a` and `b`, with no other symbol: the y
    of the maximum, the second derivative f'' at that y, and the value f at that y.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> y, curvature, value = optimal_discriminator_argmax()
    >>> sorted(symbol.name for symbol in y.free_symbols)
    ['a', 'b']
    """
    raise NotImplementedError
