"""Where (size - kernel + 2 padding) / stride + 1 isn't the size of torch's output."""

from fractions import Fraction

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("conv_output_size",),
    hints=(
        "What if the stride doesn't divide the room that the kernel has?",
        "The formula has no word for the dilation.",
    ),
)


def as_written(size, kernel, stride, padding):
    return Fraction(size - kernel + 2 * padding, stride) + 1


def torchs(size, kernel, stride, padding, dilation=1):
    """Return the length of torch's output; it raises for what no layer has."""
    x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
    return torch.conv1d(x, weight, None, stride, padding, dilation).shape[-1]


def is_admissible(numbers, count):
    least = (1, 1, 1, 0, 1)[:count]
    whole = all(type(v) is int and low <= v <= 64 for v, low in zip(numbers, least, strict=True))
    return type(numbers) is tuple and whole


@counterexample("S0-214")
@claim("S4-197")
def test_the_first_has_a_formula_that_is_no_whole_number(refute_conv_output_size):
    def holds(pair):
        first, _ = pair
        fits = is_admissible(first, 4) and torchs(*first) >= 1
        return fits and as_written(*first).denominator > 1

    told = "a first (size, kernel, stride, padding) whose formula isn't a whole number"
    check(refute_conv_output_size, want=such_that(told, holds))


@counterexample("S0-215")
def test_the_second_has_a_whole_number_that_is_not_the_size(refute_conv_output_size):
    def holds(pair):
        _, second = pair
        written = as_written(*second[:4])
        wrong_size = written.denominator == 1 and written != torchs(*second)
        return is_admissible(second, 5) and wrong_size

    told = (
        "a second (size, kernel, stride, padding, dilation) whose formula is a wrong whole number"
    )
    check(refute_conv_output_size, want=such_that(told, holds))


@wrong("take a stride that divides: the formula is right for (7, 3, 2, 1)")
def divisible():
    return (7, 3, 2, 1), (32, 3, 1, 0, 2)


@wrong("dilate a kernel of one weight: it has nothing to spread")
def one_weight():
    return (16, 3, 2, 1), (32, 1, 1, 0, 2)


@wrong("give a dilation of 1, for which a whole number is the size")
def undilated():
    return (16, 3, 2, 1), (33, 3, 2, 1, 1)


@wrong("take a kernel that doesn't fit into its input: no layer has this output")
def does_not_fit():
    return (2, 5, 2, 0), (4, 4, 1, 0, 2)


@right("two others")
def two_others():
    return (64, 7, 2, 3), (12, 2, 2, 0, 3)
