"""Along a growing penalty the weights shrink, and the loss without the penalty rises."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    claim,
    counterexample,
    inputs,
    plot,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("ridge", "min_norm_solution"),
    hints=(
        "Where is the slope of J + lam Omega 0? What becomes of X^T X w if J is a mean over n rows?",
        "(X^T X + n lam) w = X^T y. With X = U diag(s) V^T the matrix is diagonal for every lam.",
        "w = V (s u_y / (s^2 + n lam)) with u_y = U^T y; leave out what has s = 0.",
    ),
)

FEATURES, TARGETS = vector([2.0, 0.0], [0.0, 1.0], [0.0, 0.0]), vector(2.0, 3.0, 1.0)
LAMS = st.lists(st.integers(1, 40).map(lambda k: k / 8), min_size=1, max_size=4)


@claim("S4-022", "S4-043")
def test_a_case_worked_by_hand(ridge_path):
    # n lam is 0, 4 and 1: weights (1, 3), (1/2, 3/5), (4/5, 3/2).
    losses = vector(1 / 6, (1 + 2.4**2 + 1) / 6, (0.4**2 + 1.5**2 + 1) / 6)
    sizes = vector(5.0, (0.25 + 0.36) / 2, (0.64 + 2.25) / 2)
    check(ridge_path, FEATURES, TARGETS, [0.0, 4 / 3, 1 / 3], want=(losses, sizes))


@claim("S4-022", "S3-205")
@given(inputs.tensors(inputs.sizes(1, 5), 3), inputs.tensors(5), LAMS)
def test_equals_the_normal_equations_for_each_penalty(ridge_path, features, targets, lams):
    n, targets = len(features), targets[: len(features)]
    losses, sizes = [], []
    for lam in lams:
        gram = features.mT @ features / n + lam * torch.eye(3, dtype=torch.float64)
        w = torch.linalg.solve(gram, features.mT @ targets / n)
        losses.append((features @ w - targets).square().mean() / 2)
        sizes.append(w.square().sum() / 2)
    want = torch.stack(losses), torch.stack(sizes)
    check(ridge_path, features, targets, lams, want=want, scale=100.0)


@claim("S4-022", "S3-205", "S4-043", "S4-266")
@counterexample("S4-022")  # "it lowers J and at the same time the size of the parameters"
def test_the_size_falls_and_the_loss_rises(ridge_path):
    features, targets = inputs.numbers(7, 3), inputs.numbers(7)
    lams = [0.0, 0.01, 0.1, 1.0, 10.0, 100.0]

    def is_a_trade(results):
        losses, sizes = results
        rises, falls = losses.diff() > 0, sizes.diff() < 0
        return losses.shape == sizes.shape == (6,) and bool(rises.all() and falls.all())

    told = "6 losses, each above the one before, and 6 sizes, each below"
    check(ridge_path, features, targets, lams, want=such_that(told, is_a_trade))


@claim("S3-205")
@pytest.mark.parametrize("unit", [2.0**-30, 2.0**30])
def test_in_other_units_the_same_singular_values_count(ridge_path, unit):
    # The last column is the sum of the others: a singular value is 0 but for rounding.
    features = vector([1.0, 2.0, 3.0], [0.5, -1.0, -0.5], [4.0, 0.25, 4.25], [-3.0, 1.0, -2.0])
    targets = vector(2.0, -1.0, 0.5, 3.0)
    shortest = torch.linalg.pinv(features, rtol=1e-6) @ targets
    gram = features.mT @ features / 4 + 0.5 * torch.eye(3, dtype=torch.float64)
    weights = torch.stack([shortest, torch.linalg.solve(gram, features.mT @ targets / 4)])
    losses = (weights @ features.mT - targets).square().mean(1) / 2
    want = losses, (weights / unit).square().sum(1) / 2
    check(ridge_path, unit * features, targets, [0.0, 0.5 * unit**2], want=want)


@claim("S3-205")
def test_1e_6_of_the_largest_singular_value_is_0_and_more_is_not(ridge_path):
    targets = vector(0.0, 1.0)
    small = vector([1.0, 0.0], [0.0, 1e-7])
    check(ridge_path, small, targets, [0.0], want=(vector(0.25), vector(0.0)))
    large = vector([1.0, 0.0], [0.0, 1e-5])
    check(ridge_path, large, targets, [0.0], want=(vector(0.0), vector(5e9)))


@claim("S3-205")
def test_without_a_penalty_it_is_least_squares(ridge_path):
    features, targets = inputs.numbers(7, 3), inputs.numbers(7)
    w = torch.linalg.lstsq(features, targets[:, None]).solution[:, 0]
    loss, size = (features @ w - targets).square().mean() / 2, w.square().sum() / 2
    check(ridge_path, features, targets, [0.0], want=(loss[None], size[None]))


@claim("S4-022", "S3-205")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_of_many_least_squares_it_takes_the_shortest(ridge_path, dtype):
    # Two equal columns share 2, and the third is 0: (1, 1, 0). With n lam = 4 it is (1/2, 1/2, 0).
    features = vector([1.0, 1.0, 0.0], [-1.0, -1.0, 0.0]).to(dtype)
    want = vector(0.0, 0.5).to(dtype), vector(1.0, 0.25).to(dtype)
    check(ridge_path, features, vector(2.0, -2.0).to(dtype), [0.0, 2.0], want=want)
    # Fewer rows than columns: 2 = (3, 4) . w for w = (6, 8) / 25.
    want = vector(0.0).to(dtype), vector(2 / 25).to(dtype)
    check(ridge_path, vector([3.0, 4.0]).to(dtype), vector(2.0).to(dtype), [0.0], want=want)


@claim("S3-205")
def test_a_huge_penalty_leaves_no_weights(ridge_path):
    # n lam = 3e9: weights of 4 / 3e9 and 3 / 3e9.
    want = vector(14 / 6), vector(25 / 9e18 / 2)
    check(ridge_path, FEATURES, TARGETS, [1e9], want=want, scale=0.0, slack=100)  # but for 4 / 3e9


def test_the_order_is_that_of_the_penalties(ridge_path):
    lams = [4 / 3, 0.0, 4 / 3]
    losses, sizes = vector(7.76 / 6, 1 / 6, 7.76 / 6), vector(0.305, 5.0, 0.305)
    check(ridge_path, FEATURES, TARGETS, lams, want=(losses, sizes))


def test_no_penalties_have_no_results(ridge_path):
    nothing = torch.zeros(0, dtype=torch.float64)
    check(ridge_path, FEATURES, TARGETS, [], want=(nothing, nothing))


def test_features_of_zeros_have_no_weights(ridge_path):
    zeros = torch.zeros(3, 2, dtype=torch.float64)
    want = vector(14 / 6, 14 / 6), vector(0.0, 0.0)
    check(ridge_path, zeros, TARGETS, [0.0, 2.0], want=want)


def test_reads_by_strides(ridge_path):
    check(ridge_path, FEATURES.mT.contiguous().mT, TARGETS.repeat_interleave(2)[::2], [0.0],
          want=(vector(1 / 6), vector(5.0)))  # fmt: skip


def test_refuses_penalties_that_are_none(ridge_path):
    for lam in (-0.5, math.inf, math.nan):
        check(ridge_path, FEATURES, TARGETS, [1.0, lam], raises=ValueError, naming={"lams": lam})


def test_refuses_other_numbers_of_targets_and_nothing(ridge_path):
    for shape in ((2,), (1,), (3, 1), ()):
        check(ridge_path, FEATURES, torch.ones(shape).double(), [1.0], raises=ValueError,
              naming={"targets": shape})  # fmt: skip
    for shape in ((0, 2), (2, 0)):
        check(ridge_path, torch.ones(shape), torch.ones(shape[0]), [1.0], raises=ValueError,
              naming={"features": shape})  # fmt: skip
    whole = torch.ones(3, 2, dtype=torch.int64)
    check(ridge_path, whole, torch.ones(3), [1.0], raises=ValueError,
          naming={"features": torch.int64})  # fmt: skip


def path(features, targets, lams, scale=None):
    """The weights for each penalty, by the pseudo-inverse of the rows with the penalty's below."""
    n, d = features.shape
    found = [features.new_zeros(0, d)]
    for lam in lams:
        price = (n if scale is None else scale) * lam
        below = price**0.5 * torch.eye(d, dtype=features.dtype)
        rows = torch.cat([features, below]), torch.cat([targets, features.new_zeros(d)])
        found.append((torch.linalg.pinv(rows[0], rtol=1e-6) @ rows[1])[None])
    return torch.cat(found)


def measured(features, targets, weights):
    errors = weights @ features.mT - targets
    return errors.square().mean(1) / 2, weights.square().sum(1) / 2


@wrong("solve X^T X + lam: for a mean over n rows it is n lam")
def without_n(features, targets, lams):
    return measured(features, targets, path(features, targets, lams, scale=1.0))


@wrong("forget that both have a 1/2, in the normal equations: X^T X + 2 n lam")
def twice(features, targets, lams):
    return measured(features, targets, path(features, targets, lams, 2 * len(features)))


@wrong("return J + lam Omega, what is minimised, for J")
def with_the_penalty(features, targets, lams):
    losses, sizes = measured(features, targets, path(features, targets, lams))
    return losses + features.new_tensor(lams) * sizes, sizes


@wrong("sum over the rows in J")
def summed(features, targets, lams):
    losses, sizes = measured(features, targets, path(features, targets, lams))
    return losses * len(features), sizes


@wrong("leave the 1/2 out of J")
def without_half(features, targets, lams):
    losses, sizes = measured(features, targets, path(features, targets, lams))
    return 2 * losses, sizes


@wrong("return ||w||^2 without its 1/2")
def square_of_the_norm(features, targets, lams):
    losses, sizes = measured(features, targets, path(features, targets, lams))
    return losses, 2 * sizes


@wrong("return the norm ||w|| for its square")
def norm(features, targets, lams):
    losses, sizes = measured(features, targets, path(features, targets, lams))
    return losses, (2 * sizes).sqrt()


@wrong("multiply the least squares by one factor: each direction has its own")
def one_factor(features, targets, lams):
    w = path(features, targets, [0.0])[0]
    n, power = len(features), features.square().sum() / features.shape[1]
    factors = [float(power / (power + n * lam)) if power else 0.0 for lam in lams]
    return measured(features, targets, features.new_tensor(factors)[:, None] * w)


@wrong("fit an intercept as well")
def with_intercept(features, targets, lams):
    x, y = features - features.mean(0), targets - targets.mean()
    return measured(x, y, path(x, y, lams))


@wrong("sort the penalties first")
def sorted_first(features, targets, lams):
    return measured(features, targets, path(features, targets, sorted(lams)))


@wrong("let the penalty push outwards: its sign is minus")
def pushes_outwards(features, targets, lams):
    n = len(features)
    u, s, vh = torch.linalg.svd(features, full_matrices=False)
    u, s, vh = u[:, s > 1e-6], s[s > 1e-6], vh[s > 1e-6]
    price = features.new_tensor(lams)[:, None]
    weights = (s * (u.mT @ targets) / (s.square() - n * price)) @ vh
    return measured(features, targets, weights)


@wrong("divide by every singular value: with lam = 0 those of 0 give nan")
def divides_by_zero(features, targets, lams):
    n, price = len(features), features.new_tensor(lams)[:, None]
    u, s, vh = torch.linalg.svd(features, full_matrices=False)
    s = torch.where(s > 1e-6 * s[0], s, 0.0)
    return measured(features, targets, (s * (u.mT @ targets) / (s.square() + n * price)) @ vh)


@wrong("leave out only the singular values that are rounding: 1e-7 of the largest is 0 as well")
def only_rounding(features, targets, lams):
    w = torch.linalg.lstsq(features, targets[:, None], driver="gelsd").solution[:, 0]
    rows = [w[None] if lam == 0 else path(features, targets, [lam]) for lam in lams]
    return measured(features, targets, torch.cat([features.new_zeros(0, features.shape[1]), *rows]))


@wrong("leave out singular values up to 1e-3 of the largest")
def cut_too_early(features, targets, lams):
    w = torch.linalg.pinv(features, rtol=1e-3) @ targets
    rows = [w[None] if lam == 0 else path(features, targets, [lam]) for lam in lams]
    return measured(features, targets, torch.cat([features.new_zeros(0, features.shape[1]), *rows]))


@wrong("add a little to each penalty, so that there is always an inverse")
def never_zero(features, targets, lams):
    return measured(features, targets, path(features, targets, [lam + 1e-6 for lam in lams]))


def refuse(features, targets, lams):
    for lam in lams:
        if lam < 0 or not math.isfinite(lam):
            raise ValueError(f"`lams` can't have {lam}")
    if targets.ndim != 1 or len(targets) != len(features):
        raise ValueError(f"`targets` can't be of shape {tuple(targets.shape)}")
    if 0 in features.shape or not torch.is_floating_point(features):
        raise ValueError(f"`features` can't be {tuple(features.shape)}, {features.dtype}")


@right("by the pseudo-inverse, with rows for the penalty below")
def by_rows_below(features, targets, lams):
    refuse(features, targets, lams)
    return measured(features, targets, path(features, targets, lams))


@right("in the eigenvectors of X^T X")
def by_eigenvectors(features, targets, lams):
    refuse(features, targets, lams)
    n, dtype = len(features), features.dtype
    wide, y = features.double(), targets.double()
    values, vectors = torch.linalg.eigh(wide.T @ wide / n)
    parts = vectors.T @ (wide.T @ y) / n
    kept = values > 1e-12 * values.amax()
    found = [torch.zeros(0, 2, dtype=torch.float64)]
    for lam in lams:
        w = vectors[:, kept] @ (parts[kept] / (values[kept] + lam))
        loss = (wide @ w - y).pow(2).mean() / 2
        found.append(torch.stack([loss, (w @ w) / 2])[None])
    table = torch.cat(found).to(dtype)
    return table[:, 0], table[:, 1]


@plot(x="size of the weights", y="loss without the penalty")
def plot_the_trade(ridge_path):
    draw = torch.Generator().manual_seed(0)
    features, targets = torch.randn(30, 10, generator=draw), torch.randn(30, generator=draw)
    losses, sizes = ridge_path(features, targets, [10 ** (k / 10) for k in range(-30, 21)])
    return {"lam from 0.001 to 100": (sizes, losses)}
