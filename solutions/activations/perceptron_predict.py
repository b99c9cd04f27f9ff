"""Activations: the step of the perceptron."""

import math

from jaxtyping import Float
from torch import Tensor


def perceptron_predict(
    x: Float[Tensor, "n d"], w: Float[Tensor, " d"], b: float
) -> Float[Tensor, " n"]:
    """Outputs 0 or 1 of a perceptron, one for each row of `x`.

        o_i = 1 if x_i . w + b >= 0, otherwise 0

    On the boundary the output is 1, as in the notes (others choose 0, or 1/2). Where the sum is nan
    the output is 0: it isn't >= 0. The result has the dtype of `x`, which is that of `w`.

    Raises:
        ValueError: naming `x` and `w` and their shapes, if they are not [n, d] and [d]; naming `b`
            and its value, if it is not finite.

    Notes: PyTorch basics, perceptron.

    >>> import torch
    >>> x = torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    >>> perceptron_predict(x, w=torch.tensor([2.0, 1.0]), b=-1.0)
    tensor([1., 1., 0.])
    """
    if x.dim() != 2 or w.shape != x.shape[1:]:
        shapes = f"x has shape {list(x.shape)}, and w has shape {list(w.shape)}"
        raise ValueError(f"{shapes}, but they must be [n, d] and [d]")
    if not math.isfinite(b):
        raise ValueError(f"b is {b}, but must be finite")
    # The slope of a step is 0 wherever there is one: no gradient could teach it.
    return (x @ w + b >= 0).to(x.dtype)
