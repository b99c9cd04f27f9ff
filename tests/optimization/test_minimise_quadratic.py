"""x* = -Q^-1 c and h(x*) = b - c^T Q^-1 c / 2, for a Q without negative eigenvalues."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("classify_critical_point",),
    forbid=("torch.optim", "scipy.optimize"),
    instead="use the eigenvectors of Q",
    hints=(
        "Where is the gradient Q x + c zero, and is that a lowest point?",
        "Along each eigenvector, h is a parabola of its own. What if it is no parabola but a line?",
        "x* is the sum of -(v.c / eigenvalue) v over the eigenvectors v whose eigenvalue isn't 0.",
    ),
)


def spd(n):
    """A symmetric, positive definite matrix in no simple order."""
    rows = inputs.numbers(n, n) / 4
    return rows @ rows.mT + torch.eye(n, dtype=torch.float64)


def scalar(value, dtype=torch.float64):
    return torch.tensor(value, dtype=dtype)


def exact(Q, c, b):
    """Eliminate in fractions; a positive definite Q needs no pivots."""
    rows = [[Fraction(v) for v in [*q, -p]] for q, p in zip(Q.tolist(), c.tolist(), strict=True)]
    for i, pivot in enumerate(rows):
        rows[i] = pivot = [v / pivot[i] for v in pivot]
        for k, row in enumerate(rows):
            if k != i:
                rows[k] = [v - row[i] * p for v, p in zip(row, pivot, strict=True)]
    x = [row[-1] for row in rows]
    value = b + sum(Fraction(p) * v for p, v in zip(c.tolist(), x, strict=True)) / 2
    return vector(*map(float, x)), scalar(float(value))


@claim("S3-363", "S3-364")
def test_a_case_worked_by_hand(minimise_quadratic):
    # Q (1, -2) = (2 - 2, 1 - 6) = -c; and 3 + c.x / 2 = 3 - 5.
    Q, c = vector([2.0, 1.0], [1.0, 3.0]), vector(0.0, 5.0)
    check(minimise_quadratic, Q, c, 3.0, want=(vector(1.0, -2.0), scalar(-2.0)))


@claim("S3-363", "S3-364")
@given(
    inputs.tensors(3, 3, low=-2, high=2, step=0.25),
    inputs.tensors(3, step=0.25),
    st.integers(-8, 8).map(lambda k: Fraction(k, 4)),
)
def test_equals_elimination_in_fractions(minimise_quadratic, rows, c, b):
    Q = rows @ rows.mT + torch.eye(3, dtype=torch.float64)
    # The condition is at most 37; the value may cancel.
    check(minimise_quadratic, Q, c, float(b), want=exact(Q, c, b), scale=1000.0)


@claim("S3-363")
def test_no_point_nearby_or_far_away_is_lower(minimise_quadratic):
    Q, c = spd(4), inputs.numbers(5)[1:]
    draw = torch.Generator().manual_seed(1)
    steps = torch.randn(200, 4, generator=draw, dtype=torch.float64)
    steps = torch.cat([steps, steps / 1000])

    def h(x):
        return (x @ Q * x).sum(-1) / 2 + x @ c + 0.5

    def is_least(answer):
        x, value = answer
        return abs(value - h(x)) < 1e-9 and bool((h(x + steps) > h(x)).all())

    check(minimise_quadratic, Q, c, 0.5, want=such_that("the least point and value", is_least))


@claim("S3-363", "S3-364")
def test_the_constant_only_lifts_the_value(minimise_quadratic):
    Q, c = spd(2), vector(1.0, -2.0)
    x, value = exact(Q, c, Fraction(0))
    for b in (-4.0, 0.0, 2.5):
        check(minimise_quadratic, Q, c, b, want=(x, value + b))


@claim("S3-363", "S3-364")
def test_where_the_linear_part_is_zero_the_minimum_is_zero(minimise_quadratic):
    check(minimise_quadratic, spd(3), torch.zeros(3).double(), 1.5,
          want=(torch.zeros(3).double(), scalar(1.5)))  # fmt: skip


@claim("S3-363")
def test_of_a_valley_of_least_points_it_is_the_shortest(minimise_quadratic):
    # (x + y)^2 / 2 + 2 (x + y) is least where x + y = -2.
    Q = vector([1.0, 1.0], [1.0, 1.0])
    check(minimise_quadratic, Q, vector(2.0, 2.0), 1.0, want=(vector(-1.0, -1.0), scalar(-1.0)))
    Q = torch.diag(vector(4.0, 0.0, 2.0))
    want = (vector(-2.0, 0.0, 3.0), scalar(-17.0))
    check(minimise_quadratic, Q, vector(8.0, 0.0, -6.0), 0.0, want=want)
    for size in (2.0**-40, 2.0**40):
        want = (vector(-2.0, 0.0, 3.0), scalar(-17.0 * size))
        check(minimise_quadratic, size * Q, size * vector(8.0, 0.0, -6.0), 0.0, want=want)


def test_an_eigenvalue_that_is_0_but_for_rounding_counts_as_0(minimise_quadratic):
    # Flat across (1, 2, 3), along which it is 7 z^2 - 14 sqrt(14) z.
    Q, c = torch.outer(vector(1.0, 2.0, 3.0), vector(1.0, 2.0, 3.0)), vector(-14.0, -28.0, -42.0)
    check(minimise_quadratic, Q, c, 5.0, want=(vector(1.0, 2.0, 3.0), scalar(-93.0)), slack=10.0)


@claim("S3-363")
def test_a_millionth_is_the_border_of_what_counts_as_0(minimise_quadratic):
    below, above = torch.diag(vector(1.0, 5e-7)), torch.diag(vector(1.0, 1.0, 1.0, 2e-6))
    check(minimise_quadratic, below, vector(-1.0, 5e-7), 0.0, want=(vector(1.0, 0.0), scalar(-0.5)))
    check(minimise_quadratic, below, vector(0.0, 1.0), 0.0, raises=ValueError, naming={"Q": ""})
    want = (vector(1.0, 1.0, 1.0, 0.25), scalar(-1.5 - 6.25e-8))
    check(minimise_quadratic, above, vector(-1.0, -1.0, -1.0, -5e-7), 0.0, want=want)
    # The same for what c has along a flat direction.
    flat = torch.diag(vector(1.0, 0.0))
    check(minimise_quadratic, flat, vector(1.0, 5e-7), 0.0, want=(vector(-1.0, 0.0), scalar(-0.5)))
    check(minimise_quadratic, flat, vector(1.0, 2e-6), 0.0, raises=ValueError, naming={"Q": ""})


@claim("S3-363")
def test_a_constant_is_least_at_zero(minimise_quadratic):
    none = torch.zeros(3).double()
    check(minimise_quadratic, torch.zeros(3, 3).double(), none, 2.0, want=(none, scalar(2.0)))


@claim("S3-363")
def test_a_small_curvature_is_no_flat_place(minimise_quadratic):
    Q, c = torch.diag(vector(1.0, 2.0**-16)), vector(1.0, 2.0**-16)
    check(minimise_quadratic, Q, c, 0.0, want=(vector(-1.0, -1.0), scalar(-0.5 - 2.0**-17)))


@counterexample("S3-363", "S3-364")  # x* = -Q^-1 c, h(x*) = b - c^T Q^-1 c / 2
def test_for_an_indefinite_matrix_the_formula_gives_a_saddle(minimise_quadratic):
    # x^2 / 2 - y^2 / 2 + x: the formula says (-1, 0) and -1/2, and (0, 2) has -2.
    Q, c = torch.diag(vector(1.0, -1.0)), vector(1.0, 0.0)
    check(minimise_quadratic, Q, c, 0.0, raises=ValueError, naming={"Q": ""})
    check(minimise_quadratic, -spd(2), c, 0.0, raises=ValueError, naming={"Q": ""})
    check(minimise_quadratic, vector([-2.0]), vector(0.0), 0.0, raises=ValueError,
          naming={"Q": ""})  # fmt: skip
    Q = torch.diag(vector(1.0, -(2.0**-16)))
    check(minimise_quadratic, Q, c, 0.0, raises=ValueError, naming={"Q": ""})


@counterexample("S3-363", "S3-364")  # Q^-1 isn't there
def test_for_a_singular_matrix_there_may_be_no_minimum(minimise_quadratic):
    for Q, c in (
        (torch.diag(vector(1.0, 0.0)), vector(0.0, 1.0)),
        (torch.diag(vector(1.0, 0.0)), vector(1.0, 0.001)),
        (torch.diag(vector(1.0, 0.0)), vector(1024.0, -1.0)),
        (vector([1.0, 1.0], [1.0, 1.0]), vector(2.0, 1.0)),
        (torch.zeros(2, 2).double(), vector(0.0, 2.0**-30)),
    ):
        check(minimise_quadratic, Q, c, 0.0, raises=ValueError, naming={"Q": ""})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(minimise_quadratic, dtype):
    Q, c = vector([2.0, 1.0], [1.0, 3.0]).to(dtype).mT, vector(0.0, 9.0, 5.0, 9.0).to(dtype)[::2]
    want = (vector(1.0, -2.0).to(dtype), scalar(-2.0, dtype))
    check(minimise_quadratic, Q, c, 3.0, want=want, slack=4.0)


def test_refuses_a_matrix_that_isnt_symmetric_or_finite(minimise_quadratic):
    c = vector(1.0, 2.0)
    for size in (2.0**-20, 1.0, 2.0**20):
        Q = size * vector([2.0, 1.0], [0.0, 3.0])
        check(minimise_quadratic, Q, c, 0.0, raises=ValueError, naming={"Q": ""})
    for entry in (math.nan, math.inf):
        Q = vector([2.0, 0.0], [0.0, entry])
        check(minimise_quadratic, Q, c, 0.0, raises=ValueError, naming={"Q": ""})
    Q = vector([1.0, 2e-4], [0.0, 1.0])  # the norm of Q - Q^T is 2e-4 of Q's, then half of 1e-4
    check(minimise_quadratic, Q, c, 0.0, raises=ValueError, naming={"Q": ""})
    Q = vector([2.0, 1.0], [1.0 + 1e-7, 3.0])  # rounding of the products that it may come from
    x, value = exact((Q + Q.mT) / 2, c, Fraction(0))
    check(minimise_quadratic, Q, c, 0.0, want=(x, value), slack=1e5)


def test_refuses_other_shapes_and_integers(minimise_quadratic):
    Q, c = spd(3), vector(1.0, 2.0, 4.0)
    for bad in (Q[:2], Q[:, :2], Q[:2, :2], Q[0], Q[None]):
        check(minimise_quadratic, bad, c, 0.0, raises=ValueError, naming={"Q": tuple(bad.shape)})
    check(minimise_quadratic, Q[:0, :0], c[:0], 0.0, raises=ValueError, naming={"Q": (0, 0)})
    check(minimise_quadratic, Q.long(), c.long(), 0.0, raises=ValueError,
          naming={"c": torch.int64})  # fmt: skip


def value_at(Q, c, b, x):
    return x @ Q @ x / 2 + c @ x + b


@wrong("take Q^-1 c: the minimum is on the other side")
def other_sign(Q, c, b):
    x = torch.linalg.pinv(Q) @ c
    return x, value_at(Q, c, b, -x)


@wrong("solve 2 Q x = -c: the gradient of x^T Q x / 2 is Q x",
       right_for="x^T Q x + c^T x + b; here the first term is halved")  # fmt: skip
def without_the_half(Q, c, b):
    x = -torch.linalg.pinv(Q) @ c / 2
    return x, b + c @ x / 2


@wrong("subtract the whole of c^T Q^-1 c: half of it comes back through x^T Q x / 2")
def value_without_half(Q, c, b):
    x = -torch.linalg.pinv(Q) @ c
    return x, b + c @ x


@wrong("add half of c^T Q^-1 c: the minimum is below b")
def value_above(Q, c, b):
    x = -torch.linalg.pinv(Q) @ c
    return x, b - c @ x / 2


@wrong("leave b out of the value")
def without_constant(Q, c, b):
    x = -torch.linalg.pinv(Q) @ c
    return x, c @ x / 2


@wrong("divide by the diagonal: what the unknowns have to do with each other is lost")
def diagonal_only(Q, c, b):
    x = torch.where(Q.diagonal() == 0, 0.0, -c / Q.diagonal())
    return x, value_at(Q, c, b, x)


@wrong("make one step of gradient descent with rate 1")
def one_step(Q, c, b):
    return -c, value_at(Q, c, b, -c)


@wrong("add 1e-6 to the diagonal, so that Q can be inverted: digits are lost, and lines have ends")
def regularised(Q, c, b):
    x = -torch.linalg.solve(Q + 1e-6 * torch.eye(len(c), dtype=c.dtype), c)
    return x, value_at(Q, c, b, x)


@wrong("solve with Q as if it were never singular")
def never_singular(Q, c, b):
    x = -torch.linalg.solve(Q, c)
    return x, b + c @ x / 2


@wrong("put another of the least points: it is not the shortest")
def not_the_shortest(Q, c, b):
    values, vectors = torch.linalg.eigh(Q)
    flat = (values.abs() <= 1e-6 * values.abs().max()) & (c.any())
    x = -torch.linalg.pinv(Q) @ c + vectors[:, flat].sum(1)
    return x, value_at(Q, c, b, x)


@wrong("count eigenvalues up to 1e-3 of the largest as 0: a shallow valley is taken for a flat one")
def coarse(Q, c, b):
    x = -torch.linalg.pinv(Q, rtol=1e-3, hermitian=True) @ c
    return x, value_at(Q, c, b, x)


@wrong("leave it to pinv what counts as 0: that is 1e-15 of the largest eigenvalue, and not 1e-6")
def as_pinv_has_it(Q, c, b):
    x = -torch.linalg.pinv(Q) @ c
    return x, b + c @ x / 2


@wrong("compare eigenvalues with 1e-6 itself: in other units all are 0, or none is")
def absolute(Q, c, b):
    values, vectors = torch.linalg.eigh(Q)
    keep = values.abs() > 1e-6
    x = vectors[:, keep] @ (-(vectors.mT @ c)[keep] / values[keep])
    return x, value_at(Q, c, b, x)


@wrong("compute in float32 whatever the dtype of c")
def always_float32(Q, c, b):
    x = (-torch.linalg.pinv(Q.float(), hermitian=True) @ c.float()).to(c.dtype)
    return x, value_at(Q, c, b, x)


def refusing(Q, c, definite=True, level=True, symmetric=True):
    """Refuse what has to be refused, but for one thing."""
    if not c.is_floating_point():
        raise ValueError(f"c: {c.dtype}")
    if Q.shape != (len(c), len(c)) or not len(c):
        raise ValueError(f"Q: {tuple(Q.shape)}")
    if not Q.isfinite().all() or (symmetric and (Q - Q.mT).norm() > 1e-4 * Q.norm()):
        raise ValueError("Q: not symmetric and finite")
    values, vectors = torch.linalg.eigh((Q + Q.mT) / 2)
    flat = values.abs() <= 1e-6 * values.abs().max()
    if definite and (values[~flat] < 0).any():
        raise ValueError("Q: a negative eigenvalue")
    if level and (vectors.mT @ c)[flat].norm() > 1e-6 * c.norm():
        raise ValueError("Q: c isn't in its range")
    return vectors[:, ~flat] @ (-(vectors.mT @ c)[~flat] / values[~flat])


@wrong("take a saddle or a maximum for the minimum", accepts_bad_input=True)
def any_stationary_point(Q, c, b):
    x = refusing(Q, c, definite=False)
    return x, value_at(Q, c, b, x)


@wrong("overlook that h falls for ever along a line", accepts_bad_input=True)
def overlooks_a_slope(Q, c, b):
    x = refusing(Q, c, level=False)
    return x, value_at(Q, c, b, x)


@wrong("take the symmetric half of any Q", accepts_bad_input=True)
def any_square_matrix(Q, c, b):
    x = refusing(Q, c, symmetric=False)
    return x, value_at(Q, c, b, x)


@right("by the pseudo-inverse, the value from h itself")
def by_the_pseudo_inverse(Q, c, b):
    if c.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`c` is of {c.dtype}")
    if Q.ndim != 2 or Q.numel() == 0 or Q.size(0) != len(c) or Q.size(1) != len(c):
        raise ValueError(f"`Q` has shape {tuple(Q.shape)}")
    if not torch.isfinite(Q).all() or torch.dist(Q, Q.T) > 1e-4 * torch.linalg.norm(Q):
        raise ValueError("`Q` must be symmetric and finite")
    values = torch.linalg.eigvalsh(Q)
    if values[0] < -1e-6 * values.abs().max():
        raise ValueError("`Q` has a negative eigenvalue")
    x = -torch.linalg.pinv(Q, rtol=1e-6, hermitian=True) @ c
    if (Q @ x + c).norm() > 1e-6 * c.norm():
        raise ValueError("`Q` doesn't reach c")
    return x, 0.5 * x.dot(Q.mv(x)) + c.dot(x) + b
