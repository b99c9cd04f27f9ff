"""Initialization: weights that change no norm."""

import torch
from jaxtyping import Float
from torch import Tensor


def orthogonal_init(
    rows: int, cols: int, gain: float, generator: torch.Generator
) -> Float[Tensor, "{rows} {cols}"]:
    """A random matrix W = gain * Q, where Q has orthonormal rows or orthonormal columns.

        Q Q^T = I  if rows <= cols,   Q^T Q = I  if rows >= cols

    Q is uniformly distributed (by Haar's measure): no direction is likelier than another, and
    neither is a sign; for rows = cols the determinant is 1 or -1, each as likely. The result is
    float32, on the device of `generator`, from which all randomness comes.

    Raises:
        ValueError: naming `rows`, `cols` or `gain` and its value, if there isn't at least one row
            and one column, or if the gain is negative or nan.

    Not allowed: torch.nn.init, scipy.

    Notes: model evaluation notes, initialization.

    >>> w = orthogonal_init(2, 5, gain=3.0, generator=torch.Generator().manual_seed(0))
    >>> (w @ w.T).round().abs()
    tensor([[9., 0.],
            [0., 9.]])
    """
    raise NotImplementedError
