"""Slow, straight there, oscillating, away: what lr * curvature decides."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("gradient_descent",),
    hints=(
        "Write down x after one step, as a multiple of x before it.",
        "The factor is 1 - lr * curvature. When is it negative, when is its size above 1?",
        "The borders are lr = 0, 1 / curvature and 2 / curvature.",
    ),
)


@claim("S3-092", "S3-093", "S4-139")
def test_each_regime_once(gd_regime):
    for lr, want in (
        (0.125, "monotone"),
        (0.25, "one step"),
        (0.375, "oscillating"),
        (0.5, "cycling"),
        (0.625, "diverging"),
        (0.0, "still"),
    ):
        check(gd_regime, lr, 4.0, want=want)


@claim("S3-093", "S4-139")
def test_the_border_moves_with_the_curvature(gd_regime):
    for lr, curvature, want in (
        (0.375, 8.0, "diverging"),
        (0.375, 2.0, "monotone"),
        (3.0, 0.5, "oscillating"),
        (4.0, 0.5, "cycling"),
        (2.0, 0.5, "one step"),
        (100.0, 2.0**-10, "monotone"),
        (2.0**-10, 4096.0, "diverging"),
    ):
        check(gd_regime, lr, curvature, want=want)


@claim("S3-092")
def test_a_tiny_rate_is_slow_but_moves(gd_regime):
    check(gd_regime, 1e-12, 1.0, want="monotone")
    check(gd_regime, 1e-12, 1e-6, want="monotone")


@claim("S3-093", "S4-139")
def test_just_beside_the_borders(gd_regime):
    small = 2.0**-40
    for border, below, above in (
        (0.0, "diverging", "monotone"),
        (1.0, "monotone", "oscillating"),
        (2.0, "oscillating", "diverging"),
    ):
        check(gd_regime, (border - small) / 4, 4.0, want=below)
        check(gd_regime, (border + small) / 4, 4.0, want=above)


def test_uphill_it_diverges_at_every_rate(gd_regime):
    for lr in (-0.5, -1.0, -1.5, -2.0, -3.0):
        check(gd_regime, lr, 1.0, want="diverging")


def test_the_product_in_floating_point_decides(gd_regime):
    for lr, curvature, want in (
        (1 / 49, 49.0, "monotone"),  # the product is 1 - 2^-53
        (2 / 49, 49.0, "oscillating"),
        (1 / 3 + 2.0**-54, 3.0, "one step"),
    ):
        check(gd_regime, lr, curvature, want=want)


@counterexample("S3-093")  # "too large a rate oscillates around the minimum"
def test_too_large_a_rate_oscillates_or_diverges(gd_regime):
    check(gd_regime, 1.5, 1.0, want="oscillating")
    check(gd_regime, 2.1, 1.0, want="diverging")


@counterexample("S3-129")  # "the summed loss makes the rate too large: it oscillates"
def test_the_summed_loss_may_do_anything(gd_regime):
    # The sum of (x w - y)^2 over rows of standard normal x has a curvature of 2 for each row.
    for rows, want in (
        (10, "monotone"),
        (20, "oscillating"),
        (50, "diverging"),
        (100, "diverging"),
    ):
        check(gd_regime, 0.03, 2.0 * rows, want=want)


@claim("S3-092", "S3-093", "S3-129", "S4-139")
@given(
    st.integers(-4, 40).map(lambda k: Fraction(k, 8)),
    st.integers(-3, 3).map(lambda k: Fraction(2) ** k),
)
def test_is_what_two_exact_steps_show(gd_regime, lr, curvature):
    one = 1 - lr * curvature
    two = one - lr * curvature * one
    if one == 1:
        want = "still"
    elif one == 0:
        want = "one step"
    elif abs(one) > 1:
        want = "diverging"
    elif two == 1:
        want = "cycling"
    else:
        want = "monotone" if one > 0 else "oscillating"
    check(gd_regime, float(lr), float(curvature), want=want)


def test_refuses_a_curvature_without_a_minimum(gd_regime):
    for curvature in (0.0, -2.0, math.inf, math.nan):
        check(gd_regime, 0.5, curvature, raises=ValueError, naming={"curvature": curvature})


def test_refuses_a_rate_that_is_no_number(gd_regime):
    for lr in (math.nan, math.inf, -math.inf):
        check(gd_regime, lr, 2.0, raises=ValueError, naming={"lr": lr})


def regime(reach):
    """The regime of a product lr * curvature."""
    names = {0.0: "still", 1.0: "one step", 2.0: "cycling"}
    between = "monotone" if 0 < reach < 1 else "oscillating" if 1 < reach < 2 else "diverging"
    return names.get(reach, between)


@wrong("say, as the notes do, that too large a rate oscillates: beyond 2 / curvature it diverges")
def never_diverges(lr, curvature):
    return "oscillating" if lr * curvature > 2 else regime(lr * curvature)


@wrong("take 1 / curvature for the border of divergence: up to 2 / curvature it still converges")
def diverges_at_one(lr, curvature):
    return "diverging" if lr * curvature > 1 else regime(lr * curvature)


@wrong("compare the rate with 1 and 2 whatever the curvature")
def ignores_curvature(lr, curvature):
    return regime(lr)


@wrong("divide by the curvature: the flatter, the larger the rate may be")
def divides(lr, curvature):
    return regime(lr / curvature)


@wrong(
    "take curvature * x^2 for the loss: its slope is twice as steep",
    right_for="the loss curvature * x^2; here it is half of that",
)
def without_the_half(lr, curvature):
    return regime(2 * lr * curvature)


@wrong("call the step to the minimum itself monotone")
def no_single_step(lr, curvature):
    return "monotone" if lr * curvature == 1 else regime(lr * curvature)


@wrong("count the border 2 / curvature as divergence: there the distance stays the same")
def border_diverges(lr, curvature):
    return "diverging" if lr * curvature == 2 else regime(lr * curvature)


@wrong("count the border 2 / curvature as oscillation that dies down")
def border_oscillates(lr, curvature):
    return "oscillating" if lr * curvature == 2 else regime(lr * curvature)


@wrong("call a rate of 0 monotone: it comes no nearer")
def zero_moves(lr, curvature):
    return "monotone" if lr == 0 else regime(lr * curvature)


@wrong("take a negative rate for a slow one: it climbs")
def forgets_the_sign(lr, curvature):
    return regime(abs(lr * curvature))


@wrong("compare the rate with 1 / curvature and 2 / curvature: these are rounded")
def compares_rates(lr, curvature):
    best = 1 / curvature
    names = {0.0: "still", best: "one step", 2 * best: "cycling"}
    if not 0 <= lr <= 2 * best:
        return "diverging"
    return names.get(lr, "monotone" if lr < best else "oscillating")


@wrong("take a rate of -1 / curvature or below for the positive one of its size")
def large_negative_rates(lr, curvature):
    reach = lr * curvature
    return regime(-reach if reach <= -1 else reach)


@wrong("compare with a tolerance: a rate just beside a border is on one of its sides")
def with_tolerance(lr, curvature):
    reach = lr * curvature
    return regime(float(round(reach)) if abs(reach - round(reach)) < 1e-9 else reach)


@right("by the factor of one step")
def by_the_factor(lr, curvature):
    if curvature <= 0 or not math.isfinite(curvature):
        raise ValueError(f"`curvature` can't be {curvature}")
    if math.isinf(lr) or math.isnan(lr):
        raise ValueError(f"`lr` can't be {lr}")
    reach = curvature * lr
    for border, name in ((0, "still"), (1, "one step"), (2, "cycling")):
        if reach == border:
            return name
    if reach < 0 or reach > 2:
        return "diverging"
    return "oscillating" if reach > 1 else "monotone"
