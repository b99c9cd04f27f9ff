"""Convolution: the operation that deep learning calls by this name."""

import torch
from jaxtyping import Float
from torch import Tensor


def cross_correlation(
    x: Float[Tensor, "h w"], weight: Float[Tensor, "kh kw"]
) -> Float[Tensor, "ho wo"]:
    """The weighted sums of an image under a kernel that visits each place where it fits.

        out[a, b] = sum_{i, j} weight[i, j] x[a + i, b + j]

    Nothing is padded: the kernel visits only the places where it lies wholly inside the image, so
    that `ho` = h - kh + 1 and `wo` = w - kw + 1. The kernel is read as it stands and not turned
    round, which is what libraries call a convolution. The result has the dtype of `x`, and
    gradients flow back to both arguments.

    Raises:
        ValueError: naming `weight` and its shape, if it doesn't fit into `x`.

    Not allowed: torch's or scipy's convolutions.

    Notes: on padding in convolutions (valid).

    >>> cross_correlation(torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[1.0, 10.0]]))
    tensor([[21., 42.]])
    """
    raise NotImplementedError
