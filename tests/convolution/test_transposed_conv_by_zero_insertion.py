"""Zeros between the pixels, k - 1 - p around them, a flipped kernel: a transposed convolution."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("transposed_conv_scatter",),
    forbid=(
        "conv_transpose",
        "convolution_backward",
        "autograd",
        "torch.nn.grad",
        "scipy.signal",
        "scipy.ndimage",
    ),
    instead="use an ordinary convolution",
    hints=(
        "Stride 1, no padding, first: which entries of x lead to out[0, 0], and to out[1, 1]?",
        "Pad x with k - 1 zeros around; then out reads x backwards: flip the kernel.",
        "A stride puts s - 1 zeros between pixels, and p is taken from the k - 1 around them.",
        "conv2d wants [c_out, c_in, kh, kw]; torch.nn.functional.pad crops where it is negative.",
    ),
)

OPTIONS = [
    {},
    {"stride": (2, 3)},
    {"padding": (1, 2)},
    {"stride": (3, 2), "padding": (2, 0)},
    {"stride": (3, 2), "padding": (3, 5)},  # more than k - 1: the convolution's image is cropped
]


def by_torch(x, weight, stride=1, padding=0):
    return F.conv_transpose2d(x, weight, None, stride, padding)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def tensors():
    """An image and a kernel whose sizes all differ."""
    return inputs.numbers(2, 5, 6, 8), inputs.numbers(5, 7, 3, 4)


@claim("S3-385", "S3-386", "S3-387", "S3-388")
def test_a_case_worked_by_hand(transposed_conv_by_zero_insertion):
    x = torch.tensor([[[[1.0, 2.0]], [[0.0, 1.0]]]])
    weight = torch.tensor(
        [
            [[[1.0, 3, 5], [0, 0, 2]], [[0, 1, 0], [0, 0, 0]], [[1, 0, 0], [3, 0, 0]]],
            [[[0.0, 0, 7], [0, 0, 0]], [[1, 0, 0], [0, 2, 0]], [[0, 4, 0], [0, 0, 0]]],
        ]
    )
    want = torch.tensor(
        [
            [
                [[1.0, 5, 11, 17], [0, 0, 2, 4]],
                [[0, 2, 2, 0], [0, 0, 2, 0]],
                [[1, 2, 4, 0], [3, 6, 0, 0]],
            ]
        ]
    )
    check(transposed_conv_by_zero_insertion, x, weight, want=want)


@claim("S3-385")
def test_a_kernel_of_size_one_shows_the_zeros_between_the_pixels(transposed_conv_by_zero_insertion):
    x, weight = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), torch.ones(1, 1, 1, 1)
    want = torch.tensor([[[[1.0, 2, 3], [0, 0, 0], [0, 0, 0], [4, 5, 6]]]])
    check(transposed_conv_by_zero_insertion, x, weight, (3, 1), want=want)
    want = torch.tensor([[[[1.0, 0, 2, 0, 3], [4, 0, 5, 0, 6]]]])
    check(transposed_conv_by_zero_insertion, x, weight, (1, 2), want=want)


@claim("S3-385")
def test_a_single_pixel_gives_the_kernel_whatever_the_stride(transposed_conv_by_zero_insertion):
    x, weight = torch.full((1, 1, 1, 1), 2.0), torch.arange(6.0).reshape(1, 1, 2, 3)
    check(transposed_conv_by_zero_insertion, x, weight, (4, 5), want=2 * weight)


@claim("S3-386")
def test_padding_wider_than_the_kernel_crops(transposed_conv_by_zero_insertion):
    x, weight = torch.arange(1.0, 6).reshape(1, 1, 1, 5), torch.tensor([[[[1.0, 10.0]]]])
    one = torch.ones(1, 1, 1, 1)
    check(transposed_conv_by_zero_insertion, x, one, 1, (0, 2), want=3 * one)
    want = torch.tensor([[[[23.0, 34.0]]]])  # the middle of 1, 12, 23, 34, 45, 50
    check(transposed_conv_by_zero_insertion, x, weight, 1, (0, 2), want=want)


@claim("S3-385", "S3-386", "S3-387", "S3-388")
def test_equals_torchs_for_sizes_that_all_differ(transposed_conv_by_zero_insertion):
    for options in OPTIONS:
        want = by_torch(*tensors(), **options)
        check(transposed_conv_by_zero_insertion, *tensors(), **options, want=want)


@claim("S3-388")
def test_as_many_channels_out_as_in_change_nothing(transposed_conv_by_zero_insertion):
    x, weight = inputs.numbers(2, 3, 4, 5), inputs.numbers(3, 3, 2, 3)
    want = by_torch(x, weight, 2, 1)
    check(transposed_conv_by_zero_insertion, x, weight, 2, 1, want=want)


@claim("S3-385", "S3-386", "S3-387", "S3-388")
@given(
    inputs.tensors(1, 2, inputs.sizes(2, 3), inputs.sizes(2, 4)),
    inputs.tensors(2, 3, inputs.sizes(2, 3), inputs.sizes(2, 3)),
    st.integers(1, 3) | st.tuples(st.integers(1, 4), st.integers(1, 3)),
    st.integers(0, 1) | st.tuples(st.integers(0, 1), st.integers(0, 1)),
)
def test_is_the_adjoint_of_the_convolution(
    transposed_conv_by_zero_insertion, x, weight, stride, padding
):
    y = by_torch(x, weight, stride, padding).requires_grad_()
    (want,) = torch.autograd.grad(F.conv2d(y, weight, None, stride, padding), y, x)
    check(transposed_conv_by_zero_insertion, x, weight, stride, padding, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(transposed_conv_by_zero_insertion, dtype):
    x, weight = (t / 7 for t in tensors())
    want = by_torch(x, weight, 2, 1).to(dtype)
    check(transposed_conv_by_zero_insertion, x.to(dtype), weight.to(dtype), 2, 1, want=want)


@claim("S3-388")
@pytest.mark.parametrize("options", OPTIONS[2:], ids=str)
def test_gradients_flow_back_as_through_torchs(transposed_conv_by_zero_insertion, options):
    check_gradient(transposed_conv_by_zero_insertion, *tensors(), **options, like=by_torch)


def test_refuses_bad_options(transposed_conv_by_zero_insertion):
    x, weight = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 4, 5)
    for options in ({"stride": 0}, {"stride": (1, -1)}, {"padding": -1}, {"padding": (0, -2)}):
        check(
            transposed_conv_by_zero_insertion,
            x,
            weight,
            **options,
            raises=ValueError,
            naming=options,
        )


def test_refuses_padding_that_leaves_nothing(transposed_conv_by_zero_insertion):
    x, weight = torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 3, 2)
    for padding in (2, (2, 0), (0, 2)):
        naming = {"padding": padding}
        check(
            transposed_conv_by_zero_insertion,
            x,
            weight,
            1,
            padding,
            raises=ValueError,
            naming=naming,
        )


def test_refuses_padding_that_leaves_nothing_of_many_channels(transposed_conv_by_zero_insertion):
    x, weight = torch.zeros(1, 7, 1, 3), torch.zeros(7, 1, 1, 1)
    naming = {"padding": (1, 0)}
    check(transposed_conv_by_zero_insertion, x, weight, 1, (1, 0), raises=ValueError, naming=naming)


@claim("S4-215")
def test_one_pixel_spreads_one_entry(transposed_conv_by_zero_insertion):
    x, weight = torch.full((1, 1, 1, 1), 3.0), torch.full((1, 1, 1, 1), 5.0)
    check(transposed_conv_by_zero_insertion, x, weight, want=torch.full((1, 1, 1, 1), 15.0))


def steps(x, weight, stride, padding, between=None, around=None, flip=(2, 3), swap=True):
    """The four steps, with one of them changed."""
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    kh, kw = weight.shape[2:]
    sparse = x.new_zeros(*x.shape[:2], (x.shape[2] - 1) * sh + 1, (x.shape[3] - 1) * sw + 1)
    sparse[:, :, ::sh, ::sw] = x
    if between == "after":
        sparse = F.pad(sparse, (0, sw - 1, 0, sh - 1))
    up, left = around or (kh - 1 - ph, kw - 1 - pw)
    spread = F.pad(sparse, (left, left, up, up))
    kernel = weight.flip(flip) if flip else weight
    kernel = kernel.transpose(0, 1) if swap else kernel.reshape(-1, x.shape[1], kh, kw)
    return F.conv2d(spread, kernel)


@wrong("forget to flip the kernel")
def not_flipped(x, weight, stride=1, padding=0):
    return steps(x, weight, stride, padding, flip=())


@wrong("flip the kernel up and down only")
def flipped_upside_down(x, weight, stride=1, padding=0):
    return steps(x, weight, stride, padding, flip=(2,))


@wrong("reshape the kernel to swap its channels: that mixes them; transpose it")
def channels_reshaped(x, weight, stride=1, padding=0):
    return steps(x, weight, stride, padding, swap=False)


@wrong("put zeros after the last pixel as well: they belong between pixels only")
def zeros_after_the_last(x, weight, stride=1, padding=0):
    return steps(x, weight, stride, padding, between="after")


@wrong("insert s zeros between neighbours: that is one too many")
def one_zero_too_many(x, weight, stride=1, padding=0):
    return steps(x, weight, tuple(s + (s > 1) for s in pair(stride)), padding)


@wrong(
    "take padding for the total of both sides: k - 1 - p/2 zeros around",
    right_for="padding given in total; here it is given per side",
)
def total_padding(x, weight, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    ph, pw = pair(padding)
    return steps(x, weight, stride, padding, around=(kh - 1 - ph // 2, kw - 1 - pw // 2))


@wrong("pad with p zeros and not with k - 1 - p")
def pads_p(x, weight, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    ph, pw = pair(padding)
    return steps(x, weight, stride, padding, around=(kh - 1 + ph, kw - 1 + pw))


@wrong("take no padding where k - 1 - p is negative: it should crop")
def never_crops(x, weight, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    ph, pw = pair(padding)
    return steps(x, weight, stride, padding, around=(max(kh - 1 - ph, 0), max(kw - 1 - pw, 0)))


@wrong("stretch the result and not the image: the stride belongs before the convolution")
def stride_of_the_convolution(x, weight, stride=1, padding=0):
    out = steps(x, weight, 1, padding)
    sh, sw = pair(stride)
    spread = out.new_zeros(*out.shape[:2], (out.shape[2] - 1) * sh + 1, (out.shape[3] - 1) * sw + 1)
    spread[:, :, ::sh, ::sw] = out
    return spread


@wrong(
    "take the pairs for width and height: they are height and width",
    right_for="pairs of (width, height); here they are (height, width)",
)
def swapped_pairs(x, weight, stride=1, padding=0):
    return by_torch(x, weight, pair(stride)[::-1], pair(padding)[::-1])


@wrong("detach the kernel: it gets no gradient")
def detached(x, weight, stride=1, padding=0):
    return by_torch(x, weight.detach(), stride, padding)


@right("with an upsampling by a product with zeros, and cropping at the end")
def cropped_at_the_end(x, weight, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    if sh < 1 or sw < 1:
        raise ValueError(f"stride must be at least 1, not {stride}")
    (h, w), (kh, kw) = x.shape[2:], weight.shape[2:]
    ho, wo = (h - 1) * sh + kh - 2 * ph, (w - 1) * sw + kw - 2 * pw
    if ph < 0 or pw < 0 or ho < 1 or wo < 1:
        raise ValueError(f"bad padding: {padding}")
    first = torch.zeros(sh, sw, dtype=x.dtype)
    first[0, 0] = 1
    sparse = torch.kron(x, first)[:, :, : (h - 1) * sh + 1, : (w - 1) * sw + 1]
    full = F.conv2d(sparse, weight.flip(-1, -2).permute(1, 0, 2, 3), padding=(kh - 1, kw - 1))
    return full[:, :, ph : ph + ho, pw : pw + wo]


@gpu
def bench_images_of_a_generator(transposed_conv_by_zero_insertion, race):
    race(
        transposed_conv_by_zero_insertion,
        torch=by_torch,
        # Stride 2 and padding 1: the image doubles in height and width and halves its channels.
        inputs=lambda draw, n, c, h: (draw.normal(n, c, h, h), draw.normal(c, c // 2, 4, 4), 2, 1),
        small=(2, 8, 6),
        large=(64, 256, 32),
        # Every entry of x paints the kernels of its channel: a product and a sum for each entry.
        forward=lambda x, weight, stride, padding: {
            "bytes": 3 * x.nbytes + weight.nbytes,
            "flops": 2 * x.numel() * weight[0].numel(),
        },
        # Two gradients, each of as many products.
        backward=lambda x, weight, stride, padding: {
            "bytes": 4 * x.nbytes + 2 * weight.nbytes,
            "flops": 4 * x.numel() * weight[0].numel(),
        },
        slack=100,  # a gradient of the kernel sums 65536 products
    )
