"""L2: along the coefficients; L1: one entry, at the largest of them."""

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    forbid=("lstsq", "pinv", "scipy"),
    instead="write the solution down",
    hints=(
        "Draw the line and the circle, or the square on its tip, that touches it.",
        "L2: the shortest way from 0 to a plane is along its normal. L1: a corner of the diamond.",
        "coefficients * target / ||coefficients||^2; target / the largest coefficient, in one entry.",
    ),
)


@claim("S4-023")
def test_a_case_worked_by_hand(min_norm_solution):
    coefficients = vector(1.0, -4.0, 2.0, 2.0)  # the squares sum to 25
    check(min_norm_solution, coefficients, 5.0, 2, want=vector(0.2, -0.8, 0.4, 0.4))
    check(min_norm_solution, coefficients, 6.0, p=1, want=vector(0.0, -1.5, 0.0, 0.0))


@claim("S4-023")
def test_the_example_of_one_and_two(min_norm_solution):
    check(min_norm_solution, vector(1.0, 2.0), 2.0, 2, want=vector(0.4, 0.8))
    check(min_norm_solution, vector(1.0, 2.0), 2.0, 1, want=vector(0.0, 1.0))


@claim("S4-023")
@given(
    inputs.tensors(inputs.sizes(1, 4)),
    st.integers(-40, 40).map(lambda k: k / 8),
    st.sampled_from([1, 2]),
)
def test_no_other_solution_is_smaller(min_norm_solution, coefficients, target, p):
    assume(coefficients.any())
    # Hoelder: |target| <= ||a||_q ||w||_p, with equality at the smallest.
    dual = coefficients.abs().max() if p == 1 else coefficients.square().sum().sqrt()
    least = abs(target) / float(dual)

    def smallest(w):
        solves = abs(float(coefficients @ w) - target) < 1e-9
        size = float(w.abs().sum()) if p == 1 else math.sqrt(float(w @ w))
        return w.shape == coefficients.shape and solves and size <= least * (1 + 1e-12)

    told = f"a solution whose L{p} norm is the smallest possible"
    check(min_norm_solution, coefficients, target, p, want=such_that(told, smallest))


@claim("S4-023")
@given(inputs.tensors(inputs.sizes(1, 4)), st.integers(-40, 40).map(lambda k: k / 8))
def test_equals_the_pseudo_inverse(min_norm_solution, coefficients, target):
    assume(coefficients.any())
    want = torch.linalg.pinv(coefficients[None])[:, 0] * target
    check(min_norm_solution, coefficients, target, 2, want=want)


@claim("S4-023")
def test_of_equally_good_entries_the_first_is_taken(min_norm_solution):
    want = vector(0.0, -2.0, 0.0, 0.0)
    check(min_norm_solution, vector(1.0, -3.0, 3.0, -3.0), 6.0, 1, want=want)
    check(min_norm_solution, torch.full((40,), -2.0), 6.0, 1, want=torch.eye(40)[0] * -3)


@claim("S4-023")
def test_a_coefficient_that_is_hardly_larger_is_larger(min_norm_solution):
    coefficients = vector(2.0, 2.0 + 2**-30)
    want = vector(0.0, 6 / (2.0 + 2**-30))
    check(min_norm_solution, coefficients, 6.0, 1, want=want)


@claim("S4-023")
def test_a_target_of_0_needs_no_weights(min_norm_solution):
    for p in (1, 2):
        check(min_norm_solution, vector(2.0, -3.0), 0.0, p, want=vector(0.0, 0.0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(min_norm_solution, dtype):
    coefficients = torch.tensor([3.0, -4.0], dtype=dtype)
    want = torch.tensor([1.5, -2.0], dtype=dtype)
    check(min_norm_solution, coefficients, 12.5, 2, want=want)
    check(min_norm_solution, coefficients, 10.0, 1, want=torch.tensor([0, -2.5], dtype=dtype))


def test_reads_by_strides(min_norm_solution):
    column = vector([3.0, 9.0], [-4.0, 9.0])[:, 0]
    check(min_norm_solution, column, 12.5, 2, want=vector(1.5, -2.0))


def test_refuses_an_equation_without_weights(min_norm_solution):
    for coefficients, shape in ((vector(0.0, 0.0), (2,)), (torch.zeros(0), (0,))):
        args = (coefficients, 1.0, 1)
        check(min_norm_solution, *args, raises=ValueError, naming={"coefficients": shape})


def test_refuses_other_norms(min_norm_solution):
    for p in (0, 3, -1):
        check(min_norm_solution, vector(1.0, 2.0), 1.0, p, raises=ValueError, naming={"p": p})


def at(coefficients, target, index):
    weights = torch.zeros_like(coefficients)
    weights[index] = target / coefficients[index]
    return weights


def shortest(coefficients, target):
    return coefficients * (target / coefficients.square().sum())


@wrong("take L2's solution for both norms")
def always_l2(coefficients, target, p):
    return shortest(coefficients, target)


@wrong("look for the largest coefficient, not the largest size")
def largest_signed(coefficients, target, p):
    if p == 2:
        return shortest(coefficients, target)
    return at(coefficients, target, int(coefficients.argmax()))


@wrong("share alike between the entries")
def shared(coefficients, target, p):
    if p == 2:
        return shortest(coefficients, target)
    return coefficients.sign() * target / coefficients.abs().sum()


@wrong("forget the square: the length and not its square divides")
def not_squared(coefficients, target, p):
    if p == 1:
        return at(coefficients, target, int(coefficients.abs().argmax()))
    return coefficients * target / coefficients.square().sum().sqrt()


@wrong("lose the sign of the coefficient")
def without_sign(coefficients, target, p):
    w = not_squared(coefficients, target, 1) if p == 1 else shortest(coefficients, target)
    return w.abs() * math.copysign(1, target) if p == 1 else w


@wrong("take the smallest coefficient: the dearest entry")
def smallest_coefficient(coefficients, target, p):
    if p == 2:
        return shortest(coefficients, target)
    sizes = coefficients.abs()
    return at(coefficients, target, int(sizes.where(sizes > 0, math.inf).argmin()))


@wrong("share between equally good entries")
def ties_shared(coefficients, target, p):
    if p == 2:
        return shortest(coefficients, target)
    sizes = coefficients.abs()
    best = sizes == sizes.max()
    return torch.where(best, coefficients.sign() * target / (sizes.max() * best.sum()), 0.0)


@wrong("take the last of equally good entries")
def last_tie(coefficients, target, p):
    if p == 2:
        return shortest(coefficients, target)
    sizes = coefficients.abs()
    return at(coefficients, target, int((sizes == sizes.max()).nonzero()[-1]))


@wrong("take L1's solution for both norms")
def always_l1(coefficients, target, p):
    sizes = coefficients.abs()
    return at(coefficients, target, int((sizes == sizes.max()).nonzero()[0]))


@right("with a Python loop for the corner")
def by_a_loop(coefficients, target, p):
    if not bool(coefficients.abs().sum()):
        raise ValueError(f"coefficients: {tuple(coefficients.shape)}")
    if p == 1:
        best = max(range(len(coefficients)), key=lambda i: abs(float(coefficients[i])))
        one_hot = torch.nn.functional.one_hot(torch.tensor(best), len(coefficients))
        return one_hot.to(coefficients) * (target / coefficients[best])
    if p != 2:
        raise ValueError(f"p: {p}")
    return target / torch.dot(coefficients, coefficients) * coefficients
