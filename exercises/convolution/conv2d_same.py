"""Convolution: a result as large as its image."""

import torch
from jaxtyping import Float
from torch import Tensor


def conv2d_same(
    x: Float[Tensor, "*batch h w"],
    weight: Float[Tensor, "kh kw"],
    dilation: int | tuple[int, int] = 1,
) -> Float[Tensor, "*batch h w"]:
    """The cross-correlation of images with a kernel, padded so that the result is as large as `x`.

        out[a, b] = sum_{i, j} weight[i, j] x[a + i dh - top, b + j dw - left]

    `x` counts as zero outside of the image. Height and width follow the same rule: of the
    dh (kh - 1) zeros that a column needs in all, half stand on top and half below; if their number
    is odd, the odd one stands below. So it is in a row, with left for top and right for below.
    `dilation` is (dh, dw), or one number for both. All dimensions before the last two count
    images. The result has the dtype of `x`, and gradients flow back to `x` and `weight`.

    Raises:
        ValueError: naming `dilation` and its value, if it is not positive.

    Not allowed: torch's or scipy's convolutions.

    Notes: on convolutional networks (same padding of height and width).

    >>> conv2d_same(torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[1.0, 10.0]]))
    tensor([[21., 42.,  4.]])
    """
    raise NotImplementedError
