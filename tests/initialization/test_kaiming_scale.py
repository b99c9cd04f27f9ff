"""s^2 = 2 / ((1 + slope^2) fan_in), and b = sqrt(3) s for weights uniform in [-b, b]."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("xavier_scale",),
    forbid=("torch.nn.init", "leaky_relu", "torch.nn.functional"),
    instead="derive the two numbers",
    hints=(
        "E[z^2] = fan_in s^2 E[x^2]. How much of E[z^2] is left behind the activation?",
        "z is symmetric: half of E[z^2] comes from z > 0, the other half is multiplied by slope^2.",
        "fan_in s^2 (1 + slope^2) / 2 = 1, and b = sqrt(3) s",
    ),
)


@claim("S4-049", "S2-123")
def test_slopes_worked_by_hand(kaiming_scale):
    check(kaiming_scale, 10, 0.5, want=(0.4, math.sqrt(3) * 0.4))
    check(kaiming_scale, 10, negative_slope=-3.0, want=(math.sqrt(0.02), math.sqrt(0.06)))


@claim("S4-049", "S2-123")
def test_relu_is_the_default(kaiming_scale):
    check(kaiming_scale, 32, want=(0.25, math.sqrt(3) / 4))
    check(kaiming_scale, 600, want=(0.05773502691896258, 0.1))


@claim("S2-127", "S2-123")
def test_the_identity_needs_one_over_fan_in(kaiming_scale):
    check(kaiming_scale, 4, 1.0, want=(0.5, math.sqrt(3) / 2))


@claim("S3-169", "S1-016", "S4-175")
@given(st.integers(1, 400))
def test_a_slope_of_sqrt_5_is_torchs_default_for_linear(kaiming_scale, fan_in):
    want = 1 / math.sqrt(3 * fan_in), 1 / math.sqrt(fan_in)
    check(kaiming_scale, fan_in, math.sqrt(5), want=want)


@claim("S3-169", "S1-016")
def test_the_weights_and_biases_of_torchs_linear_fill_just_this_range(kaiming_scale):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = torch.nn.Linear(60, 1000)

    def fits(scale):
        # The largest of n numbers is within 20/n of the bound, but for one case in 10^8.
        drawn = (layer.weight, layer.bias)
        return all(1 - 20 / x.numel() < float(x.abs().max()) / scale[1] <= 1 + 1e-6 for x in drawn)

    told = f"a bound as of torch's weights, about {float(layer.weight.abs().max()):.4f}"
    check(kaiming_scale, 60, math.sqrt(5), want=such_that(told, fits))


@claim("S4-049")
@given(st.integers(1, 99), st.integers(-24, 24).map(lambda k: k / 8))
def test_the_squares_are_rational(kaiming_scale, fan_in, slope):
    squared = Fraction(2) / ((1 + Fraction(slope) ** 2) * fan_in)
    check(kaiming_scale, fan_in, slope, want=(math.sqrt(squared), math.sqrt(3 * squared)))


@claim("S4-049", "S2-123")
@pytest.mark.parametrize("slope", [0.0, 0.25, -1.5])
def test_the_second_moment_stays_behind_a_layer_that_is_drawn(kaiming_scale, slope):
    draw = torch.Generator().manual_seed(0)
    n, m = 24, 40_000
    x = torch.nn.functional.leaky_relu(torch.randn(n, generator=draw), slope)
    unit = torch.randn(m, n, generator=draw) @ (x / x.square().mean().sqrt())
    out = torch.nn.functional.leaky_relu(unit, slope).double().square()
    # For weights of deviation s it is s^2 times these numbers, whose mean has this error:
    mean, error = float(out.mean()), float(out.std()) / m**0.5

    def keeps(scale):
        return abs(scale[0] ** 2 * mean - 1) < 6 * scale[0] ** 2 * error

    want = such_that("a deviation that keeps the second moment, to 6 standard errors", keeps)
    check(kaiming_scale, n, slope, want=want)


@counterexample("S2-127")  # one variance for all layers, whatever the activation
def test_relu_needs_twice_the_variance_of_a_linear_unit(kaiming_scale):
    linear, relu = math.sqrt(1 / 7), math.sqrt(2 / 7)
    check(kaiming_scale, 7, 1.0, want=(linear, math.sqrt(3) * linear))
    check(kaiming_scale, 7, 0.0, want=(relu, math.sqrt(3) * relu))


def test_refuses_a_layer_without_inputs(kaiming_scale):
    for fan in (0, -2):
        check(kaiming_scale, fan, raises=ValueError, naming={"fan_in": fan})


def test_refuses_a_slope_that_is_no_number(kaiming_scale):
    for slope in (math.nan, math.inf, -math.inf):
        check(kaiming_scale, 3, slope, raises=ValueError, naming={"negative_slope": slope})


def scaled(std):
    return std, math.sqrt(3) * std


@wrong("ignore the slope: half of the signal is taken for lost")
def ignores_slope(fan_in, negative_slope=0.0):
    return scaled(math.sqrt(2 / fan_in))


@wrong("let relu pass everything: 1 / fan_in, whatever the slope")
def linear(fan_in, negative_slope=0.0):
    return scaled(math.sqrt(1 / fan_in))


@wrong("add the slope itself and not its square")
def slope_not_squared(fan_in, negative_slope=0.0):
    return scaled(math.sqrt(2 / ((1 + abs(negative_slope)) * fan_in)))


@wrong("average the two slopes before squaring")
def mean_slope(fan_in, negative_slope=0.0):
    return scaled(2 / ((1 + negative_slope) * math.sqrt(fan_in)) if negative_slope != -1 else 0.0)


@wrong("leave out the 2: the whole of E[z^2] is not above 0")
def without_two(fan_in, negative_slope=0.0):
    return scaled(math.sqrt(1 / ((1 + negative_slope**2) * fan_in)))


@wrong("return the variance in the place of the standard deviation")
def variance(fan_in, negative_slope=0.0):
    squared = 2 / ((1 + negative_slope**2) * fan_in)
    return squared, math.sqrt(3 * squared)


@wrong("let the bound be the standard deviation")
def bound_is_std(fan_in, negative_slope=0.0):
    std = math.sqrt(2 / ((1 + negative_slope**2) * fan_in))
    return std, std


@wrong("multiply by the gain of the slope and not by its inverse")
def multiplied(fan_in, negative_slope=0.0):
    return scaled(math.sqrt(2 * (1 + negative_slope**2) / fan_in))


@wrong("keep the variance about the mean behind the activation, and not the second moment")
def by_the_variance(fan_in, negative_slope=0.0):
    # Of a normal z: E[x^2] - E[x]^2 = (1 + a^2) / 2 - (1 - a)^2 / (2 pi).
    left = (1 + negative_slope**2) / 2 - (1 - negative_slope) ** 2 / (2 * math.pi)
    return scaled(1 / math.sqrt(left * fan_in))


@right("the gain first, the bound from it")
def gain_first(fan_in, negative_slope=0.0):
    if not fan_in >= 1:
        raise ValueError(f"fan_in must be positive, is {fan_in}")
    if math.isnan(negative_slope) or math.isinf(negative_slope):
        raise ValueError(f"negative_slope must be a number, is {negative_slope}")
    gain = math.sqrt(2) / math.hypot(1, negative_slope)
    return gain / fan_in**0.5, gain * (3 / fan_in) ** 0.5
