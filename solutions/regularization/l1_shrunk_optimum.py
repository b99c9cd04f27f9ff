"""Regularization: what the L1 penalty leaves of each weight."""

import math

from jaxtyping import Float
from torch import Tensor


def l1_shrunk_optimum(
    best: Float[Tensor, " d"], curvature: Float[Tensor, " d"], lam: float
) -> Float[Tensor, " d"]:
    """The weights that minimise a quadratic loss, whose directions don't mix, plus an L1 penalty.

        sum_i curvature_i / 2 (w_i - best_i)^2  +  lam * sum_i |w_i|

    `best` is the minimum without the penalty. Where it is strong enough, a weight is exactly 0.
    Gradients flow back to both arguments: 0 where the penalty holds a weight at 0 (right at the
    threshold, and where lam / curvature^2 is beyond the dtype's range, no promise is made). The
    dtype is kept.

    Raises:
        ValueError: naming `curvature` and its shape, if that isn't the shape of `best`, or the
            first of its entries that isn't above 0; naming `lam` and its value, if it is negative,
            infinite or nan.

    Not allowed: torch's softshrink.

    Notes: interview questions, L1 regularization.

    >>> import torch
    >>> l1_shrunk_optimum(torch.tensor([1.0, 1.0]), torch.tensor([10.0, 0.5]), lam=1.0)
    tensor([0.9000, 0.0000])
    """
    if curvature.shape != best.shape:
        raise ValueError(f"curvature has shape {list(curvature.shape)}, best {list(best.shape)}")
    if not (curvature > 0).all():
        raise ValueError(f"curvature has the entry {curvature[~(curvature > 0)][0]:g}")
    if not 0 <= lam < math.inf:
        raise ValueError(f"lam is {lam}, but must be 0 or more, and finite")
    # The penalty draws all weights by its own constant; a flat loss lets them go farther.
    return best.sign() * (best.abs() - lam / curvature).clamp(min=0)
