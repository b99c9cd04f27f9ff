"""(out - 1) stride + dilation (kernel - 1) + 1 - 2 padding + 0 ... stride - 1, if at least 1."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("conv_output_size",),
    forbid=("convolution", "conv_transpose"),
    instead="solve the formula for the input's size, its floor included",
    hints=(
        "floor(a / s) = b says b <= a / s < b + 1. How many whole numbers a are there?",
        "The smallest input ends where the kernel ends in its last position.",
    ),
)


def searched(out, kernel, stride=1, padding=0, dilation=1):
    """Send every length that could do through torch's layer, and keep those that give `out`."""
    weight = torch.empty(1, 1, kernel)
    reach = dilation * (kernel - 1) + 1
    sizes = range(max(1, reach - 2 * padding), out * stride + reach + 1)
    inputs = [torch.empty(0, 1, n) for n in sizes]
    return [
        x.shape[-1] for x in inputs
        if torch.conv1d(x, weight, None, stride, padding, dilation).shape[-1] == out
    ]  # fmt: skip


@claim("S4-214")
def test_as_many_sizes_share_an_output_as_the_stride_has_steps(conv_input_sizes):
    check(conv_input_sizes, 3, 3, 2, 1, want=[5, 6])
    check(conv_input_sizes, 2, 4, stride=3, want=[7, 8, 9])
    check(conv_input_sizes, 112, 7, 2, 3, want=[223, 224])
    check(conv_input_sizes, 1, 3, 2, want=[3, 4], why="in 2 entries a kernel of 3 has no place")


@claim("S4-214")
def test_with_stride_1_there_is_one(conv_input_sizes):
    check(conv_input_sizes, 5, 4, want=[8])
    check(conv_input_sizes, 3, 3, dilation=2, want=[7])


@claim("S4-214")
def test_no_input_is_smaller_than_one_entry(conv_input_sizes):
    check(conv_input_sizes, 1, 2, 4, 1, want=[1, 2, 3])
    check(conv_input_sizes, 1, 1, 4, 1, want=[1, 2], why="an input of 0 entries is none")
    check(conv_input_sizes, 1, 4, 2, 1, want=[2, 3])
    check(conv_input_sizes, 2, 1, 1, 2, want=[], why="the padding alone makes 4 entries")


@claim("S4-214")
@given(*[st.integers(1, high) for high in (5, 4, 4)], st.integers(0, 4), st.integers(1, 3))
def test_finds_all_sizes_that_a_search_finds(
    conv_input_sizes, out, kernel, stride, padding, dilation
):
    want = searched(out, kernel, stride, padding, dilation)
    check(conv_input_sizes, out, kernel, stride, padding=padding, dilation=dilation, want=want)


@pytest.mark.parametrize(
    ("name", "value"), [("out", 0), ("kernel", 0), ("stride", 0), ("padding", -1), ("dilation", 0)]
)
def test_refuses_what_no_layer_has(conv_input_sizes, name, value):
    call = {"out": 8, "kernel": 3} | {name: value}
    check(conv_input_sizes, **call, raises=ValueError, naming={name: value})


def smallest_of(out, kernel, stride, padding, dilation):
    """Return the smallest input, which most wrong answers know."""
    return (out - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding


@wrong("give only the size that a transposed convolution would restore")
def smallest_only(out, kernel, stride=1, padding=0, dilation=1):
    return [smallest_of(out, kernel, stride, padding, dilation)]


@wrong("include one size too many: there the next position is reached")
def one_more(out, kernel, stride=1, padding=0, dilation=1):
    smallest = smallest_of(out, kernel, stride, padding, dilation)
    return list(range(max(1, smallest), smallest + stride + 1))


@wrong("include sizes below 1")
def without_bound(out, kernel, stride=1, padding=0, dilation=1):
    smallest = smallest_of(out, kernel, stride, padding, dilation)
    return list(range(smallest, smallest + stride))


@wrong("push the sizes up to 1, and so list some that give more than `out`")
def pushed_up(out, kernel, stride=1, padding=0, dilation=1):
    smallest = max(1, smallest_of(out, kernel, stride, padding, dilation))
    return list(range(smallest, smallest + stride))


@wrong(
    "count the padding of one side only",
    right_for="padding given in total; here it is given per side",
)
def total_padding(out, kernel, stride=1, padding=0, dilation=1):
    smallest = smallest_of(out, kernel, stride, padding, dilation) + padding
    return list(range(max(1, smallest), smallest + stride))


@wrong("leave out the dilation")
def ignores_dilation(out, kernel, stride=1, padding=0, dilation=1):
    smallest = smallest_of(out, kernel, stride, padding, 1)
    return list(range(max(1, smallest), smallest + stride))


@wrong("list the sizes from the largest down")
def descending(out, kernel, stride=1, padding=0, dilation=1):
    smallest = smallest_of(out, kernel, stride, padding, dilation)
    return list(range(max(1, smallest), smallest + stride))[::-1]


@wrong("let the sizes that share an output end with the smallest one")
def before_the_smallest(out, kernel, stride=1, padding=0, dilation=1):
    smallest = smallest_of(out, kernel, stride, padding, dilation)
    return list(range(max(1, smallest - stride + 1), smallest + 1))


@right("by trying all sizes that are not too long")
def tried(out, kernel, stride=1, padding=0, dilation=1):
    if min(out, kernel, stride, dilation) < 1 or padding < 0:
        raise ValueError(f"no layer has {out=} {kernel=} {stride=} {padding=} {dilation=}")
    reach = dilation * (kernel - 1) + 1
    fitting = []
    for size in range(1, out * stride + reach):
        room = size + 2 * padding - reach
        if room >= 0 and room // stride + 1 == out:
            fitting.append(size)
    return fitting
