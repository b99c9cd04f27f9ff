"""SyncBN: shards of unequal size, merged."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("population_stats",),
    hints=(
        "Two shards, each of equal values, but not the same ones: is the variance of all 0?",
        "The variance of all is a mean of the shards' variances plus how their means spread.",
        "sum k_i (v_i + (m_i - m)^2) / sum k_i, with m = sum k_i m_i / sum k_i",
    ),
)


def truth(values):
    """Return the three statistics of [m, c] by torch."""
    return values.mean(0), values.var(0, correction=0), values.var(0)


def stats(shards):
    means = torch.stack([s.mean(0) for s in shards])
    return means, torch.stack([s.var(0, correction=0) for s in shards])


@claim("S4-073", "S0-285")
def test_a_case_worked_by_hand(merge_batch_stats):
    # Feature 0: (1, 1, 1) and (5); feature 1: (0, 2, 4) with the variance 8/3, and (6).
    means, variances = vector(1, 2, 5, 6).reshape(2, 2), vector(0, 8 / 3, 0, 0).reshape(2, 2)
    want = vector(2, 3), vector(3, 5), vector(4, 20 / 3)
    check(merge_batch_stats, means, variances, [3, 1], want=want)


@claim("S4-073")
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 3), st.data())
def test_equals_the_statistics_of_the_whole_batch(merge_batch_stats, counts, c, data):
    counts[0] += 1
    x = data.draw(inputs.tensors(sum(counts), c))
    check(merge_batch_stats, *stats(x.split(counts)), counts, want=truth(x), scale=25.0)


def test_images_count_their_pixels(merge_batch_stats):
    shards = [inputs.numbers(n, 3, h, 2).movedim(1, -1).reshape(-1, 3) for n, h in ((2, 4), (1, 3))]
    want = truth(torch.cat(shards))
    check(merge_batch_stats, *stats(shards), [16, 6], want=want)


def test_an_empty_shard_has_no_effect(merge_batch_stats):
    means, variances = vector(7, 1, torch.nan, 5).reshape(4, 1), vector(9, 0, torch.nan, 0)[:, None]
    want = vector(2), vector(3), vector(4)
    check(merge_batch_stats, means, variances, [0, 3, 0, 1], want=want)


def test_a_nan_of_a_shard_with_values_spoils_its_own_feature(merge_batch_stats):
    means = vector(torch.nan, 0, 0, 4).reshape(2, 2)
    want = vector(torch.nan, 2), vector(torch.nan, 4), vector(torch.nan, 16 / 3)
    check(merge_batch_stats, means, torch.zeros(2, 2).double(), [2, 2], want=want)


def test_one_shard_alone_keeps_its_statistics(merge_batch_stats):
    means, variances = vector(2, -1).reshape(1, 2), vector(6, 0).reshape(1, 2)
    want = vector(2, -1), vector(6, 0), vector(8, 0)
    check(merge_batch_stats, means, variances, [4], want=want)


def test_features_far_from_0_keep_their_digits(merge_batch_stats):
    means, variances = 1e9 + vector(1, 5).reshape(2, 1), vector(0, 0).reshape(2, 1)
    # slack: a weighted mean at 1e9 is rounded to steps of 1e-7.
    want = vector(1e9 + 2), vector(3), vector(4)
    check(merge_batch_stats, means, variances, [3, 1], want=want, slack=1e4)


def test_keeps_float32_and_reads_by_strides(merge_batch_stats):
    means, variances = inputs.numbers(3, 2).mT, inputs.numbers(3, 2).mT.abs()
    weights = vector(0.75, 0.25)[:, None]
    mean = (weights * means).sum(0)
    var = (weights * (variances + (means - mean) ** 2)).sum(0)
    check(merge_batch_stats, means, variances, [6, 2], want=(mean, var, var * 8 / 7))
    narrow = tuple(t.float() for t in (mean, var, var * 8 / 7))
    check(merge_batch_stats, means.float(), variances.float(), [6, 2], want=narrow)


@pytest.mark.parametrize("counts", [[3], [3, 1, 2], [3, -1], [1, 0], [0, 0]])
def test_refuses_counts_that_are_no_sizes_of_the_shards(merge_batch_stats, counts):
    two = torch.ones(2, 3)
    check(merge_batch_stats, two, two, counts, raises=ValueError, naming={"counts": counts})


def test_refuses_statistics_that_do_not_match(merge_batch_stats):
    for shape in ((2,), (2, 2, 1)):
        bad = torch.ones(shape)
        check(merge_batch_stats, bad, bad, [3, 1], raises=ValueError, naming={"means": shape})
    for shape in ((3, 2), (2, 1), (2,)):
        arguments = torch.ones(2, 2), torch.ones(shape), [3, 1]
        check(merge_batch_stats, *arguments, raises=ValueError, naming={"variances": shape})


def whole(means, variances, counts, correction=1):
    """Merge in float64, and leave empty shards out."""
    k = torch.tensor(counts, dtype=torch.float64)[:, None]
    m, v = (torch.where(k > 0, t.double(), 0) for t in (means, variances))
    total = k.sum()
    mean = (k * m).sum(0) / total
    var = (k * (v + (m - mean) ** 2)).sum(0) / total
    return tuple(t.to(means.dtype) for t in (mean, var, var * total / (total - correction)))


@wrong("average the shards' variances: how their means differ is lost")
def within_only(means, variances, counts):
    mean, _, _ = whole(means, variances, counts)
    _, var, unbiased = whole(0 * means.nan_to_num(), variances, counts)
    return mean, var, unbiased


@wrong("let all shards weigh alike, whatever their size")
def unweighted(means, variances, counts):
    kept = [i for i, k in enumerate(counts) if k]
    m, v = means[kept], variances[kept]
    mean, total = m.mean(0), sum(counts)
    var = (v + (m - mean) ** 2).mean(0)
    return mean, var, var * total / (total - 1)


@wrong("weigh the variances, but not the means")
def unweighted_mean(means, variances, counts):
    kept = [i for i, k in enumerate(counts) if k]
    _, var, unbiased = whole(means, variances, counts)
    return means[kept].mean(0), var, unbiased


@wrong("take the shards' variances for unbiased ones: multiply each by k - 1")
def takes_them_for_unbiased(means, variances, counts):
    k = torch.tensor(counts, dtype=means.dtype)[:, None]
    smaller = variances * (k - 1).clamp(min=0) / k.clamp(min=1)
    return whole(means, smaller, counts)


@wrong("correct by the number of shards and not by that of the values")
def corrects_by_shards(means, variances, counts):
    mean, var, _ = whole(means, variances, counts)
    k = max(len(counts), 2)
    return mean, var, var * k / (k - 1)


@wrong("return the biased variance in both places")
def biased_twice(means, variances, counts):
    return whole(means, variances, counts, correction=0)


@wrong("return the unbiased variance first")
def swapped(means, variances, counts):
    mean, var, unbiased = whole(means, variances, counts)
    return mean, unbiased, var


@wrong("add an empty shard's statistics with the weight 0: 0 times nan is nan")
def adds_empty_shards(means, variances, counts):
    k = torch.tensor(counts, dtype=means.dtype)[:, None] / sum(counts)
    mean = (k * means).sum(0)
    var = (k * (variances + (means - mean) ** 2)).sum(0)
    return mean, var, var * sum(counts) / (sum(counts) - 1)


@wrong("take every nan for 0, also that of a shard with values: nobody sees what went wrong")
def hides_nan(means, variances, counts):
    return whole(means.nan_to_num(0), variances.nan_to_num(0), counts)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(means, variances, counts):
    k = torch.tensor(counts, dtype=means.dtype)[:, None] / sum(counts)
    m, v = (torch.where(k > 0, t, 0) for t in (means, variances))
    mean = (k * m).sum(0)
    var = ((k * (v + m**2)).sum(0) - mean**2).clamp(min=0)
    return mean, var, var * sum(counts) / (sum(counts) - 1)


def refuse(means, variances, counts):
    if means.ndim != 2:
        raise ValueError(f"`means` of shape {tuple(means.shape)}")
    if list(variances.shape) != list(means.shape):
        raise ValueError(f"`variances` of shape {tuple(variances.shape)}")
    if len(counts) != means.shape[0] or min(counts) < 0 or sum(counts) <= 1:
        raise ValueError(f"`counts` = {counts}")


@right("one shard after another, as Chan merges two")
def one_after_another(means, variances, counts):
    refuse(means, variances, counts)
    n, mean, squares = 0, torch.zeros_like(means[0]), torch.zeros_like(means[0])
    for k, m, v in zip(counts, means, variances, strict=True):
        if k == 0:
            continue
        delta = m - mean
        mean = m if n == 0 else mean + delta * k / (n + k)
        squares = squares + k * v + (0 if n == 0 else delta**2 * n * k / (n + k))
        n += k
    return mean, squares / n, squares / (n - 1)
