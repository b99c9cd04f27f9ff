"""How often each entry of a transposed convolution's result is added to: the checkerboard."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("transposed_conv_scatter",),
    forbid=(
        "convolution",
        "conv_transpose",
        "numpy._core.numeric.convolve",
        "numpy._core.numeric.correlate",
        "scipy.signal",
    ),
    instead="count",
    hints=(
        "Input a adds its copy at a * stride. Which entries does that cover?",
        "Entry t is covered by all a with 0 <= t - a * stride < kernel_size.",
    ),
)


def by_torch(size, kernel_size, stride=1, padding=0):
    ones = torch.ones(1, 1, size, dtype=torch.float64)
    weight = torch.ones(1, 1, kernel_size, dtype=torch.float64)
    return [int(v) for v in F.conv_transpose1d(ones, weight, None, stride, padding)[0, 0]]


@claim("S4-215")
def test_a_case_worked_by_hand(overlap_counts):
    check(overlap_counts, 4, 3, 2, want=[1, 1, 2, 1, 2, 1, 2, 1, 1])
    check(overlap_counts, 3, 2, want=[1, 2, 2, 1])
    check(overlap_counts, 2, 5, 3, want=[1, 1, 1, 2, 2, 1, 1, 1])


@claim("S4-215")
def test_a_stride_that_divides_the_kernel_leaves_no_pattern_inside(overlap_counts):
    check(overlap_counts, 4, 4, 2, want=[1, 1, 2, 2, 2, 2, 2, 2, 1, 1])
    check(overlap_counts, 4, 4, 2, 2, want=[2] * 6)
    check(overlap_counts, 3, 2, 2, want=[1] * 6)


@claim("S4-215")
def test_a_stride_larger_than_the_kernel_leaves_holes(overlap_counts):
    check(overlap_counts, 3, 2, 4, want=[1, 1, 0, 0, 1, 1, 0, 0, 1, 1])
    check(overlap_counts, 1, 3, 7, want=[1, 1, 1])


@claim("S4-215")
@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 5), st.integers(0, 3))
def test_equals_the_transposed_convolution_of_ones_with_ones(
    overlap_counts, size, kernel_size, stride, padding
):
    padding = min(padding, ((size - 1) * stride + kernel_size - 1) // 2)
    want = by_torch(size, kernel_size, stride, padding)
    check(overlap_counts, size, kernel_size, stride, padding, want=want)


def test_refuses_padding_that_leaves_nothing(overlap_counts):
    for *rest, padding in ((2, 3, 1, 2), (1, 1, 4, 1), (3, 4, 2, 7)):
        check(overlap_counts, *rest, padding, raises=ValueError, naming={"padding": padding})


@wrong("ignore the padding")
def no_padding(size, kernel_size, stride=1, padding=0):
    return by_torch(size, kernel_size, stride)


@wrong(
    "take the padding for the total of both sides",
    right_for="padding given in total; here it is given per side",
)
def total_padding(size, kernel_size, stride=1, padding=0):
    full = by_torch(size, kernel_size, stride)
    return full[padding // 2 : len(full) - (padding - padding // 2)]


@wrong("ignore the stride")
def no_stride(size, kernel_size, stride=1, padding=0):
    return by_torch(size, kernel_size, 1, padding)


@wrong("give each entry the count of the middle, kernel_size / stride rounded up")
def even(size, kernel_size, stride=1, padding=0):
    return [-(-kernel_size // stride)] * len(by_torch(size, kernel_size, stride, padding))


@wrong("make the result `stride` times as long as the input, whatever the kernel")
def as_long_as_the_stride_says(size, kernel_size, stride=1, padding=0):
    return by_torch(size, kernel_size, stride)[padding : padding + size * stride]


@wrong("count a hole as 1: with a stride larger than the kernel nothing reaches it")
def without_holes(size, kernel_size, stride=1, padding=0):
    return [max(c, 1) for c in by_torch(size, kernel_size, stride, padding)]


@wrong("cut with [padding:-padding]: without padding that leaves nothing")
def cut_to_minus_zero(size, kernel_size, stride=1, padding=0):
    return by_torch(size, kernel_size, stride)[padding:-padding]


@right("copy by copy")
def copy_by_copy(size, kernel_size, stride=1, padding=0):
    counts = [0] * ((size - 1) * stride + kernel_size)
    for a in range(size):
        for j in range(kernel_size):
            counts[a * stride + j] += 1
    kept = counts[padding : len(counts) - padding]
    if not kept:
        raise ValueError(f"padding = {padding} leaves nothing")
    return kept
