"""Backtracking: the first of 1, 1/2, 1/4, ... that lowers the loss by a share of what the slope says."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("gradient_descent",),
    forbid=("torch.optim", "scipy.optimize"),
    instead="try the rates one by one",
    hints=(
        "How much would the loss fall if it were a straight line along the direction?",
        "Ask for a small share of that, and halve the rate until you get it.",
        "loss(x + rate * direction) <= loss(x) + sufficient * rate * (grad * direction).sum()",
    ),
)
CURVATURE = vector([1.0, 4.0, 0.5], [2.0, 16.0, 8.0])


def bowl(x):
    return (CURVATURE * x * x).sum() / 2


def tried(loss, x, grad, direction, sufficient=1e-4):
    """The rule, word by word."""
    slope = float((grad * direction).sum())
    for k in range(51):
        rate = 1 / 2**k
        if float(loss(x + rate * direction)) <= float(loss(x)) + sufficient * rate * slope:
            return rate
    return None


@claim("S4-139")
def test_a_case_worked_by_hand(armijo_rate):
    # f = x^2 from 1 along -16: the rates 1, 1/2, 1/4 lead to -15, -7, -3, and 1/8 to -1, as high
    # as 1 itself; 1/16 leads to 0.
    x = vector(1.0)
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, -16 * x, want=0.0625)
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, -x, want=1.0)


@claim("S4-139")
def test_a_loss_that_falls_by_less_than_the_share_is_not_enough(armijo_rate):
    # f = x^2 from 1 along -1.75 (slope -3.5): rate 1 leads to 0.5625, 1/2 to 0.015625.
    def square(x):
        return (x * x).sum()

    x = vector(1.0)
    for share, want in ((0.1, 1.0), (0.125, 1.0), (0.126, 0.5), (0.5, 0.5), (0.75, 0.25)):
        check(armijo_rate, square, x, 2 * x, -1.75 * x, share, want=want)


@claim("S4-139")
@given(
    inputs.tensors(2, 3, step=0.25),
    inputs.tensors(2, 3, step=0.25),
    st.sampled_from([1e-4, 0.1, 0.3, 0.6]),
)
def test_equals_the_rule_tried_one_by_one(armijo_rate, x, direction, share):
    grad = CURVATURE * x
    slope = float((grad * direction).sum())
    if slope >= 0:
        naming = {"direction": slope}
        check(armijo_rate, bowl, x, grad, direction, share, raises=ValueError, naming=naming)
        return
    want = tried(bowl, x, grad, direction, share)
    check(armijo_rate, bowl, x, grad, direction, sufficient=share, want=want)


@claim("S4-139")
def test_all_entries_count_for_the_slope(armijo_rate):
    # Along -CURVATURE * x / 8 the slope is that of six entries; its first alone would ask for less.
    x = vector([4.0, 1.0, -2.0], [0.5, 1.0, -1.0])
    direction = -CURVATURE * x / 8
    for share in (0.3, 0.5, 0.7, 0.9):
        want = tried(bowl, x, CURVATURE * x, direction, share)
        check(armijo_rate, bowl, x, CURVATURE * x, direction, share, want=want)


def test_a_loss_that_is_not_finite_is_no_gain(armijo_rate):
    # -log(x) + 4 x from 1 along -4: at rates above 1/4 there is no logarithm.
    def barrier(x):
        return 4 * x.sum() - x.log().sum()

    x = vector(1.0)
    check(armijo_rate, barrier, x, vector(3.0), vector(-4.0), want=0.125)


def test_minus_infinity_is_not_finite_either(armijo_rate):
    # The logarithm from 1 along -1: the whole step leads to that of 0.
    x = vector(1.0)
    check(armijo_rate, lambda x: x.log().sum(), x, 1 / x, -x, want=0.5)


def test_a_loss_below_0_is_no_different(armijo_rate):
    x = vector(1.0)
    check(armijo_rate, lambda x: (x * x).sum() - 64, x, 2 * x, -16 * x, want=0.0625)


def test_a_rate_may_be_very_small(armijo_rate):
    x = vector(1.0)
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, -(2.0**40) * x, want=2.0**-40)
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, -(2.0**50) * x, want=2.0**-50)


def test_the_point_stays_where_it_is(armijo_rate):
    # x^2 from 0.1 along -1e8: 2^-29 leads to -0.086, and what is tried before is far away.
    x = vector(0.1)
    direction = vector(-1e8)
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, direction, want=2.0**-29)


def test_no_rate_below_the_50th_half_is_tried(armijo_rate):
    x = vector(1.0)
    direction = -(2.0**51) * x
    call = {"raises": ValueError, "naming": {"direction": ""}}
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, direction, **call)


def test_a_gentle_slope_leads_downhill_as_well(armijo_rate):
    x = vector(0.0625)
    check(armijo_rate, lambda x: (x * x).sum(), x, 2 * x, -x, want=1.0)


def test_any_shape_and_float32(armijo_rate):
    x = torch.tensor(3.0)
    check(armijo_rate, lambda x: x * x, x, 2 * x, -4 * x, want=0.25)


def test_refuses_what_does_not_lead_downhill(armijo_rate):
    x = vector(1.0, 2.0)
    for direction, slope in ((x, 10.0), (vector(2.0, -1.0), 0.0), (x * math.nan, math.nan)):
        naming = {"direction": slope}
        check(
            armijo_rate,
            lambda x: (x * x).sum(),
            x,
            2 * x,
            direction,
            raises=ValueError,
            naming=naming,
        )


def test_refuses_a_gradient_that_is_not_the_losss(armijo_rate):
    # The loss rises along the direction, however short the step.
    x = vector(1.0)
    call = {"raises": ValueError, "naming": {"direction": ""}}
    check(armijo_rate, lambda x: (x * x).sum(), x, -2 * x, x, **call)


def test_refuses_shares_that_are_none(armijo_rate):
    x = vector(1.0)
    for share in (0.0, 1.0, -0.5, 1.5, math.nan):
        naming = {"sufficient": share}
        check(
            armijo_rate,
            lambda x: (x * x).sum(),
            x,
            2 * x,
            -x,
            share,
            raises=ValueError,
            naming=naming,
        )


def test_refuses_other_shapes(armijo_rate):
    x = torch.ones(2, 3)
    for shape in ((3,), (2, 1), (3, 2)):
        other = torch.ones(shape)
        naming = {"grad": shape}
        check(armijo_rate, bowl, x, other, -x, raises=ValueError, naming=naming)
        naming = {"direction": shape}
        check(armijo_rate, bowl, x, x, -other, raises=ValueError, naming=naming)


def backtrack(loss, x, direction, enough, rates=None):
    """Return the first rate that is enough."""
    for rate in rates or (0.5**k for k in range(51)):
        if enough(rate, float(loss(x + rate * direction))):
            return rate
    return 0.0


@wrong("take any rate that lowers the loss, by however little")
def any_gain(loss, x, grad, direction, sufficient=1e-4):
    start = float(loss(x))
    return backtrack(loss, x, direction, lambda rate, value: value < start)


@wrong("forget the rate: the whole step's gain is asked of each")
def gain_of_the_whole_step(loss, x, grad, direction, sufficient=1e-4):
    start, slope = float(loss(x)), float((grad * direction).sum())
    return backtrack(loss, x, direction, lambda rate, value: value <= start + sufficient * slope)


@wrong("measure the gain by the gradient's own square and not along the direction")
def slope_of_the_gradient(loss, x, grad, direction, sufficient=1e-4):
    start, slope = float(loss(x)), -float((grad * grad).sum())
    return backtrack(
        loss, x, direction, lambda rate, value: value <= start + sufficient * rate * slope
    )


@wrong("ignore `sufficient` and always ask for 1e-4")
def ignores_the_share(loss, x, grad, direction, sufficient=1e-4):
    return tried(loss, x, grad, direction) or 0.0


@wrong("ask for a strict inequality: a rate that is just enough is passed over")
def strictly(loss, x, grad, direction, sufficient=1e-4):
    start, slope = float(loss(x)), float((grad * direction).sum())
    return backtrack(
        loss, x, direction, lambda rate, value: value < start + sufficient * rate * slope
    )


@wrong("try the steps in place, and undo them: x comes back rounded")
def in_place(loss, x, grad, direction, sufficient=1e-4):
    start, slope = float(loss(x)), float((grad * direction).sum())
    for rate in (0.5**k for k in range(51)):
        value = float(loss(x.add_(rate * direction)))
        x.sub_(rate * direction)
        if math.isfinite(value) and value <= start + sufficient * rate * slope:
            return rate
    return 0.0


@wrong("return half of the rate that was found")
def half_of_it(loss, x, grad, direction, sufficient=1e-4):
    return (tried(loss, x, grad, direction, sufficient) or 0.0) / 2


@wrong("divide the rate by 10 each time")
def tenths(loss, x, grad, direction, sufficient=1e-4):
    start, slope = float(loss(x)), float((grad * direction).sum())
    rates = [10.0**-k for k in range(51)]
    return backtrack(
        loss, x, direction, lambda rate, value: value <= start + sufficient * rate * slope, rates
    )


@wrong("go on to the rate with the lowest loss of all")
def the_best(loss, x, grad, direction, sufficient=1e-4):
    values = [(float(loss(x + 0.5**k * direction)), k) for k in range(51)]
    return 0.5 ** min((v, k) for v, k in values if not math.isnan(v))[1]


@wrong("give up after 10 halvings")
def ten_halvings(loss, x, grad, direction, sufficient=1e-4):
    return max(tried(loss, x, grad, direction, sufficient) or 0.0, 2.0**-10)


@wrong("step against the direction: it is one already, and no gradient")
def against_the_direction(loss, x, grad, direction, sufficient=1e-4):
    start, slope = float(loss(x)), float((grad * direction).sum())
    return backtrack(
        loss, x, -direction, lambda rate, value: value <= start + sufficient * rate * slope
    )


@wrong("take minus infinity for the lowest loss of all")
def takes_minus_infinity(loss, x, grad, direction, sufficient=1e-4):
    return tried(loss, x, grad, direction, sufficient) or 0.0


@wrong("return the last rate that was tried where none is enough", accepts_bad_input=True)
def settles_for_none(loss, x, grad, direction, sufficient=1e-4):
    refuse(x, grad, direction, sufficient)
    return tried(loss, x, grad, direction, sufficient) or 2.0**-50


@wrong("search along directions that lead uphill as well", accepts_bad_input=True)
def any_direction(loss, x, grad, direction, sufficient=1e-4):
    refuse(x, grad, -direction if float((grad * direction).sum()) >= 0 else direction, sufficient)
    found = tried(loss, x, grad, direction, sufficient)
    if found is None:
        raise ValueError("direction: no rate is enough")
    return found


def refuse(x, grad, direction, sufficient):
    if not (sufficient > 0 and sufficient < 1):
        raise ValueError(f"`sufficient` = {sufficient}")
    if grad.shape != x.shape:
        raise ValueError(f"`grad`: {tuple(grad.shape)}")
    if direction.shape != x.shape:
        raise ValueError(f"`direction`: {tuple(direction.shape)}")
    slope = float((grad * direction).sum())
    if not slope < 0:
        raise ValueError(f"`direction` has slope {slope}")


@right("with the gain in a loop that halves")
def halving(loss, x, grad, direction, sufficient=1e-4):
    refuse(x, grad, direction, sufficient)
    slope = float(torch.dot(grad.flatten(), direction.flatten()))
    start, rate = loss(x).item(), 1.0
    while rate >= 2.0**-50:
        gain = start - loss(x + direction * rate).item()
        if math.isfinite(gain) and gain >= -sufficient * rate * slope:
            return rate
        rate /= 2
    raise ValueError("no rate is enough along `direction`")
