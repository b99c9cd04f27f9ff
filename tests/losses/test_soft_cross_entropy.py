"""L = -sum y log softmax(z), for labels that are distributions or any weights."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy as torchs

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    oracles,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("cross_entropy",),
    forbid=(
        "cross_entropy",
        "cross_entropy_loss",
        "nll_loss",
        "kl_div",
        "softmax",
        "log_softmax",
        "logsumexp",
        "logcumsumexp",
        "logaddexp",
        "logaddexp2",
    ),
    instead="write it with exp, log and sum",
    hints=(
        "All log-probabilities of a row share one normaliser. Which one?",
        "Label 0 times log-probability -inf is nan in floating point: leave such terms out.",
        "-sum_c y_c (z_c - log sum exp z), with 0 where y_c is 0, then the mean over the rows.",
    ),
)


@st.composite
def cases(draw):
    """Draw logits and labels of one shape; the labels have zeros, and mostly don't sum to 1."""
    n, k = draw(inputs.sizes()), draw(inputs.sizes(2, 4))
    labels = inputs.tensors(n, k, low=0, high=2, step=1 / 4)
    # Where all labels are 0 the loss is 0 whatever the logits: an honest loop has no graph there.
    return draw(inputs.tensors(n, k)), draw(labels.filter(torch.any))


@claim("S0-309", "S4-129")
def test_a_case_worked_by_hand(soft_cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64)
    labels = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 4, 3 / 4, 0.0]], dtype=torch.float64)
    want = torch.tensor([1.5, 3.0], dtype=torch.float64) * math.log(2)
    check(soft_cross_entropy, p.log() - 2, labels, "none", want=want)


@claim("S0-309")
def test_the_default_is_the_mean_over_the_rows(soft_cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64)
    labels = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 2, 1.0, 0.0]], dtype=torch.float64)
    total = torch.tensor(6 * math.log(2), dtype=torch.float64)
    check(soft_cross_entropy, p.log(), labels, want=total / 2)
    check(soft_cross_entropy, p.log(), labels, reduction="sum", want=total)


@claim("S0-309")
@given(cases())
def test_equals_the_formula_with_50_digits(soft_cross_entropy, case):
    def exact(row):
        import mpmath

        z, y = row[: len(row) // 2], row[len(row) // 2 :]
        total = sum(map(mpmath.exp, z))
        return [-sum(b * mpmath.log(mpmath.exp(a) / total) for a, b in zip(z, y, strict=True))]

    want = oracles.row_to_50_digits(exact, torch.cat(case, 1))[:, 0]
    check(soft_cross_entropy, *case, "none", want=want)


@claim("S0-327")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(cases())
def test_gradients_flow_back_as_through_torchs(soft_cross_entropy, reduction, case):
    check_gradient(soft_cross_entropy, *case, reduction=reduction, like=torchs, wrt=(0,))


@claim("S4-129")
@given(inputs.distributions(2, 3))
def test_right_outputs_cost_the_entropy_of_the_labels(soft_cross_entropy, p):
    entropy = -(p * p.log()).sum(-1)
    check(soft_cross_entropy, p.log(), p, "none", want=entropy)


@claim("S4-129")
@given(inputs.labelled_logits())
def test_one_hot_labels_are_class_indices(soft_cross_entropy, case):
    logits, targets = case
    labels = torch.nn.functional.one_hot(targets, logits.shape[1]).double()
    check(soft_cross_entropy, logits, labels, want=torchs(logits, targets))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(soft_cross_entropy, dtype):
    logits = torch.tensor([[1e4, 0.0, -1e4], [-1e4, -1e4, -2e4]], dtype=dtype)
    labels = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]], dtype=dtype)
    want = torch.tensor([7500.0, math.log(2)], dtype=dtype)
    check(soft_cross_entropy, logits, labels, "none", want=want)


def test_a_masked_class_without_weight_takes_no_part(soft_cross_entropy):
    logits = torch.tensor([[0.0, -torch.inf, 0.0], [0.0, -torch.inf, 0.0]])
    labels = torch.tensor([[0.5, 0.0, 0.5], [0.5, 0.25, 0.25]])
    want = torch.tensor([math.log(2), torch.inf])
    check(soft_cross_entropy, logits, labels, "none", want=want)
    check_gradient(
        soft_cross_entropy,
        logits[:1],
        torch.tensor([[0.75, 0.0, 0.25]]),
        wrt=(0,),
        upstream=torch.tensor(4.0),
        want=(torch.tensor([[-1.0, 0.0, 1.0]]),),
    )


def test_a_small_label_counts(soft_cross_entropy):
    labels = inputs.vector(2.0**-30, 1 - 2.0**-30)[None]
    want = torch.tensor(1e4 * 2.0**-30, dtype=torch.float64)
    check(soft_cross_entropy, inputs.vector(-1e4, 0)[None], labels, want=want)


def test_rows_without_labels_count_in_the_mean(soft_cross_entropy):
    labels = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    check(soft_cross_entropy, torch.zeros(2, 2), labels, want=torch.tensor(math.log(2) / 2))


def test_one_class_costs_nothing(soft_cross_entropy):
    logits, labels = torch.tensor([[3.0], [-2.0]]), torch.tensor([[1.0], [0.5]])
    check(soft_cross_entropy, logits, labels, want=torch.tensor(0.0))


def test_of_no_rows_the_mean_is_nan_and_the_sum_0(soft_cross_entropy):
    none = torch.zeros(0, 3)
    check(soft_cross_entropy, none, none, want=torch.tensor(torch.nan))
    check(soft_cross_entropy, none, none, "sum", want=torch.tensor(0.0))


def test_refuses_labels_of_another_shape(soft_cross_entropy):
    for shape in ((1, 3), (3, 2)):
        expected = {"raises": ValueError, "naming": {"labels": shape}}
        check(soft_cross_entropy, torch.zeros(2, 3), torch.zeros(shape), **expected)


def test_refuses_logits_that_are_no_matrix_of_floats(soft_cross_entropy):
    for logits in (torch.zeros(3), torch.zeros(2, 3, 1), torch.zeros(2, 0)):
        expected = {"raises": ValueError, "naming": {"logits": logits.shape}}
        check(soft_cross_entropy, logits, torch.zeros_like(logits), **expected)
    expected = {"raises": ValueError, "naming": {"logits": torch.int64}}
    check(soft_cross_entropy, torch.ones(2, 3).long(), torch.ones(2, 3), **expected)


def test_refuses_labels_that_are_negative_or_nan(soft_cross_entropy):
    for bad in (-0.5, math.nan):
        labels = torch.tensor([[1.5, bad]])
        expected = {"raises": ValueError, "naming": {"labels": bad}}
        check(soft_cross_entropy, torch.zeros(1, 2), labels, **expected)


def test_refuses_an_unknown_reduction(soft_cross_entropy):
    expected = {"raises": ValueError, "naming": {"reduction": "batchmean"}}
    check(soft_cross_entropy, torch.zeros(1, 2), torch.ones(1, 2), "batchmean", **expected)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


@wrong("take the logarithm of the softmax: it is -inf once the softmax has rounded to 0")
def log_of_softmax(logits, labels, reduction="mean"):
    return reduced(-torch.xlogy(labels, logits.softmax(-1)).sum(-1), reduction)


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(logits, labels, reduction="mean"):
    log_p = logits - logits.exp().sum(-1, keepdim=True).log()
    return reduced(-torch.where(labels > 0, labels * log_p, 0).sum(-1), reduction)


@wrong("leave 0 * log 0 as it is: a masked class makes the loss nan")
def zero_times_infinity(logits, labels, reduction="mean"):
    return reduced(-(labels * logits.log_softmax(-1)).sum(-1), reduction)


@wrong("average over rows and classes, and not over the rows only")
def mean_of_entries(logits, labels, reduction="mean"):
    losses = -torch.where(labels > 0, labels * logits.log_softmax(-1), 0)
    return losses.mean() if reduction == "mean" else reduced(losses.sum(-1), reduction)


@wrong("divide the mean by the sum of all labels, and not by the number of rows")
def mean_of_mass(logits, labels, reduction="mean"):
    losses = -torch.where(labels > 0, labels * logits.log_softmax(-1), 0).sum(-1)
    return losses.sum() / labels.sum() if reduction == "mean" else reduced(losses, reduction)


@wrong("take the labels for logits: they go through a softmax, too")
def softmax_of_labels(logits, labels, reduction="mean"):
    return reduced(-(labels.softmax(-1) * logits.log_softmax(-1)).sum(-1), reduction)


@wrong("normalise the labels first")
def normalised_labels(logits, labels, reduction="mean"):
    labels = labels / labels.sum(-1, keepdim=True)
    return reduced(-torch.where(labels > 0, labels * logits.log_softmax(-1), 0).sum(-1), reduction)


@wrong("use only the class with the largest label")
def hard(logits, labels, reduction="mean"):
    return torchs(logits, labels.argmax(-1), reduction=reduction)


@wrong("swap the two distributions: -sum softmax(z) log y")
def swapped(logits, labels, reduction="mean"):
    return reduced(-torch.xlogy(logits.softmax(-1), labels).sum(-1), reduction)


@wrong("subtract the entropy of the labels: that is the Kullback-Leibler divergence")
def divergence(logits, labels, reduction="mean"):
    parts = torch.where(labels > 0, labels * logits.log_softmax(-1), 0)
    return reduced((torch.xlogy(labels, labels) - parts).sum(-1), reduction)


@wrong("forget the factor sum(y) of the normaliser: right only for labels that sum to 1")
def normaliser_once(logits, labels, reduction="mean"):
    parts = torch.where(labels > 0, labels * logits, 0).sum(-1)
    return reduced(logits.logsumexp(-1) - parts, reduction)


@wrong("detach the log-sum-exp: the gradient is -y and not sum(y) softmax - y")
def detached(logits, labels, reduction="mean"):
    log_p = logits - logits.logsumexp(-1, keepdim=True).detach()
    return reduced(-torch.where(labels > 0, labels * log_p, 0).sum(-1), reduction)


@right("sum(y) log-sum-exp z - sum(y z)")
def by_the_normaliser(logits, labels, reduction="mean"):
    if reduction not in {"mean", "sum", "none"}:
        raise ValueError(f"no such reduction: {reduction}")
    if logits.ndim != 2 or logits.shape[1] < 1 or not logits.is_floating_point():
        raise ValueError(f"logits: {logits.dtype} {tuple(logits.shape)} won't do")
    if tuple(logits.shape) != tuple(labels.shape):
        raise ValueError(f"labels: wrong shape {tuple(labels.shape)}")
    if labels.numel() and not labels.min() >= 0:
        raise ValueError(f"labels: {labels.min():.6g} < 0")
    top = logits.max(-1, keepdim=True).values if len(logits) else logits[:, :1]
    z = logits - top
    parts = (z * labels).masked_fill(labels == 0, 0.0).sum(-1)
    return reduced(labels.sum(-1) * z.exp().sum(-1).log() - parts, reduction)


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(1, 8), draw.normal(1, 8).softmax(-1)),
    torch=F.cross_entropy,
)
def exact(mp, logits, labels):
    log_sum = mp.log(sum(map(mp.exp, logits[0])))
    return sum(y * (log_sum - z) for z, y in zip(logits[0], labels[0], strict=True))


@gpu
def bench_soft_labels_of_many_classes(soft_cross_entropy, race):
    race(
        soft_cross_entropy,
        torch=F.cross_entropy,
        inputs=lambda draw, n, k: (draw.normal(n, k), draw.normal(n, k).softmax(-1)),
        small=(32, 1000),
        large=(4096, 16000),
        # Four operations for log-sum-exp, the difference, the product with the label, the sum.
        forward=lambda logits, labels: {"bytes": 2 * logits.nbytes, "flops": 7 * logits.numel()},
        slack=100.0,
    )
