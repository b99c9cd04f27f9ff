"""e^(la) / (e^(la) + e^(lb)) tends to 1, 1/2 or 0, and log(e^(la) + e^(lb)) / l to max(a, b)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("real_softmax_slope",),
    hints=(
        "Divide the share's numerator and denominator by exp(lam a). Which cases are there?",
        "exp(lam (b - a)) tends to 0, to infinity, or stays what it is.",
    ),
)

fractions = st.fractions(-4, 4, max_denominator=8)


@claim("S3-148", "S3-146")
def test_the_larger_one_takes_it_all(real_softmax_limit):
    check(real_softmax_limit, Fraction(3), Fraction(1), want=(Fraction(1), Fraction(3)))
    check(real_softmax_limit, Fraction(1), Fraction(5, 2), want=(Fraction(0), Fraction(5, 2)))
    check(real_softmax_limit, Fraction(-3), Fraction(-1, 2), want=(Fraction(0), Fraction(-1, 2)))


@claim("S3-148", "S3-146")
@counterexample("S3-148")  # the notes assume a >= b only, and conclude that the share tends to 1
@pytest.mark.parametrize("a", [Fraction(2), Fraction(0), Fraction(-7, 3)], ids=str)
def test_a_tie_is_shared(real_softmax_limit, a):
    check(real_softmax_limit, a, a, want=(Fraction(1, 2), a))


@claim("S3-148", "S3-146")
@pytest.mark.parametrize("gap", [Fraction(1, 1001), Fraction(1, 10**20)], ids=str)
def test_the_smallest_gap_decides(real_softmax_limit, gap):
    check(real_softmax_limit, 1 + gap, Fraction(1), want=(Fraction(1), 1 + gap))
    check(real_softmax_limit, Fraction(-1), gap - 1, want=(Fraction(0), gap - 1))


@claim("S3-146", "S3-148")
@given(fractions, fractions)
def test_equals_the_values_at_a_large_lam_with_50_digits(real_softmax_limit, a, b):
    import mpmath

    # Different fractions are at least 1/56 apart: exp(-1e5 / 56) is 0 beside 1.
    with mpmath.workdps(50):
        lam = mpmath.mpf(100_000)
        left, right = (mpmath.exp(lam * v.numerator / v.denominator) for v in (a, b))
        share, value = left / (left + right), mpmath.log(left + right) / lam
        near = Fraction(str(mpmath.nstr(value, 30))).limit_denominator(8)
        want = Fraction(round(2 * float(share)), 2), near
    check(real_softmax_limit, a, b, want=want)


@wrong("let a >= b be enough for the share to tend to 1: at a tie it is 1/2")
def tie_goes_to_a(a, b):
    return Fraction(int(a >= b)), max(a, b)


@wrong("give nothing to `a` at a tie")
def tie_goes_to_b(a, b):
    return Fraction(int(a > b)), max(a, b)


@wrong("assume that `a` is the larger one in all cases")
def without_loss_of_generality(a, b):
    return Fraction(1, 2) if a == b else Fraction(1), a


@wrong("give the share of the smaller one")
def other_share(a, b):
    return Fraction((b > a) - (b < a) + 1, 2), max(a, b)


@wrong("take the limit to the other side, where the minimum is")
def the_minimum(a, b):
    return Fraction((a > b) - (a < b) + 1, 2), min(a, b)


@wrong("double the limit at a tie, as both terms are the largest")
def counts_a_tie_twice(a, b):
    return Fraction((a > b) - (a < b) + 1, 2), 2 * a if a == b else max(a, b)


@wrong("compare floats: a gap that is too small for them counts as a tie")
def in_floats(a, b):
    share = Fraction((float(a) > float(b)) - (float(a) < float(b)) + 1, 2)
    return share, max(a, b)


@right("by cases")
def by_cases(a, b):
    if a == b:
        return Fraction(1, 2), a
    return (Fraction(1), a) if a > b else (Fraction(0), b)
