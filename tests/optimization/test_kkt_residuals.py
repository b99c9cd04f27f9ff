"""Stationarity, feasibility on both sides, complementary slackness."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, claim, counterexample, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    hints=(
        "An equality may be violated on two sides, an inequality on one.",
        "Which signs may the multipliers have? Which of mu_j and h_j has to be 0?",
        "max |grad_f + lam @ grad_g + mu @ grad_h|, max(|g|, h, 0), max(-mu, 0), max |mu h|.",
    ),
)

NONE = torch.zeros(0, dtype=torch.float64)


def residuals(stationarity=0.0, primal=0.0, dual=0.0, slackness=0.0):
    return {"stationarity": stationarity, "primal": primal, "dual": dual, "slackness": slackness}


def without(n):
    """No constraints of one kind: no values, no gradients."""
    return NONE, torch.zeros(0, n, dtype=torch.float64)


@claim("S4-298")
def test_a_case_worked_by_hand(kkt_residuals):
    # grad f + lam grad g = (2 + 2, -1 - 4) = (4, -5); mu grad h = (-3, 0) + (0, 2) + (-1, -1).
    grad_f, g, grad_g = vector(2.0, -1.0), vector(-0.5), vector([1.0, -2.0])
    h, grad_h = vector(0.25, -4.0, 0.0), vector([3.0, 0.0], [0.0, 1.0], [-1.0, -1.0])
    lam, mu = vector(2.0), vector(-1.0, 2.0, 1.0)
    want = residuals(4.0, 0.5, 1.0, 8.0)
    check(kkt_residuals, grad_f, g, grad_g, h, grad_h, lam, mu, want=want)


@claim("S4-298")
def test_all_are_zero_at_the_least_norm_beyond_a_line(kkt_residuals):
    # x^2 + y^2 where x + y >= 1: at (1/2, 1/2), active, mu = 1. Where x + y >= -1: at 0, mu = 0.
    grad_h = vector([-1.0, -1.0])
    check(kkt_residuals, vector(1.0, 1.0), *without(2), vector(0.0), grad_h, NONE, vector(1.0),
          want=residuals())  # fmt: skip
    check(kkt_residuals, vector(0.0, 0.0), *without(2), vector(-1.0), grad_h, NONE, vector(0.0),
          want=residuals())  # fmt: skip


@claim("S4-298")
def test_each_condition_is_missed_alone(kkt_residuals):
    grad_h, one = vector([-1.0, -1.0]), vector(1.0)
    for grad_f, h, mu, want in (
        (vector(1.0, 3.0), 0.0, 1.0, residuals(stationarity=2.0)),
        (vector(0.0, 0.0), 0.5, 0.0, residuals(primal=0.5)),
        (vector(-2.0, -2.0), 0.0, -2.0, residuals(dual=2.0)),
        (vector(1.0, 1.0), -0.5, 1.0, residuals(slackness=0.5)),
        (vector(2.0, 2.0), -4.0, 2.0, residuals(slackness=8.0)),
    ):
        check(kkt_residuals, grad_f, *without(2), h * one, grad_h, NONE, mu * one, want=want)


@claim("S4-298")
def test_an_equality_may_push_either_way(kkt_residuals):
    # x^2 + y^2 where x + y = c: lam = -c, for both signs of c.
    for c in (1.0, -3.0):
        check(kkt_residuals, vector(c, c), vector(0.0), vector([1.0, 1.0]), *without(2),
              vector(-c), NONE, want=residuals())  # fmt: skip
    for value in (0.5, -0.5):
        check(kkt_residuals, vector(0.0, 0.0), vector(value), vector([1.0, 1.0]), *without(2),
              vector(0.0), NONE, want=residuals(primal=0.5))  # fmt: skip


@claim("S4-298")
def test_without_constraints_only_the_gradient_is_left(kkt_residuals):
    check(kkt_residuals, vector(0.5, -3.0, 1.0), *without(3), *without(3), NONE, NONE,
          want=residuals(stationarity=3.0))  # fmt: skip


@claim("S4-298", "S3-189")
@given(
    inputs.tensors(3), inputs.tensors(2), inputs.tensors(2, 3), inputs.tensors(4),
    inputs.tensors(4, 3), inputs.tensors(2), inputs.tensors(4),
)  # fmt: skip
def test_equals_sums_and_maxima_of_plain_numbers(
    kkt_residuals, grad_f, g, grad_g, h, grad_h, lam, mu
):
    pull = [
        f + sum(a * row[i] for a, row in zip(lam.tolist(), grad_g.tolist(), strict=True))
        + sum(a * row[i] for a, row in zip(mu.tolist(), grad_h.tolist(), strict=True))
        for i, f in enumerate(grad_f.tolist())
    ]  # fmt: skip
    want = residuals(
        max(map(abs, pull)),
        max(0.0, *map(abs, g.tolist()), *h.tolist()),
        max(0.0, *(-a for a in mu.tolist())),
        max(abs(a * b) for a, b in zip(mu.tolist(), h.tolist(), strict=True)),
    )
    check(kkt_residuals, grad_f, g, grad_g, h, grad_h, lam, mu, want=want)


@claim("S3-189")
@counterexample("S3-189")  # "where the gradient of the Lagrangian by w, b and lambda is 0"
def test_the_lagrangians_gradient_alone_accepts_what_is_no_minimum(kkt_residuals):
    # (w - 1)^2 / 2 with w^2 <= 4: the gradient is 0 at w = 2, mu = -1/4 and at w = -2, mu = -3/4.
    for w, mu in ((2.0, -0.25), (-2.0, -0.75)):
        check(kkt_residuals, vector(w - 1), *without(1), vector(0.0), vector([2 * w]), NONE,
              vector(mu), want=residuals(dual=-mu))  # fmt: skip
    # The minimum, w = 1 with mu = 0, isn't among them: its gradient by mu is -3.
    check(kkt_residuals, vector(0.0), *without(1), vector(-3.0), vector([2.0]), NONE, vector(0.0),
          want=residuals())  # fmt: skip


@counterexample("S4-298")  # "at a minimum the conditions hold"
@pytest.mark.parametrize("mu", [0.0, 1.0, 1000.0])
def test_a_constraint_without_slope_cant_hold_the_minimum(kkt_residuals, mu):
    # x is least where x^2 <= 0 at x = 0, and no mu makes 1 + mu * 0 vanish.
    check(kkt_residuals, vector(1.0), *without(1), vector(0.0), vector([0.0]), NONE, vector(mu),
          want=residuals(stationarity=1.0))  # fmt: skip


def test_takes_other_dtypes_and_strides(kkt_residuals):
    grad_h = vector([3.0, 0.0, -1.0], [0.0, 1.0, -1.0]).float().mT
    none = NONE.float()
    check(kkt_residuals, vector(4.0, 9.0, -5.0, 9.0).float()[::2], none, none.reshape(0, 2),
          vector(0.25, -4.0, 0.0).float(), grad_h, none, vector(-1.0, 2.0, 1.0).float(),
          want=residuals(4.0, 0.25, 1.0, 8.0))  # fmt: skip


def test_refuses_shapes_that_dont_belong_together(kkt_residuals):
    right = {
        "grad_f": torch.ones(2), "g": torch.ones(1), "grad_g": torch.ones(1, 2),
        "h": torch.ones(3), "grad_h": torch.ones(3, 2), "lam": torch.ones(1), "mu": torch.ones(3),
    }  # fmt: skip
    for name, shape in (
        ("grad_g", (2,)), ("grad_g", (1, 1)), ("grad_g", (3, 2)),
        ("grad_h", (2, 3)), ("grad_h", (1, 2)), ("grad_h", (3, 1)), ("grad_h", (3, 3)),
        ("lam", (3,)), ("lam", ()), ("mu", (1,)), ("mu", (3, 1)),
    ):  # fmt: skip
        arguments = [torch.ones(shape) if key == name else value for key, value in right.items()]
        check(kkt_residuals, *arguments, raises=ValueError, naming={name: shape})


def run(grad_f, g, grad_g, h, grad_h, lam, mu, **changed):
    """All four as they should be, but for those that are `changed`."""

    def top(v):
        return max([0.0, *v.flatten().tolist()])

    want = residuals(
        top((grad_f + lam @ grad_g + mu @ grad_h).abs()),
        max(top(g.abs()), top(h)), top(-mu), top((mu * h).abs()),
    )  # fmt: skip
    return want | {key: float(value) for key, value in changed.items()}


def peak(v):
    return max([0.0, *v.flatten().tolist()])


@wrong("subtract the constraints' gradients: the Lagrangian adds them")
def subtracts(grad_f, g, grad_g, h, grad_h, lam, mu):
    pull = grad_f - lam @ grad_g - mu @ grad_h
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, stationarity=peak(pull.abs()))


@wrong("leave out the multipliers: grad f + sum of all gradients")
def without_multipliers(grad_f, g, grad_g, h, grad_h, lam, mu):
    pull = grad_f + grad_g.sum(0) + grad_h.sum(0)
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, stationarity=peak(pull.abs()))


@wrong("leave the inequalities out of the Lagrangian")
def equalities_only(grad_f, g, grad_g, h, grad_h, lam, mu):
    pull = grad_f + lam @ grad_g
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, stationarity=peak(pull.abs()))


@wrong("take the Euclidean norm: asked for is the largest entry",
       right_for="the Euclidean norm; here it is the largest entry")  # fmt: skip
def euclidean(grad_f, g, grad_g, h, grad_h, lam, mu):
    pull = grad_f + lam @ grad_g + mu @ grad_h
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, stationarity=pull.norm())


@wrong("forget the size: a negative entry misses as much as a positive one")
def without_size(grad_f, g, grad_g, h, grad_h, lam, mu):
    pull = grad_f + lam @ grad_g + mu @ grad_h
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, stationarity=peak(pull))


@wrong("treat inequalities as equalities: h below 0 is allowed")
def all_equalities(grad_f, g, grad_g, h, grad_h, lam, mu):
    primal = max(peak(g.abs()), peak(h.abs()))
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, primal=primal)


@wrong("treat equalities as inequalities: g below 0 misses, too")
def all_inequalities(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, primal=max(peak(g), peak(h)))


@wrong("ask for h >= 0")
def other_side(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, primal=max(peak(g.abs()), peak(-h)))


@wrong("let the multipliers have any sign", right_for="equalities; here mu is an inequality's")
def any_sign(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, dual=0.0)


@wrong("ask for mu <= 0", right_for="constraints h >= 0, or a maximum; here h <= 0 and a minimum")
def negative_multipliers(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, dual=peak(mu))


@wrong("ask for lam >= 0 as well: an equality pushes either way")
def lam_too(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, dual=max(peak(-mu), peak(-lam)))


@wrong("sum mu h before taking its size: a positive and a negative product cancel")
def slackness_of_the_sum(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, slackness=(mu @ h).abs())


@wrong("leave out complementary slackness: a constraint that isn't active may then push")
def without_slackness(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu, slackness=0.0)


@wrong("take the smaller of |mu| and |h| for the slackness",
       right_for="another measure of slackness; here it is the product")  # fmt: skip
def smaller_of_both(grad_f, g, grad_g, h, grad_h, lam, mu):
    return run(grad_f, g, grad_g, h, grad_h, lam, mu,
               slackness=peak(torch.minimum(mu.abs(), h.abs())))  # fmt: skip


@right("in plain Python")
def in_plain_python(grad_f, g, grad_g, h, grad_h, lam, mu):
    n, p, m = len(grad_f), len(g), len(h)
    for name, tensor, shape in (
        ("grad_g", grad_g, (p, n)), ("grad_h", grad_h, (m, n)), ("lam", lam, (p,)), ("mu", mu, (m,)),
    ):  # fmt: skip
        if tuple(tensor.shape) != shape:
            raise ValueError(f"`{name}` has shape {tuple(tensor.shape)}")
    pull = [float(f) for f in grad_f]
    for weights, rows in ((lam, grad_g), (mu, grad_h)):
        for weight, row in zip(weights, rows, strict=True):
            pull = [a + float(weight * b) for a, b in zip(pull, row, strict=True)]
    return {
        "stationarity": max((abs(a) for a in pull), default=0.0),
        "primal": max([0.0, *(abs(float(v)) for v in g), *(float(v) for v in h)]),
        "dual": max([0.0, *(-float(v) for v in mu)]),
        "slackness": max([0.0, *(abs(float(a * b)) for a, b in zip(mu, h, strict=True))]),
    }
