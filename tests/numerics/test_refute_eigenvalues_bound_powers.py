"""Refute "small eigenvalues mean vanishing gradients": a matrix whose powers grow first."""

from fractions import Fraction

import pytest
import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    hints=(
        "For a symmetric matrix the rule is right. What do the eigenvalues of a triangular one see?",
        "Compute [[r, c], [0, r]]^k for k = 2 and 3. Where does c go?",
        "The corner of the power is k r^(k-1) c.",
    ),
)


def grows(rho, k, bound):
    """Accept a matrix of small eigenvalues and a large power, both judged in exact fractions."""

    def holds(matrix):
        if type(matrix) is not torch.Tensor or matrix.shape != (2, 2):
            return False
        if matrix.dtype != torch.float64:
            return False
        (a, b), (c, d) = ([Fraction(v) for v in row] for row in matrix.tolist())
        # A millionth more: rounding in the entries moves a double eigenvalue by its square root.
        trace, det, r = a + d, a * d - b * c, Fraction(rho) * (1 + Fraction(1, 10**6))
        # Both roots of z^2 - trace z + det lie in the disc of radius r (Jury's conditions).
        inside = abs(det) <= r * r and abs(trace) * r <= r * r + det
        power = torch.linalg.matrix_power(matrix, k)
        return inside and float(torch.linalg.matrix_norm(power, 2)) >= bound * (1 - 1e-12)

    told = f"float64[2, 2], eigenvalues of at most {rho}, and a power {k} of norm {bound} or more"
    return such_that(told, holds)


@claim("S3-233")
@counterexample("S3-233")
def test_eigenvalues_of_one_half_and_a_cube_of_norm_75(refute_eigenvalues_bound_powers):
    check(refute_eigenvalues_bound_powers, 0.5, 3, 75.0, want=grows(0.5, 3, 75.0))


@claim("S3-233")
@pytest.mark.parametrize(
    ("rho", "k", "bound"), [(0.5, 1, 2.0), (0.9, 2, 1.0), (0.1, 8, 1000.0), (0.75, 40, 1e6)]
)
def test_any_power_can_be_large(refute_eigenvalues_bound_powers, rho, k, bound):
    check(refute_eigenvalues_bound_powers, rho, k, bound, want=grows(rho, k, bound))


def matrix(a, b, c, d):
    return torch.tensor([[a, b], [c, d]], dtype=torch.float64)


@wrong("take a diagonal matrix: its powers are those of the eigenvalues, and the rule holds")
def diagonal(rho, k, bound):
    return matrix(rho, 0.0, 0.0, rho)


@wrong("take a symmetric matrix: its norm is its largest eigenvalue, which is then no longer small")
def symmetric(rho, k, bound):
    return matrix(rho, bound, bound, rho)


@wrong("let the eigenvalues be large: that a power grows then is what the notes say")
def large_eigenvalues(rho, k, bound):
    return matrix(2 * bound ** (1 / k), 0.0, 0.0, rho)


@wrong("put the bound into the corner as it is: in the power it is multiplied by k rho^(k-1)")
def corner_too_small(rho, k, bound):
    return matrix(rho, bound, 0.0, rho)


@wrong(
    "let both eigenvalues be 0: the square of such a matrix is 0, its first power alone is large"
)
def nilpotent(rho, k, bound):
    return matrix(0.0, 1e9 * bound, 0.0, 0.0)


@wrong("multiply the corner by rho^k where you should divide by k rho^(k-1)")
def multiplies(rho, k, bound):
    return matrix(rho, bound * rho**k, 0.0, rho)


@right("for odd powers a quarter turn in stretched coordinates, as long as the stretch")
def quarter_turn(rho, k, bound):
    if k % 2:
        stretch = 4 * bound / rho**k
        return matrix(0.0, rho * stretch, -rho / stretch / 2, 0.0)
    return matrix(-rho, -4 * bound / (k * rho ** (k - 1)), 0.0, -rho)


@right("the lower triangle, with eigenvalues a little smaller")
def lower(rho, k, bound):
    r = rho * 0.875
    return matrix(r, 0.0, 3 * bound / (k * r ** (k - 1)), r)
