"""Generative adversarial networks: a game between a generator and a discriminator."""

import sympy


def refute_density_of_generated() -> sympy.Expr:
    """A generator G(z), a sympy expression in the symbol `z`, that refutes p_g(G(z)) = p_z(z).

    z is uniform on (0, 1), so p_z(z) = 1 there. G maps [0, 1] onto itself and is smooth inside,
    so that x = G(z) lives where z does: G(0) = 0, G(1) = 1 up to rounding, and the derivative G'
    is positive at the 99 points z = 1/100, 2/100, ..., 99/100. At one of these points at least,
    the density of x differs from that of z by 0.1 or more.

    Notes: D2L supplements, generative adversarial networks, derivation.

    >>> [symbol.name for symbol in refute_density_of_generated().free_symbols]
    ['z']
    """
    # p_g(G(z)) = p_z(z) / G'(z): only G' = 1 keeps the density, and then G(z) = z.
    return sympy.Symbol("z") ** 2
