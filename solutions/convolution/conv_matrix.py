"""Convolution: a linear map, written as its matrix."""

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor


def conv_matrix(
    weight: Float[Tensor, "kh kw"],
    size: tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Float[Tensor, "ho_wo h_w"]:
    """The matrix C that makes the convolution of an image a product: y.flatten() = C x.flatten().

    y is the cross-correlation of an image of one channel and of `size` (h, w) with `weight`:

        y[a, b] = sum_{i, j} weight[i, j] x[a sh + i - ph, b sw + j - pw],   x zero outside

    where y has ho = floor((h + 2 ph - kh) / sh) + 1 rows and wo = floor((w + 2 pw - kw) / sw) + 1
    columns. Images are flattened row by row, as flatten() does. `stride` (sh, sw) and `padding`
    (ph, pw), per side, are pairs for height and width or one number for both. The matrix has the
    dtype of `weight`, and gradients flow back to it. Its transpose is the transposed convolution.

    Raises:
        ValueError: naming the argument and its value, if `stride` is not positive or `padding` is
            negative; naming `weight` and its shape, if it doesn't fit into the padded image.

    Not allowed: torch's or scipy's convolutions.

    Notes: transposed convolution.

    >>> conv_matrix(torch.tensor([[1.0, 2.0]]), (1, 3))
    tensor([[1., 2., 0.],
            [0., 1., 2.]])
    """
    (sh, sw), (ph, pw) = (v if isinstance(v, tuple) else (v, v) for v in (stride, padding))
    (h, w), (kh, kw) = size, weight.shape
    if min(sh, sw) < 1:
        raise ValueError(f"stride is {stride}, but must be positive")
    if min(ph, pw) < 0:
        raise ValueError(f"padding is {padding}, but must not be negative")
    ho, wo = (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1
    if ho < 1 or wo < 1:
        raise ValueError(f"weight has shape {list(weight.shape)}, too large for the padded image")
    matrix = torch.zeros(ho, wo, h + 2 * ph, w + 2 * pw, dtype=weight.dtype, device=weight.device)
    # Each row of the matrix is an image: the kernel, laid down at one place.
    for a, b in product(range(ho), range(wo)):
        matrix[a, b, a * sh : a * sh + kh, b * sw : b * sw + kw] = weight
    return matrix[:, :, ph : ph + h, pw : pw + w].reshape(ho * wo, h * w)
