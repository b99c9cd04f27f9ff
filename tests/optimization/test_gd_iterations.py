"""log(tol) / log((kappa - 1) / (kappa + 1)), kappa the condition number of the Hessian."""

import math

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, plot, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    kind="predict",
    after=("quadratic_loss_after", "linreg_normal_equations"),
    hints=(
        "The Hessian is X^T X / n. By what does a step multiply the distance along an eigenvector?",
        "By 1 - lr * eigenvalue. At the best rate the largest and the smallest do equally badly.",
        "rho = (kappa - 1) / (kappa + 1); the smallest k with rho^k <= tol is log(tol) / log(rho), up.",
    ),
)


def cross(*scales):
    """Features with one entry a row: the Hessian's eigenvalues are as the squared scales."""
    return torch.diag(vector(*scales))


def walked(features, tol):
    """Step by step, from the start that is slowest: half along each end of the spectrum."""
    n, d = features.shape
    hessian = features.mT @ features / n
    values, vectors = torch.linalg.eigh(hessian)
    lr = 2 / float(values[0] + values[-1])
    distance = vectors[:, 0] + vectors[:, -1] if d > 1 else vectors[:, 0]
    start, steps = distance.norm(), 0
    while distance.norm() > tol * start:
        distance = distance - lr * hessian @ distance
        steps += 1
    return steps


@claim("S4-179", "S4-184", "S4-186")
def test_a_case_worked_by_hand(gd_iterations):
    # kappa = 9, each step leaves 0.8: 0.8^3 = 0.512, 0.8^4 = 0.4096, and 0.8^10 = 0.107.
    features = vector([3.0, 0.0], [0.0, 1.0], [0.0, 0.0])
    check(gd_iterations, features, tol=0.5, want=4)
    check(gd_iterations, features, 0.1, want=11)
    check(gd_iterations, features, 0.9, want=1)


@claim("S4-179", "S4-184")
def test_round_contours_need_one_step(gd_iterations):
    for tol in (0.5, 1e-6, 1e-12):
        check(gd_iterations, vector([1.0, 2.0], [2.0, -1.0], [0.0, 0.0]), tol, want=1)
        check(gd_iterations, inputs.vector(3.0, -1.0, 2.0)[:, None], tol, want=1)


@claim("S4-184", "S4-186")
def test_the_steps_grow_with_the_condition_number(gd_iterations):
    for kappa in (10.0, 100.0, 1000.0):
        rho = (kappa - 1) / (kappa + 1)
        want = next(k for k in range(10_000) if rho**k <= 1e-6)  # 69, 691 and 6908
        check(gd_iterations, cross(kappa**0.5, 1.0), 1e-6, want=want)


@claim("S4-179", "S4-186")
def test_equals_a_descent_that_is_really_made(gd_iterations):
    for features, tol in (
        (inputs.numbers(6, 2), 1e-3),
        (inputs.numbers(7, 3), 1e-2),
        (inputs.numbers(5, 2) * vector(1.0, 3.0), 1e-4),
        (inputs.numbers(5, 4)[:, 1:] + vector(0.0, 1.0, 0.0), 0.05),
    ):
        check(gd_iterations, features, tol, want=walked(features, tol))


@claim("S4-179")
def test_scaling_a_feature_up_costs_steps_and_standardising_saves_them(gd_iterations):
    balanced = vector([1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0])
    raw = balanced * vector(1.0, 10.0)
    want = math.ceil(math.log(1e-6) / math.log(99 / 101))
    check(gd_iterations, raw, 1e-6, want=want)
    check(gd_iterations, raw / raw.std(0, correction=0), 1e-6, want=1)


@counterexample("S4-184")  # "normalised features have round contours"
def test_correlated_features_stay_elongated_when_they_are_standardised(gd_iterations):
    # Mean 0, variance 1, correlation 0.98: the Hessian has eigenvalues 1.98 and 0.02.
    a, b = 0.99**0.5, 0.1
    pairs = vector([a + b, a - b], [a - b, a + b], [-a - b, b - a], [b - a, -a - b])
    kappa = 1.98 / 0.02
    want = math.ceil(math.log(1e-6) / math.log((kappa - 1) / (kappa + 1)))
    check(gd_iterations, pairs, 1e-6, want=want)


@counterexample("S4-186")  # "without, it is hard to converge or doesn't"
def test_features_of_very_different_sizes_still_converge(gd_iterations):
    rho = (1e4 - 1) / (1e4 + 1)
    want = math.ceil(math.log(1e-6) / math.log(rho))  # 69078
    check(gd_iterations, cross(100.0, 1.0), 1e-6, want=want)


@claim("S4-179")
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.integers(1, 4),
    st.sampled_from([0.7, 0.3, 0.03, 1e-5]),
)
def test_only_the_ends_of_the_spectrum_count(gd_iterations, scales, unit, tol):
    from mpmath import mp, mpf

    kappa = mpf(max(scales)) ** 2 / min(scales) ** 2
    steps = mp.log(mpf(tol)) / mp.log((kappa - 1) / (kappa + 1)) if kappa > 1 else mpf(1)
    assume(abs(steps - mp.nint(steps)) > 1e-6 or kappa == 1)  # whole up to rounding
    want = max(1, int(mp.ceil(steps)))
    check(gd_iterations, cross(*scales) * unit, tol, want=want)


@claim("S4-179")
def test_the_unit_of_the_features_makes_no_difference(gd_iterations):
    for unit in (2.0**-30, 2.0**30):
        check(gd_iterations, cross(3.0, 1.0) * unit, 0.1, want=11)


def test_takes_float32_and_strides(gd_iterations):
    check(gd_iterations, cross(3.0, 1.0).float(), 0.1, want=11)
    features = inputs.numbers(2, 6).mT
    check(gd_iterations, features, 1e-3, want=walked(features, 1e-3))


def test_refuses_features_along_which_nothing_moves(gd_iterations):
    for features, rank in (
        (vector([1.0, 2.0], [2.0, 4.0], [3.0, 6.0]), 1),
        (vector([1.0, 2.0, 5.0], [2.0, 0.0, 1.0]), 2),
        (torch.zeros(3, 1).double(), 0),
    ):
        check(gd_iterations, features, 0.1, raises=ValueError, naming={"features": rank})


def test_refuses_a_tolerance_that_asks_for_nothing_or_for_all(gd_iterations):
    for tol in (0.0, 1.0, -0.5, 2.0, math.nan):
        check(gd_iterations, cross(3.0, 1.0), tol, raises=ValueError, naming={"tol": tol})


def test_refuses_integers(gd_iterations):
    args = (torch.tensor([[1, 0], [0, 3]]), 0.1)
    check(gd_iterations, *args, raises=ValueError, naming={"features": torch.int64})


def kappa_of(features):
    values = torch.linalg.svdvals(features.double())
    return float(values.max() / values.min()) ** 2


def steps(rate, tol):
    return max(1, math.ceil(math.log(tol) / math.log(rate))) if rate > 1e-12 else 1


@wrong("take the condition number of X and not of X^T X: it is the root of the Hessian's",
       right_for="the heavy ball at its best; here it is plain descent")  # fmt: skip
def condition_of_the_features(features, tol):
    kappa = kappa_of(features) ** 0.5
    return steps((kappa - 1) / (kappa + 1), tol)


@wrong("step by 1 / largest eigenvalue: safe, and about half as fast as the best",
       right_for="the rate 1 / lambda_max; here it is the best, 2 / (lambda_max + lambda_min)")  # fmt: skip
def one_over_the_largest(features, tol):
    return steps(1 - 1 / kappa_of(features), tol)


@wrong("ask for the loss to fall by tol: it falls with the square of the distance",
       right_for="the loss; here it is the distance")  # fmt: skip
def of_the_loss(features, tol):
    kappa = kappa_of(features)
    return steps(((kappa - 1) / (kappa + 1)) ** 2, tol)


@wrong("round down: the last step is missing")
def rounds_down(features, tol):
    kappa = kappa_of(features)
    rate = (kappa - 1) / (kappa + 1)
    return max(1, math.floor(math.log(tol) / math.log(rate))) if rate > 1e-12 else 1


@wrong("round to the nearest")
def rounds(features, tol):
    kappa = kappa_of(features)
    rate = (kappa - 1) / (kappa + 1)
    return max(1, round(math.log(tol) / math.log(rate))) if rate > 1e-12 else 1


@wrong("standardise the features first: they are to be taken as they are")
def standardises(features, tol):
    spread = features.square().mean(0).sqrt()
    kappa = kappa_of(features / spread)
    return steps((kappa - 1) / (kappa + 1), tol)


@wrong("subtract the means first, as for an intercept: there is none")
def centres(features, tol):
    if len(features) <= features.shape[1]:
        return 1
    kappa = kappa_of(features - features.mean(0))
    return steps((kappa - 1) / (kappa + 1), tol)


@wrong("read the scales off the diagonal of the Hessian: correlated features are worse than that")
def of_the_diagonal(features, tol):
    scales = features.double().square().sum(0)
    kappa = float(scales.max() / scales.min())
    return steps((kappa - 1) / (kappa + 1), tol)


@wrong("compare the determinant with 1e-10: in small units all features then seem dependent")
def by_the_determinant(features, tol):
    if torch.linalg.det(features.mT @ features).abs() < 1e-10:
        raise ValueError("features depend on each other")
    kappa = kappa_of(features)
    return steps((kappa - 1) / (kappa + 1), tol)


@wrong("count no step where one is enough")
def none_for_round_contours(features, tol):
    kappa = kappa_of(features)
    rate = (kappa - 1) / (kappa + 1)
    return math.ceil(math.log(tol) / math.log(rate)) if rate > 1e-12 else 0


@wrong("approximate by kappa / 2 * log(1 / tol): that is right for large condition numbers only")
def approximated(features, tol):
    return max(1, math.ceil(kappa_of(features) / 2 * math.log(1 / tol)))


@right("by the eigenvalues of the Hessian, and with a power")
def by_eigenvalues(features, tol):
    if tol <= 0 or tol >= 1 or math.isnan(tol):
        raise ValueError(f"`tol` can't be {tol}")
    if not torch.is_floating_point(features):
        raise ValueError(f"`features` is of {features.dtype}")
    x = features.double()
    n, d = x.shape
    rank = torch.linalg.matrix_rank(x).item()
    if rank != d:
        raise ValueError(f"`features` has rank {rank}")
    values = torch.linalg.eigvalsh(x.mT @ x / n)
    lr = 2 / float(values[0] + values[-1])
    left = max(abs(1 - lr * float(values[0])), abs(1 - lr * float(values[-1])))
    if left < 1e-12:
        return 1
    k = max(1, math.floor(math.log(tol) / math.log(left)) - 1)
    while left**k > tol:
        k += 1
    return k


@plot(x="size of the second feature", y="steps to 1e-6", xscale="log", yscale="log")
def plot_steps_over_the_scale_of_a_feature(gd_iterations):
    balanced = vector([1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0])
    tilted = vector([1.1, 0.9], [0.9, 1.1], [-1.1, -0.9], [-0.9, -1.1])
    scales = [10 ** (k / 10) for k in range(-20, 21)]

    def steps_needed(features):
        return [gd_iterations(features * vector(1.0, s), 1e-6) for s in scales]

    return {
        "uncorrelated": (scales, steps_needed(balanced)),
        "correlation 0.98": (scales, steps_needed(tilted)),
    }
