"""Where the gradient of the squared error is 0, by the weights and by the intercept."""

import pytest
import torch
from hypothesis import assume, given

from grader import Exercise, check, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("minibatch_grad",),
    forbid=("lstsq", "linalg_lstsq", "linalg_pinv", "pinverse", "scipy.linalg", "scipy.optimize"),
    instead="set the gradient to zero and solve for the weights",
    hints=(
        "Where is the gradient of the squared error 0? Ask it for the intercept first.",
        "The best plane goes through the means: subtract them, and there is no intercept left.",
        "(X0^T X0) w = X0^T y0 with means subtracted; then b = mean(y) - mean(X) . w.",
    ),
)


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def by_lstsq(features, targets):
    """By numpy's least squares, which goes by way of singular values."""
    import numpy as np

    design = np.hstack([features.numpy(), np.ones((len(features), 1))])
    theta = torch.from_numpy(np.linalg.lstsq(design, targets.numpy(), rcond=None)[0])
    return theta[:-1].clone(), theta[-1].clone()


@claim("S1-005")
def test_a_case_worked_by_hand(linreg_normal_equations):
    # Two columns at right angles, with means 3 and -1, and errors at right angles to both.
    features = vector([2.0, -3.0], [2.0, 1.0], [4.0, -3.0], [4.0, 1.0])
    errors = vector(1.0, -1.0, -1.0, 1.0)
    want = (vector(2.0, -0.5), number(3.0))
    check(linreg_normal_equations, features, features @ want[0] + 3 + errors, want=want)
    check(linreg_normal_equations, features, features @ want[0] + 3, want=want)


@claim("S1-005")
def test_one_feature_has_the_slope_of_covariance_over_variance(linreg_normal_equations):
    features, targets = vector([1.0], [2.0], [6.0]), vector(0.0, 7.0, 5.0)
    # Means 3 and 4; covariance 2*4 - 1*3 + 3*1 = 8, variance 4 + 1 + 9 = 14.
    check(linreg_normal_equations, features, targets, want=(vector(8 / 14), number(4 - 24 / 14)))


@claim("S1-005")
@given(inputs.tensors(5, 2), inputs.tensors(5))
def test_there_the_gradient_is_zero(linreg_normal_equations, features, targets):
    # By Cramer's rule in whole numbers: features and targets are multiples of 1/8.
    centred = features - features.mean(0)
    gram = centred.mT @ centred
    determinant = gram[0, 0] * gram[1, 1] - gram[0, 1] ** 2
    assume(determinant > 1e-2 * gram.trace() ** 2)
    moment = centred.mT @ targets
    first = (gram[1, 1] * moment[0] - gram[0, 1] * moment[1]) / determinant
    second = (gram[0, 0] * moment[1] - gram[0, 1] * moment[0]) / determinant
    weights = torch.stack([first, second])
    want = (weights, (targets - features @ weights).mean())
    check(linreg_normal_equations, features, targets, want=want, scale=100.0)


@claim("S1-005")
@pytest.mark.parametrize(("n", "d"), [(9, 3), (7, 5), (4, 3), (2, 1)])
def test_equals_numpys_least_squares(linreg_normal_equations, n, d):
    features, targets = inputs.numbers(n, d).square(), inputs.numbers(n * 3)[::3]
    want = by_lstsq(features, targets)
    # The rounding of both grows with the squared condition number, which is below 1000 here.
    check(linreg_normal_equations, features, targets, want=want, slack=10.0, scale=100.0)


@claim("S1-005")
def test_features_that_are_far_from_zero_keep_their_digits(linreg_normal_equations):
    features = inputs.numbers(8, 2) + vector(2.0**24, -(2.0**26))
    want = vector(2.0, -3.0)
    targets = features @ want + 0.5
    # The intercept is the difference of two numbers of size 2e8.
    check(linreg_normal_equations, features, targets, want=(want, number(0.5)), scale=1e10)


@claim("S1-005")
def test_targets_that_are_far_from_zero_keep_their_digits(linreg_normal_equations):
    features = inputs.numbers(7, 2)
    want = vector(2.0, -3.0)
    targets = features @ want + 2.0**40
    check(linreg_normal_equations, features, targets, want=(want, number(2.0**40)))


@claim("S1-005")
def test_features_of_very_different_sizes(linreg_normal_equations):
    features = inputs.numbers(8, 2) * vector(2.0**-14, 2.0**6)
    targets = features @ vector(2.0**14, -3.0) + 0.5
    want = (vector(2.0**14, -3.0), number(0.5))
    check(linreg_normal_equations, features, targets, want=want, scale=1e6)


def test_without_features_the_intercept_is_the_mean(linreg_normal_equations):
    want = (torch.zeros(0).double(), number(2.0))
    check(linreg_normal_equations, torch.zeros(3, 0).double(), vector(1.0, 0.0, 5.0), want=want)


def test_keeps_the_dtype_of_the_features(linreg_normal_equations):
    features, targets = inputs.numbers(6, 2).float(), inputs.numbers(6).float()
    want = tuple(x.float() for x in by_lstsq(features.double(), targets.double()))
    check(linreg_normal_equations, features, targets, want=want, slack=10.0)  # squares are solved


def test_reads_features_by_their_strides(linreg_normal_equations):
    features, targets = inputs.numbers(2, 7).mT, inputs.numbers(14)[::2]
    want = by_lstsq(features, targets)
    check(linreg_normal_equations, features, targets, want=want, scale=100.0)


@claim("S1-005")
def test_refuses_features_whose_best_weights_arent_unique(linreg_normal_equations):
    for features, rank in (
        (vector([1.0, 1.0], [2.0, 2.0], [4.0, 4.0]), 1),
        (vector([1.0, 7.0], [2.0, 7.0], [4.0, 7.0]), 1),
        (inputs.numbers(3, 4), 2),
        (inputs.numbers(1, 2), 0),
        (torch.zeros(0, 3).double(), 0),
    ):
        targets = torch.ones(len(features)).double()
        naming = {"features": rank}
        check(linreg_normal_equations, features, targets, raises=ValueError, naming=naming)


def test_refuses_targets_of_another_shape(linreg_normal_equations):
    for shape in ((4,), (6,), (5, 1)):
        args = (inputs.numbers(5, 2), torch.ones(shape).double())
        check(linreg_normal_equations, *args, raises=ValueError, naming={"targets": shape})


def test_refuses_integers(linreg_normal_equations):
    args = (torch.tensor([[1], [2], [4]]), torch.ones(3))
    check(linreg_normal_equations, *args, raises=ValueError, naming={"features": torch.int64})


def with_ones(features):
    return torch.cat([features, torch.ones_like(features[:, :1])], 1)


@wrong("leave out the intercept: the plane then goes through 0")
def through_zero(features, targets):
    weights = torch.linalg.solve(features.mT @ features, features.mT @ targets)
    return weights, targets.new_zeros(())


@wrong("fit without an intercept, and let it be the mean of what is left")
def intercept_afterwards(features, targets):
    weights = torch.linalg.solve(features.mT @ features, features.mT @ targets)
    return weights, (targets - features @ weights).mean()


@wrong("take the mean of the targets for the intercept: that is right for centred features")
def mean_intercept(features, targets):
    weights, _ = by_lstsq(features.double(), targets.double())
    return weights.to(features.dtype), targets.mean()


@wrong("solve with a column of ones: features far from 0 then cost all digits")
def uncentred(features, targets):
    design = with_ones(features)
    theta = torch.linalg.solve(design.mT @ design, design.mT @ targets)
    return theta[:-1], theta[-1]


@wrong("add a small penalty, so that it can always be solved", accepts_bad_input=True)
def ridge(features, targets):
    n, d = features.shape
    if targets.shape != (n,) or not features.is_floating_point():
        raise ValueError(f"targets: {targets.shape}, features: {features.dtype}")
    centred = features - features.mean(0)
    gram = centred.mT @ centred + 1e-6 * torch.eye(d, dtype=features.dtype)
    weights = torch.linalg.solve(gram, centred.mT @ (targets - targets.mean()))
    return weights, targets.mean() - features.mean(0) @ weights


@wrong("choose the shortest of many best weights, where they aren't unique", accepts_bad_input=True)
def shortest(features, targets):
    if targets.shape != features.shape[:1] or not features.is_floating_point():
        raise ValueError(f"targets: {targets.shape}, features: {features.dtype}")
    if not len(features):
        raise ValueError("features has rank 0")
    centred = features - features.mean(0)
    weights = torch.linalg.pinv(centred) @ (targets - targets.mean())
    return weights, targets.mean() - features.mean(0) @ weights


@wrong("fit each feature by itself: correlated ones share what they explain")
def one_by_one(features, targets):
    centred = features - features.mean(0)
    weights = centred.mT @ targets / centred.square().sum(0)
    return weights, targets.mean() - features.mean(0) @ weights


@wrong("standardise the features, and return the weights of the standardised ones")
def weights_of_standardised(features, targets):
    z = (features - features.mean(0)) / features.std(0, correction=0)
    weights = torch.linalg.solve(z.mT @ z, z.mT @ (targets - targets.mean()))
    return weights, targets.mean() - (features.mean(0) / features.std(0, correction=0)) @ weights


@wrong("subtract the means of the features and not that of the targets from the intercept")
def forgets_the_way_back(features, targets):
    weights, _ = by_lstsq(features.double(), targets.double())
    return weights.to(features.dtype), features.new_zeros(()) + targets.mean() + features.mean(
        0
    ) @ weights.to(features.dtype)


@wrong("compute in float32 whatever the dtype")
def always_float32(features, targets):
    return tuple(x.float() for x in by_lstsq(features.double(), targets.double()))


@right("by a QR decomposition of the centred features")
def by_qr(features, targets):
    n, d = features.shape
    if targets.dim() != 1 or len(targets) != n:
        raise ValueError(f"`targets` has shape {tuple(targets.shape)}")
    if n == 0:
        raise ValueError("`features` has rank 0")
    if not torch.is_floating_point(features):
        raise ValueError(f"`features` is of {features.dtype}")
    means = features.mean(dim=0)
    rank = torch.linalg.matrix_rank(features - means).item()
    if rank != d:
        raise ValueError(f"`features` has rank {rank} and not {d}")
    q, r = torch.linalg.qr(features - means)
    right_side = (q.mT @ (targets - targets.mean()))[:, None]
    weights = torch.linalg.solve_triangular(r, right_side, upper=True)[:, 0]
    return weights, targets.mean() - torch.dot(means, weights)


@right("with the inverse of the covariance matrix")
def by_the_covariance(features, targets):
    n, d = features.shape
    if list(targets.shape) != [n]:
        raise ValueError(f"targets: {list(targets.shape)}")
    if features.dtype in (torch.int64, torch.int32, torch.bool):
        raise ValueError(f"features: {features.dtype}")
    x = features - features.sum(0) / max(n, 1)
    values = torch.linalg.svdvals(x) if x.numel() else x.new_zeros(0)
    rank = (
        int((values > values.max() * max(n, d) * torch.finfo(x.dtype).eps).sum())
        if len(values)
        else 0
    )
    if rank < d:
        raise ValueError(f"features: rank {rank}")
    y = targets - targets.mean()
    weights = torch.linalg.inv(x.mT @ x / n) @ (x.mT @ y / n)
    return weights, (targets - features @ weights).mean()
