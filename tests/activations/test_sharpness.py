"""max x + log(n) / lam bounds the smooth maximum of n numbers, and a tie reaches it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("scaled_log_sum_exp",),
    hints=(
        "Bound each of the n terms exp(lam x_i) by the largest.",
        "Then the smooth maximum is at most max x + log(n) / lam. Which x reaches the bound?",
    ),
)


@claim("S3-150", "S3-146")
def test_a_case_worked_by_hand(sharpness):
    # exp(lam * error) = n: 8 = exp(3 log 2).
    check(sharpness, 8, 0.5, want=6 * math.log(2))
    check(sharpness, 2, math.log(2), want=1.0)


@claim("S3-150")
@pytest.mark.parametrize(("n", "error"), [(2, 1e-3), (3, 0.25), (10, 7.0), (1000, 0.01)])
def test_at_a_tie_of_n_the_error_is_just_reached(sharpness, n, error):
    def reached(lam):
        return math.isclose(math.log(n * math.exp(lam * 0.0)) / lam, error, rel_tol=1e-12)

    told = f"a float lam with log(sum of {n} times exp(lam x)) / lam - x = {error}"
    check(sharpness, n, error, want=such_that(told, reached))


@claim("S3-146", "S3-150")
@given(
    st.integers(2, 50),
    st.floats(0.01, 10),
    st.lists(st.integers(-9, 0), min_size=1, max_size=49),
)
def test_no_other_numbers_are_further_off(sharpness, n, error, below):
    from scipy.special import logsumexp

    gaps = [0, *below, *[-2] * 50][:n]  # x - max x

    def holds(lam):
        return lam > 0 and logsumexp([lam * gap for gap in gaps]) / lam <= error * (1 + 1e-12)

    told = f"a float lam for which these x - max x give at most {error}: {gaps}"
    check(sharpness, n, error, want=such_that(told, holds))


@claim("S3-150")
def test_one_number_needs_no_sharpness(sharpness):
    check(sharpness, 1, 0.25, want=0.0)


@pytest.mark.parametrize("n", [0, -3])
def test_refuses_fewer_than_one_number(sharpness, n):
    check(sharpness, n, 0.5, raises=ValueError, naming={"n": n})


@pytest.mark.parametrize("error", [0.0, -0.5, math.inf, math.nan])
def test_refuses_an_error_that_is_not_positive_and_finite(sharpness, error):
    check(sharpness, 3, error, raises=ValueError, naming={"error": error})


@wrong("take log 2 whatever n is")
def always_two(n, error):
    return math.log(2) / error


@wrong(
    "take the logarithm to base 2",
    right_for="logarithms to base 2; here they are natural",
)
def base_two(n, error):
    return math.log2(n) / error


@wrong("use n and not its logarithm")
def without_the_logarithm(n, error):
    return n / error


@wrong("count the terms beside the largest only")
def beside_the_largest(n, error):
    return math.log(n - 1) / error if n > 1 else 0.0


@wrong("multiply by the error: a smaller error would need less")
def multiplied(n, error):
    return math.log(n) * error


@wrong("divide by the logarithm: that bounds lam from the other side")
def upside_down(n, error):
    return error / math.log(n) if n > 1 else 0.0


@wrong("be too careful: half of this lam is enough")
def twice_too_large(n, error):
    return 2 * math.log(n) / error


@wrong("accept a negative error, or no numbers", accepts_bad_input=True)
def unchecked(n, error):
    return math.log(max(n, 1)) / (error or 1.0)


@right("by bisection on the error of a tie")
def by_bisection(n, error):
    if n <= 0:
        raise ValueError(f"n must be 1 or more, got {n}")
    if error <= 0 or not math.isfinite(error):
        raise ValueError(f"error must be above 0 and finite, got {error}")
    low, high = 0.0, n / error
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.log(n) > error * middle else (low, middle)
    return high if n > 1 else 0.0
