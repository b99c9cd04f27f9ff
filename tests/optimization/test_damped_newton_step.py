"""x - (H + alpha I)^-1 g: Newton's own step, a step downhill, or a short one along the gradient."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("classify_critical_point",),
    forbid=("torch.optim", "scipy.optimize"),
    instead="solve the linear system yourself",
    hints=(
        "What is the minimum of g.d + d.Hd/2 + damping |d|^2 / 2 over all d?",
        "Add the damping to the diagonal, and to nothing else; solve, don't divide.",
        "x - torch.linalg.solve(hessian + damping * torch.eye(n), grad)",
    ),
)


def spd(n):
    """A symmetric, positive definite matrix in no simple order."""
    rows = inputs.numbers(n, n) / 4
    return rows @ rows.mT + torch.eye(n, dtype=torch.float64)


def by_eigenvectors(x, grad, hessian, damping):
    """The step along each eigenvector of its own."""
    values, vectors = torch.linalg.eigh((hessian + hessian.mT) / 2)
    return x - vectors @ (vectors.mT @ grad / (values + damping))


@claim("S4-326", "S4-327")
def test_a_case_worked_by_hand(damped_newton_step):
    # H + 2 I = [[4, 2], [2, 5]] maps (1, -1) to (2, -3).
    hessian = vector([2.0, 2.0], [2.0, 3.0])
    x, grad = vector(5.0, 7.0), vector(2.0, -3.0)
    check(damped_newton_step, x, grad, hessian, damping=2.0, want=vector(4.0, 8.0))


@claim("S4-326")
@given(
    inputs.tensors(3, 3, low=-2, high=2, step=0.25),
    inputs.tensors(3, step=0.25),
    inputs.tensors(3, step=0.25),
)
def test_without_damping_one_step_ends_at_the_minimum_of_a_quadratic(
    damped_newton_step, rows, x, minimum
):
    hessian = rows @ rows.mT + torch.eye(3, dtype=torch.float64)
    grad = hessian @ (x - minimum)
    # What cancels is as large as x; the condition is at most 37.
    check(damped_newton_step, x, grad, hessian, 0.0, want=minimum, scale=100.0)


@claim("S4-327")
@given(
    inputs.tensors(3, 3, step=0.25),
    inputs.tensors(3, step=0.25),
    st.integers(0, 16).map(lambda k: 32 + k / 4),
)
def test_moves_along_each_eigenvector_by_its_own_damped_curvature(
    damped_newton_step, rows, grad, damping
):
    hessian, x = (rows + rows.mT) / 2, vector(1.0, -2.0, 0.5)
    want = by_eigenvectors(x, grad, hessian, damping)
    check(damped_newton_step, x, grad, hessian, damping, want=want)


@claim("S4-322", "S4-326")
def test_newtons_own_step_goes_into_a_saddle(damped_newton_step):
    # x^2 - y^2 at (1, 1/8): the gradient points away from the saddle, and the step goes there.
    x, hessian = vector(1.0, 0.125), torch.diag(vector(2.0, -2.0))
    check(damped_newton_step, x, hessian @ x, hessian, 0.0, want=vector(0.0, 0.0))


@claim("S4-322", "S4-327")
def test_damping_leads_away_from_a_saddle(damped_newton_step):
    x, hessian = vector(1.0, 0.125), torch.diag(vector(2.0, -2.0))
    check(damped_newton_step, x, hessian @ x, hessian, 4.0, want=vector(1 - 2 / 6, 0.25))
    check(damped_newton_step, x, hessian @ x, hessian, 3.0, want=vector(1 - 2 / 5, 0.375))


@counterexample("S4-327")  # "standardising" makes higher-order methods work: not with too little
def test_too_little_damping_still_goes_uphill(damped_newton_step):
    x, hessian = vector(1.0, 0.125), torch.diag(vector(2.0, -2.0))
    check(damped_newton_step, x, hessian @ x, hessian, 1.0, want=vector(1 - 2 / 3, -0.125))
    naming = {"damping": 2.0}  # minus the smallest eigenvalue
    check(damped_newton_step, x, hessian @ x, hessian, 2.0, raises=ValueError, naming=naming)


@claim("S4-327")
@given(inputs.tensors(3, 3, low=-2, high=2, step=0.25), inputs.tensors(3, step=0.25))
def test_above_minus_the_smallest_eigenvalue_it_goes_downhill(damped_newton_step, rows, grad):
    hessian = (rows + rows.mT) / 2
    damping = 1.0 + max(0.0, -float(torch.linalg.eigvalsh(hessian).min()))

    def downhill(point):
        return bool(grad @ point < 0) or not grad.any()

    want = such_that(f"a step d with g.d < 0 for g = {grad.tolist()}", downhill)
    check(damped_newton_step, torch.zeros_like(grad), grad, hessian, damping, want=want)


@claim("S4-327")
def test_a_large_damping_makes_a_short_step_along_the_gradient(damped_newton_step):
    x, grad = vector(0.0, 0.0, 0.0), vector(2.0, -8.0, 4.0)
    # The Hessian is lost beside it, to one part in 2^40.
    want = -grad / 2.0**44
    check(damped_newton_step, x, grad, spd(3), 2.0**44, want=want, slack=1e3)


def test_where_the_gradient_is_zero_it_stays(damped_newton_step):
    x = vector(3.0, -1.0)
    for hessian in (spd(2), -spd(2), 0 * spd(2)):
        check(damped_newton_step, x, 0 * x, hessian, 0.5, want=x)
    none = torch.zeros(0, dtype=torch.float64)
    check(damped_newton_step, none, none, torch.zeros(0, 0).double(), 0.5, want=none)


def test_gradients_flow_back_to_all_three(damped_newton_step):
    x, grad = vector(1.0, -2.0, 0.5), vector(2.0, 1.0, -4.0)

    def by_cofactors(x, grad, hessian, damping):
        damped = hessian + damping * torch.eye(3, dtype=torch.float64)
        replaced = [damped.clone() for _ in range(3)]
        for i in range(3):
            replaced[i] = torch.cat([damped[:, :i], grad[:, None], damped[:, i + 1 :]], 1)
        return x - torch.stack([torch.det(m) for m in replaced]) / torch.det(damped)

    check_gradient(damped_newton_step, x, grad, spd(3), 0.75, wrt=(0, 1), like=by_cofactors)
    check_gradient(damped_newton_step, x, grad, spd(3), 0.75, wrt=(2,), like=by_cofactors)


def test_a_damping_of_a_tenth_is_no_number_of_float32(damped_newton_step):
    x, grad = vector(1.0, -2.0, 0.5), vector(2.0, 1.0, -4.0)
    want = by_eigenvectors(x, grad, spd(3), 0.1)
    check(damped_newton_step, x, grad, spd(3), 0.1, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(damped_newton_step, dtype):
    hessian = vector([2.0, 2.0], [2.0, 3.0]).to(dtype).mT
    x, grad = vector(5.0, 0.0, 7.0, 0.0).to(dtype)[::2], vector(2.0, -3.0).to(dtype)
    check(damped_newton_step, x, grad, hessian, 2.0, want=vector(4.0, 8.0).to(dtype))


def test_refuses_a_damping_that_makes_no_sense(damped_newton_step):
    x = vector(1.0, 2.0)
    for damping in (-0.5, math.inf, math.nan):
        naming = {"damping": damping}
        check(damped_newton_step, x, x, spd(2), damping, raises=ValueError, naming=naming)


def test_refuses_a_singular_system(damped_newton_step):
    x = vector(1.0, 2.0)
    for hessian, damping in (
        (torch.zeros(2, 2).double(), 0.0),
        (torch.diag(vector(1.0, -0.5)), 0.5),
        (vector([1.0, 2.0], [2.0, 4.0]), 0.0),
    ):
        naming = {"damping": damping}
        check(damped_newton_step, x, x, hessian, damping, raises=ValueError, naming=naming)


def test_refuses_other_shapes_and_integers(damped_newton_step):
    x, hessian = vector(1.0, 2.0, 4.0), spd(3)
    for bad in (x[:2], x[:1], x[:, None]):
        naming = {"grad": tuple(bad.shape)}
        check(damped_newton_step, x, bad, hessian, 0.5, raises=ValueError, naming=naming)
    for bad in (hessian[:2], hessian[:, :2], hessian[0], hessian[None]):
        naming = {"hessian": tuple(bad.shape)}
        check(damped_newton_step, x, x, bad, 0.5, raises=ValueError, naming=naming)
    naming = {"x": torch.int64}
    whole = (x.long(), x.long(), torch.eye(3).long())
    check(damped_newton_step, *whole, 0.5, raises=ValueError, naming=naming)


def solved(x, grad, matrix, sign=-1.0):
    return x + sign * torch.linalg.pinv(matrix) @ grad


def eye(x):
    return torch.eye(len(x), dtype=x.dtype)


@wrong("leave the damping out")
def undamped(x, grad, hessian, damping):
    return solved(x, grad, hessian)


@wrong("add the damping to all entries, and not to the diagonal alone")
def to_all_entries(x, grad, hessian, damping):
    return solved(x, grad, hessian + damping)


@wrong(
    "multiply the diagonal by 1 + damping",
    right_for="Marquardt's scaled damping; here the same number is added along the diagonal",
)
def marquardt(x, grad, hessian, damping):
    return solved(x, grad, hessian + damping * torch.diag(torch.diag(hessian)))


@wrong("subtract the damping")
def subtracted(x, grad, hessian, damping):
    return solved(x, grad, hessian - damping * eye(x))


@wrong("shorten Newton's step by 1 / (1 + damping): its direction stays that to the saddle")
def shortened(x, grad, hessian, damping):
    return solved(x, grad / (1 + damping), hessian)


@wrong("go against the step: uphill")
def other_sign(x, grad, hessian, damping):
    return solved(x, grad, hessian + damping * eye(x), 1.0)


@wrong("return the step and not the point")
def step_alone(x, grad, hessian, damping):
    return solved(0 * x, -grad, hessian + damping * eye(x))


@wrong("divide by the diagonal only: what the unknowns have to do with each other is lost")
def diagonal_only(x, grad, hessian, damping):
    return x - grad / (torch.diag(hessian) + damping)


@wrong("multiply by the matrix and not by its inverse")
def multiplied(x, grad, hessian, damping):
    return x - (hessian + damping * eye(x)) @ grad


@wrong(
    "take the sizes of the eigenvalues",
    right_for="the saddle-free method; here negative curvature is only damped",
)
def saddle_free(x, grad, hessian, damping):
    values, vectors = torch.linalg.eigh(hessian)
    return x - vectors @ (vectors.mT @ grad / (values.abs() + damping))


@wrong("take the least damping that makes the matrix positive definite, if it is larger")
def at_least_definite(x, grad, hessian, damping):
    low = float(torch.linalg.eigvalsh(hessian).amin()) if len(x) else 0.0
    return solved(x, grad, hessian + max(damping, 1e-3 - low) * eye(x))


@wrong("add the square of the damping")
def squared(x, grad, hessian, damping):
    return solved(x, grad, hessian + damping**2 * eye(x))


@wrong("take H^T H + damping I, and H^T g: the curvature is squared")
def normal_equations(x, grad, hessian, damping):
    return solved(x, hessian.mT @ grad, hessian.mT @ hessian + damping * eye(x))


@wrong("make the identity in float32: the damping is rounded to that")
def identity_in_float32(x, grad, hessian, damping):
    rounded = float(torch.tensor(damping))
    return x - torch.linalg.solve(hessian + rounded * eye(x), grad)


@wrong("detach the Hessian: no gradient flows back to it")
def detached(x, grad, hessian, damping):
    return x - torch.linalg.solve(hessian.detach() + damping * eye(x), grad)


@wrong("add the damping to the caller's own Hessian")
def in_place(x, grad, hessian, damping):
    with torch.no_grad():
        hessian.diagonal().add_(damping)
    return solved(x, grad, hessian)


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x, grad, hessian, damping):
    return undamped(x.float(), grad.float(), hessian.float() + damping * eye(x.float()), 0).to(
        x.dtype
    )


@wrong("take the pseudo-inverse: a singular system is told from none",
       accepts_bad_input=True)  # fmt: skip
def pseudo_inverse(x, grad, hessian, damping):
    if not (damping >= 0 and math.isfinite(damping)):
        raise ValueError(f"damping: {damping}")
    if not x.is_floating_point():
        raise ValueError(f"x: {x.dtype}")
    if grad.shape != x.shape:
        raise ValueError(f"grad: {tuple(grad.shape)}")
    if hessian.shape != x.shape * 2:
        raise ValueError(f"hessian: {tuple(hessian.shape)}")
    return solved(x, grad, hessian + damping * eye(x))


@right("by the inverse, where there is one")
def by_the_inverse(x, grad, hessian, damping):
    if not (damping >= 0 and math.isfinite(damping)):
        raise ValueError(f"`damping` can't be {damping}")
    if x.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`x` is of {x.dtype}")
    if x.shape != grad.shape:
        raise ValueError(f"`grad` has shape {tuple(grad.shape)}")
    if tuple(hessian.shape) != (len(x), len(x)):
        raise ValueError(f"`hessian` has shape {tuple(hessian.shape)}")
    damped = hessian + torch.diag(torch.full_like(x, damping))
    try:
        inverse = torch.linalg.inv(damped)
    except RuntimeError:
        raise ValueError(f"`damping` {damping} leaves a singular matrix") from None
    return x - inverse @ grad
