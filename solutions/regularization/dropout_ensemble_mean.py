"""Regularization: the average of all the models that dropout makes of a softmax regression."""

import itertools
import math

import torch
from jaxtyping import Float
from torch import Tensor


def dropout_ensemble_mean(
    weight: Float[Tensor, "k d"],
    bias: Float[Tensor, " k"],
    x: Float[Tensor, " d"],
    keep: float,
    mean: str,
) -> Float[Tensor, " k"]:
    """Probabilities of the k classes, averaged over the 2^d models that lose some of the inputs.

        model of a mask m:   softmax(weight (m * x) + bias),   m in {0, 1}^d, nothing scaled

    Each model counts with the probability of its mask: each input stays with probability `keep`, on
    its own. The "arithmetic" mean is the expected probability; the "geometric" one is the weighted
    geometric mean of each class, divided by their sum. Time may grow as 2^d.

    Raises:
        ValueError: naming `keep` and its value, if it isn't from 0 to 1 (nan isn't); naming `mean`
            and its value, if it is neither; naming `x` and its shape, or `bias` and its shape, if
            they don't fit `weight`.

    Notes: model evaluation notes, dropout.

    >>> weight, bias, x = torch.tensor([[2.0], [0.0]]), torch.zeros(2), torch.ones(1)
    >>> dropout_ensemble_mean(weight, bias, x, keep=0.5, mean="geometric")
    tensor([0.7311, 0.2689])
    >>> dropout_ensemble_mean(weight, bias, x, keep=0.5, mean="arithmetic")
    tensor([0.6904, 0.3096])
    """
    if not 0 <= keep <= 1:
        raise ValueError(f"keep is {keep}, but must be from 0 to 1")
    if mean not in ("arithmetic", "geometric"):
        raise ValueError(f"mean is {mean!r}, but must be 'arithmetic' or 'geometric'")
    if bias.shape != weight.shape[:1] or x.shape != weight.shape[1:]:
        shapes = f"x has shape {list(x.shape)}, bias has shape {list(bias.shape)}"
        raise ValueError(f"{shapes}, weight {list(weight.shape)}")
    if mean == "geometric":
        # Logits are linear in the mask: their mean is that of the mean mask, and nothing else.
        return (weight @ (keep * x) + bias).softmax(0)
    masks = list(itertools.product([0.0, 1.0], repeat=len(x)))
    chances = [math.prod(keep if kept else 1 - keep for kept in mask) for mask in masks]
    models = [(weight @ (x.new_tensor(mask) * x) + bias).softmax(0) for mask in masks]
    return x.new_tensor(chances) @ torch.stack(models)
