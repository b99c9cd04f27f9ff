"""torch's label_smoothing a = eps k / (k - 1) has the notes' soft labels as its target."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("soft_labels", "label_smoothing_cross_entropy"),
    hints=(
        "Write down what each convention gives to a class that is not the true one.",
        "a / k = eps / (k - 1). Check that the true class agrees too.",
    ),
)


@claim("S3-135")
def test_a_case_worked_by_hand(smoothing_equivalent):
    # k = 4, eps = 1/5: the others get 1/15 each, which is a quarter of 4/15
    check(smoothing_equivalent, Fraction(1, 5), 4, want=Fraction(4, 15))


@claim("S3-135")
@given(st.integers(2, 12), st.integers(0, 24))
def test_both_conventions_have_the_same_target(smoothing_equivalent, k, parts):
    eps = Fraction(parts, 24) * Fraction(k - 1, k)

    def agrees(a):
        a = Fraction(a)
        return 1 - a + a / k == 1 - eps and a / k == eps / (k - 1)

    told = "the a for which 1 - a + a / k = 1 - eps, exactly"
    check(smoothing_equivalent, eps, k, want=such_that(told, agrees))


@claim("S3-135")
def test_nothing_stays_nothing_and_the_uniform_target_is_1(smoothing_equivalent):
    check(smoothing_equivalent, Fraction(0), 7, want=Fraction(0))
    check(smoothing_equivalent, Fraction(6, 7), 7, want=Fraction(1))


@claim("S3-135")
def test_stays_exact_for_a_fraction_that_no_float_holds(smoothing_equivalent):
    eps = Fraction(1, 3**40)
    check(smoothing_equivalent, eps, 7, want=Fraction(7, 6 * 3**40))


def test_refuses_what_torch_cannot_do(smoothing_equivalent):
    for eps in (Fraction(5, 7), Fraction(-1, 7)):
        check(smoothing_equivalent, eps, 3, raises=ValueError, naming={"eps": eps})


@pytest.mark.parametrize("k", [1, 0])
def test_refuses_a_single_class(smoothing_equivalent, k):
    check(smoothing_equivalent, Fraction(0), k, raises=ValueError, naming={"k": k})


@wrong("take the two conventions for the same")
def unchanged(eps, k):
    return eps


@wrong(
    "convert the other way: from torch's convention to the notes'",
    right_for="the way from torch's to the notes'; here it is the other way",
)
def inverse(eps, k):
    return eps * (k - 1) / k


@wrong("divide by k + 1")
def k_plus_1(eps, k):
    return eps * k / (k + 1)


@wrong("compute with floating point numbers: the result is not exact")
def floating(eps, k):
    return float(eps) * k / (k - 1)


@wrong("go through floating point numbers, and take the nearest simple fraction")
def nearest_fraction(eps, k):
    return Fraction(float(eps) * k / (k - 1)).limit_denominator()


@wrong("return what one class gets, and not k times that")
def one_part(eps, k):
    return eps / (k - 1)


@right("from the true class: 1 - a (k - 1) / k = 1 - eps")
def from_the_true_class(eps, k):
    if k <= 1:
        raise ValueError(f"k = {k}")
    if eps < 0 or eps > 1 - Fraction(1, k):
        raise ValueError(f"eps = {eps}")
    return eps / (1 - Fraction(1, k))
