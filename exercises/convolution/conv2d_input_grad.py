"""Convolution: the gradient that flows back to the image."""

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor


def conv2d_input_grad(
    grad: Float[Tensor, "n c_out ho wo"],
    weight: Float[Tensor, "c_out c_in kh kw"],
    size: tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Float[Tensor, "n c_in h w"]:
    """The gradient of a loss by the image x [n, c_in, h, w] of a convolution.

    `grad` is the gradient of the loss by y = conv2d(x, weight, None, stride, padding, dilation),
    torch's, of shape [n, c_out, ho, wo]; `size` is (h, w). Pixels that no kernel reads have
    gradient 0. `stride`, `padding` and `dilation` are pairs for height and width, or one number
    for both; they are valid. The result has the dtype of `grad`.

    Raises:
        ValueError: naming `grad` and its shape, if (ho, wo) is not the size of y, or c_out is not
            that of `weight`.

    Not allowed: automatic differentiation, torch's transposed convolutions, fold.

    Notes: transposed convolution.

    >>> conv2d_input_grad(torch.ones(1, 1, 1, 2), torch.tensor([[[[1.0, 10.0]]]]), (1, 3))
    tensor([[[[ 1., 11., 10.]]]])
    """
    raise NotImplementedError
