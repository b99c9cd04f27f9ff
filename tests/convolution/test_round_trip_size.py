"""size - ((size - kernel + padding_total) mod stride)."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("conv_output_size_total", "conv_transpose_output_size"),
    forbid=("convolution", "conv_transpose"),
    instead="put one formula for sizes into the other",
    hints=(
        "Put the output size of the convolution into that of the transposed convolution.",
        "stride * floor(room / stride) is room less the remainder.",
    ),
)


@st.composite
def settings(draw):
    """Draw (size, kernel, stride, padding_total) that leave at least one entry."""
    kernel, stride, padding = (
        draw(st.integers(low, high)) for low, high in ((1, 5), (1, 5), (0, 5))
    )
    # The remainder is less than the stride: a size of at least the stride is never used up.
    size = draw(st.integers(max(stride, kernel - padding), max(stride, kernel) + 9))
    return size, kernel, stride, padding


def torchs(size, kernel, stride, padding):
    """Send a length through both of torch's layers; padded before, and cut afterwards."""
    x = torch.empty(0, 1, size + padding)
    weight = torch.empty(1, 1, kernel)
    y = torch.conv1d(x, weight, stride=stride)
    return torch.conv_transpose1d(y, weight, stride=stride).shape[-1] - padding


@claim("S3-384")
def test_is_restored_where_the_stride_divides_the_room(round_trip_size):
    check(round_trip_size, 9, 3, 2, 2, want=9)
    check(round_trip_size, 5, 3, 2, 2, want=5)
    check(round_trip_size, 7, 3, 2, 2, want=7)
    check(round_trip_size, 11, 2, stride=3, want=11)


@claim("S3-384")
def test_is_smaller_by_the_remainder_elsewhere(round_trip_size):
    check(round_trip_size, 6, 3, 2, 2, want=5)
    check(round_trip_size, 8, 3, 2, 2, want=7)
    check(round_trip_size, 13, 2, stride=3, want=11)
    check(round_trip_size, 9, 3, 4, 1, want=6, why="an odd total")


@claim("S3-384")
@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 9))
def test_stride_1_restores_every_size(round_trip_size, kernel, padding, more):
    size = max(1, kernel - padding) + more
    check(round_trip_size, size, kernel, padding_total=padding, want=size)


@claim("S3-384", "S3-383", "S3-381")
@given(settings())
def test_equals_the_size_behind_torchs_two_layers(round_trip_size, drawn):
    size, kernel, stride, padding = drawn
    check(round_trip_size, size, kernel, stride, padding_total=padding, want=torchs(*drawn))


@claim("S3-384")
def test_refuses_a_kernel_that_finds_no_place(round_trip_size):
    check(round_trip_size, 2, 6, 2, 3, raises=ValueError, naming={"kernel": 6})


def test_refuses_a_padding_that_leaves_nothing(round_trip_size):
    check(round_trip_size, 1, 1, 3, 2, raises=ValueError, naming={"padding_total": 2})
    check(round_trip_size, 2, 1, 5, 6, raises=ValueError, naming={"padding_total": 6})


def test_refuses_a_stride_of_none(round_trip_size):
    check(round_trip_size, 5, 3, 0, raises=ValueError, naming={"stride": 0})


@wrong("take it that a transposed convolution undoes the size of a convolution")
def always_restored(size, kernel, stride=1, padding_total=0):
    return size


@wrong("return the size between the two layers")
def halfway(size, kernel, stride=1, padding_total=0):
    return (size - kernel + padding_total) // stride + 1


@wrong(
    "count the padding per side",
    right_for="padding given per side; here it is given in total",
)
def per_side(size, kernel, stride=1, padding_total=0):
    return size - (size - kernel + 2 * padding_total) % stride


@wrong("leave out the padding")
def ignores_padding(size, kernel, stride=1, padding_total=0):
    return size - (size - kernel) % stride


@wrong("subtract what the stride leaves of the size alone")
def remainder_of_size(size, kernel, stride=1, padding_total=0):
    return size - size % stride


@wrong("cut the total off on each side")
def cut_twice(size, kernel, stride=1, padding_total=0):
    return size - (size - kernel + padding_total) % stride - padding_total


@wrong("forget to cut the padding off again")
def not_cut(size, kernel, stride=1, padding_total=0):
    return size - (size - kernel + padding_total) % stride + padding_total


@wrong("multiply the size between the layers by the stride")
def times_stride(size, kernel, stride=1, padding_total=0):
    return ((size - kernel + padding_total) // stride + 1) * stride


@wrong("return what is lost, not what is left")
def lost(size, kernel, stride=1, padding_total=0):
    return (size - kernel + padding_total) % stride


@right("one formula put into the other")
def composed(size, kernel, stride=1, padding_total=0):
    if stride <= 0:
        raise ValueError(f"{stride=} makes no step")
    steps = (size - kernel + padding_total + stride) // stride
    if size + padding_total < kernel:
        raise ValueError(f"{kernel=} doesn't fit")
    back = (steps - 1) * stride + kernel - padding_total
    if back <= 0:
        raise ValueError(f"{padding_total=} cuts off everything")
    return back
