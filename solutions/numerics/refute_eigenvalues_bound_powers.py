"""Numerics: small eigenvalues don't keep a product of matrices small."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_eigenvalues_bound_powers(rho: float, k: int, bound: float) -> Float[Tensor, "2 2"]:
    """A matrix with small eigenvalues whose k-th power is large, against the notes' rule.

    They say that large eigenvalues mean exploding gradients, and small ones vanishing gradients.
    The result M is float64, both of its eigenvalues have an absolute value of at most `rho`, and
    the spectral norm of M^k is at least `bound`. `rho` is greater than 0 and less than 1, `k` at
    least 1 and `bound` at least 1.

    Notes: supplements to D2L, numerical stability and initialisation, exercises.
    """
    # [[r, c], [0, r]]^k has the corner k r^(k-1) c: the eigenvalues on its diagonal don't see c.
    corner = 2 * bound / (k * rho ** (k - 1))
    return torch.tensor([[rho, corner], [0.0, rho]], dtype=torch.float64)
