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
    _check_distribution("p", p)
    # x x^T is diag(x): a one-hot vector's second moment is its mean.
    return torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)


def _check_distribution(name: str, p: Tensor) -> None:
    if (p < 0).any():
        raise ValueError(f"{name} has the negative entry {p.min().item():.6g}")
    for total in p.sum(-1).flatten().tolist():
        if not abs(total - 1) <= 1e-3:
            raise ValueError(f"{name} sums to {total:.6g}, but must sum to 1")
