"""Optimization: what the Hessian tells of a point where the gradient is 0."""

import torch
from jaxtyping import Float
from torch import Tensor


def classify_critical_point(hessian: Float[Tensor, "n n"], tol: float) -> str:
    """What a point is where the gradient is 0, as far as the Hessian there can tell.

        "minimum"        all eigenvalues are above tol: a strict local minimum
        "maximum"        all are below -tol: a strict local maximum
        "saddle"         some are above tol, and some below -tol
        "inconclusive"   anything else: eigenvalues that count as 0 leave it open

    Whether a local minimum is the global one, no Hessian at a point can tell. `hessian` is
    symmetric.

    Raises:
        ValueError: naming `tol` and its value, if it is negative or nan; naming `hessian` and its
            shape, if that isn't square or has no entries; naming `hessian`, if an entry is infinite
            or nan, or if it isn't symmetric (the norm of H - H^T is above 1e-4 of H's).

    Notes: exam notes, SGD, questions 9 and 34.

    >>> classify_critical_point(torch.tensor([[2.0, 0.0], [0.0, -2.0]]), tol=1e-6)
    'saddle'
    """
    if not tol >= 0:
        raise ValueError(f"tol is {tol}, but can't be negative or nan")
    if hessian.dim() != 2 or hessian.shape[0] != hessian.shape[1] or not hessian.numel():
        raise ValueError(f"hessian has shape {list(hessian.shape)}, but must be square")
    if not hessian.isfinite().all() or (hessian - hessian.mT).norm() > 1e-4 * hessian.norm():
        raise ValueError("hessian isn't symmetric and finite")
    values = torch.linalg.eigvalsh(hessian.double())
    # One eigenvalue of each sign is enough for a saddle; the other two take all of them.
    if (values > tol).any() and (values < -tol).any():
        return "saddle"
    if (values > tol).all():
        return "minimum"
    return "maximum" if (values < -tol).all() else "inconclusive"
