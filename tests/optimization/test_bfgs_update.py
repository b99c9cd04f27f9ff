"""BFGS: an update of rank two that keeps H symmetric and positive definite, and maps y to s."""

import pytest
import torch
from hypothesis import assume, given

from grader import Exercise, check, check_gradient, claim, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("damped_newton_step",),
    forbid=("scipy.optimize", "torch.optim"),
    instead="write the formula with outer products",
    hints=(
        "Which of s y^T and y s^T can be multiplied with H from the left, so that y goes to 0?",
        "Ask first whether y^T s is positive; else there is nothing to learn.",
        "V = I - outer(s, y) / (y @ s); V @ H @ V.mT + outer(s, s) / (y @ s).",
    ),
)


def spd(n):
    """A symmetric, positive definite matrix in no simple order."""
    rows = inputs.numbers(n, n) / 4
    return rows @ rows.mT + torch.eye(n, dtype=torch.float64)


def by_the_hessian(H, s, y):
    """Update the Hessian itself by two terms of rank one, and invert it."""
    B = torch.linalg.inv(H)
    image = B @ s
    B = B + torch.outer(y, y) / (y @ s) - torch.outer(image, image) / (s @ image)
    return torch.linalg.inv(B)


@claim("S4-326")
def test_a_case_worked_by_hand(bfgs_update):
    # y^T s = 2, and I - s y^T / 2 = [[1/2, -1/4], [-1, 1/2]].
    H, s, y = vector([2.0, -1.0], [-1.0, 1.0]), vector(1.0, 2.0), vector(1.0, 0.5)
    from_H = vector([0.8125, -1.625], [-1.625, 3.25])
    check(bfgs_update, H, s, y, want=from_H + vector([0.5, 1.0], [1.0, 2.0]))


@claim("S4-326")
def test_along_an_axis_it_learns_one_entry(bfgs_update):
    want = torch.diag(vector(2.0, 0.25, 8.0))
    check(bfgs_update, torch.diag(vector(2.0, 4.0, 8.0)), vector(0.0, 0.5, 0.0),
          vector(0.0, 2.0, 0.0), want=want)  # fmt: skip


@claim("S4-326")
def test_from_the_identity_too_only_the_direction_of_the_step_changes(bfgs_update):
    check(bfgs_update, torch.eye(2).double(), vector(1.0, 0.0), vector(4.0, 0.0),
          want=torch.diag(vector(0.25, 1.0)))  # fmt: skip
    check(bfgs_update, torch.eye(3).double(), vector(0.0, 2.0, 0.0), vector(0.0, 0.5, 0.0),
          want=torch.diag(vector(1.0, 4.0, 1.0)))  # fmt: skip


@claim("S4-326")
@given(
    inputs.tensors(3, 3, low=-2, high=2, step=0.25),
    inputs.tensors(3, step=0.25),
    inputs.tensors(3, step=0.25),
)
def test_is_the_inverse_of_the_updated_hessian(bfgs_update, rows, s, y):
    assume(y @ s >= 0.25)
    H = rows @ rows.mT + torch.eye(3, dtype=torch.float64)
    # Two inverses lose digits where y^T s is small beside |y| |s|.
    check(bfgs_update, H, s, y, want=by_the_hessian(H, s, y), slack=1e4)


@claim("S4-326")
@given(inputs.tensors(3, step=0.25), inputs.tensors(3, step=0.25))
def test_maps_y_to_s_and_stays_positive_definite(bfgs_update, s, y):
    assume(y @ s >= 0.25)

    def holds(new):
        secant = (new @ y - s).abs().max() <= 1e-8 * (1 + s.abs().max())
        even = (new - new.mT).abs().max() <= 1e-9 * new.abs().max()
        return secant and even and torch.linalg.eigvalsh(new).min() > 0

    told = f"a symmetric, positive definite matrix that maps {y.tolist()} to {s.tolist()}"
    check(bfgs_update, spd(3), s, y, want=such_that(told, holds))


@claim("S4-326")
@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_n_exact_searches_on_a_quadratic_find_the_inverse(bfgs_update, n):
    A, x = spd(n), inputs.numbers(n + 1)[1:]
    H = torch.eye(n, dtype=torch.float64)
    for step in range(n):
        d = -H @ (A @ x)
        s = -(d @ A @ x) / (d @ A @ d) * d  # to the minimum along d
        if step == n - 1:
            # Rounding of n steps and of the inverse.
            check(bfgs_update, H, s, A @ s, want=torch.linalg.inv(A), slack=1e4)
        H, x = by_the_hessian(H, s, A @ s), x + s


@claim("S4-326")
def test_a_step_without_curvature_teaches_nothing(bfgs_update):
    H, s = spd(3), vector(1.0, -2.0, 0.5)
    for y in (-s, vector(2.0, 1.0, 0.0), 0 * s, vector(-1.0, 0.0, 0.0)):
        check(bfgs_update, H, s, y, want=H)
    check(bfgs_update, H, 0 * s, s, want=H)


@claim("S4-326")
def test_a_little_curvature_counts(bfgs_update):
    H, s, y = spd(2), vector(1.0, 0.0), vector(2.0**-30, 1.0)
    want = by_the_hessian(H, s, y)
    check(bfgs_update, H, s, y, want=want, slack=1e6)  # H' has entries of 1e9 and of 1


@claim("S4-326")
def test_scaling_step_and_change_alike_is_no_news(bfgs_update):
    H, s, y = spd(3), vector(1.0, -2.0, 0.5), vector(2.0, -1.0, 1.0)
    want = by_the_hessian(H, s, y)
    for size in (2.0**-20, -1.0, 2.0**20):
        check(bfgs_update, H, size * s, size * y, want=want, slack=100.0)


def test_gradients_flow_back_to_the_step_and_the_change(bfgs_update):
    s, y = vector(1.0, -2.0, 0.5), vector(2.0, -1.0, 1.0)
    check_gradient(bfgs_update, spd(3), s, y, wrt=(1, 2), like=by_the_hessian, slack=100.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(bfgs_update, dtype):
    H, s, y = vector([2.0, -1.0], [-1.0, 1.0]), vector(1.0, 9.0, 2.0, 9.0), vector(1.0, 0.5)
    want = vector([1.3125, -0.625], [-0.625, 5.25]).to(dtype)
    check(bfgs_update, H.to(dtype).mT, s.to(dtype)[::2], y.to(dtype), want=want)


def test_refuses_other_shapes_and_integers(bfgs_update):
    H, s = spd(3), vector(1.0, -2.0, 0.5)
    for bad in (H[:2], H[:, :2], H[0], H[None]):
        check(bfgs_update, bad, s, s, raises=ValueError, naming={"H": tuple(bad.shape)})
    for bad in (s[:2], s[:1], s[:, None], s[0]):
        check(bfgs_update, H, bad, s, raises=ValueError, naming={"s": tuple(bad.shape)})
        check(bfgs_update, H, s, bad, raises=ValueError, naming={"y": tuple(bad.shape)})
    naming = {"H": torch.int64}
    check(bfgs_update, H.long(), s.long(), s.long(), raises=ValueError, naming=naming)


def update(H, s, y):
    """The right formula, without a look at the curvature."""
    left = torch.eye(len(H), dtype=H.dtype) - torch.outer(s, y) / (y @ s)
    return left @ H @ left.mT + torch.outer(s, s) / (y @ s)


def unless_flat(formula):
    """Let a formula see steps with curvature only."""
    return lambda H, s, y: formula(H, s, y) if y @ s > 0 else H.clone()


@wrong(
    "update as Davidon, Fletcher and Powell do: it maps y to s as well, and is another matrix",
    right_for="DFP; here it is BFGS",
)
def dfp(H, s, y):
    def formula(H, s, y):
        image = H @ y
        return H + torch.outer(s, s) / (y @ s) - torch.outer(image, image) / (y @ image)

    return unless_flat(formula)(H, s, y)


@wrong(
    "exchange s and y: that is an estimate of the Hessian, and not of its inverse",
    right_for="the Hessian by DFP; here it is the inverse by BFGS",
)
def exchanged(H, s, y):
    return unless_flat(update)(H, y, s)


@wrong(
    "update H as if it were the Hessian itself",
    right_for="an estimate of the Hessian; here it is one of its inverse",
)
def of_the_hessian(H, s, y):
    def formula(H, s, y):
        image = H @ s
        return H + torch.outer(y, y) / (y @ s) - torch.outer(image, image) / (s @ image)

    return unless_flat(formula)(H, s, y)


@wrong("forget the last term: y is mapped to 0")
def without_last_term(H, s, y):
    return unless_flat(lambda H, s, y: update(H, s, y) - torch.outer(s, s) / (y @ s))(H, s, y)


@wrong("have the two factors change places: y s^T stands on the left")
def factors_exchanged(H, s, y):
    def formula(H, s, y):
        left = torch.eye(len(H), dtype=H.dtype) - torch.outer(y, s) / (y @ s)
        return left @ H @ left.mT + torch.outer(s, s) / (y @ s)

    return unless_flat(formula)(H, s, y)


@wrong("multiply from one side only: the result isn't symmetric")
def one_side(H, s, y):
    def formula(H, s, y):
        left = torch.eye(len(H), dtype=H.dtype) - torch.outer(s, y) / (y @ s)
        return left @ H + torch.outer(s, s) / (y @ s)

    return unless_flat(formula)(H, s, y)


@wrong("update by one term of rank one, (s - H y)(s - H y)^T / ((s - H y)^T y)")
def rank_one(H, s, y):
    def formula(H, s, y):
        rest = s - H @ y
        return H + torch.outer(rest, rest) / (rest @ y)

    return unless_flat(formula)(H, s, y)


@wrong("leave out the division by y^T s")
def without_division(H, s, y):
    def formula(H, s, y):
        left = torch.eye(len(H), dtype=H.dtype) - torch.outer(s, y)
        return left @ H @ left.mT + torch.outer(s, s)

    return unless_flat(formula)(H, s, y)


@wrong("divide by s^T s and not by y^T s")
def by_the_length_of_the_step(H, s, y):
    def formula(H, s, y):
        left = torch.eye(len(H), dtype=H.dtype) - torch.outer(s, y) / (s @ s)
        return left @ H @ left.mT + torch.outer(s, s) / (s @ s)

    return unless_flat(formula)(H, s, y)


@wrong("begin anew from I each time: all earlier steps are forgotten")
def memoryless(H, s, y):
    return unless_flat(lambda H, s, y: update(torch.eye(len(H), dtype=H.dtype), s, y))(H, s, y)


@wrong(
    "rescale H to y^T s / y^T y first where it is I",
    right_for="the first step of a search; here H is updated as it is",
)
def rescales_the_identity(H, s, y):
    def formula(H, s, y):
        is_first = torch.equal(H, torch.eye(len(H), dtype=H.dtype))
        return update(H * (y @ s) / (y @ y) if is_first else H, s, y)

    return unless_flat(formula)(H, s, y)


@wrong("update without curvature too: H is then no longer positive definite, or infinite")
def any_curvature(H, s, y):
    return update(H, s, y)


@wrong("skip for y^T s < 0 only: for 0 it divides by 0")
def skips_negative_only(H, s, y):
    return H.clone() if y @ s < 0 else update(H, s, y)


@wrong("take the size of y^T s: a negative curvature passes for a positive one")
def size_of_curvature(H, s, y):
    def formula(H, s, y):
        r = 1 / (y @ s).abs()
        left = torch.eye(len(H), dtype=H.dtype) - r * torch.outer(s, y)
        return left @ H @ left.mT + r * torch.outer(s, s)

    return formula(H, s, y) if y @ s else H.clone()


@wrong("return I where there is no curvature")
def starts_over(H, s, y):
    return update(H, s, y) if y @ s > 0 else torch.eye(len(H), dtype=H.dtype)


@wrong("ask for a curvature of 1e-8 at least, whatever the units")
def with_threshold(H, s, y):
    return update(H, s, y) if y @ s > 1e-8 else H.clone()


@wrong("detach y^T s: the gradient loses terms")
def detached_curvature(H, s, y):
    def formula(H, s, y):
        r = 1 / (y @ s).detach()
        left = torch.eye(len(H), dtype=H.dtype) - r * torch.outer(s, y)
        return left @ H @ left.mT + r * torch.outer(s, s)

    return unless_flat(formula)(H, s, y)


@wrong("write the new estimate into H")
def in_place(H, s, y):
    return H.copy_(unless_flat(update)(H, s, y))


@right("as a sum of terms of rank one")
def as_a_sum(H, s, y):
    if H.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`H` is of {H.dtype}")
    if H.ndim != 2 or len(H) != len(H.mT):
        raise ValueError(f"`H` has shape {tuple(H.shape)}")
    n = len(H)
    if tuple(s.shape) != (n,):
        raise ValueError(f"`s` has shape {tuple(s.shape)}")
    if tuple(y.shape) != (n,):
        raise ValueError(f"`y` has shape {tuple(y.shape)}")
    curvature = torch.dot(s, y)
    if not curvature > 0:
        return H
    image = H @ y
    both = image[:, None] * s[None, :]
    grown = (1 + y.dot(image) / curvature) * s[:, None] * s[None, :]
    return H + (grown - both - both.T) / curvature
