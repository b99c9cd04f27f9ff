"""Numerics: a sum in which small numbers are not swallowed by large ones."""

import torch
from jaxtyping import Float
from torch import Tensor


def accurate_sum(x: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Sum of the entries, as if added up with twice the digits of their dtype and rounded once.

        1e8 + 1 = 1e8 in float32: the 1 is swallowed, unless it is kept elsewhere

    The dtype of the result is that of `x`, and gradients flow back through it. It is right to a
    rounding of the result even where large entries cancel and small ones are all that is left, in
    any order, float64 included; entries are finite, and so are the sums of any of them. Of no
    entries the sum is 0.

    Raises:
        ValueError: naming `x` and its dtype, if its entries are not floating point numbers, or its
            shape, if it is not [n].

    Not allowed: torch's sum, cumsum, mean, nansum; numpy, math.fsum and statistics.

    Notes: interview questions, why to normalise: small values are swallowed by large ones.

    >>> accurate_sum(torch.tensor([1.0, 1e8, 1.0, -1e8]))
    tensor(2.)
    """
    raise NotImplementedError
