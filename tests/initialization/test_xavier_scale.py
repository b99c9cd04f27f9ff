"""s^2 = 2 / (fan_in + fan_out), and b = sqrt(3) s for weights uniform in [-b, b]."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("forward_moments", "backward_moments"),
    forbid=("torch.nn.init",),
    instead="derive the two numbers",
    hints=(
        "For which s is (fan_in s^2 + fan_out s^2) / 2 = 1?",
        "What is the variance of a number that is uniform in [-b, b]?",
        "s = gain sqrt(2 / (fan_in + fan_out)), b = sqrt(3) s",
    ),
)


@claim("S3-218", "S4-049", "S2-127")
def test_a_case_worked_by_hand(xavier_scale):
    check(xavier_scale, 20, 12, want=(0.25, math.sqrt(3 / 16)))
    check(xavier_scale, 2, 48, gain=2.5, want=(0.5, math.sqrt(3 / 4)))


@claim("S4-049")
def test_the_bound_of_a_layer_from_600_to_400(xavier_scale):
    # Glorot's own form: sqrt(6 / (fan_in + fan_out)).
    check(xavier_scale, 600, 400, want=(0.044721359549995794, math.sqrt(6 / 1000)))


@claim("S3-218", "S2-127")
@given(st.integers(1, 500), st.integers(1, 500))
def test_the_two_conditions_hold_on_average(xavier_scale, fan_in, fan_out):
    def holds(scale):
        up, down = fan_in * scale[0] ** 2, fan_out * scale[0] ** 2
        return math.isclose(up + down, 2) and math.isclose(scale[1] ** 2, 3 * scale[0] ** 2)

    want = such_that("fan_in s^2 + fan_out s^2 = 2, and b^2 = 3 s^2", holds)
    check(xavier_scale, fan_in, fan_out, want=want)


@claim("S4-049")
@given(st.integers(1, 99), st.integers(1, 99), st.integers(0, 16).map(lambda k: k / 8))
def test_the_squares_are_rational(xavier_scale, fan_in, fan_out, gain):
    squared = Fraction(gain) ** 2 * Fraction(2, fan_in + fan_out)
    want = math.sqrt(squared), math.sqrt(3 * squared)
    check(xavier_scale, fan_in, fan_out, gain, want=want)


@claim("S4-049", "S1-016")
@pytest.mark.parametrize(("fan_in", "fan_out", "gain"), [(300, 100, 1.0), (100, 500, 1.5)])
def test_torchs_weights_fill_just_this_range(xavier_scale, fan_in, fan_out, gain):
    draw = torch.Generator().manual_seed(0)
    w = torch.empty(fan_out, fan_in)
    torch.nn.init.xavier_normal_(w, gain, generator=draw)
    u = torch.empty(fan_out, fan_in)
    torch.nn.init.xavier_uniform_(u, gain, generator=draw)

    def fits(scale):
        std, bound = scale
        n = w.numel()
        # Standard errors of a deviation: std / sqrt(2 n), and std sqrt(0.2 / n) of the uniform one.
        near = abs(w.std().item() - std) < 6 * std / (2 * n) ** 0.5
        near_too = abs(u.std().item() - bound / 3**0.5) < 6 * std * (0.2 / n) ** 0.5
        # The largest of n uniform numbers is within 20/n of the bound, but for one case in 10^8.
        return near and near_too and 1 - 20 / n < u.abs().max().item() / bound <= 1 + 1e-6

    told = f"the scale of torch's weights, about ({w.std():.4f}, {u.abs().max():.4f})"
    check(xavier_scale, fan_in, fan_out, gain, want=such_that(told, fits))


@claim("S4-049")
def test_one_input_and_one_output(xavier_scale):
    check(xavier_scale, 1, 1, want=(1.0, math.sqrt(3)))
    check(xavier_scale, 1, 1, 0.0, want=(0.0, 0.0))


def test_refuses_a_layer_without_inputs_or_outputs(xavier_scale):
    for fan in (0, -2):
        check(xavier_scale, fan, 3, raises=ValueError, naming={"fan_in": fan})
        check(xavier_scale, 3, fan, raises=ValueError, naming={"fan_out": fan})


def test_refuses_a_negative_gain(xavier_scale):
    for gain in (-1.0, math.nan):
        check(xavier_scale, 3, 4, gain, raises=ValueError, naming={"gain": gain})


def scaled(std):
    return std, math.sqrt(3) * std


@wrong(
    "keep the variance on the way up alone: 1 / fan_in", right_for="LeCun's; here it is Xavier's"
)
def lecun(fan_in, fan_out, gain=1.0):
    return scaled(gain / math.sqrt(fan_in))


@wrong("keep the variance on the way down alone: 1 / fan_out")
def way_down(fan_in, fan_out, gain=1.0):
    return scaled(gain / math.sqrt(fan_out))


@wrong(
    "take He's variance, 2 / fan_in: that is for relu",
    right_for="He's weights; here they are Xavier's",
)
def kaiming(fan_in, fan_out, gain=1.0):
    return scaled(gain * math.sqrt(2 / fan_in))


@wrong("divide by the sum of the fans and not by their mean")
def without_two(fan_in, fan_out, gain=1.0):
    return scaled(gain / math.sqrt(fan_in + fan_out))


@wrong("take the geometric mean of the fans and not the arithmetic one")
def geometric(fan_in, fan_out, gain=1.0):
    return scaled(gain / (fan_in * fan_out) ** 0.25)


@wrong("average the two variances and not the fans")
def mean_variance(fan_in, fan_out, gain=1.0):
    return scaled(gain * math.sqrt((1 / fan_in + 1 / fan_out) / 2))


@wrong("return the variance in the place of the standard deviation")
def variance(fan_in, fan_out, gain=1.0):
    std, bound = scaled(gain * math.sqrt(2 / (fan_in + fan_out)))
    return std**2, bound


@wrong("let the bound be the standard deviation")
def bound_is_std(fan_in, fan_out, gain=1.0):
    std = gain * math.sqrt(2 / (fan_in + fan_out))
    return std, std


@wrong("take b^2 / 12 for the variance: that is an interval of length b")
def interval_of_length_b(fan_in, fan_out, gain=1.0):
    std = gain * math.sqrt(2 / (fan_in + fan_out))
    return std, math.sqrt(12) * std


@wrong("ignore the gain")
def ignores_gain(fan_in, fan_out, gain=1.0):
    return scaled(math.sqrt(2 / (fan_in + fan_out)))


@wrong("multiply the variance by the gain, and not the standard deviation")
def gain_of_variance(fan_in, fan_out, gain=1.0):
    return scaled(math.sqrt(gain * 2 / (fan_in + fan_out)))


@right("the bound first, in Glorot's form")
def bound_first(fan_in, fan_out, gain=1.0):
    if fan_in <= 0:
        raise ValueError(f"fan_in={fan_in}")
    if fan_out <= 0:
        raise ValueError(f"fan_out={fan_out}")
    if gain < 0 or math.isnan(gain):
        raise ValueError(f"gain={gain}")
    bound = gain * (6 / (fan_in + fan_out)) ** 0.5
    return bound / 3**0.5, bound
