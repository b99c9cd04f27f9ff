"""Optimization: the minimum of a quadratic in at most n steps, without its inverse."""

import torch
from jaxtyping import Float
from torch import Tensor


def conjugate_gradient(
    A: Float[Tensor, "n n"], b: Float[Tensor, " n"], tol: float, max_iter: int
) -> tuple[Float[Tensor, " n"], int]:
    """What the method of conjugate gradients has for the solution of A x = b, and its steps so far.

    It starts at x = 0, and ends where |b - A x| <= tol |b| (Euclidean norms) or `max_iter` steps
    are made. The first direction is b. Each step goes to the minimum of 1/2 x^T A x - b^T x along
    its direction d, and the next direction is what remains of b - A x, made conjugate to all
    before: d^T A d' = 0.

    A is symmetric and positive definite; without rounding, n steps are enough. The result has the
    dtype of `b`.

    Raises:
        ValueError: naming `tol` and `max_iter` and their values, unless tol > 0 and max_iter >= 0;
            naming `b` and its dtype, if that isn't floating point; naming `A` and its shape, if
            that isn't square, with the size of `b`; naming `A`, if it isn't symmetric (the norm of
            A - A^T is above 1e-4 of A's), or if d^T A d isn't above 0 in a step.

    Not allowed: what solves, inverts or decomposes a matrix, of torch, scipy or numpy.

    Notes: exam notes, question 38.

    >>> conjugate_gradient(torch.tensor([[4.0, 1.0], [1.0, 3.0]]), torch.tensor([1.0, 2.0]), 0.5, 9)
    (tensor([0.2500, 0.5000]), 1)
    """
    raise NotImplementedError
