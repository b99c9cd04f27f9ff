"""Generative adversarial networks: a game between a generator and a discriminator."""

import sympy


def generator_gradient() -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """How steep the two losses of the generator are in the discriminator's logit s.

    With D = 1 / (1 + exp(-s)), three expressions in the symbol `D` alone:

        the derivative of log(1 - D) with respect to s, the saturating loss;
        the derivative of -log D with respect to s, the loss against the label "real";
        the second divided by the first.

    Notes: D2L supplements, generative adversarial networks, the tip at the beginning.

    >>> len(generator_gradient())
    3
    """
    raise NotImplementedError
