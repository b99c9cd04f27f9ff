"""Activations: refute that softmax stays below 1."""

import torch
from jaxtyping import Float32
from torch import Tensor


def softmax_reaches_one() -> Float32[Tensor, " k"]:
    """Logits that refute "every softmax output lies strictly between 0 and 1" by an output of 1.

    The notes' statement is true of real numbers. Return a float32 vector of two or more finite
    logits, no two of them further than 20 apart, for which torch's softmax in float32 has an entry
    that is exactly 1, and none that is 0.

    Notes: PyTorch notes, softmax regression.
    """
    # 1 + exp(-18) rounds to 1 in float32 (half a step is 6e-8), long before exp(-104) rounds to 0.
    return torch.tensor([0.0, -18.0])
