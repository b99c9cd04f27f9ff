"""Conjugate directions: n steps to the minimum of a quadratic, by products with A alone."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, claim, inputs, plot, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    forbid=(
        "solve_ex",
        "inv_ex",
        "pinv",
        "lstsq",
        "cholesky",
        "cholesky_ex",
        "ldl_factor_ex",
        "lu",
        "lu_factor_ex",
        "qr",
        "geqrf",
        "eig",
        "eigh",
        "svd",
        "triangular_solve",
        "solve_triangular",
        "scipy.linalg",
        "scipy.sparse",
        "scipy.optimize",
        "numpy.linalg._linalg.solve",
        "numpy.linalg._linalg.inv",
        "numpy.linalg._linalg.lstsq",
        "numpy.linalg._linalg.cholesky",
        "numpy.linalg._linalg.qr",
        "numpy.linalg._linalg.eig",
        "numpy.linalg._linalg.eigh",
        "numpy.linalg._linalg.eigvals",
        "numpy.linalg._linalg.eigvalsh",
        "numpy.linalg._linalg.svd",
    ),
    instead="use products with A only",
    hints=(
        "Along the gradient, steepest descent zigzags. What must the next direction leave alone?",
        "Three vectors live on: x, the residual r = b - A x, and the direction d.",
        "alpha = r.r / d.Ad; x += alpha d; r' = r - alpha A d; d' = r' + (r'.r' / r.r) d.",
    ),
)


def spd(n):
    """A symmetric, positive definite matrix and a vector, in no simple order."""
    rows = inputs.numbers(n, n) / 4
    return rows @ rows.mT + torch.eye(n, dtype=torch.float64), inputs.numbers(n + 2)[2:]


@claim("S4-326")
def test_a_case_worked_by_hand(conjugate_gradient):
    # r.r = 5, A b = (6, 7), b.Ab = 20: a quarter of b. Then r = (-1/2, 1/4), a quarter as long.
    A, b = vector([4.0, 1.0], [1.0, 3.0]), vector(1.0, 2.0)
    check(conjugate_gradient, A, b, 0.5, 9, want=(vector(0.25, 0.5), 1))
    check(conjugate_gradient, A, b, 0.125, 9, want=(vector(1 / 11, 7 / 11), 2))


@claim("S4-326")
@pytest.mark.parametrize("steps", range(6))
def test_each_point_is_the_best_of_its_krylov_space(conjugate_gradient, steps):
    A, b = spd(5)
    powers = [b]
    for _ in range(steps - 1):
        powers.append(A @ powers[-1])
    basis = torch.linalg.qr(torch.stack(powers, 1)).Q[:, :steps]
    want = basis @ torch.linalg.solve(basis.mT @ A @ basis, basis.mT @ b)
    # The powers of A are nearly parallel: their basis loses three digits.
    check(conjugate_gradient, A, b, 1e-14, steps, want=(want, steps), slack=1000.0)


def exact(A, b):
    """Solve by elimination in fractions; a positive definite A needs no pivots."""
    rows = [[Fraction(v) for v in [*row, v]] for row, v in zip(A.tolist(), b.tolist(), strict=True)]
    for i, pivot in enumerate(rows):
        rows[i] = pivot = [v / pivot[i] for v in pivot]
        for k, row in enumerate(rows):
            if k != i:
                rows[k] = [v - row[i] * p for v, p in zip(row, pivot, strict=True)]
    return vector(*(float(row[-1]) for row in rows))


@claim("S4-326")
@given(inputs.tensors(4, 4, low=-2, high=2, step=0.25), inputs.tensors(4, step=0.25))
def test_solves_the_system_in_n_steps_at_most(conjugate_gradient, rows, b):
    A = rows @ rows.mT + torch.eye(4, dtype=torch.float64)
    x = exact(A, b)

    def solves(answer):
        got, steps = answer
        near = (got - x).norm() <= 1e-8 * x.norm()
        return got.dtype == b.dtype and got.shape == b.shape and near and steps <= 4

    check(conjugate_gradient, A, b, 1e-9, 9, want=such_that(f"{x}, in 4 steps at most", solves))


@claim("S4-326")
def test_counts_the_eigenvalues_that_differ(conjugate_gradient):
    A, b = torch.diag(vector(1, 1, 4, 4, 4, 16)), vector(1, -2, 3, 1, 2, 4)
    x = b / A.diagonal()
    for kept, steps in ((6, 3), (5, 2), (2, 1)):
        part = b * (torch.arange(6) < kept)
        want = (x * (torch.arange(6) < kept), steps)
        check(conjugate_gradient, A, part, 1e-9, 20, want=want, slack=10.0)


@claim("S4-326")
def test_solves_a_badly_conditioned_system_however_many_steps_it_takes(conjugate_gradient):
    i = torch.arange(8, dtype=torch.float64)
    A, b = 1 / (i[:, None] + i + 1), torch.ones(8, dtype=torch.float64)

    def solves(answer):
        x, _ = answer
        # The residual is carried along, and drifts away from b - A x by its own rounding.
        return float((A @ x - b).norm() / b.norm()) <= 1e-7

    check(conjugate_gradient, A, b, 1e-8, 200, want=such_that("a residual below 1e-8", solves))


@claim("S4-326")
def test_without_a_right_side_there_is_nothing_to_do(conjugate_gradient):
    A, b = spd(3)
    check(conjugate_gradient, A, 0 * b, 1e-9, 9, want=(0 * b, 0))
    check(conjugate_gradient, A, b, 1e-9, 0, want=(0 * b, 0))
    check(conjugate_gradient, A, b, 1.0, 9, want=(0 * b, 0))
    none = torch.zeros(0, dtype=torch.float64)
    check(conjugate_gradient, torch.zeros(0, 0).double(), none, 0.5, 9, want=(none, 0))


def test_residuals_are_measured_by_their_euclidean_norm(conjugate_gradient):
    # Half of b leaves (1/2, 1/2, -1), 0.707 times as long as (1, 1, 1): 2/3 by the sum of sizes.
    A, b = torch.diag(vector(1.0, 1.0, 4.0)), vector(1.0, 1.0, 1.0)
    check(conjugate_gradient, A, b, 0.75, 9, want=(b / 2, 1))
    check(conjugate_gradient, A, b, 0.6875, 9, want=(vector(1.0, 1.0, 0.25), 2))


def test_the_tolerance_is_relative_to_b_and_enough_itself(conjugate_gradient):
    A, b = torch.diag(vector(1.0, 3.0)), vector(1.0, 1.0)
    for size in (1.0, 2.0**-40, 2.0**30):
        check(conjugate_gradient, A, size * b, 0.5, 9, want=(size * b / 2, 1))
        x = size * vector(1.0, 1 / 3)
        check(conjugate_gradient, A, size * b, 0.4990234375, 9, want=(x, 2))
    for size in (2.0**-40, 2.0**30):
        check(conjugate_gradient, size * A, b, 0.5, 9, want=(b / size / 2, 1))


@claim("S4-326")
def test_the_order_of_the_unknowns_doesnt_matter(conjugate_gradient):
    A, b = spd(4)
    order = torch.tensor([2, 0, 3, 1])
    x = torch.linalg.solve(A, b)[order]
    check(conjugate_gradient, A[order][:, order], b[order], 1e-12, 9, want=(x, 4), slack=100.0)


def test_one_unknown_takes_one_step(conjugate_gradient):
    check(conjugate_gradient, vector([8.0]), vector(-2.0), 1e-9, 9, want=(vector(-0.25), 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(conjugate_gradient, dtype):
    A, b = vector([4.0, 1.0], [1.0, 3.0]).to(dtype), vector(1.0, 7.0, 2.0, 7.0).to(dtype)[::2]
    want = (vector(1 / 11, 7 / 11).to(dtype), 2)
    check(conjugate_gradient, A.mT, b, 1e-5, 9, want=want)


def test_refuses_a_matrix_that_isnt_positive_definite(conjugate_gradient):
    b = vector(1.0, 1.0, 1.0)
    for diagonal in ((1.0, -2.0, 0.5), (-1.0, -1.0, -1.0), (1.0, -1.0, 0.0), (0.0, 0.0, 0.0)):
        A = torch.diag(vector(*diagonal))
        check(conjugate_gradient, A, b, 1e-9, 9, raises=ValueError, naming={"A": ""})
        check(conjugate_gradient, A / 8, b, 1e-9, 1, raises=ValueError, naming={"A": ""})
    A = torch.diag(vector(1.0, math.nan, 1.0))
    check(conjugate_gradient, A, b, 1e-9, 9, raises=ValueError, naming={"A": ""})


def test_refuses_a_matrix_that_isnt_symmetric(conjugate_gradient):
    A, b = spd(3)
    A[0, 1] += 0.01 * A.max()
    for size in (2.0**-20, 1.0, 2.0**20):
        check(conjugate_gradient, size * A, b, 1e-9, 9, raises=ValueError, naming={"A": ""})
    A[0, 1] -= 0.01 * A.max()
    c = vector(1.0, 2.0)  # the norm of A - A^T is 2e-4 of A's, and then half of 1e-4
    check(conjugate_gradient, vector([1.0, 2e-4], [0.0, 1.0]), c, 0.5, 9, raises=ValueError,
          naming={"A": ""})  # fmt: skip
    near = such_that("(1, 2), to 1e-3", lambda both: (both[0] - c).abs().max() < 1e-3)
    check(conjugate_gradient, vector([1.0, 5e-5], [0.0, 1.0]), c, 0.5, 9, want=near)
    A[2, 1] += 1e-6  # rounding of the products that A may come from
    x = torch.linalg.solve(A, b)
    check(conjugate_gradient, A, b, 1e-4, 3, want=(x, 3), slack=1e6)


def test_refuses_other_shapes_and_integers(conjugate_gradient):
    A, b = spd(3)
    for bad in (A[:2], A[:, :2], A[:2, :2], A[None]):
        naming = {"A": tuple(bad.shape)}
        check(conjugate_gradient, bad, b, 1e-9, 9, raises=ValueError, naming=naming)
    naming = {"b": torch.int64}
    check(conjugate_gradient, A.long(), b.long(), 1e-9, 9, raises=ValueError, naming=naming)


def test_refuses_tolerances_and_limits_that_make_no_sense(conjugate_gradient):
    A, b = spd(3)
    for tol in (0.0, -0.5, math.nan):
        check(conjugate_gradient, A, b, tol, 9, raises=ValueError, naming={"tol": tol})
    check(conjugate_gradient, A, b, 0.5, -1, raises=ValueError, naming={"max_iter": -1})


def run(A, b, tol, max_iter, beta=None, alpha=None, start=None, size=torch.linalg.norm):
    """The right course of things, if nothing else is said."""
    x, r, d, steps = torch.zeros_like(b), b, b if start is None else start, 0
    while not size(r) <= tol * size(b) and steps < max_iter:
        image = A @ d
        step = r @ r / (d @ image) if alpha is None else alpha(r, d, image)
        x, left = x + step * d, r - step * image
        ratio = left @ left / (r @ r) if beta is None else beta(left, r)
        d, r, steps = left + ratio * d, left, steps + 1
    return x, steps


@wrong("follow the residual each time: steepest descent, which zigzags on and on")
def steepest(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, beta=lambda new, old: 0.0)


@wrong("divide the residuals the other way round")
def ratio_inverted(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, beta=lambda new, old: old @ old / (new @ new))


@wrong("take the ratio of the residuals' lengths and not of their squares")
def ratio_of_lengths(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, beta=lambda new, old: new.norm() / old.norm())


@wrong("subtract the old direction")
def ratio_negative(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, beta=lambda new, old: -(new @ new) / (old @ old))


@wrong("divide by the curvature along the residual: the step goes along the direction")
def curvature_of_residual(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, alpha=lambda r, d, image: r @ r / (r @ A @ r))


@wrong("compare the residual with tol, whatever the size of b")
def absolute_tolerance(A, b, tol, max_iter):
    return run(A, b, tol / max(float(b.norm()), 1e-300), max_iter)


@wrong("compare the squares of the norms with tol: it ends far too early")
def squared_norms(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, size=lambda v: v @ v)


@wrong("take the largest entry for the norm")
def largest_entry(A, b, tol, max_iter):
    return run(A, b, tol, max_iter, size=lambda v: torch.cat([v.abs(), v.new_zeros(1)]).max())


@wrong("end only where the residual is below tol |b|: one that equals it makes a step too many")
def strictly_below(A, b, tol, max_iter):
    return run(A, b, tol * (1 - 1e-12), max_iter)


@wrong("make n steps, whatever the residual")
def always_n_steps(A, b, tol, max_iter):
    n = min(len(b), max_iter)
    x, _ = run(A, b, 1e-15, n)
    return x, n if b.any() else 0


@wrong("stop after n steps: that is a theorem about exact numbers")
def n_steps_at_most(A, b, tol, max_iter):
    return run(A, b, tol, min(max_iter, len(b)))


@wrong("ignore max_iter")
def ignores_the_limit(A, b, tol, max_iter):
    return run(A, b, tol, 100)


@wrong("make one step more than max_iter")
def one_more(A, b, tol, max_iter):
    return run(A, b, tol, max_iter + 1)


@wrong("return the residual and not the point")
def returns_residual(A, b, tol, max_iter):
    x, steps = run(A, b, tol, max_iter)
    return b - A @ x, steps


@wrong(
    "divide the residual by A's diagonal first",
    right_for="the preconditioned method; here it is the plain one",
)
def preconditioned(A, b, tol, max_iter):
    scale = A.diagonal().rsqrt()
    x, r, d, steps = torch.zeros_like(b), b, b * scale**2, 0
    while not r.norm() <= tol * b.norm() and steps < max_iter:
        image = A @ d
        x, left = x + r @ (scale**2 * r) / (d @ image) * d, r - r @ (scale**2 * r) / (
            d @ image) * image  # fmt: skip
        ratio = left @ (scale**2 * left) / (r @ (scale**2 * r))
        d, r, steps = scale**2 * left + ratio * d, left, steps + 1
    return x, steps


@wrong("subtract from the residual in place: the caller's b is what it was made of")
def in_place(A, b, tol, max_iter):
    x, r, d, limit, steps = torch.zeros_like(b), b, b.clone(), tol * b.norm(), 0
    while not r.norm() <= limit and steps < max_iter:
        old, image = r @ r, A @ d
        alpha = old / (d @ image)
        x += alpha * d
        r -= alpha * image
        d, steps = r + r @ r / old * d, steps + 1
    return x, steps


@wrong("compute in float32 whatever the dtype of b")
def always_float32(A, b, tol, max_iter):
    x, steps = run(A.float(), b.float(), tol, max_iter)
    return x.to(b.dtype), steps


@wrong("step along a direction of negative curvature: that leads up to a saddle",
       accepts_bad_input=True)  # fmt: skip
def any_curvature(A, b, tol, max_iter):
    if not tol > 0 or max_iter < 0:
        raise ValueError(f"tol {tol}, max_iter {max_iter}")
    if not b.is_floating_point():
        raise ValueError(f"b: {b.dtype}")
    if A.shape != (len(b), len(b)) or (A - A.mT).norm() > 1e-4 * A.norm():
        raise ValueError(f"A: {tuple(A.shape)}")
    return run(A, b, tol, max_iter)


@wrong("take any square matrix: one that isn't symmetric is no quadratic's", accepts_bad_input=True)
def any_square_matrix(A, b, tol, max_iter):
    if not tol > 0 or max_iter < 0:
        raise ValueError(f"tol {tol}, max_iter {max_iter}")
    if not b.is_floating_point():
        raise ValueError(f"b: {b.dtype}")
    if A.shape != (len(b), len(b)):
        raise ValueError(f"A: {tuple(A.shape)}")
    if not (torch.linalg.eigvalsh(A.nan_to_num(-1.0)) > 0).all():
        raise ValueError("A isn't positive definite")
    return run(A, b, tol, max_iter)


@right("with the residual computed from x each time, and alpha from the direction")
def residual_from_x(A, b, tol, max_iter):
    if max_iter < 0 or math.isnan(tol) or tol <= 0:
        raise ValueError(f"`tol` {tol}, `max_iter` {max_iter}")
    if b.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`b` is of {b.dtype}")
    if A.ndim != 2 or A.size(0) != len(b) or A.size(1) != len(b):
        raise ValueError(f"`A` has shape {tuple(A.shape)}")
    if torch.dist(A, A.T) > 1e-4 * torch.dist(A, 0 * A):
        raise ValueError("`A` is not symmetric")
    x = torch.zeros_like(b)
    d = r = b - A @ x
    for steps in range(max_iter + 1):
        if torch.linalg.vector_norm(r) <= tol * torch.linalg.vector_norm(b) or steps == max_iter:
            break
        curvature = torch.dot(d, torch.mv(A, d))
        if not curvature > 0:
            raise ValueError("`A` is not positive definite")
        x = x + torch.dot(r, d) / curvature * d
        r = b - torch.mv(A, x)
        d = r - torch.dot(r, torch.mv(A, d)) / curvature * d
    return x, steps


@right("with all directions kept, each made conjugate to every one before")
def gram_schmidt(A, b, tol, max_iter):
    if not (tol > 0 and max_iter >= 0):
        raise ValueError(f"tol = {tol}, max_iter = {max_iter}")
    if not torch.is_floating_point(b):
        raise ValueError(f"b: {b.dtype}")
    if list(A.shape) != [len(b)] * 2:
        raise ValueError(f"A: {list(A.shape)}")
    if not (A - A.mT).square().sum() <= 1e-8 * A.square().sum():
        raise ValueError("A: not symmetric")
    x, kept = torch.zeros_like(b), []
    while (b - A @ x).norm() > tol * b.norm() and len(kept) < max_iter:
        r = b - A @ x
        d = r - sum((k @ A @ r) / (k @ A @ k) * k for k in kept)
        if not d @ A @ d > 0:
            raise ValueError("A: not positive definite")
        x = x + (r @ d) / (d @ A @ d) * d
        kept.append(d)
    return x, len(kept)


@plot(x="step", y="|b - A x| / |b|", yscale="log")
def plot_residuals(conjugate_gradient):
    def sizes(*eigenvalues):
        A, b = torch.diag(vector(*eigenvalues)), vector(*(1.0 for _ in eigenvalues))
        found = [conjugate_gradient(A, b, 1e-15, k)[0] for k in range(21)]
        return range(21), [max(float((b - A @ x).norm() / b.norm()), 1e-16) for x in found]

    return {
        "20 eigenvalues from 1 to 10": sizes(*(1 + 9 * k / 19 for k in range(20))),
        "20 from 1 to 1000": sizes(*(1 + 999 * k / 19 for k in range(20))),
        "4 different ones": sizes(*(10.0 ** (k % 4) for k in range(20))),
    }
