"""From the statistics of batches to those of the population: m / (m - 1)."""

import itertools
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("update_running_stats",),
    hints=(
        "What is the expected value of the biased variance of two independent values?",
        "E[biased variance of m values] = (m - 1) / m * Var[x].",
        "means.mean(0) and m / (m - 1) * variances.mean(0)",
    ),
)


def of_batches(batches):
    """Return the mean and the biased variance of each batch in [batches, m, c]."""
    return batches.mean(1), batches.var(1, correction=0)


@claim("S4-073", "S4-074", "S4-087")
def test_a_case_worked_by_hand(population_stats):
    means, variances = vector(2, 0, 6, 3).reshape(2, 2), vector(3, 0, 6, 1).reshape(2, 2)
    check(population_stats, means, variances, 4, want=(vector(4, 1.5), vector(6, 2 / 3)))


@claim("S4-073", "S4-074")
@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_average_over_all_batches_there_are_is_the_truth(population_stats, m):
    # All batches of m draws from these four values, each as likely as any other.
    values = vector(1, -2, 0.5, 8)
    batches = values[torch.tensor(list(itertools.product(range(4), repeat=m)))][..., None]
    truth = values.mean()[None], values.var(correction=0)[None]
    check(population_stats, *of_batches(batches), m, want=truth)


@claim("S4-073", "S4-074")
@given(inputs.tensors(inputs.sizes(1, 4), inputs.sizes(1, 3)), st.integers(2, 9))
def test_equals_the_definition_in_exact_fractions(population_stats, means, m):
    variances = means.square()
    rows = [[Fraction(v) for v in column] for column in variances.mT.tolist()]
    want = vector(*(float(sum(row) / len(row) * Fraction(m, m - 1)) for row in rows))
    check(population_stats, means, variances, m, want=(means.mean(0), want), scale=5.0)


@claim("S4-074")
@counterexample("S4-074")
def test_after_one_batch_frameworks_hold_something_else(population_stats):
    # The notes: Var[x] = m/(m-1) E[sigma^2] is what inference uses. torch's layer uses a mixture.
    x = vector(0, 2, 4).reshape(3, 1)
    layer = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    layer(x)
    means, variances = of_batches(x[None])
    check(population_stats, means, variances, 3, want=(vector(2), vector(4)))
    check(lambda: (layer.running_mean, layer.running_var), want=(vector(0.2), vector(1.3)))


def test_keeps_the_dtype_and_reads_by_strides(population_stats):
    means, variances = inputs.numbers(3, 2).mT, inputs.numbers(3, 2).mT.abs()
    want = means.mean(0), 1.25 * variances.mean(0)
    check(population_stats, means, variances, 5, want=want)
    narrow = tuple(t.float() for t in want)
    check(population_stats, means.float(), variances.float(), 5, want=narrow)


@claim("S4-074")
def test_refuses_batches_of_one(population_stats):
    for m in (1, 0, -3):
        arguments = torch.ones(3, 2), torch.zeros(3, 2), m
        check(population_stats, *arguments, raises=ValueError, naming={"m": m})


def test_refuses_statistics_that_do_not_match(population_stats):
    for shape in ((2,), (0, 2), (3, 2, 1)):
        bad = torch.ones(shape)
        check(population_stats, bad, bad, 4, raises=ValueError, naming={"means": shape})
    for shape in ((2, 2), (3, 1), (2,), (2, 3)):
        arguments = torch.ones(3, 2), torch.ones(shape), 4
        check(population_stats, *arguments, raises=ValueError, naming={"variances": shape})


@wrong("leave the factor m / (m - 1) out: the variance comes out too small")
def biased(means, variances, m):
    return means.mean(0), variances.mean(0)


@wrong("multiply by (m - 1) / m: the variance comes out smaller still")
def inverted(means, variances, m):
    return means.mean(0), variances.mean(0) * (m - 1) / m


@wrong("add the variance of the batches' means: the factor m / (m - 1) is for that already")
def adds_the_means(means, variances, m):
    between = means.var(0, correction=0)
    return means.mean(0), m / (m - 1) * variances.mean(0) + between


@wrong("correct for the number of batches and not for that of the values in one")
def by_batches(means, variances, m):
    k = max(len(means), 2)
    return means.mean(0), k / (k - 1) * variances.mean(0)


@wrong("correct for all values of all batches together: m k / (m k - 1)")
def by_all_values(means, variances, m):
    total = m * len(means)
    return means.mean(0), total / (total - 1) * variances.mean(0)


@wrong("average the standard deviations and square them")
def averages_deviations(means, variances, m):
    return means.mean(0), m / (m - 1) * variances.sqrt().mean(0).square()


@wrong("average over the features and not over the batches")
def over_features(means, variances, m):
    return means.mean(1), m / (m - 1) * variances.mean(1)


@wrong("use the last batch only")
def last_batch(means, variances, m):
    return means[-1].clone(), m / (m - 1) * variances[-1]


def refuse(means, variances, m):
    if means.ndim != 2 or means.shape[0] == 0:
        raise ValueError(f"`means` of shape {tuple(means.shape)}")
    if list(variances.shape) != list(means.shape):
        raise ValueError(f"`variances` of shape {tuple(variances.shape)}")
    if m <= 1:
        raise ValueError(f"`m` = {m}")


@right("from sums of squares: m var is what a batch's squares add up to")
def by_sums(means, variances, m):
    refuse(means, variances, m)
    k = means.shape[0]
    return means.sum(0) / k, (m * variances).sum(0) / (k * (m - 1))
