"""d/dlam log(e^(lam a) + e^(lam b)) = (a e^(lam a) + b e^(lam b)) / (e^(lam a) + e^(lam b))."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("scaled_log_sum_exp",),
    forbid=("sympy.core.function.Derivative",),
    instead="work the derivative out on paper",
    hints=(
        "The derivative of log f is f' / f.",
        "a is the inner derivative of exp(lam a), and b that of exp(lam b).",
        "(a e^(lam a) + b e^(lam b)) / (e^(lam a) + e^(lam b)).",
    ),
)


@claim("S3-147")
def test_equals_what_sympy_derives(real_softmax_slope):
    import sympy as sp

    a, b, lam = sp.symbols("a b lam")
    want = sp.diff(sp.log(sp.exp(lam * a) + sp.exp(lam * b)), lam)
    check(real_softmax_slope, a, b, lam, want=want)


@claim("S3-147")
def test_the_symbols_may_have_each_others_names(real_softmax_slope):
    import sympy as sp

    b, lam, a = sp.symbols("a b lam")
    want = sp.diff(sp.log(sp.exp(lam * a) + sp.exp(lam * b)), lam)
    check(real_softmax_slope, a, b, lam, want=want)


@claim("S3-147")
def test_equals_the_second_form_of_the_notes(real_softmax_slope):
    import sympy as sp

    x, y, t = sp.symbols("x y t", real=True)
    want = (x - y) * sp.exp(t * x) / (sp.exp(t * x) + sp.exp(t * y)) + y
    check(real_softmax_slope, x, y, t, want=want)


@claim("S3-147")
@pytest.mark.parametrize(("a", "b"), [(2, 2), (0, 0), (-3, -3)])
def test_at_a_tie_it_is_the_common_value(real_softmax_slope, a, b):
    import sympy as sp

    lam = sp.Symbol("lam")
    check(real_softmax_slope, sp.Integer(a), sp.Integer(b), lam, want=sp.Integer(a))


@claim("S3-147")
@given(st.integers(-4, 4), st.integers(-4, 4))
def test_at_lam_0_it_is_the_mean_and_at_log_2_a_fraction(real_softmax_slope, a, b):
    import sympy as sp

    mean = sp.Rational(a + b, 2)
    check(real_softmax_slope, sp.Integer(a), sp.Integer(b), sp.Integer(0), want=mean)
    left, right = sp.Integer(2) ** a, sp.Integer(2) ** b
    want = (a * left + b * right) / (left + right)
    check(real_softmax_slope, sp.Integer(a), sp.Integer(b), sp.log(2), want=want)


@wrong("forget the inner derivatives: the fraction becomes 1")
def without_the_chain_rule(a, b, lam):
    import sympy as sp

    return sp.Integer(1)


@wrong("put what is passed in place of symbols of your own, one by one: equal names run together")
def one_by_one(a, b, lam):
    import sympy as sp

    own = sp.symbols("a b lam")
    slope = by_a_sigmoid(*own)
    for symbol, passed in zip(own, (a, b, lam), strict=True):
        slope = slope.subs(symbol, passed)
    return slope


@wrong("give each weight to the other number")
def weights_swapped(a, b, lam):
    import sympy as sp

    left, right = sp.exp(lam * a), sp.exp(lam * b)
    return (b * left + a * right) / (left + right)


@wrong("forget the denominator: that is the derivative of the sum and not of its logarithm")
def without_the_denominator(a, b, lam):
    import sympy as sp

    return a * sp.exp(lam * a) + b * sp.exp(lam * b)


@wrong("differentiate the whole quotient by lam: L'Hopital differentiates above and below apart")
def of_the_quotient(a, b, lam):
    import sympy as sp

    left, right = sp.exp(lam * a), sp.exp(lam * b)
    slope = (a * left + b * right) / (left + right)
    return slope / lam - sp.log(left + right) / lam**2 if lam != 0 else slope


@wrong("take (a + b) out of the sum")
def common_factor(a, b, lam):
    return a + b


@wrong("return the share of `a` alone")
def share_of_a(a, b, lam):
    import sympy as sp

    return a * sp.exp(lam * a) / (sp.exp(lam * a) + sp.exp(lam * b))


@wrong("return the limit and not the derivative")
def the_limit(a, b, lam):
    import sympy as sp

    return sp.Max(a, b)


@right("as b plus the difference, weighted by a sigmoid")
def by_a_sigmoid(a, b, lam):
    import sympy as sp

    return b + (a - b) / (1 + sp.exp(lam * (b - a)))
