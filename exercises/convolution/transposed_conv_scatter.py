"""Convolution: the transposed one, where each pixel paints a kernel."""

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor


def transposed_conv_scatter(
    x: Float[Tensor, "n c_in h w"],
    weight: Float[Tensor, "c_in c_out kh kw"],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int | tuple[int, int] = 0,
) -> Float[Tensor, "n c_out ho wo"]:
    """The transposed convolution: each pixel of x adds a copy of the kernel to the result.

        out[n, o, a sh + i - ph, b sw + j - pw] = sum of x[n, c, a, b] weight[c, o, i, j]

    over all c, a, b, i, j that lead to the same entry; entries that none leads to are 0, and what
    leads outside is lost. The result has ho = (h - 1) sh - 2 ph + kh + output padding rows, and
    columns likewise: `padding` takes away from each side, `output_padding` adds below and on the
    right. `stride`, `padding` and `output_padding` are pairs for height and width, or one number
    for both. Note that the channels of `x` come first in `weight`. The result has the dtype of
    `x`, and gradients flow back to `x` and `weight`.

    Raises:
        ValueError: naming the first that is wrong and its value, if `stride` is not positive,
            `output_padding` is negative or not smaller than the stride of its axis, or `padding`
            is negative or leaves no row or no column; naming `weight` and its shape, if its first
            size isn't c_in.

    Not allowed: torch's or scipy's convolutions.

    Notes: transposed convolution.

    >>> transposed_conv_scatter(torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[1.0, 1, 10]]]]),
    ...                         stride=(1, 2))
    tensor([[[[ 1.,  1., 12.,  2., 20.]]]])
    """
    raise NotImplementedError
