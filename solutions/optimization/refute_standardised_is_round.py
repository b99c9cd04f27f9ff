"""Optimization: features that are normalised, and descend in a zigzag all the same."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_standardised_is_round() -> Float[Tensor, "n d"]:
    """Normalised features on which gradient descent is slow.

    The statement to refute: "Once the features are normalised, the contours of the loss are round,
    and gradient descent needs few steps."

    The result has as many rows and columns as you like, up to 100 of each. Each column has a mean
    of 0 and a mean square of 1, within 1e-6. The Hessian of the linear regression on them,
    X^T X / n, has a largest eigenvalue that is more than 1000 times the smallest, which is more
    than 1e-6.

    Notes: exam notes, why normalise.
    """
    # Two columns that say nearly the same: the Hessian has the eigenvalues 1 + r and 1 - r.
    r = 0.9999
    first = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64)
    other = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    return torch.stack([first, r * first + (1 - r * r) ** 0.5 * other], dim=1)
