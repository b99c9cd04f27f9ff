"""The gradients by the kernel and the bias of a convolution."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="hard",
    after=("conv2d",),
    forbid=("autograd", "convolution_backward"),
    instead="derive the gradients, and write them with slices and sums of products",
    hints=(
        "The bias is added to each entry of its channel. With which entries of x does weight meet?",
        "weight[o, c, i, j] met the pixels (a sh + i dh - ph, b sw + j dw - pw) for all a, b.",
        "It's a convolution: of x with grad as the kernel. Stride and dilation change places.",
    ),
)

OPTIONS = [
    {},
    {"stride": (2, 3)},
    {"padding": (1, 2)},
    {"dilation": (2, 1)},
    {"stride": (2, 3), "padding": (3, 1), "dilation": (1, 2)},
    {"stride": 5},
]


def by_autograd(grad, x, kernel_size, stride=1, padding=0, dilation=1):
    c_out = grad.shape[1]
    weight = x.new_zeros(c_out, x.shape[1], *kernel_size, requires_grad=True)
    bias = x.new_zeros(c_out, requires_grad=True)
    y = F.conv2d(x, weight, bias, stride, padding, dilation)
    return torch.autograd.grad(y, (weight, bias), grad)


def problem(**options):
    """An upstream gradient, an image and the kernel's size; small, as an answer may loop."""
    x = inputs.numbers(2, 3, 9, 7)
    y = F.conv2d(x, torch.zeros(6, 3, 4, 2, dtype=torch.float64), **options)
    return inputs.numbers(*y.shape), x, (4, 2)


@claim("S0-212")
def test_a_case_worked_by_hand(conv2d_weight_grad):
    grad = torch.tensor([[[[1.0, 2.0, 0.0]], [[0.0, 1.0, 10.0]]]])
    x = torch.tensor([[[[1.0, 2.0, 0.0, 3.0]], [[0.0, 4.0, 1.0, 5.0]], [[1.0, 1.0, 1.0, 1.0]]]])
    weight_grad = torch.tensor(
        [
            [[[5.0, 2.0]], [[8.0, 6.0]], [[3.0, 3.0]]],
            [[[2.0, 30.0]], [[14.0, 51.0]], [[11.0, 11.0]]],
        ]
    )
    check(conv2d_weight_grad, grad, x, (1, 2), want=(weight_grad, torch.tensor([3.0, 11.0])))


@claim("S0-212")
def test_equal_autograds_for_sizes_that_all_differ(conv2d_weight_grad):
    for options in OPTIONS:
        case = problem(**options)
        check(conv2d_weight_grad, *case, **options, want=by_autograd(*case, **options))


@claim("S0-212")
def test_a_kernel_of_one_row_or_column_steps_by_its_own_stride(conv2d_weight_grad):
    for kernel_size in ((1, 3), (3, 1)):
        x, rest = inputs.numbers(2, 3, 7, 8), {"stride": (3, 2), "dilation": (1, 2)}
        y = F.conv2d(x, torch.zeros(4, 3, *kernel_size, dtype=torch.float64), **rest)
        case = (inputs.numbers(*y.shape), x, kernel_size)
        check(conv2d_weight_grad, *case, **rest, want=by_autograd(*case, **rest))


@given(
    inputs.tensors(2, 1, inputs.sizes(4, 5), inputs.sizes(3, 5)),
    st.tuples(inputs.sizes(1, 2), inputs.sizes(1, 2)),
    st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.integers(1, 2) | st.tuples(st.integers(1, 3), st.integers(1, 2)),
)
def test_equal_autograds(conv2d_weight_grad, x, kernel_size, stride, padding, dilation):
    rest = (stride, padding, dilation)
    grad = inputs.numbers(*F.conv2d(x, x.new_zeros(2, 1, *kernel_size), None, *rest).shape)
    want = by_autograd(grad, x, kernel_size, *rest)
    check(conv2d_weight_grad, grad, x, kernel_size, *rest, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keep_the_dtype(conv2d_weight_grad, dtype):
    grad, x, size = problem()
    want = tuple(g.to(dtype) for g in by_autograd(grad / 7, x / 7, size))
    check(conv2d_weight_grad, (grad / 7).to(dtype), (x / 7).to(dtype), size, want=want)


def test_refuses_a_gradient_of_another_shape(conv2d_weight_grad):
    x = torch.zeros(2, 3, 4, 7)
    for shape, stride in (
        ([2, 6, 4, 5], 1),
        ([2, 6, 3, 4], 1),
        ([1, 6, 3, 5], 1),
        ([2, 6, 3, 3], 2),
    ):
        naming, grad = {"grad": shape}, torch.zeros(shape)
        check(conv2d_weight_grad, grad, x, (2, 3), stride, raises=ValueError, naming=naming)


@wrong("flip the kernel's gradient")
def flipped(*args, **options):
    weight_grad, bias_grad = by_autograd(*args, **options)
    return weight_grad.flip(2, 3), bias_grad


@wrong("take the mean over the batch")
def mean_over_the_batch(grad, *rest, **options):
    return tuple(g / len(grad) for g in by_autograd(grad, *rest, **options))


@wrong("sum the bias's gradient over the batch only, at the first pixel")
def bias_of_one_pixel(grad, *rest, **options):
    return by_autograd(grad, *rest, **options)[0], grad[:, :, 0, 0].sum(0)


@wrong("take the mean of the bias's gradient over the pixels")
def bias_mean(grad, *rest, **options):
    return by_autograd(grad, *rest, **options)[0], grad.sum(0).mean((1, 2))


@wrong("leave stride and dilation where they are: as a convolution by grad, they change places")
def stride_and_dilation_in_place(grad, x, kernel_size, stride=1, padding=0, dilation=1):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    kh, kw = kernel_size
    wide = F.pad(x, (pw, pw + 40, ph, ph + 40)).transpose(0, 1)  # enough for any of these
    out = F.conv2d(wide, grad.transpose(0, 1), None, stride, 0, dilation)
    return out.transpose(0, 1)[:, :, :kh, :kw].contiguous(), grad.sum((0, 2, 3))


@wrong("ignore the padding")
def no_padding(grad, x, kernel_size, stride=1, padding=0, dilation=1):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    return by_autograd(grad, F.pad(x, (0, 2 * pw, 0, 2 * ph)), kernel_size, stride, 0, dilation)


@wrong("swap the channels of the kernel's gradient")
def swapped_channels(*args, **options):
    weight_grad, bias_grad = by_autograd(*args, **options)
    return weight_grad.transpose(0, 1).contiguous(), bias_grad


@wrong("return the bias's gradient first")
def other_order(*args, **options):
    return by_autograd(*args, **options)[::-1]


@right("as a convolution of the image with the gradient, stride and dilation exchanged")
def by_convolution(grad, x, kernel_size, stride=1, padding=0, dilation=1):
    two = lambda v: (v, v) if isinstance(v, int) else v
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    (kh, kw), (n, _, h, w) = kernel_size, x.shape
    ho, wo = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    if grad.shape[0] != n or tuple(grad.shape[2:]) != (ho, wo):
        raise ValueError(f"grad: {tuple(grad.shape)} is not the shape of the result")
    rolled, kernel = x.transpose(0, 1), grad.transpose(0, 1)
    out = F.conv2d(rolled, kernel, None, (dh, dw), (ph, pw), (sh, sw))[:, :, :kh, :kw]
    return out.transpose(0, 1).contiguous(), grad.sum(-1).sum(-1).sum(0)
