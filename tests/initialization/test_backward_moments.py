"""dl/dx_j = alpha sum_i w_ij g_i has mean 0 and variance alpha^2 n_out w_var E[g^2]."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("forward_moments",),
    hints=(
        "By the chain rule, through which units does x_j reach the loss, and with what factor?",
        "dl/dx_j = sum_i g_i alpha w_ij: n_out products of independent numbers, w of mean 0.",
    ),
)

EIGHTHS = st.integers(-16, 16).map(lambda k: k / 8)
POSITIVE = st.integers(0, 16).map(lambda k: k / 8)


def enumerated(alpha, n_out, w, g_mean, g):
    """Mean and variance over all outcomes of weights and gradients that have two values each."""
    weights = (-Fraction(w), Fraction(w))
    grads = (Fraction(g_mean) - Fraction(g), Fraction(g_mean) + Fraction(g))
    sums = [
        Fraction(alpha) * sum(a * b for a, b in zip(o[:n_out], o[n_out:], strict=True))
        for o in itertools.product(*[weights] * n_out, *[grads] * n_out)
    ]
    mean = sum(sums) / len(sums)
    return float(mean), float(sum((s - mean) ** 2 for s in sums) / len(sums))


@claim("S3-219", "S3-222", "S2-126")
def test_gradients_of_mean_zero_worked_by_hand(backward_moments):
    check(backward_moments, 1.0, 6, 0.25, 0.0, 4.0, want=(0.0, 6.0))
    check(backward_moments, 0.5, 3, 2.0, 0.0, 0.25, want=(0.0, 0.375))


@claim("S3-222")
@given(EIGHTHS, st.integers(1, 3), POSITIVE, EIGHTHS, POSITIVE)
def test_equals_the_mean_over_all_outcomes(backward_moments, alpha, n_out, w, g_mean, g):
    want = enumerated(alpha, n_out, w, g_mean, g)
    check(backward_moments, alpha, n_out, w**2, g_mean, g**2, want=want)


@claim("S3-219", "S3-222")
@pytest.mark.parametrize("alpha", [1.0, -0.75])
def test_automatic_differentiation_through_a_layer_that_is_drawn_agrees(backward_moments, alpha):
    draw = torch.Generator().manual_seed(0)
    n_in, n_out, m = 5, 30, 8000
    w = (0.4**0.5 * torch.randn(m, n_out, n_in, generator=draw)).double()
    g = 0.5 + 2 * torch.randn(m, n_out, generator=draw).double()
    x = torch.zeros(m, n_in, dtype=torch.float64, requires_grad=True)
    h = alpha * (w @ x[..., None])[..., 0] + 3
    (grad,) = torch.autograd.grad(h, x, g)

    def fits(moments):
        mean, var = moments
        # Standard errors. Gradients of one draw share g: they are uncorrelated, their squares are
        # not, so that a variance has at most the error of m independent numbers.
        mean_off, var_off = abs(float(grad.mean()) - mean), abs(float(grad.var()) - var)
        return mean_off < 6 * (var / (m * n_in)) ** 0.5 and var_off < 6 * var * (2 / m) ** 0.5

    told = f"the moments of a layer that was drawn, about (0, {grad.var():.3f})"
    check(backward_moments, alpha, n_out, 0.4, 0.5, 4.0, want=such_that(told, fits))


@claim("S2-127", "S3-218")
def test_the_variance_that_suits_the_way_up_suits_the_way_down_if_both_are_as_wide(
    backward_moments,
):
    check(backward_moments, 1.0, 8, 1 / 8, 0.0, 0.75, want=(0.0, 0.75))
    check(backward_moments, 1.0, 2, 1 / 8, 0.0, 0.75, want=(0.0, 0.1875))


@claim("S3-222")
def test_a_gradient_that_meets_no_slope_or_no_weight_is_zero(backward_moments):
    check(backward_moments, 0.0, 5, 1.0, 2.0, 4.0, want=(0.0, 0.0))
    check(backward_moments, 2.0, 5, 0.0, 2.0, 4.0, want=(0.0, 0.0))


def test_refuses_a_layer_without_outputs(backward_moments):
    for n_out in (0, -3):
        call = (1.0, n_out, 1.0, 0.0, 1.0)
        check(backward_moments, *call, raises=ValueError, naming={"n_out": n_out})


def test_refuses_what_is_no_variance(backward_moments):
    for var in (-0.5, math.nan):
        call = (1.0, 3, var, 0.0, 1.0)
        check(backward_moments, *call, raises=ValueError, naming={"w_var": var})
        call = (1.0, 3, 1.0, 0.0, var)
        check(backward_moments, *call, raises=ValueError, naming={"g_var": var})


@wrong("forget the mean of the gradient: the variance of w g is w_var E[g^2]")
def centred(alpha, n_out, w_var, g_mean, g_var):
    return 0.0, alpha**2 * n_out * w_var * g_var


@wrong("multiply the variance by alpha and not by its square")
def linear_alpha(alpha, n_out, w_var, g_mean, g_var):
    return 0.0, alpha * n_out * w_var * (g_var + g_mean**2)


@wrong("forget the slope of the activation")
def without_alpha(alpha, n_out, w_var, g_mean, g_var):
    return 0.0, n_out * w_var * (g_var + g_mean**2)


@wrong("hand the mean of the gradient down: the weights have mean 0")
def mean_passes(alpha, n_out, w_var, g_mean, g_var):
    return alpha * g_mean, alpha**2 * n_out * w_var * (g_var + g_mean**2)


@wrong("forget that n_out units send their gradient down")
def one_unit(alpha, n_out, w_var, g_mean, g_var):
    return 0.0, alpha**2 * w_var * (g_var + g_mean**2)


@wrong("divide by alpha squared, as if the gradient ran against the slope")
def divided(alpha, n_out, w_var, g_mean, g_var):
    return 0.0, n_out * w_var * (g_var + g_mean**2) / alpha**2 if alpha else 0.0


@wrong("return the standard deviation and not the variance")
def deviation(alpha, n_out, w_var, g_mean, g_var):
    return 0.0, (alpha**2 * n_out * w_var * (g_var + g_mean**2)) ** 0.5


@right("by adding up the variances of the products")
def summed(alpha, n_out, w_var, g_mean, g_var):
    if not n_out > 0:
        raise ValueError(f"n_out can't be {n_out}")
    for name, value in {"w_var": w_var, "g_var": g_var}.items():
        if math.isnan(value) or value < 0:
            raise ValueError(f"{name} can't be {value}")
    second = g_var + g_mean * g_mean
    return 0.0, math.fsum(alpha * alpha * w_var * second for _ in range(n_out))
