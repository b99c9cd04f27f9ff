"""ISTA: a gradient step, then the soft threshold at rate * lam."""

import itertools
import math

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, plot, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("l1_shrunk_optimum", "l1_subgradient"),
    forbid=("softshrink",),
    instead="write the threshold with abs, sign and clamp",
    hints=(
        "The second half of a step is a problem that l1_shrunk_optimum solves, with curvature 1.",
        "Its threshold is rate * lam.",
        "w - rate * (X^T X w - X^T y) / n, and of that z.sign() * (z.abs() - rate * lam).clamp(min=0)",
    ),
)
# X^T X / n = diag(1, 4), X^T y / n = (3, -2): the rate is 1/4.
X, Y = vector([1.0, 2.0], [1.0, -2.0]), vector(2.0, 4.0)


def minimum(features, targets, lam):
    """Try each pattern of signs: with it the objective is quadratic, and solved exactly."""
    n, d = features.shape
    best = (math.inf, None)
    for pattern in itertools.product([-1, 0, 1], repeat=d):
        signs = torch.tensor(pattern, dtype=torch.float64)
        on = signs != 0
        w = torch.zeros(d, dtype=torch.float64)
        part = features[:, on]
        w[on] = torch.linalg.pinv(part.mT @ part) @ (part.mT @ targets - n * lam * signs[on])
        value = (features @ w - targets).square().mean() / 2 + lam * w.abs().sum()
        best = min(best, (float(value), w), key=lambda pair: pair[0])
    return best


@claim("S4-041")
def test_a_case_worked_by_hand(lasso):
    # (3, -2) / 4 = (.75, -.5), drawn to 0 by 1/8; then .625 + (3 - .625) / 4 - 1/8 in the first.
    check(lasso, X, Y, 0.5, 1, want=vector(0.625, -0.375))
    check(lasso, X, Y, lam=0.5, steps=2, want=vector(1.09375, -0.375))
    check(lasso, X, Y, 2.5, 2, want=vector(0.21875, 0.0))


@claim("S4-041")
@given(inputs.tensors(inputs.sizes(1, 4), 3), inputs.tensors(4), st.integers(0, 12))
def test_three_steps_equal_the_slow_way(lasso, features, targets, eighths):
    targets, lam = targets[: len(features)], eighths / 8
    assume(features.any())
    n = len(features)
    largest = float(torch.linalg.matrix_norm(features, 2)) ** 2 / n
    w = [0.0, 0.0, 0.0]
    for _ in range(3):
        off = [sum(a * b for a, b in zip(x, w, strict=True)) for x in features.tolist()]
        off = [o - y for o, y in zip(off, targets.tolist(), strict=True)]
        slope = [sum(o * x[j] for o, x in zip(off, features.tolist(), strict=True)) / n
                 for j in range(3)]  # fmt: skip
        moved = [a - s / largest for a, s in zip(w, slope, strict=True)]
        w = [math.copysign(max(abs(m) - lam / largest, 0.0), m) for m in moved]
    check(lasso, features, targets, lam, 3, want=vector(*w), scale=50.0, slack=10.0)


@claim("S4-041", "S4-042")
def test_many_steps_reach_the_minimum(lasso):
    features, targets = inputs.numbers(7, 3) + torch.eye(7, 3).double() * 3, inputs.numbers(7, 1)
    for lam in (0.25, 2.0):
        _, want = minimum(features, targets[:, 0], lam)
        check(lasso, features, targets[:, 0], lam, 400, want=want, scale=1.0, slack=10.0)


@claim("S4-041")
def test_all_weights_are_0_from_the_largest_moment_on(lasso):
    zero = vector(0.0, 0.0)
    for lam in (3.0, 3.5, 1e6):
        check(lasso, X, Y, lam, 50, want=zero)
    alive = such_that("a first weight above 0", lambda w: float(w[0]) > 1e-4)
    check(lasso, X, Y, 2.999, 1, want=alive)


@claim("S4-041", "S4-040", "S4-038")
def test_weights_are_0_exactly(lasso):
    told = "a first weight that isn't 0, and a second that is 0 exactly"
    want = such_that(told, lambda w: bool(w[0] != 0 and w[1] == 0))
    check(lasso, X, Y, 2.0, 100, want=want)


@claim("S4-041")
@counterexample("S4-041")  # "L1 yields sparsity": not on the path of the subgradient
def test_the_plain_subgradient_never_gets_there(lasso):
    # h = .1 around a best of 1, alpha = 1: the minimum is 0.
    x, w, zeros = vector([math.sqrt(0.1)]), 1.0, 0
    for _ in range(200):
        w -= 0.03 * (0.1 * (w - 1) + math.copysign(1.0, w))
        zeros += w == 0
    told = f"0: the subgradient's steps are there {zeros} times of 200"
    reached = such_that(told, lambda end: bool(end == 0) and zeros == 0 and abs(w) > 1e-3)
    check(lasso, x, vector(math.sqrt(0.1)), 1.0, 200, want=reached)


@claim("S4-041")
def test_small_weights_that_are_not_0_stay(lasso):
    x, y = vector([1.0], [-1.0]), vector(1.0, -1.0)
    tiny = such_that("a weight of 2^-20, and not 0", lambda w: abs(float(w[0]) * 2**20 - 1) < 1e-6)
    check(lasso, x, y, 1 - 2**-20, 3, want=tiny)


@claim("S4-042")
def test_of_many_features_the_true_ones_are_found(lasso):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 20, generator=generator, dtype=torch.float64)
    noise = torch.randn(60, generator=generator, dtype=torch.float64)
    targets = features[:, [2, 7, 11]] @ vector(3.0, -2.0, 1.0) + noise / 10

    def selects(w):  # a true feature that is lost, or as many false ones, would refute it
        return w[[2, 7, 11]].abs().min() > 0.5 and int(w.count_nonzero()) <= 6

    told = "features 2, 7 and 11 among at most 6 whose weight isn't 0"
    check(lasso, features, targets, 0.1, 300, want=such_that(told, selects))


@claim("S4-041")
def test_without_a_penalty_it_is_gradient_descent(lasso):
    check(lasso, X, Y, 0.0, 2, want=vector(0.75 + 2.25 / 4, -0.5))


def test_without_steps_it_stays_at_zeros(lasso):
    check(lasso, X, Y, 0.5, 0, want=vector(0.0, 0.0))


@claim("S4-041")
def test_more_columns_than_rows_and_equal_ones(lasso):
    features = vector([1.0, 1.0, 0.0], [1.0, 1.0, 2.0])
    largest = float(torch.linalg.matrix_norm(features, 2)) ** 2 / 2
    want = vector(2.0, 2.0, 2.5) / largest
    check(lasso, features, vector(2.5, 3.5), 1.0, 1, want=want)


def test_small_features_take_large_steps(lasso):
    # The eigenvalue is 1e-10: one step leads to the minimum.
    check(lasso, vector([1e-5]), vector(1.0), 0.0, 1, want=vector(1e5))
    check(lasso, vector([1e-5]), vector(1.0), 5e-6, 1, want=vector(5e4))


def test_keeps_float32_and_reads_by_strides(lasso):
    check(lasso, X.float(), Y.float(), 0.5, 2, want=torch.tensor([1.09375, -0.375]))
    check(lasso, X.mT.contiguous().mT, Y, 0.5, 2, want=vector(1.09375, -0.375))


def test_refuses_numbers_that_are_none(lasso):
    for lam in (-0.5, math.inf, math.nan):
        check(lasso, X, Y, lam, 1, raises=ValueError, naming={"lam": lam})
    check(lasso, X, Y, 0.5, -1, raises=ValueError, naming={"steps": -1})


def test_refuses_data_that_dont_fit(lasso):
    for targets, shape in ((Y[:1], (1,)), (Y[:, None], (2, 1))):
        check(lasso, X, targets, 0.5, 1, raises=ValueError, naming={"targets": shape})
    for features, targets in ((X[:0], Y[:0]), (X[:, :0], Y), (0 * X, Y)):
        naming = {"features": tuple(features.shape)}
        check(lasso, features, targets, 0.5, 1, raises=ValueError, naming=naming)


def descended(features, targets, lam, steps, after, rate=None, mean=True):
    n = len(features) if mean else 1
    gram, moment = features.mT @ features / n, features.mT @ targets / n
    rate = 1 / torch.linalg.eigvalsh(gram)[-1] if rate is None else rate
    weights = torch.zeros_like(moment)
    for _ in range(steps):
        weights = after(weights, weights - rate * (gram @ weights - moment), rate * lam)
    return weights


def soft(old, moved, threshold):
    return moved.sign() * (moved.abs() - threshold).clamp(min=0)


@wrong("descend the penalty by its sign: weights cross 0 and come back, and never are 0")
def by_the_sign(features, targets, lam, steps):
    after = lambda old, moved, threshold: moved - threshold * old.sign()
    return descended(features, targets, lam, steps, after)


@wrong("set small weights to 0 and keep the others whole: a hard threshold")
def hard(features, targets, lam, steps):
    after = lambda old, moved, t: torch.where(moved.abs() > t, moved, 0.0)
    return descended(features, targets, lam, steps, after)


@wrong("take lam for the threshold, and forget the rate")
def without_rate(features, targets, lam, steps):
    gram = features.mT @ features / len(features)
    largest = torch.linalg.eigvalsh(gram)[-1]
    return descended(features, targets, lam * largest, steps, soft)


@wrong("penalise the squares: nothing becomes 0")
def squares(features, targets, lam, steps):
    return descended(features, targets, lam, steps, lambda old, moved, t: moved / (1 + t))


@wrong("sum over the rows: lam then counts for n times less", right_for="a sum; here it is a mean")
def summed(features, targets, lam, steps):
    return descended(features, targets, lam, steps, soft, mean=False)


@wrong("forget the half: the gradient is twice as long", right_for="a whole square; here half")
def whole(features, targets, lam, steps):
    return descended(2**0.5 * features, 2**0.5 * targets, lam, steps, soft)


@wrong("soften the start once and no step after")
def once(features, targets, lam, steps):
    first = descended(features, targets, lam, min(steps, 1), soft)
    gram, moment = features.mT @ features, features.mT @ targets
    rate = 1 / torch.linalg.eigvalsh(gram)[-1]
    for _ in range(steps - 1):
        first = first - rate * (gram @ first - moment)
    return first


@wrong("take the trace for the largest eigenvalue: safe, but slower than said")
def by_the_trace(features, targets, lam, steps):
    return descended(
        features, targets, lam, steps, soft, rate=len(features) / features.square().sum()
    )


@wrong("keep the largest eigenvalue above 1e-8: small features hardly move")
def bounded_rate(features, targets, lam, steps):
    largest = torch.linalg.eigvalsh(features.mT @ features / len(features))[-1]
    return descended(features, targets, lam, steps, soft, rate=1 / largest.clamp(min=1e-8))


@wrong("threshold before the gradient step")
def threshold_first(features, targets, lam, steps):
    gram, moment = features.mT @ features / len(features), features.mT @ targets / len(features)
    rate = 1 / torch.linalg.eigvalsh(gram)[-1]
    w = torch.zeros_like(moment)
    for _ in range(steps):
        w = soft(None, w, rate * lam)
        w = w - rate * (gram @ w - moment)
    return w


@wrong("let only positive weights live")
def positive(features, targets, lam, steps):
    return descended(features, targets, lam, steps, lambda old, moved, t: (moved - t).clamp(min=0))


@right("by the singular values, and with the residuals instead of X^T X")
def with_residuals(features, targets, lam, steps):
    if not (lam >= 0 and math.isfinite(lam)):
        raise ValueError(f"lam: {lam}")
    if steps < 0:
        raise ValueError(f"steps: {steps}")
    if targets.dim() != 1 or len(targets) != len(features):
        raise ValueError(f"targets: {tuple(targets.shape)}")
    if not bool((features != 0).any()):
        raise ValueError(f"features: {tuple(features.shape)} of zeros")
    largest = torch.linalg.svdvals(features)[0] ** 2 / len(features)
    w = features.new_zeros(features.shape[1])
    for _ in range(steps):
        z = w - (features.mT @ (features @ w - targets)) / len(features) / largest
        w = torch.relu(z - lam / largest) - torch.relu(-z - lam / largest)
    return w


@plot(x="lam", y="weight")
def plot_four_weights_as_the_penalty_grows(lasso):
    features = inputs.numbers(9, 4) + 4 * torch.eye(9, 4).double()
    targets = features @ vector(3.0, -2.0, 1.0, 0.0) + inputs.numbers(9) / 8
    lams = [k / 4 for k in range(61)]
    found = torch.stack([lasso(features, targets, lam, 200) for lam in lams])
    return {f"w_{j}": (lams, found[:, j]) for j in range(4)}
