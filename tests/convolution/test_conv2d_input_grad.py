"""The gradient by the image of a convolution: the kernel's transposed convolution."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="hard",
    after=("conv2d", "transposed_conv_scatter"),
    forbid=("autograd", "conv_transpose", "convolution_backward", "fold", "col2im"),
    instead="derive the gradient, and write it with slices and sums of products",
    hints=(
        "Which entries of y have read x[n, c, u, v], and with which entry of the kernel?",
        "y[a, b] read weight[i, j] at x[a sh + i dh - ph, b sw + j dw - pw]: add it there.",
        "For each (i, j): a strided slice of a padded image += grad times weight[:, :, i, j].",
    ),
)

OPTIONS = [
    {},
    {"stride": (2, 3)},
    {"padding": (1, 2)},
    {"padding": (4, 3)},
    {"dilation": (2, 1)},
    {"stride": (2, 3), "padding": (3, 1), "dilation": (1, 2)},
    {"stride": 5},
]


def by_autograd(grad, weight, size, stride=1, padding=0, dilation=1):
    x = grad.new_zeros(grad.shape[0], weight.shape[1], *size, requires_grad=True)
    y = F.conv2d(x, weight.to(grad.dtype), None, stride, padding, dilation)
    return torch.autograd.grad(y, x, grad)[0]


def problem(**options):
    """An upstream gradient, a kernel and the image's size; all sizes differ."""
    weight = inputs.numbers(6, 3, 4, 2)
    y = F.conv2d(torch.zeros(5, 3, 9, 11, dtype=torch.float64), weight, **options)
    return inputs.numbers(*y.shape), weight, (9, 11)


@claim("S3-388")
def test_a_case_worked_by_hand(conv2d_input_grad):
    grad = torch.tensor([[[[1.0, 2.0, 5.0]], [[0.0, 1.0, 0.0]]]])
    weight = torch.tensor([[[[1.0, 10.0]], [[2.0, 0.0]]], [[[0.0, 3.0]], [[4.0, 1.0]]]])
    want = torch.tensor([[[[1.0, 12.0, 28.0, 50.0]], [[2.0, 8.0, 11.0, 0.0]]]])
    check(conv2d_input_grad, grad, weight, (1, 4), want=want)


def test_pixels_that_no_kernel_reads_have_gradient_zero(conv2d_input_grad):
    grad, weight = torch.tensor([[[[2.0], [3.0]]]]), torch.tensor([[[[1.0], [10.0]]]])
    want = torch.tensor([2.0, 20.0, 0.0, 3.0, 30.0, 0.0, 0.0]).reshape(1, 1, 7, 1)
    check(conv2d_input_grad, grad, weight, (7, 1), (3, 1), want=want)


def test_equals_autograds_for_sizes_that_all_differ(conv2d_input_grad):
    for options in OPTIONS:
        case = problem(**options)
        check(conv2d_input_grad, *case, **options, want=by_autograd(*case, **options))


@given(
    st.tuples(inputs.sizes(4, 6), inputs.sizes(3, 6)),
    inputs.tensors(2, 1, inputs.sizes(1, 2), inputs.sizes(1, 2)),
    st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.integers(1, 2) | st.tuples(st.integers(1, 3), st.integers(1, 2)),
)
def test_equals_autograds(conv2d_input_grad, size, weight, stride, padding, dilation):
    x = torch.zeros(1, 1, *size, dtype=torch.float64)
    grad = inputs.numbers(*F.conv2d(x, weight, None, stride, padding, dilation).shape)
    rest = (weight, size, stride, padding, dilation)
    check(conv2d_input_grad, grad, *rest, want=by_autograd(grad, *rest))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(conv2d_input_grad, dtype):
    grad, weight, size = problem()
    want = by_autograd(grad / 7, weight / 7, size).to(dtype)
    check(conv2d_input_grad, (grad / 7).to(dtype), (weight / 7).to(dtype), size, want=want)


def test_refuses_a_gradient_of_another_shape(conv2d_input_grad):
    weight = torch.zeros(6, 3, 2, 3)
    for shape, stride in (
        ([2, 6, 4, 5], 1),
        ([2, 6, 3, 4], 1),
        ([2, 3, 3, 5], 1),
        ([2, 6, 3, 3], 2),
    ):
        naming, grad = {"grad": shape}, torch.zeros(shape)
        check(conv2d_input_grad, grad, weight, (4, 7), stride, raises=ValueError, naming=naming)


@wrong("flip the kernel: only the detour over an ordinary convolution needs that")
def flipped(grad, weight, *rest, **options):
    return by_autograd(grad, weight.flip(2, 3), *rest, **options)


@wrong("ignore the stride: the gradients then stand side by side")
def no_stride(grad, weight, size, stride=1, padding=0, dilation=1):
    (ph, pw), (dh, dw) = ((v, v) if isinstance(v, int) else v for v in (padding, dilation))
    full = F.conv_transpose2d(grad, weight, dilation=(dh, dw))
    out = grad.new_zeros(grad.shape[0], weight.shape[1], size[0] + 2 * ph, size[1] + 2 * pw)
    out[:, :, : full.shape[2], : full.shape[3]] = full[:, :, : out.shape[2], : out.shape[3]]
    return out[:, :, ph : ph + size[0], pw : pw + size[1]]


@wrong("forget the rows and columns that the stride leaves over: the result is too small")
def smaller_image(grad, weight, size, stride=1, padding=0, dilation=1):
    return F.conv_transpose2d(grad, weight, None, stride, padding, 0, 1, dilation)


@wrong("ignore the dilation")
def no_dilation(grad, weight, size, stride=1, padding=0, dilation=1):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    full = F.conv_transpose2d(grad, weight, None, stride)
    full = F.pad(full, (0, size[1] + 2 * pw, 0, size[0] + 2 * ph))
    return full[:, :, ph : ph + size[0], pw : pw + size[1]]


@wrong("keep the first rows and columns instead of cutting the padding off")
def padding_kept(grad, weight, size, stride=1, padding=0, dilation=1):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    larger = (size[0] + 2 * ph, size[1] + 2 * pw)
    return by_autograd(grad, weight, larger, stride, 0, dilation)[:, :, : size[0], : size[1]]


@wrong("write = and not += for each entry of the kernel: what is there already gets lost")
def assigns(grad, weight, size, stride=1, padding=0, dilation=1):
    two = lambda v: (v, v) if isinstance(v, int) else v
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    (n, _, ho, wo), (h, w) = grad.shape, size
    out = grad.new_zeros(n, weight.shape[1], h + 2 * ph, w + 2 * pw)
    for i, j in product(range(weight.shape[2]), range(weight.shape[3])):
        rows = slice(i * dh, i * dh + (ho - 1) * sh + 1, sh)
        columns = slice(j * dw, j * dw + (wo - 1) * sw + 1, sw)
        out[:, :, rows, columns] = torch.einsum("nohw,oc->nchw", grad, weight[:, :, i, j])
    return out[:, :, ph : ph + h, pw : pw + w]


@wrong("take the mean over the batch")
def mean_over_the_batch(grad, *rest, **options):
    return by_autograd(grad, *rest, **options) / grad.shape[0]


@wrong(
    "take the pairs for width and height: they are height and width",
    right_for="pairs of (width, height); here they are (height, width)",
)
def swapped_pairs(grad, weight, size, stride=1, padding=0, dilation=1):
    turned = [v[::-1] if isinstance(v, tuple) else v for v in (stride, padding, dilation)]
    return by_autograd(grad, weight, size, *turned)


@right("with an ordinary convolution of the gradient, spread out by the stride")
def by_convolution(grad, weight, size, stride=1, padding=0, dilation=1):
    two = lambda v: (v, v) if isinstance(v, int) else v
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    (n, c, ho, wo), (h, w), (kh, kw) = grad.shape, size, weight.shape[2:]
    lost_h, lost_w = dh * (kh - 1), dw * (kw - 1)
    right_size = ((h + 2 * ph - lost_h - 1) // sh + 1, (w + 2 * pw - lost_w - 1) // sw + 1)
    if c != weight.shape[0] or (ho, wo) != right_size:
        raise ValueError(f"grad can't have shape {tuple(grad.shape)}")
    spread = grad.new_zeros(n, c, h + 2 * ph + lost_h, w + 2 * pw + lost_w)
    spread[
        :, :, lost_h : lost_h + (ho - 1) * sh + 1 : sh, lost_w : lost_w + (wo - 1) * sw + 1 : sw
    ] = grad
    out = F.conv2d(spread, weight.flip(2, 3).transpose(0, 1), dilation=(dh, dw))
    return out[:, :, ph : ph + h, pw : pw + w]
