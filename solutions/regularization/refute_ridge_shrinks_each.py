"""Regularization: what a penalty on the length doesn't promise."""

from jaxtyping import Float
from torch import Tensor, tensor


def refute_ridge_shrinks_each() -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"], float]:
    """Features, targets and a `lam` that refute: "weight decay draws each weight nearer to 0".

    With features X and targets y, the weights w(lam) minimise ||X w - y||^2 / 2 + lam/2 * ||w||^2.
    X has full column rank, so that w(0) is unique. Some entry of w(lam) is more than twice as far
    from 0 as the same entry of w(0), and at least 0.1. Features and targets are float64.

    Notes: D2L notes, model selection.

    >>> features, targets, lam = refute_ridge_shrinks_each()
    >>> features.shape[0] == len(targets), lam > 0
    (True, True)
    """
    # Two columns that are much alike: it is cheaper to share the work than to leave it to one.
    features = tensor([[1.0, 0.9], [0.0, 0.4]]).double()
    return features, features @ tensor([1.0, 0.0]).double(), 1.0
