"""Var(M_t) = (1 - beta)/(1 + beta) (1 - beta^{2t}) for white noise of variance 1."""

import pytest

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="derive",
    after=("ema_coefficients",),
    hints=(
        "What is the variance of a weighted sum of uncorrelated values?",
        "Sum (1 - beta)^2 beta^{2i} over i = 0, ..., t-1.",
        "That is (1 - beta)^2 (1 - beta^{2t}) / (1 - beta^2), and a factor cancels.",
    ),
)


@claim("S3-308")
def test_two_values_worked_by_hand(ema_variance_gain):
    import sympy as sp

    # the coefficients 1/4 and 3/16, squared and added
    check(ema_variance_gain, sp.Rational(3, 4), sp.Integer(2), want=sp.Rational(25, 256))


@claim("S3-308")
@pytest.mark.parametrize("t", [0, 1, 3, 6])
def test_variances_add_step_by_step(ema_variance_gain, t):
    import sympy as sp

    beta, variance = sp.Symbol("beta"), sp.Integer(0)
    for _ in range(t):  # what was there is uncorrelated with what comes in
        variance = beta**2 * variance + (1 - beta) ** 2
    check(ema_variance_gain, beta, sp.Integer(t), want=sp.expand(variance))


@claim("S3-308")
def test_it_is_the_geometric_sum_for_all_t(ema_variance_gain):
    import sympy as sp

    beta, t = sp.symbols("beta t")
    want = (1 - beta) ** 2 * (1 - beta ** (2 * t)) / (1 - beta**2)
    check(ema_variance_gain, beta, t, want=want)


@claim("S3-308")
def test_no_sum_over_the_steps_is_left(ema_variance_gain):
    import sympy as sp

    fits = such_that("an expression without a sum", lambda found: not found.has(sp.Sum))
    check(ema_variance_gain, *sp.symbols("beta t"), want=fits)


@claim("S3-308")
def test_nine_tenths_comes_to_a_nineteenth_in_the_end(ema_variance_gain):
    import sympy as sp

    beta = sp.Rational(9, 10)
    t = 500
    check(ema_variance_gain, beta, sp.Integer(t), want=(1 - beta ** (2 * t)) / 19)


@wrong("sum the coefficients and not their squares: that is the mean of a constant series")
def of_the_mean(beta, t):
    return 1 - beta**t


@wrong("give the limit for an endless series: t is ignored")
def in_the_limit(beta, t):
    return (1 - beta) / (1 + beta)


@wrong(
    "give the standard deviation, the root of the variance",
    right_for="the standard deviation; here it is the variance",
)
def standard_deviation(beta, t):
    import sympy as sp

    return sp.sqrt((1 - beta) / (1 + beta) * (1 - beta ** (2 * t)))


@wrong("square the sum of the coefficients: uncorrelated values don't add up like that")
def square_of_the_sum(beta, t):
    return (1 - beta**t) ** 2


@wrong("leave one factor 1 - beta unsquared")
def factor_not_squared(beta, t):
    return (1 - beta ** (2 * t)) / (1 + beta)


@wrong("let the power of beta grow by t and not by 2t")
def power_not_doubled(beta, t):
    return (1 - beta) / (1 + beta) * (1 - beta**t)


@wrong("leave the sum over the steps standing")
def unsummed(beta, t):
    import sympy as sp

    i = sp.Symbol("i", integer=True)
    return sp.Sum((1 - beta) ** 2 * beta ** (2 * i), (i, 0, t - 1))


@right("as the solution of v_t = beta^2 v_{t-1} + (1 - beta)^2")
def as_a_fixed_point(beta, t):
    limit = (1 - beta) ** 2 / (1 - beta**2)
    return limit - (beta**2) ** t * limit
