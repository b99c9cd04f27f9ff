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
    (sh, sw), (ph, pw), (dh, dw) = map(_pair, (stride, padding, dilation))
    (n, c, ho, wo), (c_out, c_in, kh, kw), (h, w) = grad.shape, weight.shape, size
    down, across = h + 2 * ph - dh * (kh - 1) - 1, w + 2 * pw - dw * (kw - 1) - 1
    if (c, ho, wo) != (c_out, down // sh + 1, across // sw + 1):
        raise ValueError(f"grad has shape {list(grad.shape)}, but the convolution gives another")
    padded = grad.new_zeros(n, c_in, h + 2 * ph, w + 2 * pw)
    # What y read from a pixel, through an entry of the kernel, flows back along the same way.
    for i, j in product(range(kh), range(kw)):
        back = torch.einsum("nohw,oc->nchw", grad, weight[:, :, i, j])
        padded[:, :, i * dh : i * dh + down + 1 : sh, j * dw : j * dw + across + 1 : sw] += back
    return padded[:, :, ph : ph + h, pw : pw + w]


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
