"""Refute M_t = ((n - 1) M_{t-1} + y_t) / n for the simple average, as thoroughly as can be."""

from fractions import Fraction

import pytest

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("sma_recursive",),
    hints=(
        "The true step is M_t = M_{t-1} + (y_t - y_{t-n}) / n. What does the other one put in?",
        "The error is (M_{t-1} - y_{t-n}) / n. Which values make M_n and y_1 differ the most?",
    ),
)


def error(y, n):
    """How far the notes' right side is from the true mean, both exact."""
    values = [Fraction(v) for v in y]
    before, after = sum(values[:n]) / n, sum(values[1:]) / n
    return abs(((n - 1) * before + values[n]) / n - after)


def worst(n):
    """Accept an admissible series whose error is the greatest possible, (n - 1) / n^2."""

    def holds(y):
        fits = isinstance(y, list) and len(y) == n + 1 and all(0 <= v <= 1 for v in y)
        return fits and abs(error(y, n) - Fraction(n - 1, n * n)) < 1e-9

    told = f"{n + 1} values between 0 and 1 for which the two sides differ by {n - 1}/{n * n}"
    return such_that(told, holds)


@claim("S3-309")
def test_a_window_of_three_can_err_by_two_ninths(refute_sma_recursion):
    check(refute_sma_recursion, 3, want=worst(3))


@claim("S3-309")
@pytest.mark.parametrize("n", [2, 4, 10, 31])
def test_a_window_of_n_can_err_by_one_nth_and_hardly_less(refute_sma_recursion, n):
    check(refute_sma_recursion, n, want=worst(n))


@wrong("let a jump come in: the recursion is right about that, and errs when it leaves")
def comes_in(n):
    return [0.0] * n + [1.0]


@wrong("return a constant series: mean and leaving value are the same")
def constant(n):
    return [1.0] * (n + 1)


@wrong("let the values alternate: the mean is only half as far from the leaving value as can be")
def alternate(n):
    return [float(i % 2) for i in range(n + 1)]


@wrong("put the jump second: it is still in the window, and y_1 = 0 leaves")
def second(n):
    return [0.0, 1.0] + [0.0] * (n - 1)


@wrong("let the values fall evenly from 1 to 0")
def evenly(n):
    return [1 - i / n for i in range(n + 1)]


@wrong("give a series of n values: there must be one more for the window to move")
def too_short(n):
    return [1.0] + [0.0] * (n - 1)


@right("the other way round: a 0 leaves a window of ones")
def a_zero_leaves(n):
    return [0.0] + [1.0] * (n - 1) + [0.5]
