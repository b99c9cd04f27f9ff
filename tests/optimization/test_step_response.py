"""How far SMA, WMA and EMA have come, k values after a jump from 0 to 1."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("wma", "ema_coefficients"),
    hints=(
        "The response is the weight that the newest k values have together.",
        "What happens to the SMA and the WMA once k exceeds n?",
        "k/n; (n + (n-1) + ... + (n-k+1)) / (n(n+1)/2); 1 - beta^k.",
        "For beta near 1: 1 - beta^k = -expm1(k log beta). Mind log(0).",
    ),
)


def by_running(k, n, beta):
    """Put the series itself through the three averages."""
    y = [Fraction(0)] * n + [Fraction(1)] * k
    window = y[len(y) - n :]
    weights = range(1, n + 1)
    weighted = Fraction(sum(w * v for w, v in zip(weights, window, strict=True)), sum(weights))
    mean = Fraction(0)
    for value in y:
        mean = Fraction(beta) * mean + (1 - Fraction(beta)) * value
    return float(sum(window) / n), float(weighted), float(mean)


@claim("S3-307")
def test_a_case_worked_by_hand(step_response):
    # 2/5, (5 + 4)/15 and 1 - 9/16
    check(step_response, 2, 5, 0.75, want=(0.4, 0.6, 0.4375))


@claim("S3-307")
@pytest.mark.parametrize(
    ("k", "want"),
    [
        (1, (0.1, 10 / 55, 0.1)),
        (2, (0.2, 19 / 55, 0.19)),
        (5, (0.5, 40 / 55, 0.40951)),
        (10, (1.0, 1.0, 0.6513215599)),
    ],
)
def test_with_the_notes_own_match_the_exponential_one_never_leads(step_response, k, want):
    check(step_response, k, 10, 0.9, want=want)


@claim("S3-307")
def test_against_windows_of_the_same_mean_lag_it_leads_at_first(step_response):
    check(step_response, 5, n=19, beta=0.9, want=(5 / 19, 85 / 190, 0.40951))
    check(step_response, 1, n=28, beta=0.9, want=(1 / 28, 28 / 406, 0.1))


@claim("S3-303", "S3-304", "S3-306", "S3-307")
@given(st.integers(0, 7), st.integers(1, 6), st.integers(0, 7))
def test_equals_the_averages_of_the_series_itself(step_response, k, n, eighths):
    beta = eighths / 8
    check(step_response, k, n, beta, want=by_running(k, n, beta))


@claim("S3-307")
def test_nothing_is_noticed_before_the_jump(step_response):
    check(step_response, 0, 3, 0.5, want=(0.0, 0.0, 0.0))
    check(step_response, 0, 1, 0.0, want=(0.0, 0.0, 0.0))


@claim("S3-307")
def test_windows_are_full_after_n_values(step_response):
    check(step_response, 3, 3, 0.5, want=(1.0, 1.0, 0.875))
    check(step_response, 5, 3, 0.5, want=(1.0, 1.0, 0.96875))
    check(step_response, 4, 1, 0.0, want=(1.0, 1.0, 1.0))


@claim("S3-307")
def test_without_memory_one_value_is_all_that_the_exponential_one_knows(step_response):
    check(step_response, 1, 4, 0.0, want=(0.25, 0.4, 1.0))


@claim("S3-307")
def test_a_very_long_memory_keeps_its_digits(step_response):
    small = 2.0**-29
    exact = float(1 - (1 - Fraction(1, 2**29)) ** 3)
    check(step_response, 3, 2, 1 - small, want=(1.0, 1.0, exact))


def test_refuses_what_is_no_average(step_response):
    for below in (-1, -2):
        check(step_response, below, 3, 0.5, raises=ValueError, naming={"k": below})
        check(step_response, 2, 1 + below, 0.5, raises=ValueError, naming={"n": 1 + below})
    check(step_response, 2, 3, 1.0, raises=ValueError, naming={"beta": 1.0})
    check(step_response, 2, 3, -0.5, raises=ValueError, naming={"beta": -0.5})


def three(k, n, beta):
    """The right responses, except for digits near beta = 1."""
    j = min(k, n)
    return j / n, j * (2 * n - j + 1) / (n * (n + 1)), 1.0 - beta**k


@wrong("let the windows go on growing after n values: more than all weight")
def overfull(k, n, beta):
    return k / n, k * (2 * n - k + 1) / (n * (n + 1)), three(k, n, beta)[2]


@wrong("give the WMA's smallest weights to the newest values")
def oldest_first(k, n, beta):
    sma, _, ema = three(k, n, beta)
    j = min(k, n)
    return sma, j * (j + 1) / (n * (n + 1)), ema


@wrong("start the EMA at the first 1 with M = 1: it was 0 for ever")
def starts_at_the_jump(k, n, beta):
    return *three(k, n, beta)[:2], float(k > 0)


@wrong("give the weight of the old values in the EMA, beta^k")
def of_the_old(k, n, beta):
    return *three(k, n, beta)[:2], 1.0 * beta**k


@wrong("count one value too few for the EMA: 1 - beta^(k-1)")
def one_late(k, n, beta):
    return *three(k, n, beta)[:2], 1.0 - beta ** max(k - 1, 0)


@wrong("return EMA, SMA, WMA: the order is SMA, WMA, EMA")
def another_order(k, n, beta):
    sma, wma, ema = three(k, n, beta)
    return ema, sma, wma


@wrong("put n = 1/(1 - beta) for the n that is given")
def matched_window(k, n, beta):
    return three(k, max(1, round(1 / (1 - beta))), beta)


@wrong("compute 1 - beta^k as a difference: it loses digits for beta near 1")
def cancelled(k, n, beta):
    return three(k, n, beta)


@right("step by step, and the EMA as a sum of positive terms")
def step_by_step(k, n, beta):
    if k < 0:
        raise ValueError(f"k can't be negative: {k}")
    if n <= 0:
        raise ValueError(f"n must be positive: {n}")
    if beta < 0 or beta >= 1:
        raise ValueError(f"beta must be in [0, 1): {beta}")
    weights = [n - i for i in range(n)]
    ema = sum((1.0 - beta) * beta**i for i in range(k))
    return len(weights[:k]) / n, sum(weights[:k]) / sum(weights), float(ema)
