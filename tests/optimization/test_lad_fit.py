"""Least absolute deviations: no formula for all X, but an exact answer, and a median for one column."""

import math
from itertools import combinations

import pytest
import torch
from hypothesis import assume, given

from grader import Exercise, check, claim, counterexample, inputs, plot, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    hints=(
        "Put a new unknown t_i above each |y_i - x_i . w|. What is the sum to minimise then?",
        "-t_i <= y_i - x_i . w <= t_i are linear constraints: scipy.optimize.linprog solves that.",
        "Or: some best w meets d of the points exactly. For few points all choices can be tried.",
    ),
)


def total(X, y, w):
    return float((y - X @ w).abs().sum())


def through_points(X, y):
    """The least sum over all w that meet d of the points exactly: a vertex is among the best."""
    least = math.inf
    for rows in combinations(range(len(X)), X.shape[1]):
        part = X[list(rows)]
        if abs(float(torch.det(part))) > 1e-9:
            least = min(least, total(X, y, torch.linalg.solve(part, y[list(rows)])))
    return least


def as_good_as(X, y, least):
    def holds(w):
        is_plain = w.dtype == X.dtype and w.shape == X.shape[1:]
        room = 1e-6 * (least + float(y.double().abs().sum()))
        return is_plain and total(X.double(), y.double(), w.double()) <= least + room

    return such_that(f"weights with a sum of absolute errors of {least:.6g}, the least", holds)


@claim("S3-108", "S3-110")
@counterexample("S3-110")  # "no analytic solution, if y isn't in the column space of X"
def test_of_an_odd_number_of_points_it_is_the_median(lad_fit):
    check(lad_fit, torch.ones(3, 1).double(), vector(1.0, 10.0, 2.0), want=vector(2.0))
    y = vector(-3.0, 8.0, 0.5, 100.0, 0.25)
    check(lad_fit, torch.ones(5, 1).double(), y, want=vector(0.5))


@claim("S3-108")
def test_of_an_even_number_anything_between_the_middle_two(lad_fit):
    X, y = torch.ones(4, 1).double(), vector(7.0, 1.0, 3.0, -20.0)
    check(lad_fit, X, y, want=as_good_as(X, y, 29.0))


@claim("S3-110")
@counterexample("S3-110")
def test_for_one_column_it_is_a_weighted_median_of_the_slopes(lad_fit):
    # Slopes 4, 1, -2, 3 of weights 1, 5, 2, 3: from below 2, 7, and half of 11 is 5.5.
    X, y = vector([1.0], [-5.0], [2.0], [3.0]), vector(4.0, -5.0, -4.0, 9.0)
    check(lad_fit, X, y, want=vector(1.0))


@claim("S3-108")
def test_a_line_through_all_points_is_found(lad_fit):
    X = torch.stack([torch.ones(5), torch.arange(5.0)], 1).double()
    check(lad_fit, X, X @ vector(2.0, -0.5), want=vector(2.0, -0.5), scale=1e5)


@claim("S3-108")
def test_one_point_far_away_changes_nothing(lad_fit):
    X = torch.stack([torch.ones(5), torch.arange(5.0)], 1).double()
    y = X @ vector(2.0, -0.5)
    for outlier in (10.0, 1000.0, -1000.0):
        far = y + outlier * (torch.arange(5) == 3)
        check(lad_fit, X, far, want=vector(2.0, -0.5), scale=1e5)


@claim("S3-108", "S3-110")
@given(inputs.tensors(inputs.sizes(3, 6), 2, step=0.5), inputs.tensors(6, step=0.5))
def test_no_line_through_two_points_is_better(lad_fit, X, y):
    assume(float(torch.linalg.matrix_rank(X)) == 2)
    y = y[: len(X)]
    check(lad_fit, X, y, want=as_good_as(X, y, through_points(X, y)))


@claim("S3-108", "S3-110")
def test_four_columns_and_negative_weights(lad_fit):
    X, y = inputs.numbers(9, 4), inputs.numbers(10)[1:]
    check(lad_fit, X, y, want=as_good_as(X, y, through_points(X, y)))


@claim("S3-108")
def test_is_the_most_likely_under_laplace_noise(lad_fit):
    X, y = inputs.numbers(7, 2), inputs.numbers(8)[1:]
    noise = torch.distributions.Laplace(torch.zeros((), dtype=torch.float64), 1.5)

    def most_likely(w):
        # A concave sum: better than all neighbours is better than all.
        near = [w + 0.01 * vector(math.cos(a), math.sin(a)) for a in range(40)]
        here = noise.log_prob(y - X @ w).sum()
        return all(noise.log_prob(y - X @ v).sum() <= here + 1e-9 for v in near)

    check(lad_fit, X, y, want=such_that("the weights of the greatest likelihood", most_likely))


@claim("S3-108")
def test_isnt_the_line_of_least_squares(lad_fit):
    X = torch.stack([torch.ones(4), vector(0, 1, 2, 9)], 1).double()
    y = vector(0.0, 1.0, 3.0, 2.0)
    check(lad_fit, X, y, want=as_good_as(X, y, through_points(X, y)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(lad_fit, dtype):
    X = vector([1.0, 1.0, 1.0], [0.0, 1.0, 2.0]).mT.to(dtype)
    y = vector(1.0, 9.0, 0.5, 9.0, 0.0, 9.0).to(dtype)[::2]
    check(lad_fit, X, y, want=vector(1.0, -0.5).to(dtype))


def test_scales_are_no_matter(lad_fit):
    X, y = vector([1.0], [2.0], [4.0]), vector(3.0, 2.0, 8.0)  # slopes 3, 1, 2 of weights 1, 2, 4
    for size in (2.0**-10, 2.0**10):
        check(lad_fit, X, size * y, want=vector(2.0 * size), slack=1e4)  # the solver's own 1e-7
        check(lad_fit, size * X, y, want=vector(2.0 / size), slack=1e4)


def test_refuses_other_shapes_and_integers(lad_fit):
    X, y = inputs.numbers(4, 2), inputs.numbers(4)
    for bad in (X[:, 0], X[None], X[:0], X[:, :0]):
        check(lad_fit, bad, y[: len(bad)], raises=ValueError, naming={"X": tuple(bad.shape)})
    for bad in (y[:3], y[:1], y[:, None]):
        check(lad_fit, X, bad, raises=ValueError, naming={"y": tuple(bad.shape)})
    check(lad_fit, X.long(), y, raises=ValueError, naming={"X": torch.int64})


def test_refuses_what_isnt_finite(lad_fit):
    X, y = inputs.numbers(4, 2), inputs.numbers(4)
    for entry in (math.nan, math.inf):
        bad = torch.where(torch.arange(4) == 2, entry, y)
        check(lad_fit, X, bad, raises=ValueError, naming={"y": ""})
        check(lad_fit, torch.stack([y, bad], 1), y, raises=ValueError, naming={"X": ""})


@wrong("minimise the squares of the errors")
def least_squares(X, y):
    return torch.linalg.pinv(X.double()).mul(1.0).to(X.dtype) @ y


@wrong("minimise the largest error")
def chebyshev(X, y):
    w = torch.zeros(X.shape[1], dtype=torch.float64)
    for t in range(1, 200):
        errors = X.double() @ w - y.double()
        worst = errors.abs().argmax()
        w = w - errors[worst].sign() * X[worst].double() / t
    return w.to(X.dtype)


@wrong("descend along the subgradient: near the kink it doesn't settle")
def subgradient(X, y):
    w = torch.zeros(X.shape[1], dtype=torch.float64)
    for _ in range(100):
        w = w - 0.01 * X.double().mT @ (X.double() @ w - y.double()).sign()
    return w.to(X.dtype)


@wrong("take the median of each column's slopes, without their weights")
def median_of_slopes(X, y):
    return torch.stack([(y / column).nanmedian() for column in X.mT])


@wrong("fit the points that have the smallest errors in the squares' fit: that needn't be the best")
def nearest_points(X, y):
    d = X.shape[1]
    errors = (y - X @ least_squares(X, y)).abs()
    rows = errors.argsort()[:d]
    return least_squares(X[rows], y[rows])


@wrong("keep the weights from being negative: a solver's bounds begin at 0 by default")
def non_negative(X, y):
    best, w = math.inf, torch.zeros(X.shape[1], dtype=X.dtype)
    for rows in combinations(range(len(X)), X.shape[1]):
        v = least_squares(X[list(rows)], y[list(rows)]).clamp(min=0)
        if total(X, y, v) < best:
            best, w = total(X, y, v), v
    return w


@wrong("fit the first d points")
def first_points(X, y):
    d = X.shape[1]
    return least_squares(X[:d], y[:d])


@wrong("weight the squares by the last errors a few times: that is near, and no further",
       right_for="a rough answer; here it is exact")  # fmt: skip
def few_reweighted_squares(X, y):
    w = least_squares(X.double(), y.double())
    for _ in range(5):
        weights = (y - X.double() @ w).abs().clamp(min=1e-3).rsqrt()
        w = least_squares(X.double() * weights[:, None], y.double() * weights)
    return w.to(X.dtype)


@wrong("add an intercept of its own, and forget it")
def centred(X, y):
    middle, height = X.median(0).values, y.median()
    return least_squares(X - middle, y - height)


@right("through each choice of d points, and the best of these")
def through_each_choice(X, y):
    if X.ndim != 2 or X.numel() == 0:
        raise ValueError(f"`X` has shape {tuple(X.shape)}")
    if X.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`X` is of {X.dtype}")
    if tuple(y.shape) != (len(X),):
        raise ValueError(f"`y` has shape {tuple(y.shape)}")
    if not torch.isfinite(X).all():
        raise ValueError("`X` must be finite")
    if not torch.isfinite(y).all():
        raise ValueError("`y` must be finite")
    wide, heights = X.double(), y.double()
    choices = torch.combinations(torch.arange(len(X)), X.shape[1])
    found, faults = torch.linalg.solve_ex(wide[choices], heights[choices])
    sums = (heights - found @ wide.mT).abs().sum(1)
    best = torch.where((faults == 0) & sums.isfinite(), sums, math.inf).argmin()
    return found[best].to(X.dtype)


@plot(x="x", y="y")
def plot_a_line_and_an_outlier(lad_fit):
    draw = torch.Generator().manual_seed(2)
    x = torch.linspace(0, 10, 15, dtype=torch.float64)
    y = 1 + 0.5 * x + 0.3 * torch.randn(15, generator=draw, dtype=torch.float64)
    y[12] = 20.0
    X = torch.stack([torch.ones_like(x), x], 1)
    squares = torch.linalg.lstsq(X, y[:, None]).solution[:, 0]
    return {
        "points": (x, y),
        "least absolute errors": (x, X @ lad_fit(X, y)),
        "least squares": (x, X @ squares),
    }
