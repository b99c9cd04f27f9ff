"""Optimization: the minimum of a quadratic, where it has one."""

import torch
from jaxtyping import Float
from torch import Tensor


def minimise_quadratic(
    Q: Float[Tensor, "n n"], c: Float[Tensor, " n"], b: float
) -> tuple[Float[Tensor, " n"], Float[Tensor, ""]]:
    """The point where a quadratic is least, and its value there.

        h(x) = 1/2 x^T Q x + c^T x + b

    Q is symmetric. Where several points are least (Q is positive semi-definite, and c in its
    range), it is the shortest of them. An eigenvalue counts as 0 if its size is at most 1e-6 of the
    largest size; so does a part of c along such eigenvectors that is at most 1e-6 of |c|. Both
    results have the dtype of `c`.

    Raises:
        ValueError: naming `Q`, if an eigenvalue is negative, or if c has a part where Q is 0: h has
            no lower bound then; naming `Q`, if it isn't symmetric (the norm of Q - Q^T is above
            1e-4 of Q's) or an entry is infinite or nan; naming `Q` and its shape, if that isn't
            square with the size of `c`, or has no entries; naming `c` and its dtype, if that isn't floating point.

    Not allowed: torch.optim, scipy.optimize.

    Notes: supplements to D2L, momentum, correction and exercise.

    >>> minimise_quadratic(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([-2.0, 8.0]), 5.0)
    (tensor([ 1., -2.]), tensor(-4.))
    """
    raise NotImplementedError
