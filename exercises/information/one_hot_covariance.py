"""Information: how a class drawn from a distribution varies."""

import torch
from jaxtyping import Float
from torch import Tensor


def one_hot_covariance(p: Float[Tensor, "*dims k"]) -> Float[Tensor, "*dims k k"]:
    """Covariance matrices of one-hot vectors, one matrix for each distribution.

    A class j is drawn with probability p_j; the vector x has a 1 at j and zeros elsewhere. The
    result is

        C = E[(x - E x) (x - E x)^T]

    over the distribution itself, not over a sample. Distributions run along the last dimension. The
    dtype of `p` is kept, and gradients flow back to `p`. A sum within 1e-3 of 1 counts as 1;
    nothing is rescaled (E x is p). Gradients are those of the polynomial in the p_j, of degree 2,
    that has no constant and is C where the p_j sum to 1: C_ij = -p_i p_j for i != j, C_jj = p_j -
    p_j^2.

    Raises:
        ValueError: naming `p` and a negative entry, if there is one; naming `p` and the sum of a
            distribution that does not sum to 1 (nan does not).

    Notes: supplements to D2L, softmax regression: the second derivative of the loss.

    >>> one_hot_covariance(torch.tensor([0.5, 0.5]))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """
    raise NotImplementedError
