"""(size + 2 padding - dilation (kernel - 1) - 1) mod stride."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("round_trip_size",),
    forbid=("convolution", "conv_transpose"),
    instead="find which part of the input the convolution's last step doesn't reach",
    hints=(
        "Inputs of 5 and of 6 entries can give the same output. Which of them comes back?",
        "What is lost is the remainder of the room, divided by the stride.",
    ),
)


@st.composite
def settings(draw):
    """Draw (size, kernel, stride, padding, dilation) for which the kernel fits."""
    kernel, stride, dilation = (draw(st.integers(1, high)) for high in (4, 5, 3))
    padding = draw(st.integers(0, 3))
    least = max(1, dilation * (kernel - 1) + 1 - 2 * padding, stride)
    return draw(st.integers(least, least + 9)), kernel, stride, padding, dilation


def restores(size, kernel, stride, padding, dilation):
    """Expect an output_padding with which both layers of torch bring the size back."""

    def holds(extra):
        x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
        y = torch.conv1d(x, weight, None, stride, padding, dilation)
        back = torch.conv_transpose1d(y, weight, None, stride, padding, extra, 1, dilation)
        return type(extra) is int and 0 <= extra < stride and back.shape[-1] == size

    return such_that(f"a number below the stride that brings {size} entries back", holds)


@claim("S4-218", "S4-214")
def test_sizes_that_share_an_output_need_their_own(output_padding_to_restore):
    check(output_padding_to_restore, 14, 4, 9, 1, want=3)
    check(output_padding_to_restore, 6, 3, 2, 1, want=1)
    check(output_padding_to_restore, 5, 3, 2, 1, want=0)
    check(output_padding_to_restore, 9, 2, stride=4, want=3)


@claim("S4-218", "S3-384")
def test_dilation_and_padding_count(output_padding_to_restore):
    check(output_padding_to_restore, 11, 3, 4, dilation=3, want=0)
    check(output_padding_to_restore, 11, 3, 4, padding=1, want=2)
    check(output_padding_to_restore, 12, 3, 5, 2, 2, want=1)


@claim("S3-384")
def test_stride_1_needs_none(output_padding_to_restore):
    check(output_padding_to_restore, 7, 4, want=0)


@claim("S4-218", "S3-384", "S4-214")
@given(settings())
def test_torchs_layers_bring_the_size_back(output_padding_to_restore, drawn):
    size, kernel, stride, padding, dilation = drawn
    check(
        output_padding_to_restore, size, kernel, stride, padding,
        dilation=dilation, want=restores(*drawn),
    )  # fmt: skip


def test_refuses_a_kernel_that_finds_no_place(output_padding_to_restore):
    check(output_padding_to_restore, 4, 5, 2, raises=ValueError, naming={"kernel": 5})
    check(output_padding_to_restore, 6, 3, dilation=3, raises=ValueError, naming={"kernel": 3})
    check(output_padding_to_restore, 2, 5, 3, 1, raises=ValueError, naming={"kernel": 5})


def test_refuses_a_stride_of_none(output_padding_to_restore):
    check(output_padding_to_restore, 5, 3, 0, raises=ValueError, naming={"stride": 0})


@wrong("take the remainder of the size alone")
def remainder_of_size(size, kernel, stride=1, padding=0, dilation=1):
    return size % stride


@wrong(
    "count the padding once: it is on both sides",
    right_for="padding given in total; here it is given per side",
)
def total_padding(size, kernel, stride=1, padding=0, dilation=1):
    return (size + padding - dilation * (kernel - 1) - 1) % stride


@wrong("leave out the padding")
def ignores_padding(size, kernel, stride=1, padding=0, dilation=1):
    return (size - dilation * (kernel - 1) - 1) % stride


@wrong("leave out the dilation")
def ignores_dilation(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - kernel) % stride


@wrong("put on a whole stride less 1, whatever is missing")
def always_most(size, kernel, stride=1, padding=0, dilation=1):
    return stride - 1


@wrong("take what is missing to the next whole step, not what is over from the last")
def to_the_next(size, kernel, stride=1, padding=0, dilation=1):
    return -(size + 2 * padding - dilation * (kernel - 1) - 1) % stride


@wrong("put nothing on: only some sizes come back by themselves")
def nothing(size, kernel, stride=1, padding=0, dilation=1):
    return 0


@wrong("take the remainder of the room plus 1")
def off_by_one(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) % stride


@right("the size less what comes back without")
def difference(size, kernel, stride=1, padding=0, dilation=1):
    reach = dilation * (kernel - 1) + 1
    if reach > size + 2 * padding:
        raise ValueError(f"there is no place for {kernel=}")
    if stride < 1:
        raise ValueError(f"{stride=} is no step")
    out = (size + 2 * padding - reach) // stride + 1
    return size - ((out - 1) * stride + reach - 2 * padding)
