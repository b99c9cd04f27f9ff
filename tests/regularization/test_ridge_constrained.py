"""The ball's minimum: ridge, with the lam at which ||w||^2 is theta; lam = 0 inside the ball."""

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("ridge", "project_l2"),
    hints=(
        "When does the bound cost anything? If it doesn't, there is nothing to do.",
        "If it does, the weights are ridge's for some lam. How does their length change with lam?",
        "Halve an interval of lam till ||w(lam)||^2 = theta: from 0 to ||X^T y|| / (n sqrt(theta)).",
    ),
)
# X^T X / n = diag(1, 4), X^T y / n = (3, 8): w(lam) = (3 / (1 + lam), 8 / (4 + lam)).
X, Y = vector([1.0, 2.0], [1.0, -2.0]), vector(7.0, -1.0)
THETAS = st.integers(1, 40).map(lambda k: k / 8)


@claim("S2-093", "S2-097", "S3-188", "S3-190")
def test_a_case_worked_by_hand(ridge_constrained):
    check(ridge_constrained, X, Y, 2.25 + 64 / 25, want=(vector(1.5, 1.6), 1.0), scale=2.0)
    check(ridge_constrained, X, Y, 1 + 16 / 9, want=(vector(1.0, 4 / 3), 2.0), scale=2.0)


@claim("S2-093", "S3-190")
def test_one_weight_worked_by_hand(ridge_constrained):
    check(ridge_constrained, vector([0.5], [0.5]), vector(1.0, 1.0), 1.0, want=(vector(1.0), 0.25))
    check(
        ridge_constrained, vector([0.125]), vector(800.0), 100.0, want=(vector(10.0), 10 - 1 / 64)
    )


@claim("S2-095", "S2-097", "S3-190")
@counterexample("S2-097", "S3-190")  # "fixing theta determines lam": all of these are the same
@pytest.mark.parametrize("theta", [13.000001, 14.0, 1e6])
def test_a_bound_that_costs_nothing_has_lam_0(ridge_constrained, theta):
    check(ridge_constrained, X, Y, theta, want=(vector(3.0, 2.0), 0.0))


@claim("S2-095")
def test_inside_means_by_the_squares(ridge_constrained):
    # Free weights of (.5, .25): squares of .3125, absolute values of .75.
    args = (X, vector(1.0, 0.0), 0.4)
    check(ridge_constrained, *args, want=(vector(0.5, 0.25), 0.0))


def least_slope(features, targets, weights):
    """Minus the slope of half the mean of the squares."""
    return features.mT @ (targets - features @ weights) / len(targets)


@claim("S3-188", "S2-093")
@given(inputs.tensors(inputs.sizes(1, 5), 3), inputs.tensors(5), THETAS)
def test_the_slope_points_out_of_the_ball_or_is_0(ridge_constrained, features, targets, theta):
    targets = targets[: len(features)]
    assume(features.any())

    def optimal(answer):
        w, lam = answer
        slope, size = least_slope(features, targets, w), float(w @ w)
        stationary = torch.allclose(slope, lam * w, rtol=1e-7, atol=1e-6)
        bound = size <= theta * (1 + 1e-7) and (lam < 1e-7 or size >= theta * (1 - 1e-6))
        return w.shape == (3,) and lam >= 0 and stationary and bound

    told = "weights in the ball with slope = -lam w, on its edge unless lam is 0"
    check(ridge_constrained, features, targets, theta, want=such_that(told, optimal))


@claim("S2-097", "S3-190")
@given(inputs.tensors(4, 2), inputs.tensors(4), st.integers(1, 24).map(lambda k: k / 8))
def test_finds_the_lam_back_from_ridges_length(ridge_constrained, features, targets, lam):
    gram, moment = features.mT @ features / 4, features.mT @ targets / 4
    weights = torch.linalg.solve(gram + lam * torch.eye(2).double(), moment)
    theta = float(weights @ weights)
    assume(theta > 1e-3)
    # Where the data say little, the length hardly depends on lam: 8 digits at the most.
    check(ridge_constrained, features, targets, theta, want=(weights, lam), slack=1e3, scale=100.0)


@claim("S2-093", "S3-188")
def test_no_point_on_a_grid_of_the_ball_is_better(ridge_constrained):
    angles = torch.linspace(0, 2 * math.pi, 721, dtype=torch.float64)
    circle = torch.stack([angles.cos(), angles.sin()], 1)
    radii = torch.linspace(0.05, 1.0, 20, dtype=torch.float64)[:, None, None]
    ball = (2.0 * radii * circle).reshape(-1, 2)
    best = (Y - ball @ X.mT).square().mean(1).min()

    def optimal(answer):
        return float((Y - X @ answer[0]).square().mean()) <= float(best) + 1e-9

    told = "weights that no point of the ball improves on"
    check(ridge_constrained, X, Y, 4.0, want=such_that(told, optimal))


@claim("S2-095")
def test_a_tight_bound_needs_a_strong_penalty(ridge_constrained):
    # All but the slope at 0, (3, 8), is forgotten: lam = |(3, 8)| / sqrt(theta), nearly.
    want = (vector(3.0, 8.0) / math.sqrt(73) * 1e-6, math.sqrt(73) * 1e6)
    check(ridge_constrained, X, Y, 1e-12, want=want, slack=1e5)


@claim("S3-190")
def test_many_least_squares_give_the_shortest(ridge_constrained):
    equal = vector([1.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    check(ridge_constrained, equal, vector(2.0, 2.0), 9.0, want=(vector(1.0, 1.0, 0.0), 0.0))
    zero = torch.zeros(2, 3).double()
    check(ridge_constrained, zero, vector(2.0, 2.0), 1.0, want=(vector(0.0, 0.0, 0.0), 0.0))


@claim("S3-190")
def test_a_singular_value_of_rounding_counts_as_0(ridge_constrained):
    # The last column is the sum of the others.
    features = vector([1.0, 2.0, 3.0], [0.5, -1.0, -0.5], [4.0, 0.25, 4.25], [-3.0, 1.0, -2.0])
    targets = vector(2.0, -1.0, 0.5, 3.0)
    shortest = torch.linalg.pinv(features, rtol=1e-6) @ targets
    theta = 1.5 * float(shortest @ shortest)
    check(ridge_constrained, features, targets, theta, want=(shortest, 0.0))


@claim("S3-190")
def test_1e_6_of_the_largest_singular_value_is_0_and_more_is_not(ridge_constrained):
    small = vector([1.0, 0.0], [0.0, 1e-7])
    check(ridge_constrained, small, small.sum(1), 10.0, want=(vector(1.0, 0.0), 0.0))
    large = vector([1.0, 0.0], [0.0, 1e-5])
    check(ridge_constrained, large, large.sum(1), 10.0, want=(vector(1.0, 1.0), 0.0))


def test_keeps_float32_and_reads_by_strides(ridge_constrained):
    close = such_that(
        "(1.5, 1.6) in float32, and 1",
        lambda a: (
            a[0].dtype == torch.float32
            and torch.allclose(a[0].double(), vector(1.5, 1.6), atol=1e-4)
            and abs(a[1] - 1) < 1e-4
        ),
    )
    check(ridge_constrained, X.float(), Y.float(), 4.81, want=close)
    turned = X.mT.contiguous().mT
    check(ridge_constrained, turned, Y, 4.81, want=(vector(1.5, 1.6), 1.0), scale=2.0)


@claim("S2-097")
def test_refuses_a_bound_that_is_none(ridge_constrained):
    for theta in (0.0, -1.0, math.inf, math.nan):
        check(ridge_constrained, X, Y, theta, raises=ValueError, naming={"theta": theta})


def test_refuses_data_that_dont_fit(ridge_constrained):
    for targets, shape in ((Y[:1], (1,)), (Y[:, None], (2, 1))):
        args = (X, targets, 1.0)
        check(ridge_constrained, *args, raises=ValueError, naming={"targets": shape})
    naming = {"features": torch.int64}
    check(ridge_constrained, X.long(), Y, 1.0, raises=ValueError, naming=naming)
    for features, targets in ((X[:0], Y[:0]), (X[:, :0], Y)):
        naming = {"features": tuple(features.shape)}
        check(ridge_constrained, features, targets, 1.0, raises=ValueError, naming=naming)


def solved(features, targets, lam):
    gram = features.mT @ features / len(targets)
    moment = features.mT @ targets / len(targets)
    eye = torch.eye(len(moment)).to(gram)
    return torch.linalg.pinv(gram + lam * eye) @ moment


def searched(features, targets, bound, size=lambda w: float(w @ w), inside=True):
    if inside and size(solved(features, targets, 0.0)) <= bound:
        return solved(features, targets, 0.0), 0.0
    low, high = (0.0 if inside else -0.9), 1e9
    for _ in range(120):
        lam = (low + high) / 2
        if size(solved(features, targets, lam)) > bound:
            low = lam
        else:
            high = lam
    return solved(features, targets, high), high


@wrong("bound the length and not its square", right_for="||w|| <= theta; here it is ||w||^2")
def bounded_length(features, targets, theta):
    return searched(features, targets, theta, lambda w: float(w.norm()))


@wrong("pull the least squares back to the ball: that isn't the best point of it")
def projected(features, targets, theta):
    w = solved(features, targets, 0.0)
    _, lam = searched(features, targets, theta)
    size = float(w @ w)
    return (w * (theta / size) ** 0.5 if size > theta else w), lam


@wrong(
    "halve lam",
    right_for="a penalty of lam * ||w||^2; here it is half of that",
)
def half_of_lam(features, targets, theta):
    w, lam = searched(features, targets, theta)
    return w, lam / 2


@wrong("forget the mean: lam is n times as large", right_for="the sum; here it is the mean")
def of_the_sum(features, targets, theta):
    w, lam = searched(features, targets, theta)
    return w, lam * len(targets)


@wrong("lead the weights to the edge of the ball, also where they are better off inside")
def always_on_the_edge(features, targets, theta):
    return searched(features, targets, theta, inside=False)


@wrong("take theta for lam")
def theta_is_lam(features, targets, theta):
    return solved(features, targets, theta), theta


@wrong("bound each weight on its own")
def boxed(features, targets, theta):
    return searched(features, targets, theta, lambda w: float(w.square().max()))


@wrong("bound the sum of the absolute values")
def l1_ball(features, targets, theta):
    return searched(features, targets, theta, lambda w: float(w.abs().sum()))


@wrong("divide by singular values that are 0 but for rounding: the weights are as long as allowed")
def keeps_rounding(features, targets, theta):
    u, s, vh = torch.linalg.svd(features, full_matrices=False)
    u, s, vh = u[:, s > 0], s[s > 0], vh[s > 0]
    moments, low, high = u.mT @ targets, 0.0, 1e12
    if float((moments / s).square().sum()) <= theta:
        return vh.mT @ (moments / s), 0.0
    for _ in range(200):
        price = (low + high) / 2
        outside = float((s * moments / (s * s + price)).square().sum()) > theta
        low, high = (price, high) if outside else (low, price)
    return vh.mT @ (s * moments / (s * s + high)), high / len(targets)


@right("by Newton's steps on 1 / ||w||, from the left")
def by_newton(features, targets, theta):
    if not (theta > 0 and math.isfinite(theta)):
        raise ValueError(f"theta: {theta}")
    if list(targets.shape) != [len(features)]:
        raise ValueError(f"targets: {tuple(targets.shape)}")
    if not features.is_floating_point():
        raise ValueError(f"features: {features.dtype}")
    if features.numel() == 0:
        raise ValueError(f"features: {tuple(features.shape)}")
    h, q = torch.linalg.eigh(features.mT @ features / len(targets))
    moments = q.mT @ (features.mT @ targets / len(targets))
    kept = h > 1e-12 * h.max()
    h, q, moments = h[kept], q[:, kept], moments[kept]
    lam = 0.0
    for _ in range(200):
        w = moments / (h + lam)
        size = float(w @ w)
        if size <= theta * (1 + 1e-15):
            break
        slope = float((w.square() / (h + lam)).sum())
        lam += size / slope * ((size / theta) ** 0.5 - 1)
    return q @ (moments / (h + lam)), lam
