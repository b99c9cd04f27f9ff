"""Refute that a step of Newton's method brings f nearer to 0."""

from fractions import Fraction

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("newton",),
    hints=(
        "The step is exact for the linear part of f. Where is the rest of f large?",
        "A small slope makes a long step. How large is a cube at its end?",
        "Put the start at 0: only f(0) and f'(0) decide where x1 is. Then choose the rest.",
    ),
)


def value(coefficients, x):
    return sum(c * x**k for k, c in enumerate(coefficients))


def slope(coefficients, x):
    return sum(k * c * x ** (k - 1) for k, c in enumerate(coefficients) if k)


def has_a_real_root(coefficients):
    import sympy

    poly = sympy.Poly(list(reversed(coefficients)), sympy.Symbol("x"))
    return poly.degree() > 0 and poly.count_roots() > 0


def refutes(answer):
    coefficients, start = answer
    whole = all(type(n) is int for n in [*coefficients, start])
    if not whole or len(coefficients) > 4 or not all(-9 <= c <= 9 for c in coefficients):
        return False
    x0 = Fraction(start)
    before, steepness = value(coefficients, x0), slope(coefficients, x0)
    if not before or not steepness or not has_a_real_root(coefficients):
        return False
    return abs(value(coefficients, x0 - before / steepness)) >= 10 * abs(before)


@claim("S0-122")
def test_the_statement_fails_on_it(refute_newton_shrinks):
    told = "f with a root, f'(x0) not 0, and |f(x1)| of at least 10 |f(x0)|, in whole numbers"
    check(refute_newton_shrinks, want=such_that(told, refutes))


@wrong("start where the tangent is flat: there is no x1")
def flat_start():
    return [-9, 0, 0, 1], 0


@wrong("take a function without a real root: the statement has nothing to say of it")
def no_root():
    return [9, 1, 2], 0


@wrong("start at a root: f(x0) is 0, and x1 is x0")
def at_a_root():
    return [0, 1, 0, 9], 0


@wrong("start near the root, where the statement is true")
def near_by():
    return [-2, 0, 1], 2


@wrong("let |f| grow, but not tenfold")
def too_little():
    return [-9, 0, 1], 1


@wrong("take a function that equals its linear part: x1 is its root")
def affine():
    return [9, 1], 0


@right("a parabola that is nearly flat at the start")
def parabola():
    return [-9, 1, 9], 0


@right("a start that isn't 0")
def elsewhere():
    return [9, 1, -3, 2], 1
