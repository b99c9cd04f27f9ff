"""(size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1."""

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
    instead="count the entries that are covered",
    hints=(
        "Two entries, a kernel of 3, a stride of 2: which places does each entry write to?",
        "Where does the last entry start to write, and where does it end? Then cut and put on.",
        "(size - 1) * stride + dilation * (kernel - 1) + 1 places are covered before padding.",
    ),
)


@st.composite
def settings(draw):
    """Draw the arguments, in order, of a layer that has at least one entry in its output."""
    kernel, stride, dilation = (draw(st.integers(1, high)) for high in (5, 4, 3))
    size, output_padding = draw(st.integers(1, 7)), draw(st.integers(0, max(stride, dilation) - 1))
    covered = (size - 1) * stride + dilation * (kernel - 1) + 1
    padding = draw(st.integers(0, min(5, (covered + output_padding - 1) // 2)))
    return size, kernel, stride, padding, output_padding, dilation


def torchs(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    """Return the length of the result of torch's own layer, and nothing but the length."""
    x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
    y = torch.conv_transpose1d(x, weight, None, stride, padding, output_padding, 1, dilation)
    return y.shape[-1]


def written_places(size, kernel, stride, dilation):
    """Count from the first place that any entry writes to, to the last one."""
    places = {i * stride + j * dilation for i in range(size) for j in range(kernel)}
    return max(places) - min(places) + 1


@claim("S4-216")
@pytest.mark.parametrize(
    ("size", "kernel", "padding", "want"), [(2, 3, 0, 4), (6, 4, 2, 5), (5, 3, 1, 5), (7, 3, 2, 5)]
)
def test_with_stride_1_padding_takes_away(conv_transpose_output_size, size, kernel, padding, want):
    check(conv_transpose_output_size, size, kernel, padding=padding, want=want)


@claim("S4-217")
def test_a_stride_spreads_the_entries(conv_transpose_output_size):
    check(conv_transpose_output_size, 2, 3, 2, want=5)
    check(conv_transpose_output_size, 3, 3, 2, 1, want=5)
    check(conv_transpose_output_size, 4, 1, stride=3, want=10, why="gaps are written with zeros")
    check(conv_transpose_output_size, 1, 4, stride=3, want=4, why="one entry has no neighbour")


@claim("S4-218", "S4-214")
def test_output_padding_is_put_on_once(conv_transpose_output_size):
    check(conv_transpose_output_size, 3, 3, 2, 1, 1, want=6)
    check(conv_transpose_output_size, 3, 3, stride=4, output_padding=3, want=14)


@claim("S4-216")
def test_dilation_spreads_the_kernel(conv_transpose_output_size):
    check(conv_transpose_output_size, 4, 3, dilation=2, want=8)
    check(conv_transpose_output_size, 4, 3, 2, 1, 2, 3, want=13, why="output_padding < dilation")
    check(
        conv_transpose_output_size,
        4,
        1,
        1,
        0,
        2,
        3,
        want=6,
        why="a kernel of 1 has a dilation, too",
    )
    check(conv_transpose_output_size, 4, 1, dilation=3, want=4)


@claim("S1-249")
def test_a_kernel_of_64_brings_an_fcn_back_to_multiples_of_32(conv_transpose_output_size):
    check(conv_transpose_output_size, 10, 64, stride=32, padding=16, want=320)
    check(conv_transpose_output_size, 15, 64, stride=32, padding=16, want=480)
    check(conv_transpose_output_size, 12, 64, stride=32, padding=16, want=384, why="of 375 rows")


@claim("S1-249", "S3-381", "S4-216", "S4-217", "S4-218")
@given(settings())
def test_equals_the_size_of_torchs_own_result(conv_transpose_output_size, drawn):
    size, kernel, stride, padding, output_padding, dilation = drawn
    check(
        conv_transpose_output_size, size, kernel, stride, padding,
        output_padding=output_padding, dilation=dilation, want=torchs(*drawn),
    )  # fmt: skip


@claim("S4-216")
@given(settings())
def test_counts_the_places_that_are_written(conv_transpose_output_size, drawn):
    size, kernel, stride, padding, output_padding, dilation = drawn
    want = written_places(size, kernel, stride, dilation) - 2 * padding + output_padding
    check(conv_transpose_output_size, *drawn, want=want)


@claim("S3-381", "S4-216")
def test_refuses_a_padding_that_leaves_nothing(conv_transpose_output_size):
    call = {"raises": ValueError, "naming": {"padding": 1}}
    check(conv_transpose_output_size, 1, 1, padding=1, **call)
    check(conv_transpose_output_size, 2, 1, padding=1, **call)
    check(conv_transpose_output_size, 1, 2, 2, 1, 1, want=1, why="output_padding is all there is")


@claim("S4-217")
def test_refuses_an_output_padding_of_a_stride_or_more(conv_transpose_output_size):
    for output_padding in (2, 5, -1):
        check(
            conv_transpose_output_size, 3, 3, 2, 1, output_padding,
            raises=ValueError, naming={"output_padding": output_padding},
        )  # fmt: skip
    check(
        conv_transpose_output_size, 3, 3, output_padding=1,
        raises=ValueError, naming={"output_padding": 1},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [("size", 0), ("kernel", 0), ("stride", 0), ("padding", -1), ("dilation", 0)]
)
def test_refuses_what_no_layer_has(conv_transpose_output_size, name, value):
    call = {"size": 8, "kernel": 3} | {name: value}
    check(conv_transpose_output_size, **call, raises=ValueError, naming={name: value})


@wrong(
    "count `padding` once: it is cut off on both sides",
    right_for="padding given in total; here it is given per side",
)
def total_padding(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size - 1) * stride + dilation * (kernel - 1) + 1 - padding + output_padding


@wrong("add the padding as a convolution does: here it makes the output smaller")
def padding_grows(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size - 1) * stride + dilation * (kernel - 1) + 1 + 2 * padding + output_padding


@wrong("leave out output_padding")
def ignores_output_padding(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding


@wrong("put output_padding on both sides")
def output_padding_twice(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    covered = (size - 1) * stride + dilation * (kernel - 1) + 1
    return covered - 2 * padding + 2 * output_padding


@wrong("leave out the dilation")
def ignores_dilation(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size - 1) * stride + kernel - 2 * padding + output_padding


@wrong("multiply the kernel by the dilation: only the gaps between its weights widen")
def dilated_kernel(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size - 1) * stride + dilation * kernel - 2 * padding + output_padding


@wrong("count a stride for each entry, and not for each gap between two")
def stride_for_each(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return size * stride + dilation * (kernel - 1) - 2 * padding + output_padding


@wrong("take it that the stride is the factor, whatever the kernel and the padding")
def always_the_factor(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return size * stride


@wrong("give the output of the convolution, not of the transposed one")
def forward(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@wrong("compare output_padding with the stride alone: a larger dilation allows it too")
def dilation_does_not_allow(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    if output_padding >= stride:
        raise ValueError(f"output_padding is {output_padding}, but must be below the stride")
    return torchs(size, kernel, stride, padding, output_padding, dilation)


@wrong("accept an output of no entries", accepts_bad_input=True)
def nothing_left(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    if not 0 <= output_padding < max(stride, dilation):
        raise ValueError(f"output_padding is {output_padding}")
    return (size - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding + output_padding


@wrong("accept an output_padding of any size", accepts_bad_input=True)
def any_output_padding(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    out = (size - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding + output_padding
    if out < 1:
        raise ValueError(f"padding is {padding}")
    return out


@right("solved backwards: the smallest input of the convolution, and what is put on")
def backwards(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    if size < 1 or kernel < 1 or stride < 1 or dilation < 1 or padding < 0:
        raise ValueError(f"can't have {size=}, {kernel=}, {stride=}, {padding=}, {dilation=}")
    if output_padding < 0 or (output_padding >= stride and output_padding >= dilation):
        raise ValueError(f"{output_padding=} must be smaller than the stride or the dilation")
    reach = 1 + dilation * (kernel - 1)
    smallest = next(
        n for n in range(reach - 2 * padding, 10**6)
        if (n + 2 * padding - reach) // stride + 1 == size
    )  # fmt: skip
    if smallest + output_padding <= 0:
        raise ValueError(f"{padding=} is too much")
    return smallest + output_padding
