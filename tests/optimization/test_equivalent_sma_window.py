"""n = 1/(1 - beta) matches the newest weight; (1 + beta)/(1 - beta) the mean age and the noise."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("ema_coefficients", "ema_variance_gain"),
    hints=(
        "The weights are (1 - beta) beta^i for age i in one, 1/n for the ages 0 to n-1 in the other.",
        "Mean age: sum i (1 - beta) beta^i = beta / (1 - beta), against (n - 1) / 2.",
        "Variance of white noise: the sum of the squared weights, (1 - beta)/(1 + beta) against 1/n.",
    ),
)


@claim("S3-310")
def test_three_quarters_remember_four_values(equivalent_sma_window):
    check(equivalent_sma_window, 0.75, "memory", want=4.0)


@claim("S3-310")
def test_three_quarters_lag_like_seven_values(equivalent_sma_window):
    check(equivalent_sma_window, 0.75, "lag", want=7.0)


@claim("S3-310", "S3-308")
def test_three_quarters_smooth_like_seven_values(equivalent_sma_window):
    check(equivalent_sma_window, 0.75, match="variance", want=7.0)


@claim("S3-310")
@pytest.mark.parametrize(("match", "n"), [("memory", 10.0), ("lag", 19.0), ("variance", 19.0)])
def test_nine_tenths_is_10_or_19_values(equivalent_sma_window, match, n):
    check(equivalent_sma_window, 0.9, match, want=n)


@claim("S3-310")
@pytest.mark.parametrize("match", ["memory", "lag", "variance"])
def test_without_memory_it_is_one_value(equivalent_sma_window, match):
    check(equivalent_sma_window, 0.0, match, want=1.0)


@claim("S3-310")
@pytest.mark.parametrize(("match", "n"), [("memory", 1.6), ("lag", 2.2), ("variance", 2.2)])
def test_a_window_need_not_be_whole(equivalent_sma_window, match, n):
    check(equivalent_sma_window, 0.375, match, want=n)


@claim("S3-310")
@given(st.integers(1, 15))
def test_mean_age_and_noise_agree_with_the_summed_weights(equivalent_sma_window, sixteenths):
    beta = sixteenths / 16
    # At 15/16 the 1200th weight is below 1e-33.
    weights = [(1 - beta) * beta**i for i in range(1200)]
    age = sum(i * w for i, w in enumerate(weights))
    check(equivalent_sma_window, beta, "lag", want=2 * age + 1)
    check(equivalent_sma_window, beta, "variance", want=1 / sum(w * w for w in weights))


@claim("S3-310")
@pytest.mark.parametrize("match", ["memory", "lag", "variance"])
def test_is_exact_near_one(equivalent_sma_window, match):
    beta = Fraction(2**30 - 1, 2**30)
    exact = 1 / (1 - beta) if match == "memory" else (1 + beta) / (1 - beta)
    check(equivalent_sma_window, float(beta), match, want=float(exact))


def test_refuses_a_beta_that_makes_no_average(equivalent_sma_window):
    check(equivalent_sma_window, 1.0, "lag", raises=ValueError, naming={"beta": 1.0})
    check(equivalent_sma_window, -0.25, "memory", raises=ValueError, naming={"beta": -0.25})


def test_refuses_a_match_that_is_none_of_the_three(equivalent_sma_window):
    check(equivalent_sma_window, 0.5, "shape", raises=ValueError, naming={"match": "shape"})
    check(equivalent_sma_window, 0.5, "mean", raises=ValueError, naming={"match": "mean"})


@wrong("take 1/(1 - beta) for everything: mean age and noise ask for almost twice as many")
def always_memory(beta, match):
    return 1 / (1 - beta)


@wrong("take (1 + beta)/(1 - beta) for everything: `match` is ignored")
def always_lag(beta, match):
    return (1 + beta) / (1 - beta)


@wrong("give the newest value the age 1 in the exponential average alone")
def age_from_one(beta, match):
    return 2 / (1 - beta) + 1 if match == "lag" else equivalent(beta, match)


@wrong("take n/2 for the mean age of n values: it is (n - 1)/2")
def half_the_window(beta, match):
    return 2 * beta / (1 - beta) if match == "lag" else equivalent(beta, match)


@wrong("add the weights and not their squares: the noise has another variance")
def forgets_a_square(beta, match):
    return 1 / (1 - beta) ** 2 if match == "variance" else equivalent(beta, match)


@wrong("match the standard deviations as if they were variances")
def of_the_deviation(beta, match):
    right = equivalent(beta, match)
    return right**0.5 if match == "variance" else right


@wrong("round the window to a whole number of values")
def rounded(beta, match):
    return float(round(equivalent(beta, match)))


@wrong("take the age at which a weight has fallen to 1/e: -1/log(beta) is only near 1/(1 - beta)")
def exactly_one_over_e(beta, match):
    import math

    return -1 / math.log(beta) if match == "memory" and beta else equivalent(beta, match)


def equivalent(beta, match):
    """The right window, for wrong answers that err in one match only."""
    return 1 / (1 - beta) if match == "memory" else (1 + beta) / (1 - beta)


@right("mean age and variance each by itself")
def each_by_itself(beta, match):
    if beta < 0 or beta >= 1:
        raise ValueError(f"beta={beta} is not in [0, 1)")
    if match == "lag":
        return 1 + 2 * beta / (1 - beta)
    if match == "variance":
        return (1 - beta**2) / (1 - beta) ** 2 if beta < 0.99 else 2 / (1 - beta) - 1
    if match == "memory":
        return 1 / (1 - beta)
    raise ValueError(f"unknown match: {match}")
