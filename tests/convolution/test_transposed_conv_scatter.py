"""Transposed convolution: each pixel adds a copy of the kernel to the result."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("conv_transpose_output_size", "conv_matrix"),
    forbid=(
        "convolution",
        "conv_transpose",
        "convolution_backward",
        "scipy.signal",
        "scipy.ndimage",
    ),
    instead="add the copies of the kernel yourself",
    hints=(
        "Without padding: which entries of the result does x[:, :, a, b] add to, and what?",
        "weight[:, :, i, j] adds to rows i, i + sh, i + 2 sh, ...: one slice for all pixels.",
        "A canvas of ho + 2 ph rows; add up; cut ph rows off on top and below.",
    ),
)

OPTIONS = [
    {},
    {"stride": (2, 3)},
    {"padding": (1, 0)},
    {"stride": (3, 2), "padding": (0, 1)},
    {"stride": (3, 2), "padding": (1, 2), "output_padding": (2, 1)},
    {"stride": (5, 6), "output_padding": (0, 4)},
    {"stride": 4, "padding": 1, "output_padding": 3},
]


def by_torch(x, weight, stride=1, padding=0, output_padding=0):
    return F.conv_transpose2d(x, weight, None, stride, padding, output_padding)


def tensors():
    """An image and a kernel whose sizes all differ."""
    return inputs.numbers(2, 3, 4, 6), inputs.numbers(3, 7, 5, 8)


@claim("S4-215")
def test_a_case_worked_by_hand(transposed_conv_scatter):
    x = torch.tensor([[[[1.0, 2.0]], [[0.0, 1.0]]]])
    weight = torch.tensor(
        [
            [[[1.0, 3.0, 5.0]], [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]],
            [[[0.0, 0.0, 7.0]], [[1.0, 0.0, 0.0]], [[0.0, 4.0, 0.0]]],
        ]
    )
    rows = [[1.0, 5.0, 11.0, 17.0], [0.0, 2.0, 2.0, 0.0], [1.0, 2.0, 4.0, 0.0]]
    check(transposed_conv_scatter, x, weight, want=torch.tensor([rows])[:, :, None])


@claim("S4-215")
def test_kernels_of_neighbours_add_up_where_they_overlap(transposed_conv_scatter):
    x, weight = torch.ones(1, 1, 4, 1), torch.ones(1, 1, 3, 1)
    want = torch.tensor([1.0, 1, 2, 1, 2, 1, 2, 1, 1]).reshape(1, 1, 9, 1)
    check(transposed_conv_scatter, x, weight, (2, 1), want=want)
    check(transposed_conv_scatter, x, weight, (2, 1), (1, 0), want=want[:, :, 1:-1].contiguous())


def test_output_padding_restores_a_row_before_it_adds_zeros(transposed_conv_scatter):
    x, weight = torch.tensor([[[[1.0], [2.0]]]]), torch.tensor([[[[1.0], [10.0], [100.0]]]])
    cases = (
        ((3, 1), (1, 0), (1, 0), [10, 100, 2, 20, 200]),
        ((3, 1), (0, 0), (2, 0), [1, 10, 100, 2, 20, 200, 0, 0]),
    )
    for *options, want in cases:
        column = torch.tensor(want, dtype=torch.float32).reshape(1, 1, -1, 1)
        check(transposed_conv_scatter, x, weight, *options, want=column)


@claim("S4-215")
def test_equals_torchs_for_sizes_that_all_differ(transposed_conv_scatter):
    for options in OPTIONS:
        check(transposed_conv_scatter, *tensors(), **options, want=by_torch(*tensors(), **options))


@claim("S4-215")
@given(
    inputs.tensors(1, 2, inputs.sizes(2, 3), inputs.sizes(2, 4)),
    inputs.tensors(2, 3, inputs.sizes(2, 3), inputs.sizes(2, 3)),
    st.integers(1, 3) | st.tuples(st.integers(1, 4), st.integers(1, 3)),
    st.integers(0, 1) | st.tuples(st.integers(0, 1), st.integers(0, 1)),
)
def test_is_the_adjoint_of_the_convolution(transposed_conv_scatter, x, weight, stride, padding):
    y = by_torch(x, weight, stride, padding).requires_grad_()
    (want,) = torch.autograd.grad(F.conv2d(y, weight, None, stride, padding), y, x)
    check(transposed_conv_scatter, x, weight, stride, padding, want=want)


@pytest.mark.parametrize("padding", [(3, 0), (0, 4), (4, 3)], ids=str)
def test_cuts_a_wide_padding_off(transposed_conv_scatter, padding):
    x, weight = inputs.numbers(1, 2, 5, 6), inputs.numbers(2, 3, 6, 7)
    want = by_torch(x, weight, 2, padding)
    check(transposed_conv_scatter, x, weight, 2, padding, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(transposed_conv_scatter, dtype):
    x, weight = (t / 7 for t in tensors())
    want = by_torch(x, weight).to(dtype)
    check(transposed_conv_scatter, x.to(dtype), weight.to(dtype), want=want)


@pytest.mark.parametrize("options", OPTIONS[3:5], ids=str)
def test_gradients_flow_back_as_through_torchs(transposed_conv_scatter, options):
    check_gradient(transposed_conv_scatter, *tensors(), **options, like=by_torch)


def test_refuses_bad_options(transposed_conv_scatter):
    x, weight = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 4, 5)
    bad = [
        {"stride": 0},
        {"stride": (1, -1)},
        {"padding": -1},
        {"padding": (0, -2)},
        {"output_padding": -1},
        {"output_padding": (-1, 0)},
        {"output_padding": (0, -1)},
    ]
    for options in bad:
        check(transposed_conv_scatter, x, weight, **options, raises=ValueError, naming=options)


def test_refuses_an_output_padding_as_large_as_the_stride(transposed_conv_scatter):
    x, weight = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 4, 5)
    for stride, extra in ((1, 1), ((2, 3), 2), ((3, 2), (0, 2)), ((2, 3), (2, 0))):
        naming = {"output_padding": extra}
        check(
            transposed_conv_scatter, x, weight, stride, 0, extra, raises=ValueError, naming=naming
        )


def test_refuses_padding_that_leaves_nothing(transposed_conv_scatter):
    x, weight = torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 3, 2)
    for padding in (2, (2, 0), (0, 2)):
        naming = {"padding": padding}
        check(transposed_conv_scatter, x, weight, 1, padding, raises=ValueError, naming=naming)


def test_refuses_a_kernel_for_another_number_of_channels(transposed_conv_scatter):
    x, weight = torch.zeros(1, 2, 2, 3), torch.zeros(3, 2, 1, 1)
    check(transposed_conv_scatter, x, weight, raises=ValueError, naming={"weight": [3, 2, 1, 1]})
    fewer = torch.zeros(1, 2, 1, 1)
    check(transposed_conv_scatter, x, fewer, raises=ValueError, naming={"weight": [1, 2, 1, 1]})


@wrong("let a later copy of the kernel replace an earlier one where they overlap")
def overwrites(x, weight, stride=1, padding=0, output_padding=0):
    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)
    kh, kw = weight.shape[2:]
    out = by_torch(x, weight, stride)
    for a in range(x.shape[2]):
        for b in range(x.shape[3]):
            paint = torch.einsum("nc,coij->noij", x[:, :, a, b], weight)
            out[:, :, a * sh : a * sh + kh, b * sw : b * sw + kw] = paint
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    eh, ew = output_padding if isinstance(output_padding, tuple) else (output_padding,) * 2
    return F.pad(out, (-pw, ew - pw, -ph, eh - ph))


@wrong("write = and not += for each entry of the kernel: what is there already gets lost")
def assigns(x, weight, stride=1, padding=0, output_padding=0):
    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)
    h, w = x.shape[2:]
    out = by_torch(x, weight, stride)
    for i, j in product(range(weight.shape[2]), range(weight.shape[3])):
        paint = torch.einsum("nchw,co->nohw", x, weight[:, :, i, j])
        out[:, :, i : i + h * sh - sh + 1 : sh, j : j + w * sw - sw + 1 : sw] = paint
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    eh, ew = output_padding if isinstance(output_padding, tuple) else (output_padding,) * 2
    return F.pad(out, (-pw, ew - pw, -ph, eh - ph))


@wrong("flip the kernel: only the detour over an ordinary convolution needs that")
def flipped(x, weight, *rest, **options):
    return by_torch(x, weight.flip(2, 3), *rest, **options)


@wrong("add the padding to the result: a transposed convolution takes it away")
def padding_added(x, weight, stride=1, padding=0, output_padding=0):
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    return F.pad(by_torch(x, weight, stride, 0, output_padding), (pw, pw, ph, ph))


@wrong(
    "take the padding for the total of both sides",
    right_for="padding given in total; here it is given per side",
)
def total_padding(x, weight, stride=1, padding=0, output_padding=0):
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    out = by_torch(x, weight, stride, 0, output_padding)
    return F.pad(out, (-(pw // 2), pw // 2 - pw, -(ph // 2), ph // 2 - ph))


@wrong("fill the output padding with zeros, where cut off values should come back")
def zeros_at_the_end(x, weight, stride=1, padding=0, output_padding=0):
    eh, ew = output_padding if isinstance(output_padding, tuple) else (output_padding,) * 2
    return F.pad(by_torch(x, weight, stride, padding), (0, ew, 0, eh))


@wrong("add the output padding on the left and on top")
def output_padding_first(x, weight, stride=1, padding=0, output_padding=0):
    eh, ew = output_padding if isinstance(output_padding, tuple) else (output_padding,) * 2
    return F.pad(by_torch(x, weight, stride, padding), (ew, 0, eh, 0))


@wrong("ignore the output padding")
def no_output_padding(x, weight, stride=1, padding=0, output_padding=0):
    return by_torch(x, weight, stride, padding)


@wrong(
    "take the pairs for width and height: they are height and width",
    right_for="pairs of (width, height); here they are (height, width)",
)
def swapped_pairs(x, weight, stride=1, padding=0, output_padding=0):
    rest = (v[::-1] if isinstance(v, tuple) else v for v in (stride, padding, output_padding))
    return by_torch(x, weight, *rest)


@wrong("detach the kernel: it gets no gradient")
def detached(x, weight, *rest, **options):
    return by_torch(x, weight.detach(), *rest, **options)


def require(fine, name, value):
    if not fine:
        raise ValueError(f"bad {name}: {value}")


@right("pixel by pixel")
def pixel_by_pixel(x, weight, stride=1, padding=0, output_padding=0):
    two = lambda v: v if isinstance(v, tuple) else (v, v)
    (sh, sw), (ph, pw), (eh, ew) = two(stride), two(padding), two(output_padding)
    require(sh > 0 and sw > 0, "stride", stride)
    require(ph >= 0 and pw >= 0, "padding", padding)
    require(0 <= eh < sh and 0 <= ew < sw, "output_padding", output_padding)
    require(x.shape[1] == weight.shape[0], "weight", weight.shape)
    (n, _, h, w), (_, c_out, kh, kw) = x.shape, weight.shape
    full = x.new_zeros(n, c_out, (h - 1) * sh + kh + eh, (w - 1) * sw + kw + ew)
    for a in range(h):
        for b in range(w):
            place = full[:, :, a * sh : a * sh + kh, b * sw : b * sw + kw]
            place += torch.tensordot(x[:, :, a, b], weight, 1)
    require(full.shape[2] > 2 * ph and full.shape[3] > 2 * pw, "padding", padding)
    return full[:, :, ph : full.shape[2] - ph, pw : full.shape[3] - pw]


@gpu
def bench_images_of_a_generator(transposed_conv_scatter, race):
    race(
        transposed_conv_scatter,
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
