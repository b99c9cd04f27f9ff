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
    raise NotImplementedError
