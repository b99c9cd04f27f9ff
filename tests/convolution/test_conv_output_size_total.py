"""(floor((h - k_h + p_h + s_h) / s_h), floor((w - k_w + p_w + s_w) / s_w)), p in total."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("conv_output_size",),
    forbid=("convolution", "conv_transpose"),
    instead="count the positions of the kernel along each axis",
    hints=(
        "How many entries has a row once `padding_total` zeros are put to it?",
        "floor((n + p - k) / s) + 1 and floor((n - k + p + s) / s) are the same number.",
    ),
)


@st.composite
def axis(draw):
    """Draw (size, kernel, stride, padding_total) of an axis on which the kernel fits."""
    kernel, stride, padding = (
        draw(st.integers(1, 5)),
        draw(st.integers(1, 4)),
        draw(st.integers(0, 5)),
    )
    least = max(1, kernel - padding)
    return draw(st.integers(least, least + 9)), kernel, stride, padding


def padded_by_torch(size, kernel, stride, padding):
    """Return the shape of torch's own convolution of an input that is padded beforehand."""
    rows, columns = size[0] + padding[0], size[1] + padding[1]
    x = torch.empty(0, 1, rows, columns)
    weight = torch.empty(1, 1, *kernel)
    return tuple(torch.conv2d(x, weight, stride=stride).shape[-2:])


@claim("S1-095")
def test_without_padding_a_kernel_costs_its_size_less_one(conv_output_size_total):
    check(conv_output_size_total, (7, 9), (2, 4), want=(6, 6))
    check(conv_output_size_total, (3, 5), (3, 1), want=(1, 5))


@claim("S1-096", "S4-196")
def test_a_total_is_added_once(conv_output_size_total):
    check(conv_output_size_total, (7, 5), (2, 3), padding_total=(1, 2), want=(7, 5))
    check(conv_output_size_total, (5, 7), (3, 3), padding_total=(1, 3), want=(4, 8))


@claim("S1-101", "S3-383")
def test_a_step_that_leaves_the_input_is_not_taken(conv_output_size_total):
    check(conv_output_size_total, (8, 9), (3, 5), (3, 4), (0, 1), want=(2, 2))
    check(conv_output_size_total, (4, 6), (3, 2), stride=(9, 5), want=(1, 1))


@claim("S1-096", "S1-101", "S3-383", "S4-196")
@given(axis(), axis())
def test_equals_torchs_own_result_on_a_padded_input(conv_output_size_total, rows, columns):
    size, kernel, stride, padding = zip(rows, columns, strict=True)
    check(
        conv_output_size_total, size, kernel, stride=stride, padding_total=padding,
        want=padded_by_torch(size, kernel, stride, padding),
    )  # fmt: skip


@claim("S1-102", "S1-103")
@given(*[st.integers(1, 12)] * 2, *[st.integers(1, 6)] * 4)
def test_padding_of_k_less_1_leaves_n_over_s_rounded_up(
    conv_output_size_total, h, w, kernel_h, kernel_w, stride_h, stride_w
):
    check(
        conv_output_size_total, (h, w), (kernel_h, kernel_w), (stride_h, stride_w),
        (kernel_h - 1, kernel_w - 1), want=((h - 1) // stride_h + 1, (w - 1) // stride_w + 1),
    )  # fmt: skip


@claim("S1-103")
def test_an_even_kernel_halves_exactly_only_with_an_odd_total(conv_output_size_total):
    check(conv_output_size_total, (8, 8), (4, 4), (2, 2), (3, 4), want=(4, 5))


def test_refuses_bad_strides_and_paddings(conv_output_size_total):
    for stride in ((1, 0), (0, 3), (3, 0), (-1, 4)):
        naming = {"stride": stride}
        check(conv_output_size_total, (5, 5), (3, 3), stride, raises=ValueError, naming=naming)
    check(
        conv_output_size_total, (5, 5), (3, 3), padding_total=(-1, 0),
        raises=ValueError, naming={"padding_total": (-1, 0)},
    )  # fmt: skip


@claim("S1-095", "S1-101", "S3-383")
def test_refuses_a_kernel_that_is_larger_along_one_axis(conv_output_size_total):
    check(conv_output_size_total, (2, 9), (5, 3), raises=ValueError, naming={"kernel": (5, 3)})
    check(
        conv_output_size_total, (9, 2), (3, 5), (4, 4), raises=ValueError, naming={"kernel": (3, 5)}
    )
    check(
        conv_output_size_total, (3, 3), (3, 6), padding_total=(0, 2),
        raises=ValueError, naming={"kernel": (3, 6)},
    )  # fmt: skip


@wrong(
    "count the padding twice, as torch's padding per side",
    right_for="padding given per side; here it is given in total",
)
def per_side(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, stride, padding_total, strict=True)
    return tuple((n + 2 * p - k) // s + 1 for n, k, s, p in axes)


@wrong("give each side half of the total, rounded down: an odd total loses a row")
def halved(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    return per_side(size, kernel, stride, tuple(p // 2 for p in padding_total))


@wrong("use the height's stride and padding for the width too")
def one_for_both(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, strict=True)
    return tuple((n + padding_total[0] - k) // stride[0] + 1 for n, k in axes)


@wrong(
    "return the width before the height",
    right_for="sizes as (width, height); here they are (height, width)",
)
def swapped(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, stride, padding_total, strict=True)
    return tuple((n + p - k) // s + 1 for n, k, s, p in axes)[::-1]


@wrong("add the stride and then 1 as well: the first position is counted twice")
def counted_twice(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, stride, padding_total, strict=True)
    return tuple((n - k + p + s) // s + 1 for n, k, s, p in axes)


@wrong("round up where the stride doesn't divide")
def rounded_up(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, stride, padding_total, strict=True)
    return tuple(-((k - n - p) // s) + 1 for n, k, s, p in axes)


@wrong("leave out the stride")
def ignores_stride(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, padding_total, strict=True)
    return tuple(n + p - k + 1 for n, k, p in axes)


@wrong(
    "divide towards zero, and so find a position for a kernel that is too large",
    accepts_bad_input=True,
)
def truncated(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    axes = zip(size, kernel, stride, padding_total, strict=True)
    return tuple(int((n - k + p + s) / s) for n, k, s, p in axes)


@right("the notes' fraction, one axis after the other")
def one_fraction(size, kernel, stride=(1, 1), padding_total=(0, 0)):
    if any(s <= 0 for s in stride):
        raise ValueError(f"{stride=} has a step that isn't positive")
    if any(p < 0 for p in padding_total):
        raise ValueError(f"{padding_total=} is negative")
    out = []
    for n, k, s, p in zip(size, kernel, stride, padding_total, strict=True):
        if k > n + p:
            raise ValueError(f"{kernel=} is larger than the padded input")
        out.append((n - k + p + s) // s)
    return out[0], out[1]
