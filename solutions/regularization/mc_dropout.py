"""Regularization: what the spread of a network's outputs says, when dropout stays on."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def mc_dropout(
    predict: Callable, x: Float[Tensor, "n d"], samples: int, generator: torch.Generator
) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n k"]]:
    """Mean and standard deviation of a network's outputs, over draws of its dropout.

    `predict(x, generator)` is one forward pass with dropout on, of k outputs for each row of `x`;
    it is called `samples` times, one after another, and `generator` moves on from each to the next.
    The deviation is an entry's own, and that of a sample: its variance divides by samples - 1, and
    beside a large mean it loses no more digits than rounding took from the outputs. No graph is
    kept: neither result requires a gradient.

    Raises:
        ValueError: naming `samples` and its value, if it is below 2: one draw has no spread.

    Notes: PyTorch basics, using dropout.

    >>> def predict(x, generator):
    ...     return x + torch.randint(2, (), generator=generator)
    >>> mean, std = mc_dropout(predict, torch.zeros(1, 1), 1000, torch.Generator().manual_seed(0))
    >>> 0.4 < float(mean) < 0.6, 0.49 < float(std) < 0.51
    (True, True)
    """
    if samples < 2:
        raise ValueError(f"samples is {samples}, but must be at least 2")
    with torch.no_grad():
        # The weights are the same in each pass: all that differs is the mask.
        outputs = torch.stack([predict(x, generator) for _ in range(samples)])
    return outputs.mean(0), outputs.std(0)
