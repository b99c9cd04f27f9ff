"""Numerics: the angle between two vectors, also where they are nearly parallel."""

import torch
from jaxtyping import Float
from torch import Tensor


def angle_between(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Angle between two vectors, in radians: from 0 (parallel) to pi (antiparallel).

        a . b = |a| |b| cos(angle)

    The result has the dtype of the vectors, and gradients flow back through it to both, finite
    where the vectors are not parallel. It is right to a few roundings of 1 for all directions:
    parallel, antiparallel and nearly so too, and for entries as large as 1e30 and as small
    as 1e-30.

    Raises:
        ValueError: naming `a` or `b` and its dtype, if its entries are not floating point numbers;
            naming `a` or `b` and its values, if all are 0; naming `b` and its shape or dtype, if it
            is not that of `a`.

    Not allowed: torch's cosine_similarity.

    Notes: interview notes, dot product, geometric definition.

    >>> angle_between(torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 1.0]))
    tensor(2.3562)
    """
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(f"b is {b.dtype} {list(b.shape)}, but a is {a.dtype} {list(a.shape)}")
    for name, v in (("a", a), ("b", b)):
        if not v.is_floating_point():
            raise ValueError(f"{name} has dtype {v.dtype}, but must be floating point")
        if not v.any():
            raise ValueError(f"{name} is {v.tolist()}, and has no direction")
    a, b = a / a.abs().amax(), b / b.abs().amax()
    a, b = a / a.norm(), b / b.norm()
    # The cosine is flat at 0 and pi, where rounding moves its angle by a root of it: no acos.
    return 2 * torch.atan2((a - b).norm(), (a + b).norm())
