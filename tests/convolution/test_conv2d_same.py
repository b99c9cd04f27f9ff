"""A convolution whose result is as large as the image, for odd and for even kernels."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("cross_correlation", "same_padding"),
    forbid=("convolution", "conv_transpose", "scipy.signal", "scipy.ndimage"),
    instead="pad, and write it as sums of products",
    hints=(
        "How many rows does a convolution without padding lose? All of them must be added first.",
        "total = d (k - 1) rows: total // 2 above, total - total // 2 below; columns likewise.",
        "torch.nn.functional.pad begins with the last dimension: (left, right, top, bottom).",
    ),
)


def by_torch(x, weight, dilation=1):
    planes = x.reshape(-1, 1, *x.shape[-2:])
    with warnings.catch_warnings():  # torch says that even kernels may cost a copy
        warnings.simplefilter("ignore")
        out = F.conv2d(planes, weight[None, None], padding="same", dilation=dilation)
    return out.reshape(x.shape)


def padded_by(x, weight, dilation, left, right, top, bottom):
    """Return the convolution of planes with this padding, cut or not to any size."""
    planes = F.pad(x.reshape(-1, 1, *x.shape[-2:]), (left, right, top, bottom))
    out = F.conv2d(planes, weight[None, None], dilation=dilation)
    return out.reshape(*x.shape[:-2], *out.shape[-2:])


def totals(weight, dilation):
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    return dh * (weight.shape[0] - 1), dw * (weight.shape[1] - 1)


@claim("S1-100")
def test_a_case_worked_by_hand_with_a_kernel_of_3_by_2(conv2d_same):
    x = torch.tensor([[1.0, 2.0, 0.0, 3.0], [0.0, 4.0, 1.0, 5.0]])
    weight = torch.tensor([[0.0, 1.0], [1.0, 10.0], [0.0, 100.0]])
    want = torch.tensor([[421.0, 102.0, 530.0, 3.0], [42.0, 14.0, 54.0, 5.0]])
    check(conv2d_same, x, weight, want=want)


@claim("S1-100")
@pytest.mark.parametrize("size", [2, 4])
def test_the_odd_zero_of_an_even_kernel_stands_on_the_right_and_below(conv2d_same, size):
    x = torch.tensor([[1.0, 2.0, 4.0, 8.0, 16.0]])
    first = torch.zeros(1, size)
    first[0, 0] = 1
    back = size // 2 - 1
    want = F.pad(x, (back, -back))
    check(conv2d_same, x, first, want=want)
    check(conv2d_same, x.mT, first.mT, want=want.mT.contiguous())


@claim("S0-209", "S1-100")
@pytest.mark.parametrize("size", [(3, 5), (4, 1), (2, 6), (1, 1), (5, 2)], ids=str)
def test_equals_torchs_padding_same(conv2d_same, size):
    x, weight = inputs.numbers(2, 3, 5, 7), inputs.numbers(*size)
    for dilation in (1, 2, (3, 1), (1, 3)):
        check(conv2d_same, x, weight, dilation, want=by_torch(x, weight, dilation))


@claim("S1-100")
@given(
    inputs.tensors(inputs.sizes(1, 4), inputs.sizes(1, 5)),
    inputs.tensors(inputs.sizes(1, 4), inputs.sizes(1, 4)),
)
def test_equals_the_sum_over_the_entries_that_lie_in_the_image(conv2d_same, x, weight):
    (h, w), (kh, kw) = x.shape, weight.shape
    top, left = (kh - 1) // 2, (kw - 1) // 2
    want = [
        sum(
            float(weight[i, j] * x[a + i - top, b + j - left])
            for i in range(kh)
            for j in range(kw)
            if 0 <= a + i - top < h and 0 <= b + j - left < w
        )
        for a in range(h)
        for b in range(w)
    ]
    check(conv2d_same, x, weight, want=inputs.vector(*want).reshape(h, w))


def test_a_kernel_may_be_larger_than_the_image(conv2d_same):
    x = torch.tensor([[1.0, 2.0]])
    weight = torch.arange(35.0).reshape(7, 5)
    check(conv2d_same, x, weight, want=torch.tensor([[53.0, 50.0]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_keeps_the_dtype(conv2d_same, dtype):
    x, weight = (
        torch.tensor([[0.1, 0.7, -1.3]], dtype=dtype),
        torch.tensor([[0.3, 1.7]], dtype=dtype),
    )
    check(conv2d_same, x, weight, want=by_torch(x.double(), weight.double()).to(dtype))


@given(
    inputs.tensors(inputs.sizes(1, 2), inputs.sizes(1, 4), inputs.sizes(1, 3)),
    inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 4)),
)
def test_gradients_flow_back_to_the_images_and_to_the_kernel(conv2d_same, x, weight):
    check_gradient(conv2d_same, x, weight, dilation=(1, 2), like=by_torch)


def test_refuses_a_dilation_that_is_not_positive(conv2d_same):
    for dilation in (0, -1, (0, 1), (2, 0)):
        naming = {"dilation": dilation}
        x, weight = torch.zeros(3, 4), torch.zeros(2, 2)
        check(conv2d_same, x, weight, dilation, raises=ValueError, naming=naming)


@wrong(
    "put the odd zero on the left and on top: that is another library's convention",
    right_for="libraries that put the odd zero first; here it goes on the right and below",
)
def odd_zero_first(x, weight, dilation=1):
    th, tw = totals(weight, dilation)
    return padded_by(x, weight, dilation, tw - tw // 2, tw // 2, th - th // 2, th // 2)


@wrong("pad (k - 1) / 2 rounded down on both sides: an even kernel then loses a row")
def rounded_down(x, weight, dilation=1):
    th, tw = totals(weight, dilation)
    return padded_by(x, weight, dilation, tw // 2, tw // 2, th // 2, th // 2)


@wrong("hand the padding of the height to the columns: pad takes the last dimension first")
def swapped_axes(x, weight, dilation=1):
    th, tw = totals(weight, dilation)
    out = padded_by(x, weight, dilation, th // 2, th - th // 2, tw // 2, tw - tw // 2)
    return out[..., : x.shape[-2], : x.shape[-1]]


@wrong("pad both axes by the rule for the height")
def height_rule_for_both(x, weight, dilation=1):
    th, _ = totals(weight, dilation)
    return padded_by(x, weight, dilation, th // 2, th - th // 2, th // 2, th - th // 2)


@wrong("put all zeros on the right and below")
def one_sided(x, weight, dilation=1):
    th, tw = totals(weight, dilation)
    return padded_by(x, weight, dilation, 0, tw, 0, th)


@wrong("pad for the kernel without its dilation")
def undilated_padding(x, weight, dilation=1):
    th, tw = totals(weight, 1)
    return padded_by(x, weight, dilation, tw // 2, tw - tw // 2, th // 2, th - th // 2)


@wrong("ignore the dilation")
def no_dilation(x, weight, dilation=1):
    return by_torch(x, weight)


@wrong(
    "turn the kernel by 180 degrees: that is the convolution of mathematics",
    right_for="the convolution of mathematics; here the kernel isn't turned, as in torch",
)
def true_convolution(x, weight, dilation=1):
    return by_torch(x, weight.flip(0, 1), dilation)


@wrong("sum over all the images: each keeps its own result")
def summed_over_images(x, weight, dilation=1):
    out = by_torch(x, weight, dilation)
    return out.flatten(0, -3).sum(0).expand_as(out).clone() if x.dim() > 2 else out


@wrong("detach the kernel: it gets no gradient")
def detached_kernel(x, weight, dilation=1):
    return by_torch(x, weight.detach(), dilation)


@right("all windows at once")
def by_windows(x, weight, dilation=1):
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    if dh < 1 or dw < 1:
        raise ValueError(f"`dilation` must be positive, not {dilation!r}")
    (h, w), (kh, kw) = x.shape[-2:], weight.shape
    th, tw = dh * (kh - 1), dw * (kw - 1)
    big = x.new_zeros(*x.shape[:-2], h + th, w + tw)
    big[..., th // 2 : th // 2 + h, tw // 2 : tw // 2 + w] = x
    windows = big.unfold(-2, th + 1, 1).unfold(-2, tw + 1, 1)[..., ::dh, ::dw]
    return (windows * weight).sum((-1, -2))
