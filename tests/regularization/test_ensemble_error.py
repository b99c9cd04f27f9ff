"""variance / k + (k - 1) / k covariance: what the errors have in common, averaging leaves."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "Multiply out the square of the mean of k errors: which products come up, how often?",
        "k squares of mean `variance`, k (k - 1) products of mean `covariance`, over k^2.",
        "variance / k + (k - 1) / k * covariance",
    ),
)


@claim("S4-171", "S0-341")
def test_a_case_worked_by_hand(ensemble_error):
    check(ensemble_error, 4.0, 1.0, 3, want=2.0)
    check(ensemble_error, 4.0, covariance=2.0, k=2, want=3.0)
    check(ensemble_error, 6.0, -1.0, k=4, want=0.75)


@counterexample("S4-171")  # independent models: 10 would have a tenth of the error, 0.1
def test_ten_models_that_share_training_rows_keep_more_than_a_tenth(ensemble_error):
    check(ensemble_error, 1.0, 0.3, 10, want=0.37)


@claim("S4-171", "S0-341")
@given(st.integers(0, 24), st.integers(0, 24), st.integers(1, 7))
def test_is_the_mean_of_all_entries_of_the_covariance_matrix(ensemble_error, variance, share, k):
    covariance = variance / 8 * share / 24
    matrix = torch.full((k, k), covariance, dtype=torch.float64).fill_diagonal_(variance / 8)
    check(ensemble_error, variance / 8, covariance, k, want=float(matrix.mean()))


@claim("S4-171", "S0-344", "S0-341")
@pytest.mark.parametrize("k", [1, 2, 9])
def test_models_that_err_alike_gain_nothing_and_independent_ones_most(ensemble_error, k):
    check(ensemble_error, 5.0, 5.0, k, want=5.0)
    check(ensemble_error, 5.0, 0.0, k, want=5.0 / k)


@claim("S4-171")
@pytest.mark.parametrize("k", [2, 3, 5])
def test_errors_that_cancel_leave_nothing(ensemble_error, k):
    check(ensemble_error, float(k - 1), -1.0, k, want=0.0)


def test_one_model_has_its_own_error(ensemble_error):
    check(ensemble_error, 3.0, 1.0, 1, want=3.0)
    check(ensemble_error, 3.0, 99.0, 1, want=3.0)
    check(ensemble_error, 0.0, 0.0, 4, want=0.0)


def test_refuses_moments_that_no_errors_have(ensemble_error):
    for k in (0, -2):
        check(ensemble_error, 1.0, 0.5, k, raises=ValueError, naming={"k": k})
    for variance in (-1.0, math.nan, math.inf):
        call, naming = (variance, variance, 2), {"variance": variance}
        check(ensemble_error, *call, raises=ValueError, naming=naming)
    for covariance, k in (
        (1.5, 2),
        (-1.5, 2),
        (-0.75, 3),
        (math.nan, 2),
        (math.nan, 1),
        (-math.inf, 1),
    ):
        call, naming = (1.0, covariance, k), {"covariance": covariance}
        check(ensemble_error, *call, raises=ValueError, naming=naming)


@wrong("take the models for independent")
def independent(variance, covariance, k):
    return variance / k


@wrong("count each pair once: (i, j) and (j, i) are two products")
def pairs_once(variance, covariance, k):
    return variance / k + (k - 1) / (2 * k) * covariance


@wrong("let all of the covariance stay: only k (k - 1) of the k^2 products are mixed")
def whole_covariance(variance, covariance, k):
    return variance / k + covariance


@wrong("forget to divide the mixed products by k")
def undivided(variance, covariance, k):
    return variance / k + (k - 1) * covariance


@wrong("take the covariance for a correlation")
def as_correlation(variance, covariance, k):
    return variance / k + (k - 1) / k * covariance * variance


@wrong("return the error of the models' sum")
def of_the_sum(variance, covariance, k):
    return k * variance + k * (k - 1) * covariance


@wrong("subtract the covariance")
def subtracted(variance, covariance, k):
    return variance / k - (k - 1) / k * covariance


@wrong("return the average error of the models: averaging would gain nothing")
def average(variance, covariance, k):
    return float(variance)


@right("as the common part of the errors and the part of each model")
def in_two_parts(variance, covariance, k):
    if k < 1:
        raise ValueError(f"k={k}")
    if not (math.isfinite(variance) and variance >= 0):
        raise ValueError(f"variance={variance}")
    if not math.isfinite(covariance):
        raise ValueError(f"covariance={covariance}")
    if k == 1:
        return variance
    if covariance > variance or variance + (k - 1) * covariance < 0:
        raise ValueError(f"covariance={covariance}")
    return covariance + (variance - covariance) / k


@plot(x="models", y="expected squared error")
def plot_what_models_have_in_common_stays(ensemble_error):
    ks = range(1, 31)
    return {
        f"covariance {c:g}": (ks, [ensemble_error(1.0, c, k) for k in ks]) for c in (0.0, 0.3, 0.7)
    }
