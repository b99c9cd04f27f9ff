"""(X^T X + n lam I)^-1 X^T y on centred data; the intercept is free."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    claim,
    counterexample,
    gpu,
    inputs,
    plot,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("regularized_loss", "linreg_normal_equations"),
    forbid=("lstsq",),
    instead="write the linear system, and solve it",
    hints=(
        "Set both slopes to 0. What does the one for the intercept say about the means?",
        "With the means subtracted there is no intercept; its slope was penalised by nothing.",
        "(X^T X + n lam I) w = X^T y for the mean, X^T X + lam I for the sum.",
    ),
)
X, Y = vector([1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]), vector(3.0, 1.0, 6.0, -2.0)
LAMS = st.integers(1, 40).map(lambda k: k / 8)


@claim("S1-059", "S4-027", "S2-099")
def test_a_case_worked_by_hand(ridge):
    # X^T X = diag(2, 8), X^T y = (2, 16), the mean of y is 2.
    check(ridge, X, Y, 1.0, "sum", want=(vector(2 / 3, 16 / 9), vector(2.0)[0]))
    check(ridge, X, Y, 2.0, reduction="mean", want=(vector(0.2, 1.0), vector(2.0)[0]))
    check(ridge, X, Y, lam=0.5, want=(vector(0.5, 1.6), vector(2.0)[0]))


@claim("S2-094", "S4-313")
def test_another_origin_moves_the_intercept_alone(ridge):
    moved = X + vector(1.0, -3.0)
    check(ridge, moved, Y + 7, 0.5, want=(vector(0.5, 1.6), vector(9.0 - 0.5 + 4.8)[0]))


@claim("S1-059", "S2-089")
@given(
    inputs.tensors(inputs.sizes(1, 5), 3),
    inputs.tensors(5),
    LAMS,
    st.sampled_from(["mean", "sum"]),
)
def test_both_slopes_of_the_penalised_loss_are_0(ridge, features, targets, lam, reduction):
    targets = targets[: len(features)]

    def minimum(answer):
        w, b = (t.clone().requires_grad_() for t in answer)
        losses = (features @ w + b - targets).square() / 2
        loss = losses.mean() if reduction == "mean" else losses.sum()
        slopes = torch.autograd.grad(loss + lam / 2 * w.square().sum(), (w, b))
        # The terms that cancel are below 5 * 5 * 5 * 15.
        return w.shape == (3,) and all(float(s.abs().max()) < 1e-10 for s in slopes)

    told = "the weights and the intercept at which both slopes are 0"
    check(ridge, features, targets, lam, reduction, want=such_that(told, minimum))


@claim("S4-027")
@given(inputs.tensors(inputs.sizes(1, 5), 2), inputs.tensors(5), LAMS)
def test_equals_least_squares_with_rows_for_the_penalty(ridge, features, targets, lam):
    n, targets = len(features), targets[: len(features)]
    # Rows (sqrt(n lam) e_j, 0) with target 0 cost n lam / 2 w_j^2.
    rows = torch.cat([torch.eye(2), torch.zeros(2, 1)], 1).double() * math.sqrt(n * lam)
    design = torch.cat([torch.cat([features, torch.ones(n, 1).double()], 1), rows])
    want = torch.linalg.lstsq(design, torch.cat([targets, torch.zeros(2).double()])[:, None])
    w1, w2, b = want.solution[:, 0]
    check(ridge, features, targets, lam, want=(torch.stack([w1, w2]), b), scale=10.0, slack=10.0)


@claim("S2-090", "S2-099", "S3-205")
def test_a_huge_penalty_leaves_the_mean(ridge):
    w, mean = vector(2.0, 16.0) / 4e9, vector(2.0)[0]
    check(ridge, X, Y, 1e9, want=(w / (1 + vector(0.5, 2.0) / 1e9), mean), scale=0.0)


@claim("S3-205", "S1-058")
def test_a_tiny_penalty_leaves_least_squares(ridge):
    check(ridge, X, Y, 1e-14, want=(vector(1.0, 2.0), vector(2.0)[0]))


@claim("S4-317", "S1-058")
def test_fewer_rows_than_columns_have_one_minimum(ridge):
    # Two equal columns share alike: w + w makes up for both.
    features = vector([1.0, 1.0, 0.0], [-1.0, -1.0, 0.0])
    want = (vector(0.8, 0.8, 0.0), vector(1.0)[0])
    check(ridge, features, vector(3.0, -1.0), 0.5, want=want)
    check(ridge, vector([2.0, 5.0]), vector(4.0), 0.5, want=(vector(0.0, 0.0), vector(4.0)[0]))


@claim("S4-027")
@counterexample("S4-027")  # X^T X + alpha I, whatever the loss
def test_the_mean_needs_n_times_the_constant(ridge):
    # Both columns of (1, 1), (-1, -1) and targets of the same: 2 / 3 for the sum, 1 / 2 for the mean.
    x, y, zero = vector([1.0], [-1.0]), vector(1.0, -1.0), vector(0.0)[0]
    check(ridge, x, y, 1.0, "sum", want=(vector(2 / 3), zero))
    check(ridge, x, y, 1.0, "mean", want=(vector(0.5), zero))


@claim("S4-040")
@counterexample("S4-040")  # "L2 doesn't make weights sparse"
def test_a_weight_is_0_only_if_it_needs_no_penalty_to_be(ridge):
    features, targets = vector([1.0, 1.0], [-1.0, 1.0], [0.0, -2.0]), vector(1.0, -1.0, 0.0)
    want = (vector(2 / 3, 0.0), vector(0.0)[0])
    check(ridge, features, targets, 1.0, "sum", want=want)
    told = "no weight that is exactly 0"
    check(ridge, X, Y, 1e4, want=such_that(told, lambda answer: bool(answer[0].all())))


@claim("S4-317")
def test_without_columns_the_mean_is_left(ridge):
    none = torch.zeros(0).double()
    check(ridge, X[:, :0], Y, 0.5, want=(none, vector(2.0)[0]))


def test_features_far_from_0_keep_their_digits(ridge):
    want = (vector(0.5, 1.6), vector(2.0 - 2.1 * 2.0**30)[0])
    check(ridge, X + 2.0**30, Y, 0.5, want=want)


def test_targets_far_from_0_keep_their_digits(ridge):
    features, targets = inputs.numbers(7, 2) / 3, inputs.numbers(7)
    weights, intercept = fitted(features, targets - targets.mean(), 3.5)
    want = (weights, intercept + targets.mean() + 2.0**32)
    check(ridge, features, targets + 2.0**32, 0.5, want=want)


def test_keeps_float32(ridge):
    args = (X.float() + 4096, Y.float(), 0.5)
    check(ridge, *args, want=(torch.tensor([0.5, 1.6]), torch.tensor(2.0 - 2.1 * 4096)))


def test_reads_by_strides(ridge):
    check(ridge, X.mT.contiguous().mT, Y, 0.5, want=(vector(0.5, 1.6), vector(2.0)[0]))


@claim("S2-090")
def test_refuses_a_penalty_that_is_none(ridge):
    for lam in (0.0, -0.5, math.inf, math.nan):
        check(ridge, X, Y, lam, raises=ValueError, naming={"lam": lam})


def test_refuses_another_reduction(ridge):
    check(ridge, X, Y, 1.0, "none", raises=ValueError, naming={"reduction": "none"})


def test_refuses_targets_of_another_number(ridge):
    for shape in ((3,), (4, 1), (1,)):
        args = (X, torch.ones(shape).double(), 1.0)
        check(ridge, *args, raises=ValueError, naming={"targets": shape})


def test_refuses_no_rows_and_integers(ridge):
    check(ridge, X[:0], Y[:0], 1.0, raises=ValueError, naming={"features": (0, 2)})
    check(ridge, X.long(), Y, 1.0, raises=ValueError, naming={"features": torch.int64})


def fitted(features, targets, price):
    middle = features.mean(0)
    x = features - middle
    w = torch.linalg.solve(x.mT @ x + price * torch.eye(x.shape[1]).to(x), x.mT @ targets)
    return w, targets.mean() - middle @ w


@wrong("leave out the factor n of the mean")
def always_sum(features, targets, lam, reduction="mean"):
    return fitted(features, targets, lam)


@wrong("take the mean for the sum as well")
def always_mean(features, targets, lam, reduction="mean"):
    return fitted(features, targets, lam * len(targets))


@wrong("double the penalty", right_for="a loss without its half; here both have it")
def doubled(features, targets, lam, reduction="mean"):
    return fitted(features, targets, 2 * lam * (len(targets) if reduction == "mean" else 1))


@wrong("penalise the intercept too: the fit then depends on where 0 is")
def penalised_intercept(features, targets, lam, reduction="mean"):
    n = len(targets)
    design = torch.cat([features, features.new_ones(n, 1)], 1)
    price = lam * (n if reduction == "mean" else 1)
    eye = torch.eye(design.shape[1]).to(design)
    w = torch.linalg.solve(design.mT @ design + price * eye, design.mT @ targets)
    return w[:-1], w[-1]


@wrong("fit no intercept, and take the mean of the targets for it")
def uncentred(features, targets, lam, reduction="mean"):
    price = lam * (len(targets) if reduction == "mean" else 1)
    eye = torch.eye(features.shape[1]).to(features)
    w = torch.linalg.solve(features.mT @ features + price * eye, features.mT @ targets)
    return w, targets.mean()


@wrong("leave the penalty out, and take the shortest weights")
def shortest(features, targets, lam, reduction="mean"):
    middle = features.mean(0)
    w = torch.linalg.pinv(features - middle) @ (targets - targets.mean())
    return w, targets.mean() - middle @ w


@wrong("keep the intercept in the normal equations: far from 0 they lose all digits")
def through_a_column_of_ones(features, targets, lam, reduction="mean"):
    n, d = features.shape
    design = torch.cat([features, features.new_ones(n, 1)], 1)
    price = lam * (n if reduction == "mean" else 1) * torch.ones(d + 1).to(features)
    price[-1] = 0
    w = torch.linalg.solve(design.mT @ design + price.diag(), design.mT @ targets)
    return w[:-1], w[-1]


@wrong("standardise the features first: small ones are then penalised less")
def standardised(features, targets, lam, reduction="mean"):
    spread = features.std(0, correction=0)
    spread = spread.where(spread > 0, 1.0)
    price = lam * (len(targets) if reduction == "mean" else 1)
    w, b = fitted(features / spread, targets, price)
    return w / spread, b


@wrong("shrink the least squares by one factor for all directions")
def one_factor(features, targets, lam, reduction="mean"):
    w, _ = shortest(features, targets, lam)
    w = w / (1 + lam * (len(targets) if reduction == "mean" else 1))
    return w, targets.mean() - features.mean(0) @ w


@right("by the singular values of the centred features")
def by_svd(features, targets, lam, reduction="mean"):
    if not (lam > 0 and math.isfinite(lam)):
        raise ValueError(f"lam: {lam}")
    if reduction not in ("sum", "mean"):
        raise ValueError(f"reduction: {reduction!r}")
    if targets.dim() != 1 or len(targets) != len(features):
        raise ValueError(f"targets: {tuple(targets.shape)}")
    if not features.is_floating_point():
        raise ValueError(f"features: {features.dtype}")
    if len(features) == 0:
        raise ValueError(f"features: {tuple(features.shape)}")
    price = lam if reduction == "sum" else lam * len(targets)
    centre = features.mean(dim=0, keepdim=True)
    u, s, vh = torch.linalg.svd(features - centre, full_matrices=False)
    w = vh.mT @ (s / (s * s + price) * (u.mT @ (targets - targets.mean())))
    return w, targets.mean() - (centre[0] * w).sum()


@right("from the small side: X^T (X X^T + n lam I)^-1 y")
def from_the_rows(features, targets, lam, reduction="mean"):
    by_svd(features, targets, lam, reduction)
    n = len(targets)
    x = features - features.mean(0)
    price = {"sum": lam, "mean": n * lam}[reduction]
    dual = torch.linalg.solve(x @ x.mT + price * torch.eye(n).to(x), targets - targets.mean())
    w = x.mT @ dual
    return w, targets.mean() - features.mean(0) @ w


@plot(x="lam", y="weight", xscale="log")
def plot_four_weights_as_the_penalty_grows(ridge):
    features = inputs.numbers(9, 4) + 4 * torch.eye(9, 4).double()
    targets = features @ vector(3.0, -2.0, 1.0, 0.0) + inputs.numbers(9) / 8
    lams = [10 ** (k / 10) for k in range(-20, 31)]
    found = torch.stack([ridge(features, targets, lam)[0] for lam in lams])
    return {f"w_{j}": (lams, found[:, j]) for j in range(4)}


@gpu
def bench_tall_data(ridge, race):
    def torchs(features, targets, lam):
        n, d = features.shape
        middle, level = features.mean(0), targets.mean()
        x = features - middle
        gram = torch.addmm(torch.eye(d, device=x.device, dtype=x.dtype), x.mT, x, beta=n * lam)
        w = torch.cholesky_solve(x.mT @ (targets - level)[:, None], torch.linalg.cholesky(gram))
        return w[:, 0], level - middle @ w[:, 0]

    race(
        ridge,
        torch=torchs,
        inputs=lambda draw, n, d: (draw.normal(n, d), draw.normal(n), 0.1),
        small=(500, 20),
        large=(200_000, 1024),
        # The products X^T X and X^T y, and the factors of a d by d matrix.
        forward=lambda features, targets, lam: {
            "bytes": 4 * features.nbytes,
            "flops": 2 * features.numel() * features.shape[1] + 2 * features.shape[1] ** 3 / 3,
        },
    )
