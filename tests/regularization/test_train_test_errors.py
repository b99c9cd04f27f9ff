"""Polynomial ridge regression: the error on its own points, and on fresh ones."""

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
    level="hard",
    hints=(
        "The fit is linear in its coefficients: a least squares problem with the powers as columns.",
        "The penalty adds lam to all but one entry of the diagonal of V^T V; or rows to V.",
        "[V; sqrt(lam) I without its first row] c = [y; 0], by torch.linalg.lstsq.",
    ),
)
TRAIN = vector(-1.0, 0.0, 0.5, 2.0), vector(2.0, -1.0, 3.0, 0.5)
TEST = vector(-2.0, 1.0, 3.0), vector(1.0, 0.0, -2.0)


def by_fractions(train, test, degree, lam):
    """Solve the normal equations exactly."""
    import sympy as sp

    def column(values):
        return sp.Matrix([sp.Rational(v) for v in values.tolist()])

    def powers(x):
        return sp.Matrix(len(x), degree + 1, lambda i, j: sp.Rational(float(x[i])) ** j)

    free = sp.diag(0, *[sp.Rational(lam)] * degree)
    design = powers(train[0])
    fit = (design.T * design + free).solve(design.T * column(train[1]))
    errors = [(column(y) - powers(x) * fit, len(x)) for x, y in (train, test)]
    return tuple(torch.tensor(float(e.dot(e) / n), dtype=torch.float64) for e, n in errors)


def pair(*values):
    return tuple(torch.tensor(v, dtype=torch.float64) for v in values)


@claim("S4-016", "S4-265")
def test_lines_worked_by_hand(train_test_errors):
    x = vector(0.0, 1.0, 2.0, 3.0)
    call = (train_test_errors, (x, x**2), (x[:3] + 4, (x[:3] + 4) ** 2))
    # The best line is 3 x - 1; it misses by 1, -1, -1, 1, and later by 5, 11, 19.
    check(*call, 1, 0.0, want=pair(1.0, 169.0))
    # The best constant, 3.5, misses by 3.5, 2.5, 0.5, 5.5, and later by 12.5, 21.5, 32.5.
    check(*call, degree=0, lam=0.0, want=pair(12.25, 558.25))


@claim("S4-018", "S4-016")
@pytest.mark.parametrize(("degree", "lam"), [(1, 0.5), (2, 2.0), (3, 0.25), (5, 1.5), (4, 100.0)])
def test_equals_the_exact_solution_of_the_normal_equations(train_test_errors, degree, lam):
    want = by_fractions(TRAIN, TEST, degree, lam)
    check(train_test_errors, TRAIN, TEST, degree, lam, want=want)


@claim("S4-016")
@pytest.mark.parametrize("degree", [0, 1, 2])
def test_without_a_penalty_it_is_least_squares(train_test_errors, degree):
    want = by_fractions(TRAIN, TEST, degree, 0.0)
    check(train_test_errors, TRAIN, TEST, degree, 0.0, want=want)


@claim("S4-017")
def test_a_polynomial_through_all_points_has_no_training_error(train_test_errors):
    def holds(errors):
        return float(errors[0]) < 1e-20 and float(errors[1]) > 10

    told = "a training error of 0, and a test error of more than 10"
    check(train_test_errors, TRAIN, TEST, 3, 0.0, want=such_that(told, holds))


@claim("S4-018", "S4-273")
def test_a_huge_penalty_leaves_the_mean(train_test_errors):
    mean = TRAIN[1].mean()
    want = ((TRAIN[1] - mean).square().mean(), (TEST[1] - mean).square().mean())
    # What is left of the slopes is of the order 10 / lam.
    check(train_test_errors, TRAIN, TEST, 3, 1e12, want=want, slack=10.0)


@claim("S4-265", "S4-266")
@given(inputs.tensors(6, low=-2, high=2), st.sampled_from([0.125, 1.0, 8.0]))
def test_training_errors_fall_with_the_degree_and_rise_with_the_penalty(train_test_errors, y, lam):
    # No polynomial of degree 4 goes through all points: what is left of none would be rounding.
    rest = vector(1.0, -5.0, 10.0, -10.0, 5.0, -1.0) / 4032
    train = torch.linspace(-1, 1, 6, dtype=torch.float64), y + rest

    def at_most(error):
        told = f"a training error of no more than {float(error):g}"
        return such_that(told, lambda e: bool(e[0] <= error + 1e-9))

    simple, _ = train_test_errors(train, TEST, 2, 0.0)
    check(train_test_errors, train, TEST, 4, 0.0, want=at_most(simple))
    penalised, _ = train_test_errors(train, TEST, 4, lam)
    check(train_test_errors, train, TEST, 4, lam / 2, want=at_most(penalised))


SEEDS = range(20)


def noisy(n, seed, truth):
    """Return n points with noise of deviation 0.2, and 200 without."""
    g = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(n, generator=g, dtype=torch.float64) - 1
    y = truth(x) + 0.2 * torch.randn(n, generator=g, dtype=torch.float64)
    grid = torch.linspace(-1, 1, 200, dtype=torch.float64)
    return (x, y), (grid, truth(grid))


def sine(x):
    return torch.sin(math.pi * x)


def median_errors(answer, settings, n=12, truth=sine):
    """The median over 20 samples of the errors, for each pair of a degree and a penalty."""
    tables = []
    for degree, lam in settings:
        drawn = [noisy(n, seed, truth) for seed in SEEDS]
        found = [torch.stack(answer(train, test, degree, lam)) for train, test in drawn]
        tables.append(torch.stack(found).median(0).values)
    return torch.stack(tables)


def orders(answer, told, holds, settings, **kwargs):
    """Check a sentence about the medians of several fits."""

    def comparison():
        return median_errors(answer, settings, **kwargs)

    check(comparison, want=such_that(told, holds))


# Experiments on sin(pi x) with noise. They would be refuted by medians in another order.


@claim("S4-017", "S4-272", "S4-020", "S0-339", "S4-264", "S4-263", "S4-265")
def test_too_simple_and_too_complex_both_lose(train_test_errors):
    def holds(e):
        train, test = e.unbind(1)
        falls = bool(train[0] > train[1] > train[2])
        return falls and bool(test[0] > 3 * test[1] and test[2] > 3 * test[1])

    told = "degree 3 best on the test points, degree 9 best on its own"
    orders(train_test_errors, told, holds, [(1, 0.0), (3, 0.0), (9, 0.0)])


@counterexample("S4-020")  # a simpler model; a complex one overfits
def test_a_simpler_model_may_be_worse_and_with_data_a_complex_one_is_good(train_test_errors):
    def worse(e):
        return bool(e[0, 1] > 3 * e[1, 1])

    orders(train_test_errors, "a line worse than a cubic", worse, [(1, 0.0), (3, 0.0)])

    def better(e):
        return bool(e[1, 1] < e[0, 1] and e[1, 1] < 0.01)

    told = "degree 9 better than degree 3, on 1000 points"
    orders(train_test_errors, told, better, [(3, 0.0), (9, 0.0)], n=1000)


@counterexample("S4-264")  # strengthens generalisation
def test_more_terms_hurt_where_the_truth_is_a_line(train_test_errors):
    def holds(e):
        return bool(e[0, 1] < e[1, 1] < e[2, 1] < e[3, 1] and e[3, 1] > 30 * e[0, 1])

    settings = [(1, 0.0), (2, 0.0), (3, 0.0), (5, 0.0)]
    told = "test errors that rise from degree 1 to 2, 3 and 5"
    orders(train_test_errors, told, holds, settings, n=7, truth=lambda x: x)


@claim("S4-016", "S4-018", "S4-273", "S4-266")
def test_a_penalty_lowers_the_test_error_and_raises_the_training_error(train_test_errors):
    def holds(e):
        return bool(e[0, 0] < e[1, 0] and e[0, 1] > 5 * e[1, 1])

    told = "degree 9 better on the test points with lam 0.01 than without"
    orders(train_test_errors, told, holds, [(9, 0.0), (9, 0.01)])


@counterexample("S4-273")  # raise the coefficient, without an end
def test_beyond_its_optimum_the_penalty_underfits(train_test_errors):
    def holds(e):
        return bool(e[0, 1] < e[1, 1] < e[2, 1] and e[2, 1] > 5 * e[0, 1])

    told = "test errors that rise from lam 0.01 to 10 to 1000"
    orders(train_test_errors, told, holds, [(9, 0.01), (9, 10.0), (9, 1000.0)])


def test_keeps_the_dtype_and_reads_by_strides(train_test_errors):
    train, test = [tuple(t.float() for t in pair) for pair in (TRAIN, TEST)]
    want = tuple(t.float() for t in by_fractions(TRAIN, TEST, 2, 2.0))
    # float32 has 7 digits, the squares of powers lose some of them.
    check(train_test_errors, train, test, 2, 2.0, want=want, slack=30.0)
    spread = tuple(torch.stack([t, -t], 1)[:, 0] for t in TRAIN)
    want = by_fractions(TRAIN, TEST, 2, 2.0)
    check(train_test_errors, spread, TEST, 2, 2.0, want=want)


def test_refuses_fits_that_are_none(train_test_errors):
    check(train_test_errors, TRAIN, TEST, -1, 1.0, raises=ValueError, naming={"degree": -1})
    for lam in (-1.0, math.nan, math.inf):
        check(train_test_errors, TRAIN, TEST, 2, lam, raises=ValueError, naming={"lam": lam})
    for degree in (4, 5):
        check(train_test_errors, TRAIN, TEST, degree, 0.0, raises=ValueError, naming={"lam": 0.0})
    for bad in ((TRAIN[0], TRAIN[1][:3]), (TRAIN[0][:3], TRAIN[1]), (TRAIN[0][:0], TRAIN[1][:0])):
        for call, name in (((bad, TEST), "train"), ((TRAIN, bad), "test")):
            told = {name: ""}
            check(train_test_errors, *call, 1, 1.0, raises=ValueError, naming=told)


def ridge(train, test, degree, lam, constant=0.0, first=0):
    """Fit by the normal equations, with one part of the rule replaced."""
    designs = [x[:, None] ** torch.arange(first, degree + 1) for x, _ in (train, test)]
    diagonal = torch.full((degree + 1 - first,), float(lam), dtype=train[0].dtype)
    if not first and len(diagonal):
        diagonal[0] = constant
    v = designs[0]
    fit = torch.linalg.lstsq(
        torch.cat([v, diagonal.sqrt().diag()]),
        torch.cat([train[1], 0 * diagonal])[:, None],
    ).solution[:, 0]
    errors = [y - d @ fit for d, (_, y) in zip(designs, (train, test), strict=True)]
    return tuple(e.square().mean() for e in errors), fit


@wrong("penalise the constant as well: the fit is drawn to 0, and not to the mean")
def penalised_constant(train, test, degree, lam):
    return ridge(train, test, degree, lam, constant=lam)[0]


@wrong(
    "take the mean of the squares in what is minimised",
    right_for="a loss that is the mean of the squares; here it is their sum",
)
def mean_in_the_fit(train, test, degree, lam):
    return ridge(train, test, degree, lam * len(train[0]))[0]


@wrong("square the penalty's strength")
def squared_lam(train, test, degree, lam):
    return ridge(train, test, degree, lam**2)[0]


@wrong("ignore the penalty")
def ignores_lam(train, test, degree, lam):
    return ridge(train, test, min(degree, len(train[0]) - 1), 0.0)[0]


@wrong("add the penalty to the training error")
def penalty_in_the_error(train, test, degree, lam):
    (own, other), fit = ridge(train, test, degree, lam)
    return own + lam * fit[1:].square().sum() / len(train[0]), other


@wrong("leave out the constant")
def without_constant(train, test, degree, lam):
    if degree == 0:
        return tuple(y.square().mean() for _, y in (train, test))
    return ridge(train, test, degree, lam, first=1)[0]


@wrong("stop one power short of the degree")
def one_power_short(train, test, degree, lam):
    return ridge(train, test, max(degree - 1, 0), lam)[0]


@wrong("fit the test points anew")
def fits_the_test(train, test, degree, lam):
    both = [ridge(pair, pair, min(degree, len(pair[0]) - 1), lam)[0][0] for pair in (train, test)]
    return both[0], both[1]


@wrong("return roots of the mean squares")
def roots(train, test, degree, lam):
    return tuple(e.sqrt() for e in ridge(train, test, degree, lam)[0])


@wrong("return sums of the squares")
def sums(train, test, degree, lam):
    errors = ridge(train, test, degree, lam)[0]
    return errors[0] * len(train[0]), errors[1] * len(test[0])


@wrong("return the test error first")
def exchanged(train, test, degree, lam):
    return ridge(train, test, degree, lam)[0][::-1]


@right("by the normal equations, on centred powers")
def centred(train, test, degree, lam):
    if degree < 0:
        raise ValueError(f"degree={degree}")
    for name, pair in {"train": train, "test": test}.items():
        if len(pair[0]) != len(pair[1]) or len(pair[0]) == 0:
            raise ValueError(f"{name}: {len(pair[0])} and {len(pair[1])}")
    if not (lam >= 0 and math.isfinite(lam)) or (lam == 0 and degree >= len(train[0])):
        raise ValueError(f"lam={lam}")
    v, t = (
        torch.stack([x**j for j in range(1, degree + 1)], 1) if degree else x[:, None][:, :0]
        for x, _ in (train, test)
    )
    middle, level = v.mean(0), train[1].mean()
    spread = v - middle
    gram = spread.T @ spread + lam * torch.eye(degree, dtype=v.dtype)
    slopes = torch.linalg.solve(gram, spread.T @ (train[1] - level))
    own = train[1] - level - spread @ slopes
    other = test[1] - level - (t - middle) @ slopes
    return own.square().mean(), other.square().mean()


@plot(x="degree", y="median mean squared error", yscale="log")
def plot_errors_by_degree(train_test_errors):
    degrees = range(10)
    table = median_errors(train_test_errors, [(d, 0.0) for d in degrees])
    return {"training": (degrees, table[:, 0] + 1e-4), "test": (degrees, table[:, 1])}


@plot(x="lam", y="median mean squared error", xscale="log", yscale="log")
def plot_errors_of_degree_9_by_penalty(train_test_errors):
    lams = [10.0**k for k in range(-6, 4)]
    table = median_errors(train_test_errors, [(9, lam) for lam in lams])
    return {"training": (lams, table[:, 0]), "test": (lams, table[:, 1])}
