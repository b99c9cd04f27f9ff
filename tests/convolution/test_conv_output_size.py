"""floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    forbid=("convolution", "conv_transpose"),
    instead="count the positions of the kernel",
    hints=(
        "Slide a kernel of 3 over 6 entries in steps of 2. Which positions are left out?",
        "With dilation the kernel reaches over dilation * (kernel - 1) + 1 entries.",
        "The first position is free; each further one costs `stride` of what the kernel leaves.",
    ),
)


@st.composite
def settings(draw):
    """Draw (size, kernel, stride, padding, dilation) for which the kernel fits."""
    kernel, stride, dilation = (
        draw(st.integers(1, 5)),
        draw(st.integers(1, 5)),
        draw(st.integers(1, 4)),
    )
    padding = draw(st.integers(0, 4))
    least = max(1, dilation * (kernel - 1) + 1 - 2 * padding)
    return draw(st.integers(least, least + 12)), kernel, stride, padding, dilation


def torchs(size, kernel, stride, padding, dilation):
    """Return the length that torch's own layer has; a batch of no inputs costs no time."""
    x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
    return torch.conv1d(x, weight, None, stride, padding, dilation).shape[-1]


def positions(size, kernel, stride, padding, dilation):
    """Count the positions at which every weight meets an entry of the padded input."""
    last = size + padding - 1
    starts = range(-padding, last + 1)
    fits = [all(s + dilation * j <= last for j in range(kernel)) for s in starts]
    return sum(fits[::stride])


@claim("S4-206", "S4-210", "S1-095")
@pytest.mark.parametrize(("size", "kernel", "want"), [(7, 3, 5), (4, 3, 2), (6, 6, 1), (9, 1, 9)])
def test_without_padding_each_further_weight_costs_one_output(conv_output_size, size, kernel, want):
    check(conv_output_size, size, kernel, want=want)


@claim("S4-211", "S4-212")
def test_padding_is_put_on_each_side(conv_output_size):
    check(conv_output_size, 5, 4, padding=2, want=6)
    check(conv_output_size, 5, 3, padding=2, want=7, why="full padding: kernel - 1 on each side")
    check(conv_output_size, 10, 4, padding=3, want=13)


@claim("S0-214", "S4-197", "S4-213")
def test_a_step_that_leaves_the_input_is_not_taken(conv_output_size):
    check(conv_output_size, 5, 3, stride=2, want=2)
    check(conv_output_size, 7, 3, stride=3, want=2)
    check(conv_output_size, 6, 3, stride=2, want=2)
    check(conv_output_size, 5, 2, stride=2, want=2)
    check(conv_output_size, 32, 3, stride=2, padding=1, want=16)
    check(conv_output_size, 224, 7, stride=2, padding=3, want=112)
    check(conv_output_size, 4, 3, stride=9, want=1)


@claim("S4-214", "S4-197")
def test_two_input_sizes_can_share_an_output_size(conv_output_size):
    check(conv_output_size, 5, 3, stride=2, padding=1, want=3)
    check(conv_output_size, 6, 3, stride=2, padding=1, want=3)


@claim("S0-215", "S4-219")
def test_dilation_spreads_the_kernel(conv_output_size):
    check(conv_output_size, 7, 3, dilation=2, want=3)
    check(conv_output_size, 32, 3, dilation=2, want=28)
    check(conv_output_size, 32, 5, stride=3, padding=1, dilation=2, want=9)
    check(conv_output_size, 9, 1, dilation=4, want=9, why="one weight has nothing to spread")


@claim("S0-214", "S0-215", "S4-196", "S4-197", "S4-206", "S4-211", "S4-219")
@given(settings())
def test_equals_the_size_of_torchs_own_result(conv_output_size, drawn):
    size, kernel, stride, padding, dilation = drawn
    check(
        conv_output_size,
        size,
        kernel,
        stride,
        padding=padding,
        dilation=dilation,
        want=torchs(*drawn),
    )


@claim("S4-197", "S4-206")
@given(settings())
def test_counts_the_positions_of_the_kernel(conv_output_size, drawn):
    check(conv_output_size, *drawn, want=positions(*drawn))


@claim("S4-232", "S4-233")
def test_the_sizes_of_the_notes_listing(conv_output_size):
    check(conv_output_size, 193, 5, want=189)
    check(conv_output_size, 189, 1, want=189)


def test_is_exact_for_sizes_beyond_floating_point(conv_output_size):
    check(conv_output_size, 10**17 + 4, 2, stride=3, want=33333333333333335)


@claim("S1-095", "S4-197")
def test_refuses_a_kernel_that_finds_no_place(conv_output_size):
    check(conv_output_size, 2, 5, raises=ValueError, naming={"kernel": 5})
    check(conv_output_size, 2, 5, 4, 1, raises=ValueError, naming={"kernel": 5})
    check(conv_output_size, 6, 3, dilation=3, raises=ValueError, naming={"kernel": 3})


@pytest.mark.parametrize(
    ("name", "value"), [("size", 0), ("kernel", 0), ("stride", 0), ("padding", -1), ("dilation", 0)]
)
def test_refuses_what_no_layer_has(conv_output_size, name, value):
    call = {"size": 8, "kernel": 3, "padding": 2} | {name: value}
    check(conv_output_size, **call, raises=ValueError, naming={name: value})


@wrong(
    "count `padding` once: the zeros lie on both sides",
    right_for="padding given in total; here it is given per side",
)
def total_padding(size, kernel, stride=1, padding=0, dilation=1):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@wrong("divide without rounding down: the size isn't a whole number")
def unfloored(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


@wrong(
    "round up, and so count a position at which the kernel sticks out",
    right_for="ceil_mode=True, as pooling knows it; here the size is rounded down",
)
def rounded_up(size, kernel, stride=1, padding=0, dilation=1):
    return -((dilation * (kernel - 1) + 1 - size - 2 * padding) // stride) + 1


@wrong("round to the nearest whole number and not down")
def rounded_to_nearest(size, kernel, stride=1, padding=0, dilation=1):
    return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@wrong("leave out the dilation")
def ignores_dilation(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - kernel) // stride + 1


@wrong("multiply the kernel by the dilation: only the gaps between its weights widen")
def dilated_kernel(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * kernel) // stride + 1


@wrong("forget the first position")
def steps_only(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@wrong("add 1 before you divide by the stride")
def one_inside(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@wrong("leave out the stride")
def ignores_stride(size, kernel, stride=1, padding=0, dilation=1):
    return size + 2 * padding - dilation * (kernel - 1)


@wrong("divide in floating point: large sizes are rounded")
def in_floats(size, kernel, stride=1, padding=0, dilation=1):
    return int((size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1)


@wrong("return 0 for a kernel that finds no place", accepts_bad_input=True)
def nothing_found(size, kernel, stride=1, padding=0, dilation=1):
    return max(0, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


@right("the length of a range: the starts at which the kernel still ends inside")
def number_of_starts(size, kernel, stride=1, padding=0, dilation=1):
    for name, value in (
        ("size", size),
        ("kernel", kernel),
        ("stride", stride),
        ("dilation", dilation),
    ):
        if value <= 0:
            raise ValueError(f"{name} must be positive, got {value}")
    if padding < 0:
        raise ValueError(f"padding can't be negative: {padding}")
    starts = range(-padding, size + padding - dilation * (kernel - 1), stride)
    if not starts:
        raise ValueError(f"no place for kernel={kernel}")
    return len(starts)


@right("rounded up: the number of starts, divided by the stride")
def ceiling(size, kernel, stride=1, padding=0, dilation=1):
    if min(size, kernel, stride, dilation, padding + 1) < 1:
        raise ValueError(f"bad value in {size=}, {kernel=}, {stride=}, {padding=}, {dilation=}")
    starts = size + 2 * padding - dilation * (kernel - 1)
    if starts < 1:
        raise ValueError(f"{kernel=} reaches over the padded input")
    return -(-starts // stride)
