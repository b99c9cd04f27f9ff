"""Activations: units that no example of the data can teach any more."""

from jaxtyping import Float
from torch import Tensor


def dead_relu_fraction(
    x: Float[Tensor, "n d"], weight: Float[Tensor, "k d"], bias: Float[Tensor, " k"]
) -> float:
    """Fraction of the k units relu(w_j . x_i + b_j) that are dead: for all n rows their slope is 0.

    A unit's weights are a row of `weight`. ReLU has slope 0 below 0 and, by the usual convention,
    at 0 too, so that a dead unit gets no gradient from any of the rows.

    Raises:
        ValueError: naming `x`, `weight` and `bias` and their shapes, if they are not [n, d], [k, d]
            and [k] with n and k at least 1.

    Notes: model evaluation notes, activation functions.

    >>> import torch
    >>> x, weight = torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [-1.0], [1.0], [0.0]])
    >>> dead_relu_fraction(x, weight, bias=torch.tensor([0.0, 1.0, -100.0, 0.0]))
    0.75
    """
    fits = x.dim() == 2 and weight.shape[1:] == x.shape[1:] and bias.shape == weight.shape[:1]
    if not fits or not len(x) or not len(weight):
        shapes = [list(t.shape) for t in (x, weight, bias)]
        raise ValueError(f"x, weight, bias have shapes {shapes}, but must: [n, d], [k, d], [k]")
    # One row above 0 is enough to be alive; an entry that is 0 is not yet a dead unit.
    dead = (x @ weight.T + bias <= 0).all(0)
    return dead.double().mean().item()
