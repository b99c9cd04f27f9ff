"""All but the newest k values weigh beta^k - beta^t together, beta^k in an endless series."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("ema_coefficients",),
    hints=(
        "The newest value has the coefficient 1 - beta: what is left for all the others?",
        "Sum (1 - beta) beta^i from i = k to t - 1.",
    ),
)


@claim("S3-313")
def test_two_of_four_values_worked_by_hand(ema_tail_weight):
    # (1/4) (3/4)^2 + (1/4) (3/4)^3 = 9/64 + 27/256
    check(ema_tail_weight, 0.75, 2, 4, want=63 / 256)


@claim("S3-313")
def test_an_endless_past_weighs_a_power_of_beta(ema_tail_weight):
    check(ema_tail_weight, 0.75, 3, want=27 / 64)


@claim("S3-312", "S3-313")
@pytest.mark.parametrize(
    ("beta", "k", "want"), [(0.5, 2, 0.25), (0.9, 10, 0.3486784401), (0.9, 30, 0.04239115827521624)]
)
def test_the_figures_for_one_and_for_three_memories(ema_tail_weight, beta, k, want):
    check(ema_tail_weight, beta, k, want=want)


@claim("S3-312")
def test_a_long_memory_holds_back_almost_one_over_e(ema_tail_weight):
    import mpmath

    with mpmath.workdps(50):
        want = float(mpmath.mpf(1 - 2.0**-20) ** 2**20)
    check(ema_tail_weight, 1 - 2.0**-20, 2**20, want=want)


@claim("S3-313")
@given(st.integers(0, 15), st.integers(0, 7), st.integers(0, 7))
def test_equals_the_summed_coefficients(ema_tail_weight, sixteenths, k, t):
    beta = Fraction(sixteenths, 16)
    want = float(sum((1 - beta) * beta**i for i in range(k, t)))
    check(ema_tail_weight, float(beta), k, t, want=want, scale=1.0)


@claim("S3-370")
def test_with_nothing_left_out_it_is_the_sum_of_all(ema_tail_weight):
    check(ema_tail_weight, 0.5, 0, 3, want=0.875)
    check(ema_tail_weight, 0.5, k=0, want=1.0)
    # Without memory all weight is the newest value's.
    for k, want in ((0, 1.0), (1, 0.0), (3, 0.0)):
        check(ema_tail_weight, 0.0, k, want=want)


@claim("S3-313")
def test_nothing_is_older_than_the_first_value(ema_tail_weight):
    check(ema_tail_weight, 0.5, 3, t=3, want=0.0)
    check(ema_tail_weight, 0.5, 5, t=3, want=0.0)
    check(ema_tail_weight, 0.5, 0, t=0, want=0.0)


def test_refuses_what_is_no_average(ema_tail_weight):
    check(ema_tail_weight, 1.0, 2, raises=ValueError, naming={"beta": 1.0})
    check(ema_tail_weight, -0.5, 2, raises=ValueError, naming={"beta": -0.5})
    for below in (-1, -4):
        check(ema_tail_weight, 0.5, below, raises=ValueError, naming={"k": below})
        check(ema_tail_weight, 0.5, 2, t=below, raises=ValueError, naming={"t": below})


@wrong("give the weight of the newest k values and not of the others")
def of_the_newest(beta, k, t=None):
    return 1.0 - beta ** (k if t is None else min(k, t))


@wrong("give the weight of the one value of age k")
def of_one_value(beta, k, t=None):
    return (1 - beta) * beta**k * (t is None or k < t)


@wrong("count the k-th newest value among the old ones")
def one_value_more(beta, k, t=None):
    return beta ** max(k - 1, 0) - (0.0 if t is None else beta ** max(k, t))


@wrong("ignore t: the past of a short series isn't endless")
def endless(beta, k, t=None):
    return beta**k if t is None or k < t else 0.0


@wrong("divide by the sum of all coefficients: that is the share after bias correction")
def corrected(beta, k, t=None):
    whole = 1.0 if t is None else 1 - beta**t
    return ema_part(beta, k, t) / whole if whole else 0.0


@wrong("call everything forgotten where beta is 0: with k = 0 nothing is left out")
def forgets_the_newest(beta, k, t=None):
    return ema_part(beta, k, t) if beta or t is not None else 0.0


@wrong("let the weight become negative where k exceeds t")
def negative(beta, k, t=None):
    return beta**k - (0.0 if t is None else beta**t)


@wrong("take exp(-k (1 - beta)), its limit for beta near 1")
def as_exponential(beta, k, t=None):
    import math

    def weight(age):
        return math.exp(-age * (1 - beta))

    return weight(k) - (0.0 if t is None else weight(max(k, t)))


def ema_part(beta, k, t):
    """The right weight, for a wrong answer that corrects it."""
    return beta**k - (0.0 if t is None else beta ** max(k, t))


@right("adding up coefficient after coefficient, from the rest that is left")
def from_the_rest(beta, k, t=None):
    if not 0.0 <= beta < 1.0:
        raise ValueError(f"beta out of range: {beta}")
    if k < 0:
        raise ValueError(f"k must not be negative: {k}")
    if t is not None and t < 0:
        raise ValueError(f"t must not be negative: {t}")
    if t is None:
        return 1.0 * pow(beta, k)
    return sum((1.0 - beta) * beta**i for i in range(k, t)) if k < t else 0.0
