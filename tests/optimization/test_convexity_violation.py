"""f(lam x + (1 - lam) y) - (lam f(x) + (1 - lam) f(y)), which no convex function has above 0."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "Draw a parabola and one of its chords. At which two heights do you look?",
        "One height is f at the mixed point; the other is mixed from f(x) and f(y).",
        "f(lam * x + (1 - lam) * y) - (lam * f(x) + (1 - lam) * f(y))",
    ),
)


def norm(p):
    """|x|_p, for p < 1 too."""
    if p == math.inf:
        return lambda x: x.abs().max()
    return lambda x: x.abs().pow(p).sum().pow(1 / p)


@claim("S3-350")
def test_a_case_worked_by_hand(convexity_violation):
    # A quarter of (4, 0) and three of (0, 8) is (1, 6): 37, and the chord has 16/4 + 3/4 64 = 52.
    x, y = vector(4.0, 0.0), vector(0.0, 8.0)
    check(convexity_violation, lambda z: z.square().sum(), x, y, lam=0.25, want=-15.0)


@claim("S3-350")
def test_at_the_ends_the_chord_meets_the_function(convexity_violation):
    x, y = vector(1.0, -2.0), vector(3.0, 0.5)
    for lam in (0.0, 1.0):
        check(convexity_violation, lambda z: z.square().sum(), x, y, lam, want=0.0)


@claim("S3-350")
@given(inputs.tensors(3), inputs.tensors(3), st.integers(0, 8).map(lambda k: k / 8))
def test_for_a_square_it_is_the_spread_of_the_two_points(convexity_violation, x, y, lam):
    want = -lam * (1 - lam) * float((x - y).square().sum())
    check(convexity_violation, lambda z: z.square().sum(), x, y, lam, want=want, scale=1000.0)
    check(convexity_violation, lambda z: -z.square().sum(), x, y, lam, want=-want, scale=1000.0)


def never_above():
    return such_that("at most 0, but for rounding", lambda v: type(v) is float and v <= 1e-12)


@claim("S3-349", "S3-350", "S3-354")
@given(
    inputs.tensors(4),
    inputs.tensors(4),
    st.integers(0, 8).map(lambda k: k / 8),
    st.sampled_from([1.0, 1.5, 2.0, 3.0, math.inf, "log-sum-exp"]),
)
def test_norms_from_p_1_on_and_log_sum_exp_stay_below_their_chords(
    convexity_violation, x, y, lam, p
):
    f = (lambda z: z.logsumexp(0)) if p == "log-sum-exp" else norm(p)
    check(convexity_violation, f, x, y, lam, want=never_above())


@claim("S3-349")
def test_below_p_1_a_norm_is_none_and_the_ball_not_convex(convexity_violation):
    # Both points have "norm" 1, and the point between them has 2.
    x, y = vector(1.0, 0.0), vector(0.0, 1.0)
    check(convexity_violation, norm(0.5), x, y, 0.5, want=1.0)


@claim("S3-354")
def test_log_sum_exp_is_linear_along_the_ones(convexity_violation):
    x = vector(1.0, -2.0, 0.5)
    for lam in (0.25, 0.625):
        check(convexity_violation, lambda z: z.logsumexp(0), x, x + 8, lam, want=0.0, scale=10.0)


@claim("S3-354")
def test_log_sum_exp_between_two_corners(convexity_violation):
    x, y = vector(3.0, 1.0).log(), vector(1.0, 3.0).log()
    # Halfway both entries are log sqrt 3; at the ends the sum is 4.
    want = math.log(2 * math.sqrt(3)) - math.log(4)
    check(convexity_violation, lambda z: z.logsumexp(0), x, y, 0.5, want=want)


def test_neither_sides_weight_is_the_others(convexity_violation):
    # |z|^3: at 1 from -1 and 9, lam = 4/5 and the other way round.
    x, y = torch.tensor(-1.0).double(), torch.tensor(9.0).double()
    check(convexity_violation, lambda z: z.abs() ** 3, x, y, 0.75, want=1.5**3 - 0.75 - 729 / 4)
    check(convexity_violation, lambda z: z.abs() ** 3, x, y, 0.25, want=6.5**3 - 0.25 - 729 * 0.75)


def test_takes_tables_and_strides(convexity_violation):
    x, y = inputs.numbers(2, 3).mT, inputs.numbers(3, 2)
    want = -0.1875 * float((x - y).square().sum())
    check(convexity_violation, lambda z: z.square().sum(), x, y, 0.25, want=want)


@claim("S3-350")
@counterexample("S3-350")  # for any lambda
def test_outside_there_is_no_chord(convexity_violation):
    # lambda = 2 from 1 and -1 on: |3| = 3, and 2 - 1 = 1, though |x| is convex.
    x, y = torch.tensor(1.0).double(), torch.tensor(-1.0).double()
    for lam in (2.0, -0.25, 1.125, math.nan):
        check(convexity_violation, torch.abs, x, y, lam, raises=ValueError, naming={"lam": lam})


def test_refuses_points_of_other_shapes(convexity_violation):
    for shape in ((3,), (1,), (2, 1), ()):
        y = torch.ones(shape).double()
        check(convexity_violation, lambda z: z.sum(), vector(1.0, 2.0), y, 0.5,
              raises=ValueError, naming={"y": shape})  # fmt: skip


def parts(f, x, y, lam):
    """The height of the function, and those at the ends of the chord."""
    return float(f(lam * x + (1 - lam) * y)), float(f(x)), float(f(y))


@wrong("exchange the weights of the two heights")
def weights_exchanged(f, x, y, lam):
    here, fx, fy = parts(f, x, y, lam)
    return here - ((1 - lam) * fx + lam * fy)


@wrong("mix the points the other way round", right_for="x + lam (y - x); here lam weighs x")
def towards_y(f, x, y, lam):
    return convex_at(f, y, x, lam)


def convex_at(f, x, y, lam):
    here, fx, fy = parts(f, x, y, lam)
    return here - (lam * fx + (1 - lam) * fy)


@wrong("subtract the function from the chord: a convex function then has positive values")
def other_sign(f, x, y, lam):
    return -convex_at(f, x, y, lam)


@wrong("look at the middle whatever `lam` says")
def middle(f, x, y, lam):
    return convex_at(f, x, y, 0.5)


@wrong("cut off at 0: how far below its chord a function lies is lost")
def only_violations(f, x, y, lam):
    return max(0.0, convex_at(f, x, y, lam))


@wrong("compare with the higher end of the chord: that is quasi-convexity",
       right_for="quasi-convex functions; here the chord is the measure")  # fmt: skip
def quasi(f, x, y, lam):
    here, fx, fy = parts(f, x, y, lam)
    return here - max(fx, fy)


@wrong("take the size of the difference: above and below look the same")
def size(f, x, y, lam):
    return abs(convex_at(f, x, y, lam))


@wrong("allow any lam: beyond the ends even |x| seems not to be convex", accepts_bad_input=True)
def any_weight(f, x, y, lam):
    if x.shape != y.shape:
        raise ValueError(f"y: {tuple(y.shape)}")
    return convex_at(f, x, y, lam)


@wrong("compute in float32 whatever the dtype of the points")
def in_float32(f, x, y, lam):
    return convex_at(f, x.float(), y.float(), lam)


@right("from y on, towards x")
def from_y(f, x, y, lam):
    if lam < 0 or lam > 1 or math.isnan(lam):
        raise ValueError(f"`lam` can't be {lam}")
    if tuple(x.shape) != tuple(y.shape):
        raise ValueError(f"`y` has shape {tuple(y.shape)}")
    between = f(y + lam * (x - y))
    low, high = f(y), f(x)
    return (between - low - lam * (high - low)).item()
