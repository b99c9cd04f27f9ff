"""Activations: refute that RealSoftMax is always above the maximum."""

import torch
from jaxtyping import Float32
from torch import Tensor


def real_softmax_reaches_max() -> Float32[Tensor, "2"]:
    """Two numbers a and b that refute "log(exp(a) + exp(b)) > max(a, b)" in float32.

    The statement is true of real numbers, and proved in the notes. Return [a, b] as float32, both
    between -10 and 10, so that nothing overflows or underflows: torch's result in float32 for
    log(exp(a) + exp(b)), computed as it is written, is not above the larger of the two.

    Notes: D2L supplements, softmax regression, exercise 5.
    """
    # The proof needs exp(b) > 0 to make the sum larger than exp(a); below half a step it doesn't.
    return torch.tensor([9.0, -9.0])
