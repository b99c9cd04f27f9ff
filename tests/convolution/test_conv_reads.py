"""Which entries of its input an output of a convolution reads."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("conv_output_size",),
    forbid=("convolution", "autograd"),
    instead="count",
    hints=(
        "Without padding: where does the kernel's first entry stand for output i, where its next?",
        "Entry j of the kernel stands at i * stride - padding + j * dilation.",
    ),
)


def by_gradient(i, size, kernel_size, stride=1, padding=0, dilation=1):
    """An output depends on what it reads, and on nothing else."""
    x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    weight = torch.ones(1, 1, kernel_size, dtype=torch.float64)
    y = F.conv1d(x, weight, None, stride, padding, dilation)
    (grad,) = torch.autograd.grad(y[0, 0, i], x)
    return grad[0, 0].nonzero().flatten().tolist()


@claim("S0-213", "S0-210")
def test_dilation_2_with_3_entries_reads_0_2_4(conv_reads):
    check(conv_reads, 0, 7, 3, dilation=2, want=[0, 2, 4])
    check(conv_reads, 2, 7, 3, dilation=2, want=[2, 4, 6])
    check(conv_reads, 0, 10, 4, dilation=3, want=[0, 3, 6, 9])


@claim("S0-213", "S0-210")
def test_dilation_1_leaves_no_gap(conv_reads):
    check(conv_reads, 2, 7, 3, want=[2, 3, 4])
    check(conv_reads, 2, 7, 1, dilation=5, want=[2])


@claim("S0-207")
def test_stride_moves_the_first_entry(conv_reads):
    check(conv_reads, 2, 12, 3, stride=4, want=[8, 9, 10])
    check(conv_reads, 1, 12, 3, stride=3, dilation=2, want=[3, 5, 7])


@claim("S0-208")
def test_zeros_of_the_padding_are_no_entries(conv_reads):
    check(conv_reads, 0, 5, 3, padding=1, want=[0, 1])
    check(conv_reads, 4, 5, 3, padding=1, want=[3, 4])
    check(conv_reads, 0, 3, 2, padding=2, want=[])
    check(conv_reads, 0, 2, 3, padding=3, dilation=3, want=[0])
    check(conv_reads, 0, 5, 3, padding=1, dilation=2, want=[1, 3])


@st.composite
def places(draw):
    kernel_size, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    stride, padding = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    reach = dilation * (kernel_size - 1) + 1
    size = max(1, reach - 2 * padding) + draw(st.integers(0, 9))
    i = draw(st.integers(0, (size + 2 * padding - reach) // stride))
    return i, size, kernel_size, stride, padding, dilation


@claim("S0-213", "S0-210", "S0-207", "S0-208")
@given(places())
def test_is_what_the_output_depends_on(conv_reads, case):
    check(conv_reads, *case, want=by_gradient(*case))


def test_refuses_an_output_that_is_not_there(conv_reads):
    for i, *rest in (
        (-1, 7, 3),
        (5, 7, 3),
        (7, 7, 3, 1, 1),
        (3, 7, 3, 1, 0, 2),
        (4, 7, 3, 2, 1),
        (0, 2, 3, 2),
    ):
        check(conv_reads, i, *rest, raises=ValueError, naming={"i": i})


def reads(i, size, kernel_size, stride, padding, dilation):
    at = [i * stride - padding + j * dilation for j in range(kernel_size)]
    return [a for a in at if 0 <= a < size]


@wrong("leave out `dilation` entries between two, and not dilation - 1")
def one_too_many(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return reads(i, size, kernel_size, stride, padding, dilation + (dilation > 1))


@wrong("ignore the dilation")
def no_dilation(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return reads(i, size, kernel_size, stride, padding, 1)


@wrong("ignore the stride")
def no_stride(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return reads(i, size, kernel_size, 1, padding, dilation)


@wrong("stretch the stride by the dilation as well")
def dilated_stride(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return reads(i, size, kernel_size, stride * dilation, padding, dilation)


@wrong("count the zeros of the padding as entries of the input")
def counts_the_padding(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return [i * stride - padding + j * dilation for j in range(kernel_size)]


@wrong(
    "give positions in the padded input",
    right_for="positions in the padded input; here those of the input itself count",
)
def padded_positions(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return [p + padding for p in reads(i, size, kernel_size, stride, padding, dilation)]


@wrong("put the kernel's middle at i, and not its first entry")
def centred(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return reads(i, size, kernel_size, stride, padding + dilation * (kernel_size // 2), dilation)


@wrong("begin at 0 where the kernel sticks out, and step on from there")
def begins_at_zero(i, size, kernel_size, stride=1, padding=0, dilation=1):
    first = i * stride - padding
    stop = first + dilation * (kernel_size - 1) + 1
    return list(range(max(first, 0), min(stop, size), dilation))


@wrong("answer for an output that the convolution doesn't have", accepts_bad_input=True)
def without_a_check(i, size, kernel_size, stride=1, padding=0, dilation=1):
    return reads(i, size, kernel_size, stride, padding, dilation)


@right("as a slice of the padded positions")
def as_a_slice(i, size, kernel_size, stride=1, padding=0, dilation=1):
    positions = range(-padding, size + padding)
    reach = dilation * (kernel_size - 1) + 1
    if i < 0 or i * stride + reach > len(positions):
        raise ValueError(f"there is no output i = {i}")
    window = positions[i * stride : i * stride + reach : dilation]
    return sorted(set(window) & set(range(size)))
