"""Convolution: the layer's forward pass with all its options."""

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor


def conv2d(
    x: Float[Tensor, "n c_in h w"],
    weight: Float[Tensor, "c_out c_in_of_a_group kh kw"],
    bias: Float[Tensor, " c_out"] | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Float[Tensor, "n c_out ho wo"]:
    """The convolution layer of deep learning libraries: a cross-correlation over all channels.

        out[n, o, a, b] = bias[o]
            + sum_{c, i, j} weight[o, c, i, j] x[n, first + c, a sh + i dh - ph, b sw + j dw - pw]

    `stride` (sh, sw), `padding` (ph, pw) and `dilation` (dh, dw) are pairs for height and width,
    or one number for both. `x` counts as zero outside of the image; `padding` is the number of
    zeros on each side. The result has every place of the kernel that lies inside the padded
    image. The channels of `x` and those of the result are cut into `groups` blocks of
    neighbours, and a block of the result sees only the same block of `x`, whose first channel is
    `first`. The result has the dtype of `x`, and gradients flow back to `x`, `weight` and `bias`.

    Raises:
        ValueError: naming the argument and its value, if `stride`, `dilation` or `groups` is not
            positive, `padding` is negative, or `groups` doesn't divide c_in and c_out; else
            naming `weight` and its shape, if its second size is not c_in / groups or it doesn't
            fit into the padded image; naming `bias` and its shape, if that isn't [c_out].

    Not allowed: torch's or scipy's convolutions.

    Notes: interview notes, the parameters of conv2d.

    >>> conv2d(torch.tensor([[[[0.0, 1, 2, 3, 4, 5, 6]]]]), torch.tensor([[[[1.0, 10, 100]]]]),
    ...        dilation=2)
    tensor([[[[420., 531., 642.]]]])
    """
    raise NotImplementedError
