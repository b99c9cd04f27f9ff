"""h = alpha sum_j w_j x_j + beta has mean beta and variance alpha^2 n_in w_var E[x^2]."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "The products w_j x_j are uncorrelated: their variances add up. What is one of them?",
        "Var(w x) = E[w^2 x^2] - E[w x]^2, and w is independent of x with mean 0.",
        "The mean is beta, the variance alpha^2 n_in w_var (x_var + x_mean^2).",
    ),
)

EIGHTHS = st.integers(-16, 16).map(lambda k: k / 8)
POSITIVE = st.integers(0, 16).map(lambda k: k / 8)


def two_point(mean, deviation):
    """A random number with this mean and deviation: two values, equally likely."""
    return Fraction(mean) - Fraction(deviation), Fraction(mean) + Fraction(deviation)


def enumerated(alpha, beta, n_in, w_deviation, x_mean, x_deviation):
    """Mean and variance over all outcomes of weights and inputs that have two values each."""
    w, x = two_point(0, w_deviation), two_point(x_mean, x_deviation)
    outcomes = itertools.product(*[w] * n_in, *[x] * n_in)
    values = [
        Fraction(alpha) * sum(a * b for a, b in zip(o[:n_in], o[n_in:], strict=True))
        + Fraction(beta)
        for o in outcomes
    ]
    mean = sum(values) / len(values)
    return float(mean), float(sum((v - mean) ** 2 for v in values) / len(values))


@claim("S3-220", "S2-126")
def test_inputs_of_mean_zero_worked_by_hand(forward_moments):
    check(forward_moments, 0.5, 3.0, 6, 0.25, 0.0, 4.0, want=(3.0, 1.5))
    check(forward_moments, 2.0, -1.0, 3, 0.5, 0.0, 0.25, want=(-1.0, 1.5))


@counterexample("S3-220")  # alpha^2 n_in sigma^2 gamma^2, also behind a layer with beta = 2
def test_a_beta_shifts_the_inputs_of_the_next_layer_and_adds_to_its_variance(forward_moments):
    # By the notes' formula both would be 0.25.
    check(forward_moments, 0.5, 2.0, 4, 0.25, 0.0, 1.0, want=(2.0, 0.25))
    check(forward_moments, 1.0, 0.0, 4, 0.25, 2.0, 0.25, want=(0.0, 4.25))


@claim("S3-220")
@given(EIGHTHS, EIGHTHS, st.integers(1, 3), POSITIVE, EIGHTHS, POSITIVE)
def test_equals_the_mean_over_all_outcomes(forward_moments, alpha, beta, n, w, x_mean, x):
    want = enumerated(alpha, beta, n, w, x_mean, x)
    check(forward_moments, alpha, beta, n, w**2, x_mean, x**2, want=want)


@claim("S3-220")
@pytest.mark.parametrize("seed", range(2))
def test_a_wide_layer_that_is_drawn_agrees(forward_moments, seed):
    draw = torch.Generator().manual_seed(seed)
    n, m, alpha, beta, x_mean = 30, 40_000, -0.75, 1.25, 0.5
    w = math.sqrt(0.4) * torch.randn(m, n, generator=draw)
    x = x_mean + torch.rand(m, n, generator=draw) - 0.5
    h = (alpha * (w * x).sum(1) + beta).double()

    def fits(moments):
        mean, var = moments
        # Standard errors: sqrt(var / m) of a mean, var sqrt(2 / m) of a variance.
        mean_off, var_off = abs(float(h.mean()) - mean), abs(float(h.var()) - var)
        return mean_off < 6 * (var / m) ** 0.5 and var_off < 6 * var * (2 / m) ** 0.5

    told = f"the moments of a layer that was drawn, about ({h.mean():.3f}, {h.var():.3f})"
    check(forward_moments, alpha, beta, n, 0.4, x_mean, 1 / 12, want=such_that(told, fits))


@claim("S3-221", "S2-127", "S3-218")
def test_only_slopes_of_1_and_minus_1_keep_mean_and_variance(forward_moments):
    for alpha in (1.0, -1.0):
        check(forward_moments, alpha, 0.0, 8, 1 / 8, 0.0, 0.75, want=(0.0, 0.75))
    check(forward_moments, 0.25, 0.0, 8, 1 / 8, 0.0, 0.75, want=(0.0, 0.046875))
    check(forward_moments, 1.0, 0.5, 8, 1 / 8, 0.0, 0.75, want=(0.5, 0.75))


def test_a_constant_has_no_variance(forward_moments):
    check(forward_moments, 0.0, 3.0, 5, 1.0, 2.0, 4.0, want=(3.0, 0.0))
    check(forward_moments, 2.0, 0.0, 5, 0.0, 2.0, 4.0, want=(0.0, 0.0))
    check(forward_moments, 2.0, 0.0, 5, 1.0, 0.0, 0.0, want=(0.0, 0.0))


def test_refuses_a_layer_without_inputs(forward_moments):
    for n_in in (0, -3):
        call = (1.0, 0.0, n_in, 1.0, 0.0, 1.0)
        check(forward_moments, *call, raises=ValueError, naming={"n_in": n_in})


def test_refuses_what_is_no_variance(forward_moments):
    for var in (-0.5, math.nan):
        call = (1.0, 0.0, 3, var, 0.0, 1.0)
        check(forward_moments, *call, raises=ValueError, naming={"w_var": var})
        call = (1.0, 0.0, 3, 1.0, 0.0, var)
        check(forward_moments, *call, raises=ValueError, naming={"x_var": var})


@wrong(
    "forget the mean of the inputs: the variance of w x is w_var E[x^2]",
    right_for="inputs of mean 0; here they may have another",
)
def centred(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha**2 * n_in * w_var * x_var


@wrong("forget the variance of the inputs about their mean")
def by_the_mean(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha**2 * n_in * w_var * x_mean**2


@wrong("multiply the variance by alpha and not by its square")
def linear_alpha(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha * n_in * w_var * (x_var + x_mean**2)


@wrong("return the second moment: it has the square of the mean beta in it")
def second_moment(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha**2 * n_in * w_var * (x_var + x_mean**2) + beta**2


@wrong("average over the inputs and not sum")
def averaged(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha**2 * w_var * (x_var + x_mean**2) / n_in


@wrong("count each unit once: n_in is forgotten")
def without_fan(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha**2 * w_var * (x_var + x_mean**2)


@wrong("multiply by the square of n_in, as if all products were one and the same")
def coherent(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, alpha**2 * n_in**2 * w_var * (x_var + x_mean**2)


@wrong("send the mean of the inputs through the activation: the weights have mean 0")
def mean_passes(alpha, beta, n_in, w_var, x_mean, x_var):
    return alpha * x_mean + beta, alpha**2 * n_in * w_var * (x_var + x_mean**2)


@wrong("take the mean to be 0 whatever beta")
def without_beta(alpha, beta, n_in, w_var, x_mean, x_var):
    return 0.0, alpha**2 * n_in * w_var * (x_var + x_mean**2)


@wrong("return the standard deviation and not the variance")
def deviation(alpha, beta, n_in, w_var, x_mean, x_var):
    return beta, (alpha**2 * n_in * w_var * (x_var + x_mean**2)) ** 0.5


@right("by the second moment of z, product by product")
def by_the_second_moment(alpha, beta, n_in, w_var, x_mean, x_var):
    if n_in <= 0:
        raise ValueError(f"n_in = {n_in}: no inputs")
    if math.isnan(w_var) or w_var < 0:
        raise ValueError(f"w_var = {w_var} is no variance")
    if math.isnan(x_var) or x_var < 0:
        raise ValueError(f"x_var = {x_var} is no variance")
    of_z = sum(w_var * x_var + w_var * x_mean * x_mean for _ in range(n_in))
    return beta, of_z * alpha * alpha
