"""y.flatten() = C x.flatten() for a convolution y of x; C^T is the transposed convolution."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("cross_correlation", "conv_output_size"),
    forbid=(
        "convolution",
        "conv_transpose",
        "convolution_backward",
        "scipy.signal",
        "scipy.ndimage",
    ),
    instead="put the entries of the kernel at their places in the matrix",
    hints=(
        "A row of C belongs to one place of the kernel; which pixels does it read there?",
        "Reshaped to (h, w), a row is an empty image with the kernel laid down at that place.",
        "Lay the kernels down in padded images [ho, wo, h + 2 ph, w + 2 pw]; crop; flatten.",
    ),
)

CASES = [
    ((2, 3), (4, 6), 1, 0),
    ((3, 2), (4, 6), 2, 0),
    ((2, 3), (5, 4), (2, 1), (0, 1)),
    ((3, 1), (4, 5), (1, 3), (2, 1)),
    ((2, 4), (3, 5), 3, 2),
    ((5, 3), (4, 2), 1, (1, 2)),  # larger than the image, smaller than the padded one
    ((2, 1), (3, 4), 1, (4, 3)),
]


def by_columns(weight, size, stride=1, padding=0):
    """A column of C is the convolution of an image with a single 1."""
    images = torch.eye(size[0] * size[1], dtype=weight.dtype).reshape(-1, 1, *size)
    return F.conv2d(images, weight[None, None], None, stride, padding).flatten(1).T.contiguous()


@claim("S4-215")
def test_a_case_worked_by_hand(conv_matrix):
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    want = torch.tensor([[1.0, 2.0, 0.0, 3.0, 4.0, 0.0], [0.0, 1.0, 2.0, 0.0, 3.0, 4.0]])
    check(conv_matrix, weight, (2, 3), want=want)


def test_a_padded_case_worked_by_hand(conv_matrix):
    weight = torch.tensor([[1.0, 2.0, 4.0]])
    want = torch.tensor([[2.0, 4.0, 0.0, 0.0], [0.0, 1.0, 2.0, 4.0]])
    check(conv_matrix, weight, (1, 4), (1, 2), (0, 1), want=want)


@claim("S4-215")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_its_columns_are_the_convolutions_of_single_pixels(conv_matrix, case):
    shape, *rest = case
    weight = inputs.numbers(*shape)
    check(conv_matrix, weight, *rest, want=by_columns(weight, *rest))


@claim("S4-215")
@pytest.mark.parametrize("case", CASES[:3], ids=str)
def test_its_rows_are_the_transposed_convolutions_of_single_pixels(conv_matrix, case):
    shape, size, stride, padding = case
    weight = inputs.numbers(*shape)
    out = F.conv2d(torch.zeros(1, 1, *size), torch.zeros(1, 1, *shape), None, stride, padding)
    rows = out.numel()
    images = torch.eye(rows, dtype=torch.float64).reshape(rows, 1, *out.shape[2:])
    back = F.conv_transpose2d(images, weight[None, None], None, stride, padding)
    want = torch.zeros(rows, 1, *size, dtype=torch.float64)  # pixels that no kernel reads stay 0
    want[:, :, : back.shape[2], : back.shape[3]] = back
    check(conv_matrix, weight, size, stride, padding, want=want.flatten(1))


@given(
    inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 3)),
    st.tuples(inputs.sizes(3, 4), inputs.sizes(3, 5)),
    st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
def test_equals_the_matrix_of_columns(conv_matrix, weight, size, stride, padding):
    want = by_columns(weight, size, stride, padding)
    check(conv_matrix, weight, size, stride, padding, want=want)


@pytest.mark.parametrize("padding", [(3, 0), (0, 4), (4, 3)], ids=str)
def test_counts_a_wide_padding_on_both_sides(conv_matrix, padding):
    weight = inputs.numbers(2, 3)
    check(conv_matrix, weight, (2, 3), 1, padding, want=by_columns(weight, (2, 3), 1, padding))


def test_a_kernel_fits_by_the_padding_of_its_own_axis(conv_matrix):
    for shape, padding in (((3, 1), (1, 0)), ((1, 4), (0, 1))):
        weight = inputs.numbers(*shape)
        check(conv_matrix, weight, (2, 3), 1, padding, want=by_columns(weight, (2, 3), 1, padding))


def test_a_kernel_as_large_as_the_image_gives_one_row(conv_matrix):
    weight = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    check(conv_matrix, weight, (2, 3), 5, want=weight.reshape(1, 6))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype_of_the_kernel(conv_matrix, dtype):
    weight = inputs.numbers(2, 3).to(dtype) / 7
    check(conv_matrix, weight, (3, 4), want=by_columns(weight, (3, 4)))


@pytest.mark.parametrize("case", CASES[:3], ids=str)
def test_gradients_flow_back_to_the_kernel(conv_matrix, case):
    shape, *rest = case
    check_gradient(conv_matrix, inputs.numbers(*shape), *rest, like=by_columns)


def test_refuses_a_stride_that_is_not_positive(conv_matrix):
    for stride in (0, -2, (1, 0), (0, 2)):
        naming = {"stride": stride}
        check(conv_matrix, torch.ones(2, 2), (3, 4), stride, raises=ValueError, naming=naming)


def test_refuses_negative_padding(conv_matrix):
    for padding in (-1, (0, -1), (-2, 0)):
        naming = {"padding": padding}
        check(conv_matrix, torch.ones(1, 1), (6, 7), 1, padding, raises=ValueError, naming=naming)


def test_refuses_a_kernel_that_does_not_fit(conv_matrix):
    for shape, padding in (
        ([5, 1], 0),
        ([1, 5], 0),
        ([3, 8], 1),
        ([1, 5], (1, 0)),
        ([5, 1], (0, 1)),
    ):
        naming, weight = {"weight": shape}, torch.ones(shape)
        check(conv_matrix, weight, (4, 4), 3, padding, raises=ValueError, naming=naming)


@wrong("return the transpose: the matrix of the transposed convolution")
def transposed(weight, size, stride=1, padding=0):
    return by_columns(weight, size, stride, padding).T.contiguous()


@wrong(
    "turn the kernel by 180 degrees: that is the convolution of mathematics",
    right_for="the convolution of mathematics; here the kernel isn't turned, as in torch",
)
def true_convolution(weight, size, stride=1, padding=0):
    return by_columns(weight.flip(0, 1), size, stride, padding)


@wrong(
    "flatten the images column by column",
    right_for="images flattened column by column; here it is row by row, as in torch",
)
def column_major(weight, size, stride=1, padding=0):
    images = torch.eye(size[0] * size[1], dtype=weight.dtype).reshape(-1, 1, *size[::-1]).mT
    return F.conv2d(images, weight[None, None], None, stride, padding).mT.flatten(1).T.contiguous()


@wrong("ignore the padding")
def no_padding(weight, size, stride=1, padding=0):
    return by_columns(weight, size, stride)


@wrong("keep the columns of the padding's zeros, which are no pixels")
def columns_of_the_padding(weight, size, stride=1, padding=0):
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    return by_columns(weight, (size[0] + 2 * ph, size[1] + 2 * pw), stride)


@wrong("ignore the stride")
def no_stride(weight, size, stride=1, padding=0):
    return by_columns(weight, size, 1, padding)


@wrong(
    "take the pairs for width and height: they are height and width",
    right_for="pairs of (width, height); here they are (height, width)",
)
def swapped_pairs(weight, size, stride=1, padding=0):
    turned = [v[::-1] if isinstance(v, tuple) else v for v in (stride, padding)]
    return by_columns(weight, size, *turned)


@wrong("let a kernel that sticks out on the right go on in the next row")
def wraps_around(weight, size, stride=1, padding=0):
    (sh, sw), (ph, pw) = (v if isinstance(v, tuple) else (v, v) for v in (stride, padding))
    (h, w), (kh, kw) = size, weight.shape
    ho, wo = (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1
    matrix = weight.new_zeros(ho * wo, h * w)
    for row in range(ho * wo):
        for k in range(kh * kw):
            top, left = row // wo * sh - ph, row % wo * sw - pw
            at = (top + k // kw) * w + left + k % kw
            if 0 <= at < h * w:
                matrix[row, at] = weight.flatten()[k]
    return matrix


@wrong("convert the kernel to Python numbers: no gradient flows back")
def cut_off(weight, size, stride=1, padding=0):
    return by_columns(weight.detach(), size, stride, padding)


@right("entry by entry")
def entry_by_entry(weight, size, stride=1, padding=0):
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    if sh <= 0 or sw <= 0:
        raise ValueError(f"stride must be positive: {stride}")
    if ph < 0 or pw < 0:
        raise ValueError(f"padding must not be negative: {padding}")
    (h, w), (kh, kw) = size, weight.shape
    if kh > h + 2 * ph or kw > w + 2 * pw:
        raise ValueError(f"weight of shape {tuple(weight.shape)} doesn't fit")
    rows = []
    for top in range(-ph, h + ph - kh + 1, sh):
        for left in range(-pw, w + pw - kw + 1, sw):
            zero = weight.new_zeros(())
            read = [
                weight[y - top, x - left] if 0 <= y - top < kh and 0 <= x - left < kw else zero
                for y in range(h)
                for x in range(w)
            ]
            rows.append(torch.stack(read))
    return torch.stack(rows)
