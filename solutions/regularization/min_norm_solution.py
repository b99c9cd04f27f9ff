"""Regularization: of many solutions, the one that a norm likes best."""

import torch
from jaxtyping import Float
from torch import Tensor


def min_norm_solution(
    coefficients: Float[Tensor, " d"], target: float, p: int
) -> Float[Tensor, " d"]:
    """The weights of the smallest L_p norm that solve one equation, for p = 1 or 2.

        sum_i coefficients_i * w_i = target

    For p = 2 there is one. For p = 1 it has one entry that isn't 0, at most: where several
    coefficients are equally good for it, the first of them. The dtype is that of `coefficients`.

    Raises:
        ValueError: naming `coefficients` and its shape, if it has no entry that isn't 0; naming `p`
            and its value, if it is neither 1 nor 2.

    Not allowed: torch's lstsq and pinv; scipy.

    Notes: interview questions, norms: different norms prefer different solutions.

    >>> min_norm_solution(torch.tensor([1.0, 2.0]), 2.0, p=2)
    tensor([0.4000, 0.8000])
    >>> min_norm_solution(torch.tensor([1.0, 2.0]), 2.0, p=1)
    tensor([0., 1.])
    """
    if not coefficients.any():
        raise ValueError(f"coefficients has shape {list(coefficients.shape)}, and only zeros")
    if p not in (1, 2):
        raise ValueError(f"p is {p}, but must be 1 or 2")
    if p == 2:
        return coefficients * (target / coefficients.square().sum())
    # |w_i| buys |coefficients_i| of the target: all of it where that is most.
    sizes = coefficients.abs()
    best = int((sizes == sizes.max()).nonzero()[0])
    weights = torch.zeros_like(coefficients)
    weights[best] = target / coefficients[best]
    return weights
