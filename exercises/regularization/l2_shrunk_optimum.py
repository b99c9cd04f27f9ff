"""Regularization: what the L2 penalty leaves of each direction."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def l2_shrunk_optimum(
    hessian: Float[Tensor, "d d"], best: Float[Tensor, " d"], lam: float
) -> Float[Tensor, " d"]:
    """The weights that minimise a quadratic loss plus an L2 penalty.

        (w - best)^T hessian (w - best) / 2  +  lam/2 * ||w||^2

    `best` is the minimum without the penalty. The hessian is symmetric, and it may have negative
    eigenvalues, as long as the sum has a minimum, and only one. Gradients flow back to both
    arguments, and the dtype is kept.

    Raises:
        ValueError: naming `hessian` and its shape, if it isn't d by d, or its largest asymmetry, if
            that isn't 0; naming `lam` and its value, if it is negative, infinite or nan, or too
            small for a minimum.

    Notes: interview questions, L2 regularization; decay and the eigenvalues of the Hessian.

    >>> hessian, best = torch.tensor([[3.0, 0.0], [0.0, 0.25]]), torch.tensor([1.0, 1.0])
    >>> l2_shrunk_optimum(hessian, best, lam=1.0)
    tensor([0.7500, 0.2000])
    """
    raise NotImplementedError
