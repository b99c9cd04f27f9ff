"""before + after = dilation (kernel - 1), halved; the odd one where `extra` says."""

import warnings

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("conv_output_size",),
    forbid=("convolution", "conv_transpose"),
    instead="find the total from the output's size, and split it",
    hints=(
        "How many entries does a convolution of stride 1 lose without padding?",
        "A dilated kernel reaches over dilation * (kernel - 1) + 1 entries, and loses one less.",
        "Halve dilation * (kernel - 1); if it is odd, one side gets what is left over.",
    ),
)


def torchs(kernel, dilation):
    """Read off torch's padding="same" by shifting: a kernel [1, 0, ...] copies the first entry."""
    x = torch.ones(1, 1, 30)
    weight = torch.zeros(1, 1, kernel)
    weight[..., 0] = 1
    with warnings.catch_warnings():  # torch warns that an uneven padding costs a copy
        warnings.simplefilter("ignore")
        before = int((torch.conv1d(x, weight, padding="same", dilation=dilation) == 0).sum())
    return before, dilation * (kernel - 1) - before


def keeps(size, kernel, dilation):
    """Expect zeros with which torch's convolution has as many entries as its input."""

    def holds(zeros):
        before, after = zeros
        x = torch.empty(0, 1, before + size + after)
        weight = torch.empty(1, 1, kernel)
        return (
            torch.conv1d(x, weight, dilation=dilation).shape[-1] == size and abs(before - after) < 2
        )

    return such_that(f"two numbers at most 1 apart that keep {size} entries", holds)


@claim("S1-097", "S1-098", "S4-209")
def test_an_odd_kernel_gets_half_on_each_side(same_padding):
    check(same_padding, 3, want=(1, 1))
    check(same_padding, 7, want=(3, 3))
    check(same_padding, 5, extra="start", want=(2, 2))


@claim("S1-097", "S1-098")
def test_a_kernel_of_one_weight_needs_none(same_padding):
    check(same_padding, 1, want=(0, 0))
    check(same_padding, 1, dilation=3, extra="start", want=(0, 0))


@claim("S1-097", "S4-209")
def test_dilation_widens_the_padding(same_padding):
    check(same_padding, 3, 2, want=(2, 2))
    check(same_padding, 5, dilation=3, want=(6, 6))
    check(same_padding, 4, 2, want=(3, 3), why="an even total has equal halves")


@claim("S1-099", "S4-208")
def test_an_even_kernel_of_torchs_has_its_extra_zero_at_the_end(same_padding):
    check(same_padding, 4, want=(1, 2))
    check(same_padding, 2, want=(0, 1))
    check(same_padding, 4, 3, "end", want=(4, 5))


@claim("S1-099")
def test_an_even_kernel_of_the_notes_has_its_extra_zero_at_the_start(same_padding):
    check(same_padding, 2, extra="start", want=(1, 0))
    check(same_padding, 4, extra="start", want=(2, 1))
    check(same_padding, 6, 3, "start", want=(8, 7))


@claim("S1-099", "S4-208", "S4-209")
@given(st.integers(1, 7), st.integers(1, 4))
def test_splits_as_torchs_padding_same_does(same_padding, kernel, dilation):
    check(same_padding, kernel, dilation=dilation, want=torchs(kernel, dilation))


@claim("S1-097", "S4-208")
@given(st.integers(1, 9), st.integers(1, 7), st.integers(1, 4), st.sampled_from(["start", "end"]))
def test_keeps_the_size(same_padding, size, kernel, dilation, extra):
    check(same_padding, kernel, dilation, extra, want=keeps(size, kernel, dilation))


def test_refuses_what_no_layer_has(same_padding):
    check(same_padding, 0, raises=ValueError, naming={"kernel": 0})
    check(same_padding, 3, -1, raises=ValueError, naming={"dilation": -1})


def test_refuses_an_unknown_side(same_padding):
    for extra in ("left", "End", "START", ""):
        check(same_padding, 3, extra=extra, raises=ValueError, naming={"extra": extra})


@wrong("pad both sides alike: an even kernel makes the output one shorter")
def symmetric(kernel, dilation=1, extra="end"):
    p = dilation * (kernel - 1) // 2
    return p, p


@wrong("take kernel // 2 on both sides: an even kernel makes the output one longer")
def half_the_kernel(kernel, dilation=1, extra="end"):
    return dilation * kernel // 2, dilation * kernel // 2


@wrong("put the whole total on each side")
def total_per_side(kernel, dilation=1, extra="end"):
    return dilation * (kernel - 1), dilation * (kernel - 1)


@wrong("leave out the dilation")
def ignores_dilation(kernel, dilation=1, extra="end"):
    fewer, more = (kernel - 1) // 2, kernel // 2
    return (fewer, more) if extra == "end" else (more, fewer)


@wrong("swap the sides: `extra` names the one that gets more")
def other_side(kernel, dilation=1, extra="end"):
    total = dilation * (kernel - 1)
    fewer, more = total // 2, total - total // 2
    return (more, fewer) if extra == "end" else (fewer, more)


@wrong("put the extra zero at the end whatever `extra` says")
def ignores_extra(kernel, dilation=1, extra="end"):
    total = dilation * (kernel - 1)
    return total // 2, total - total // 2


@wrong("halve the undilated kernel first: an even kernel under an even dilation becomes uneven")
def dilated_halves(kernel, dilation=1, extra="end"):
    fewer, more = dilation * ((kernel - 1) // 2), dilation * (kernel // 2)
    return (fewer, more) if extra == "end" else (more, fewer)


@wrong(
    "put all zeros on one side, as a causal convolution does",
    right_for="a causal convolution; here both sides get their half",
)
def causal(kernel, dilation=1, extra="end"):
    total = dilation * (kernel - 1)
    return (0, total) if extra == "end" else (total, 0)


@wrong("divide in floating point: the numbers of zeros are not whole")
def in_floats(kernel, dilation=1, extra="end"):
    return dilation * (kernel - 1) / 2, dilation * (kernel - 1) / 2


@right("dealt out zero by zero")
def dealt(kernel, dilation=1, extra="end"):
    if kernel < 1 or dilation < 1:
        raise ValueError(f"bad layer: {kernel=}, {dilation=}")
    sides = {"end": [0, 0], "start": [0, 0]}
    if extra not in sides:
        raise ValueError(f"unknown {extra=}")
    zeros = sides[extra]
    for i in range(dilation * (kernel - 1)):
        zeros[(i + (extra == "end")) % 2] += 1
    return tuple(zeros)
