"""Refute the notes' expansion, whose exponents start at t - 1 and not at n - 1."""

from fractions import Fraction

import pytest

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("ema_coefficients",),
    hints=(
        "Unroll two steps yourself and compare the coefficients, one after the other.",
        "Only one coefficient is wrong: give its value all the room it has.",
    ),
)


def difference(y, beta):
    """|M_t minus the notes' right side| for n = 2, exact."""
    beta, values, t = Fraction(beta), [Fraction(v) for v in y], len(y)
    means = [Fraction(0)]
    for value in values:
        means.append(beta * means[-1] + (1 - beta) * value)
    written = beta ** (t - 1) * values[t - 2] + values[t - 1]
    return abs(means[t] - (beta**2 * means[t - 2] + (1 - beta) * written))


def worst(beta, t):
    """Accept an admissible series for which the two sides differ by the most possible."""
    most = (1 - Fraction(beta)) * (Fraction(beta) - Fraction(beta) ** (t - 1))

    def holds(y):
        fits = isinstance(y, list) and len(y) == t and all(-1 <= v <= 1 for v in y)
        return fits and difference(y, beta) > most * Fraction(999999, 1000000)

    return such_that(f"{t} values in [-1, 1]; the sides differ by {float(most):.6g}", holds)


@claim("S3-311")
def test_five_values_of_nine_tenths(refute_ema_expansion):
    check(refute_ema_expansion, 0.9, 5, want=worst(0.9, 5))


@claim("S3-311")
@pytest.mark.parametrize(("beta", "t"), [(0.5, 4), (0.125, 3), (0.75, 9), (0.999, 6)])
def test_any_beta_and_any_time_after_the_second(refute_ema_expansion, beta, t):
    check(refute_ema_expansion, beta, t, want=worst(beta, t))


@wrong("let only the newest value count: its coefficient is right")
def newest(beta, t):
    return [0.0] * (t - 1) + [1.0]


@wrong("put the value before the two steps: M_{t-2} holds it on both sides")
def before_both(beta, t):
    return [0.0] * (t - 3) + [1.0, 0.0, 0.0]


@wrong("put the value first in the series: the wrong coefficient is that of y_{t-1}")
def first(beta, t):
    return [1.0] + [0.0] * (t - 1)


@wrong("return a series of zeros: both sides are 0")
def zeros(beta, t):
    return [0.0] * t


@wrong("let y_{t-1} be beta: a larger value shows a larger difference")
def not_the_most(beta, t):
    return [float(beta) if s == t - 2 else 0.0 for s in range(t)]


@right("minus one everywhere: all other coefficients agree")
def minus_one_everywhere(beta, t):
    return [-1.0] * t
