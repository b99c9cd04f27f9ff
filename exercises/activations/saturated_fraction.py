"""Activations: how many units hardly respond any more."""

import torch
from jaxtyping import Float
from torch import Tensor


def saturated_fraction(z: Float[Tensor, "*dims"], activation: str, tol: float) -> float:
    """Fraction of the pre-activations at which the activation's slope is below `tol` in size.

    The activation is "sigmoid", "tanh" or "relu" (with slope 0 at 0). A slope that equals `tol` is
    not below it. Slopes are told apart to rounding, relative to themselves: that of a sigmoid at 20
    is 2e-9, also where z is float32.

    Raises:
        ValueError: naming `activation` and its value, if it is none of these; naming `tol` and its
            value, if it is not positive; naming `z` and its shape, if it has no entries.

    Notes: model evaluation notes, activation functions, why to normalise, and question 19.

    >>> saturated_fraction(torch.tensor([-6.0, 0.0, 1.0, 9.0]), "sigmoid", tol=0.01)
    0.5
    """
    raise NotImplementedError
