"""Optimization: what one step tells about the inverse of the Hessian."""

import torch
from jaxtyping import Float
from torch import Tensor


def bfgs_update(
    H: Float[Tensor, "n n"], s: Float[Tensor, " n"], y: Float[Tensor, " n"]
) -> Float[Tensor, "n n"]:
    """The estimate of the inverse Hessian after a step, by Broyden, Fletcher, Goldfarb and Shanno.

        H' = (I - r s y^T) H (I - r y s^T) + r s s^T,   r = 1 / (y^T s)

    H is the estimate before, symmetric; s = x' - x is the step, y = g' - g what it changed in the
    gradient. The new one maps y to s, and is symmetric and, if H is, positive definite. Without
    curvature along the step, y^T s <= 0, the step tells nothing, and the result equals H. It has
    the dtype of `H`, and gradients flow back to `s` and `y`.

    Raises:
        ValueError: naming `H` and its dtype, if that isn't floating point, or its shape, if that isn't
            square; naming `s` or `y` and its shape, if that doesn't belong to H.

    Not allowed: scipy.optimize, torch.optim.

    Notes: exam notes, question 38.

    >>> bfgs_update(torch.eye(2), torch.tensor([1.0, 0.0]), torch.tensor([4.0, 0.0]))
    tensor([[0.2500, 0.0000],
            [0.0000, 1.0000]])
    """
    if not H.is_floating_point():
        raise ValueError(f"H has dtype {H.dtype}, but must be floating point")
    if H.dim() != 2 or H.shape[0] != H.shape[1]:
        raise ValueError(f"H has shape {list(H.shape)}, but must be square")
    for name, x in (("s", s), ("y", y)):
        if x.shape != H.shape[:1]:
            raise ValueError(f"{name} has shape {list(x.shape)}, but must be [{len(H)}]")
    if y @ s <= 0:
        return H.clone()
    # What is left of H has no say about y: the last term alone maps y to s.
    left = torch.eye(len(H), dtype=H.dtype, device=H.device) - torch.outer(s, y) / (y @ s)
    return left @ H @ left.mT + torch.outer(s, s) / (y @ s)
