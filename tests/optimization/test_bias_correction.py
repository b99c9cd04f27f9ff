"""(1 - beta) (1 + beta + ... + beta^{t-1}) = 1 - beta^t."""

import pytest

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("ema_coefficients",),
    hints=(
        "Which coefficient does y_{t-i} have in M_t?",
        "Multiply 1 + beta + ... + beta^{t-1} by 1 - beta.",
    ),
)


@claim("S3-370")
def test_three_steps_worked_by_hand(bias_correction):
    import sympy as sp

    # 1/4 for the newest value, 3/4 * 1/4 and 9/16 * 1/4 for the others
    check(bias_correction, sp.Rational(3, 4), sp.Integer(3), want=sp.Rational(37, 64))


@claim("S3-370")
@pytest.mark.parametrize("t", [1, 2, 3, 5])
def test_it_is_the_sum_of_the_coefficients(bias_correction, t):
    import sympy as sp

    beta = sp.Symbol("beta")
    want = sp.expand(sum((1 - beta) * beta**i for i in range(t)))
    check(bias_correction, beta, sp.Integer(t), want=want)


@claim("S3-370")
def test_it_is_the_closed_form_for_all_t(bias_correction):
    import sympy as sp

    beta, t = sp.symbols("beta t")
    # It solves s_t = beta s_{t-1} + (1 - beta) with s_0 = 0, the average of 1, 1, 1, ...
    check(bias_correction, beta, t, want=1 - beta**t)


@claim("S3-370")
def test_no_sum_over_the_steps_is_left(bias_correction):
    import sympy as sp

    fits = such_that("an expression without a sum", lambda found: not found.has(sp.Sum))
    check(bias_correction, *sp.symbols("beta t"), want=fits)


@claim("S3-370")
@pytest.mark.parametrize(("beta", "t", "want"), [(0, 3, 1), (1, 3, 0), ("1/2", 0, 0), (0, 0, 0)])
def test_edges(bias_correction, beta, t, want):
    import sympy as sp

    check(bias_correction, sp.Rational(beta), sp.Integer(t), want=sp.Integer(want))


@claim("S3-371")
def test_a_single_step_is_far_below_one_and_fifty_are_close(bias_correction):
    import sympy as sp

    beta = sp.Rational(9, 10)
    check(bias_correction, beta, sp.Integer(1), want=sp.Rational(1, 10))
    check(bias_correction, beta, sp.Integer(5), want=sp.Rational(40951, 100000))
    check(bias_correction, beta, sp.Integer(50), want=1 - beta**50)


@wrong("take the first step's 1 - beta for all steps")
def first_step(beta, t):
    return 1 - beta


@wrong("give the weight of M_0, beta^t, and not that of the values")
def weight_of_the_start(beta, t):
    return beta**t


@wrong(
    "count t from 0 at the first value: 1 - beta^(t+1)",
    right_for="values counted from 0; here the first one has t = 1",
)
def one_too_many(beta, t):
    return 1 - beta ** (t + 1)


@wrong("stop the sum one step early: 1 - beta^(t-1)")
def one_too_few(beta, t):
    return 1 - beta ** (t - 1)


@wrong("forget the factor 1 - beta of the coefficients")
def without_the_factor(beta, t):
    import sympy as sp

    return t if beta == 1 else sp.sympify((1 - beta**t) / (1 - beta))


@wrong("give the limit for large t")
def in_the_limit(beta, t):
    import sympy as sp

    return sp.Integer(1)


@wrong("leave the sum over the steps standing")
def unsummed(beta, t):
    import sympy as sp

    i = sp.Symbol("i", integer=True)
    return sp.Sum((1 - beta) * beta**i, (i, 0, t - 1))


@right("as what is left for the values once M_0 has its share")
def what_is_left(beta, t):
    import sympy as sp

    return sp.Integer(1) - sp.Pow(beta, t)
