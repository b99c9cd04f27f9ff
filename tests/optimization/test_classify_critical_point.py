"""The signs of the Hessian's eigenvalues: a minimum, a maximum, a saddle, or no answer."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    kind="predict",
    hints=(
        "To second order, f(x + d) - f(x) = d^T H d / 2. Which signs can that have?",
        "Along an eigenvector it is the eigenvalue times |d|^2 / 2.",
        "Saddle if one is above tol and one below -tol; else all above, all below, or no answer.",
    ),
)


def turned(*eigenvalues):
    """A matrix with these eigenvalues, and eigenvectors that are no axes."""
    n = len(eigenvalues)
    normal = torch.arange(1.0, n + 1, dtype=torch.float64)
    mirror = torch.eye(n, dtype=torch.float64) - 2 * torch.outer(normal, normal) / normal.dot(
        normal
    )
    product = mirror @ torch.diag(vector(*eigenvalues)) @ mirror
    return (product + product.mT) / 2


@claim("S4-297")
@pytest.mark.parametrize(
    ("rows", "want"),
    [
        (([2.0, 1.0], [1.0, 2.0]), "minimum"),  # 1 and 3
        (([-2.0, 1.0], [1.0, -2.0]), "maximum"),  # -3 and -1
        (([1.0, 2.0], [2.0, 1.0]), "saddle"),  # -1 and 3, and no negative entry
        (([1.0, 1.0], [1.0, 1.0]), "inconclusive"),  # 0 and 2
        (([-1.0, 1.0], [1.0, -1.0]), "inconclusive"),  # -2 and 0
        (([0.0, 0.0], [0.0, 0.0]), "inconclusive"),
        (([3.0],), "minimum"),
        (([-0.5],), "maximum"),
        (([0.0],), "inconclusive"),
    ],
)
def test_small_cases_worked_by_hand(classify_critical_point, rows, want):
    check(classify_critical_point, vector(*rows), tol=1e-9, want=want)


@claim("S4-155", "S4-297")
def test_a_saddle_may_have_eigenvalues_of_zero_as_well(classify_critical_point):
    check(classify_critical_point, turned(3.0, 0.0, -1.0), 1e-9, want="saddle")
    check(classify_critical_point, turned(0.0, 5.0, 5.0, -0.01), 1e-9, want="saddle")


@claim("S4-297")
def test_three_functions_with_one_hessian(classify_critical_point):
    import sympy as sp

    x = sp.Symbol("x")
    for f in (x**4, -(x**4), x**3):  # a minimum, a maximum, neither
        curvature = float(sp.diff(f, x, 2).subs(x, 0))
        check(classify_critical_point, vector([curvature]), 1e-9, want="inconclusive")


@counterexample("S4-297")  # "a point where the gradient is 0: is it a global minimum?"
def test_a_minimum_by_the_hessian_neednt_be_the_global_one(classify_critical_point):
    import sympy as sp

    x = sp.Symbol("x")
    f = x**4 - x**3 - x**2  # two minima, at -0.425 and at 1.175
    for point in sp.roots(sp.diff(f, x)):
        curvature = sp.diff(f, x, 2).subs(x, point)
        want = "minimum" if curvature > 0 else "maximum"
        check(classify_critical_point, vector([float(curvature)]), 1e-9, want=want)


@counterexample("S4-155")  # "gradient methods converge to a local minimum only"
def test_gradient_descent_can_end_in_a_saddle(classify_critical_point):
    point = vector(1.0, 0.0)
    for _ in range(200):  # on x^2 / 2 + y^4 / 4 - y^2 / 2
        point = point - 0.1 * torch.stack([point[0], point[1] ** 3 - point[1]])
    hessian = torch.diag(torch.stack([torch.ones_like(point[1]), 3 * point[1] ** 2 - 1]))
    check(classify_critical_point, hessian, 1e-9, want="saddle")


@claim("S4-155")
def test_from_random_starts_it_ends_in_a_minimum(classify_critical_point):
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 100, generator=draw, dtype=torch.float64)
    for _ in range(300):
        x, y = x - 0.1 * x, y - 0.1 * (y**3 - y)
    for curvature in (3 * y**2 - 1).unique():
        hessian = torch.diag(vector(1.0, float(curvature)))
        check(classify_critical_point, hessian, 1e-9, want="minimum")


def signs(rows):
    """Count the positive and the negative eigenvalues of a symmetric matrix, exactly.

    All roots of its characteristic polynomial are real, so Descartes' rule of signs is exact.
    """
    n = len(rows)
    A = [[Fraction(v) for v in row] for row in rows]
    M, coefficients = [[Fraction(0)] * n for _ in range(n)], [Fraction(1)]
    for k in range(1, n + 1):  # Faddeev and LeVerrier
        M = [
            [sum(A[i][m] * M[m][j] for m in range(n)) + coefficients[-1] * (i == j)
             for j in range(n)]
            for i in range(n)
        ]  # fmt: skip
        trace = sum(A[i][m] * M[m][i] for i in range(n) for m in range(n))
        coefficients.append(-trace / k)

    def changes(values):
        kept = [v > 0 for v in values if v]
        return sum(a != b for a, b in pairwise(kept))

    mirrored = [c * (-1) ** (n - k) for k, c in enumerate(coefficients)]
    return changes(coefficients), changes(mirrored)


@claim("S4-297")
@given(st.integers(1, 4).flatmap(lambda n: inputs.tensors(n, n, low=-3, high=3, step=1)),
       st.sampled_from([0.0, 8.0]))  # fmt: skip
def test_equals_descartes_rule_of_signs(classify_critical_point, rows, shift):
    hessian = rows + rows.mT + shift * torch.eye(len(rows), dtype=torch.float64)
    up, down = signs(hessian.tolist())
    n = len(rows)
    want = "minimum" if up == n else "maximum" if down == n else "inconclusive"
    want = "saddle" if up and down else want
    # The eigenvalues of such matrices are 0 or above 1e-5 in size.
    check(classify_critical_point, hessian, 1e-9, want=want)


@claim("S4-297")
def test_the_tolerance_decides_what_counts_as_zero(classify_critical_point):
    for tol, low, want in (
        (0.5, 0.25, "inconclusive"),
        (0.125, 0.25, "minimum"),
        (0.5, -0.25, "inconclusive"),
        (0.125, -0.25, "saddle"),
        (0.25, 0.25, "inconclusive"),  # at the border it still does
        (0.25, -0.25, "inconclusive"),
        (8.0, 0.25, "inconclusive"),
        (0.0, 2.0**-40, "minimum"),
    ):
        hessian = torch.diag(vector(4.0, low))
        check(classify_critical_point, hessian, tol, want=want)
        if want == "minimum":
            check(classify_critical_point, -hessian, tol, want="maximum")
        else:
            check(classify_critical_point, -hessian, tol, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_takes_other_dtypes(classify_critical_point, dtype):
    hessian = vector([1.0, 2.0], [2.0, 1.0]).to(dtype)
    check(classify_critical_point, hessian, 1e-3, want="saddle")
    check(classify_critical_point, hessian.mT, 1e-3, want="saddle")


def test_rounding_of_the_two_halves_is_allowed(classify_critical_point):
    check(classify_critical_point, vector([2.0, 1.0], [1.0 + 1e-7, 2.0]), 1e-3, want="minimum")
    large = vector([2.0e6, 1.0e6], [1.0e6 + 0.125, 2.0e6])
    check(classify_critical_point, large, 1e-3, want="minimum")
    check(classify_critical_point, vector([1.0, 5e-5], [0.0, 1.0]), 0.5, want="minimum")


def test_refuses_what_is_no_hessian(classify_critical_point):
    for shape in ((2, 3), (3, 2), (3,), (0, 0), (1, 2, 2)):
        check(classify_critical_point, torch.ones(shape), 0.5, raises=ValueError,
              naming={"hessian": shape})  # fmt: skip
    for rows in (
        ([2.0, 1.0], [0.0, 2.0]),
        ([2e-6, 1e-6], [0.0, 2e-6]),
        ([1.0, 1.2e-4], [0.0, 1.0]),  # the norm of H - H^T is 1.2e-4 of H's
        ([math.nan, 0.0], [0.0, 1.0]),
        ([math.inf],),
    ):
        check(classify_critical_point, vector(*rows), 0.5, raises=ValueError,
              naming={"hessian": ""})  # fmt: skip


def test_refuses_a_tolerance_that_makes_no_sense(classify_critical_point):
    for tol in (-0.5, math.nan):
        check(classify_critical_point, turned(1.0, 2.0), tol, raises=ValueError,
              naming={"tol": tol})  # fmt: skip


def named(values, tol, saddle=None):
    """The right names for these eigenvalues, if nothing else is said."""
    up, down = values > tol, values < -tol
    if (up.any() and down.any()) if saddle is None else saddle:
        return "saddle"
    return "minimum" if up.all() else "maximum" if down.all() else "inconclusive"


def spectrum(hessian):
    return torch.linalg.eigvalsh(hessian.double())


@wrong("look at the diagonal only: a matrix of positive entries can have a negative eigenvalue")
def diagonal(hessian, tol):
    return named(hessian.diagonal(), tol)


@wrong("look at the signs of all entries")
def entries(hessian, tol):
    return named(hessian.flatten(), tol)


@wrong("go by determinant and trace: in more than two dimensions these don't decide")
def by_determinant(hessian, tol):
    values = spectrum(hessian)
    if values.prod().abs() <= tol:
        return "inconclusive"
    if len(values) > 1 and values.prod() < 0:
        return "saddle"
    return "minimum" if values.sum() > 0 else "maximum"


@wrong("call a point a minimum where no eigenvalue is negative: x^3 has one of 0, too")
def semi_definite_minimum(hessian, tol):
    values = spectrum(hessian)
    return "minimum" if (values >= -tol).all() and (values > tol).any() else named(values, tol)


@wrong("call a point a maximum where no eigenvalue is positive: x^3 has one of 0, too")
def semi_definite_maximum(hessian, tol):
    values = spectrum(hessian)
    return "maximum" if (values <= tol).all() and (values < -tol).any() else named(values, tol)


@wrong("call everything a saddle that is neither a minimum nor a maximum")
def never_inconclusive(hessian, tol):
    how = named(spectrum(hessian), tol)
    return "saddle" if how == "inconclusive" else how


@wrong("call a point inconclusive as soon as an eigenvalue is 0, though others have both signs")
def zero_first(hessian, tol):
    values = spectrum(hessian)
    return "inconclusive" if (values.abs() <= tol).any() else named(values, tol)


@wrong("confuse the two: eigenvalues above 0 bend upwards")
def exchanged(hessian, tol):
    return named(-spectrum(hessian), tol)


@wrong("compare with 0 and not with tol")
def ignores_tol(hessian, tol):
    return named(spectrum(hessian), 1e-12)


@wrong("take tol relative to the largest eigenvalue",
       right_for="a relative tolerance; here it is absolute")  # fmt: skip
def relative(hessian, tol):
    values = spectrum(hessian)
    return named(values, tol * values.abs().max())


@wrong("count an eigenvalue of exactly tol as one of its sign")
def border(hessian, tol):
    return named(spectrum(hessian), tol * (1 - 1e-12))


@wrong("look at the smallest and the largest singular value: they have no sign")
def singular_values(hessian, tol):
    return named(torch.linalg.svdvals(hessian.double()), tol)


@wrong("use one half of the matrix, whatever the other says", accepts_bad_input=True)
def one_half(hessian, tol):
    if not tol >= 0:
        raise ValueError(f"tol: {tol}")
    if hessian.dim() != 2 or len(hessian) != len(hessian.mT) or not len(hessian):
        raise ValueError(f"hessian: {tuple(hessian.shape)}")
    if not hessian.isfinite().all():
        raise ValueError("hessian isn't finite")
    return named(spectrum(hessian), tol)


@right("by counting signs")
def counting(hessian, tol):
    if tol < 0 or math.isnan(tol):
        raise ValueError(f"`tol` can't be {tol}")
    if hessian.ndim != 2 or hessian.size(0) != hessian.size(1) or hessian.size(0) == 0:
        raise ValueError(f"`hessian` has shape {tuple(hessian.shape)}")
    H = hessian.to(torch.float64)
    if not torch.isfinite(H).all() or torch.dist(H, H.T) > 1e-4 * torch.linalg.norm(H):
        raise ValueError("`hessian` must be symmetric and finite")
    values = torch.linalg.eigvalsh((H + H.T) / 2).tolist()
    up, down = sum(v > tol for v in values), sum(v < -tol for v in values)
    if up and down:
        return "saddle"
    return {up: "minimum", down: "maximum"}.get(len(values), "inconclusive")
