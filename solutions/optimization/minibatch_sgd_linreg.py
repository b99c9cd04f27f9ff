"""Optimization: mini-batch SGD on a linear regression, from zero weights to the end."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def minibatch_sgd_linreg(
    features: Float[Tensor, "n d"],
    targets: Float[Tensor, " n"],
    lr: float,
    batch_size: int,
    epochs: int,
    generator: torch.Generator,
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """The weights and the intercept that mini-batch SGD finds, from zeros.

        loss of a batch = mean over its rows of (features_i . weights + bias - targets_i)^2 / 2

    Each epoch goes through all rows once, in the order of torch.randperm(n, generator=generator),
    `batch_size` rows at a time; nothing else is drawn. The last batch may be smaller: it is the
    mean over its own rows. Both parameters are moved at once, by the gradients at the old ones, and
    have the dtype of `features`. A rate that diverges isn't refused.

    Raises:
        ValueError: naming `lr` and its value, if it is negative, infinite or nan; naming
            `batch_size`, if it is below 1, or `epochs`, if it is below 0, and its value;
            naming `targets` and its shape, if it hasn't one number for each row of `features`, or
            if there are no rows; naming `features` and its dtype, if that isn't floating point.

    Not allowed: autograd, torch.optim and torch.utils.data.

    Notes: D2L notes, basics; supplements to D2L, linear regression from scratch.

    >>> features, targets = torch.tensor([[1.0], [-1.0]]), torch.tensor([3.0, -1.0])
    >>> generator = torch.Generator().manual_seed(0)
    >>> minibatch_sgd_linreg(features, targets, 0.5, batch_size=2, epochs=2, generator=generator)
    (tensor([1.5000]), tensor(0.7500))
    """
    if not 0 <= lr < math.inf:
        raise ValueError(f"lr is {lr}, but must be finite and not negative")
    if batch_size < 1 or epochs < 0:
        raise ValueError(f"batch_size is {batch_size} and epochs is {epochs}: too small")
    if targets.shape != features.shape[:1] or not len(targets) or not features.is_floating_point():
        about = f"features {list(features.shape)} and dtype {features.dtype}"
        raise ValueError(f"targets has shape {list(targets.shape)}, {about}")
    weights, bias = features.new_zeros(features.shape[1]), features.new_zeros(())
    for _ in range(epochs):
        order = torch.randperm(len(features), generator=generator, device=generator.device)
        for rows in order.split(batch_size):
            errors = features[rows] @ weights + bias - targets[rows]
            # Divided by the rows there are: a last, smaller batch makes a whole step too.
            weights = weights - lr * (features[rows].mT @ errors) / len(rows)
            bias = bias - lr * errors.mean()
    return weights, bias
