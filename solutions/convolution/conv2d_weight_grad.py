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
    (sh, sw), (ph, pw), (dh, dw) = map(_pair, (stride, padding, dilation))
    (n, _, h, w), (kh, kw) = x.shape, kernel_size
    down, across = h + 2 * ph - dh * (kh - 1) - 1, w + 2 * pw - dw * (kw - 1) - 1
    if (len(grad), *grad.shape[2:]) != (n, down // sh + 1, across // sw + 1):
        raise ValueError(f"grad has shape {list(grad.shape)}, but the convolution gives another")
    padded = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    # weight[i, j] met one slice of the image: its gradient is that slice times grad, summed up.
    entries = [
        torch.einsum("nohw,nchw->oc", grad, padded[:, :, rows, columns])
        for rows in (slice(i * dh, i * dh + down + 1, sh) for i in range(kh))
        for columns in (slice(j * dw, j * dw + across + 1, sw) for j in range(kw))
    ]
    return torch.stack(entries, -1).unflatten(-1, (kh, kw)), grad.sum((0, 2, 3))


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
