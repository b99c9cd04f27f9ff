"""Convolution: the gradients that flow back to the kernel and to the bias."""

import torch
from jaxtyping import Float
from torch import Tensor


def conv2d_weight_grad(
    grad: Float[Tensor, "n c_out ho wo"],
    x: Float[Tensor, "n c_in h w"],
    kernel_size: tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> tuple[Float[Tensor, "c_out c_in kh kw"], Float[Tensor, " c_out"]]:
    """The gradients of a loss by the weight and by the bias of a convolution, in this order.

    `grad` is the gradient of the loss by y = conv2d(x, weight, bias, stride, padding, dilation),
    torch's, of shape [n, c_out, ho, wo]; `kernel_size` is (kh, kw). `stride`, `padding` and
    `dilation` are pairs for height and width, or one number for both; they are valid. The
    gradients have the dtype of `grad`.

    Raises:
        ValueError: naming `grad` and its shape, if n or (ho, wo) is not that of y.

    Not allowed: automatic differentiation.

    Notes: interview notes, the parameters of conv2d.

    >>> grad, x = torch.tensor([[[[1.0, 10.0]]]]), torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> conv2d_weight_grad(grad, x, (1, 2))
    (tensor([[[[21., 32.]]]]), tensor([11.]))
    """
    raise NotImplementedError
