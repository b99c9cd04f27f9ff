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
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    if dh < 1 or dw < 1:
        raise ValueError(f"dilation is {dilation}, but must be positive")
    (h, w), (kh, kw) = x.shape[-2:], weight.shape
    down, right = dh * (kh - 1), dw * (kw - 1)
    # Only the total is given by the size; where the odd zero goes is a convention.
    sides = (right // 2, right - right // 2, down // 2, down - down // 2)
    padded, out = torch.nn.functional.pad(x, sides), torch.zeros_like(x)
    for i in range(kh):
        for j in range(kw):
            seen = padded[..., i * dh : i * dh + h, j * dw : j * dw + w]
            out = out + weight[i, j] * seen
    return out
