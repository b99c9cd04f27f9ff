"""Convolution: the transposed one, in four steps with an ordinary convolution."""

import torch
from jaxtyping import Float
from torch import Tensor


def transposed_conv_by_zero_insertion(
    x: Float[Tensor, "n c_in h w"],
    weight: Float[Tensor, "c_in c_out kh kw"],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Float[Tensor, "n c_out ho wo"]:
    """The transposed convolution, by way of an ordinary one of stride 1 and without padding.

        out[n, o, a sh + i - ph, b sw + j - pw] = sum of x[n, c, a, b] weight[c, o, i, j]

    over all c, a, b, i, j that lead to the same entry; entries that none leads to are 0, and what
    leads outside is lost. The result has ho = (h - 1) sh - 2 ph + kh rows, and columns likewise:
    `padding` is per side, and may be larger than the kernel. `stride` and `padding` are pairs for
    height and width, or one number for both. Note that the channels of `x` come first in `weight`.
    The result has the dtype of `x`, and gradients flow back to `x` and `weight`.

    Raises:
        ValueError: naming the argument and its value, if `stride` is not positive, `padding` is
            negative, or `padding` leaves no row or no column.

    Not allowed: torch's transposed convolutions, automatic differentiation. Its conv2d is what you
    are to use.

    Notes: transposed convolution, the four steps.

    >>> x, weight = torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[1.0, 1.0, 10.0]]]])
    >>> transposed_conv_by_zero_insertion(x, weight, stride=(1, 2))
    tensor([[[[ 1.,  1., 12.,  2., 20.]]]])
    """
    raise NotImplementedError
