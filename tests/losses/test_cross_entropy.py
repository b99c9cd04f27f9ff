"""L = -log softmax(z)_t, its weights, and rows that don't count."""

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
    after=("softmax", "log_softmax"),
    forbid=(
        "cross_entropy",
        "cross_entropy_loss",
        "nll_loss",
        "softmax",
        "log_softmax",
        "logsumexp",
        "logcumsumexp",
        "logaddexp",
        "logaddexp2",
    ),
    instead="write it with exp, log and sum",
    hints=(
        "softmax(z)_t can round to 0. Is there a form in which only its logarithm occurs?",
        "-log softmax(z)_t = log sum exp z - z_t; take the largest logit out of the sum first.",
        "Give an ignored row class 0 for the lookup and weight 0; the mean is sum(w L) / sum(w).",
    ),
)


@claim("S0-309", "S0-316")
def test_a_case_worked_by_hand(cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64)
    want = torch.tensor([2.0, 3.0], dtype=torch.float64) * math.log(2)
    check(cross_entropy, p.log() + 3, torch.tensor([1, 0]), reduction="none", want=want)


@claim("S0-309")
def test_the_default_is_the_mean_over_the_rows(cross_entropy):
    logits = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64).log()
    total = torch.tensor(5 * math.log(2), dtype=torch.float64)
    check(cross_entropy, logits, torch.tensor([1, 0]), want=total / 2)
    check(cross_entropy, logits, torch.tensor([1, 0]), reduction="sum", want=total)


@claim("S0-309")
def test_the_weighted_mean_divides_by_the_targets_weights(cross_entropy):
    logits = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64).log()
    weight = torch.tensor([1 / 4, 1 / 2, 2.0], dtype=torch.float64)
    total = torch.tensor(7 / 4 * math.log(2), dtype=torch.float64)
    check(cross_entropy, logits, torch.tensor([1, 0]), weight, want=total / (3 / 4))
    check(cross_entropy, logits, torch.tensor([1, 0]), weight, reduction="sum", want=total)


@claim("S0-309")
def test_a_class_of_weight_0_costs_nothing_and_does_not_count(cross_entropy):
    logits = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64).log()
    weight, want = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64), math.log(2)
    want = torch.tensor([want, 0.0], dtype=torch.float64)
    check(cross_entropy, logits, torch.tensor([1, 0]), weight, reduction="none", want=want)
    check(cross_entropy, logits, torch.tensor([1, 0]), weight, want=2 * want[0])


@claim("S0-309", "S0-316", "S4-128")
@given(inputs.labelled_logits())
def test_equals_the_formula_with_50_digits(cross_entropy, case):
    def exact(row):
        import mpmath

        *z, t = row
        return [-mpmath.log(mpmath.exp(z[int(t)]) / sum(map(mpmath.exp, z)))]

    logits, targets = case
    want = oracles.row_to_50_digits(exact, torch.cat([logits, targets[:, None].double()], 1))[:, 0]
    check(cross_entropy, logits, targets, reduction="none", want=want)


@claim("S0-309")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(inputs.labelled_logits())
def test_gradients_flow_back_as_through_torchs(cross_entropy, reduction, case):
    check_gradient(cross_entropy, *case, reduction=reduction, like=torchs)


@claim("S0-309")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(inputs.labelled_logits(c=4), st.lists(st.integers(1, 8), min_size=4, max_size=4))
def test_weights_divide_the_mean_by_what_was_spent(cross_entropy, reduction, case, eighths):
    weight = torch.tensor(eighths, dtype=torch.float64) / 8
    given_ = {"weight": weight, "reduction": reduction}
    check(cross_entropy, *case, **given_, want=torchs(*case, **given_))
    check_gradient(cross_entropy, *case, **given_, like=torchs, wrt=(0,))


@claim("S0-309")
@pytest.mark.parametrize("ignored", [-100, 2, -1])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_rows_do_not_count(cross_entropy, ignored, reduction):
    logits = torch.tensor([[0, 1, 2], [3, 0, 1], [1, 1, 4], [0, 2, 5]], dtype=torch.float64)
    targets = torch.tensor([1, ignored, 0, ignored])
    weight = torch.tensor([0.5, 2.0, 4.0], dtype=torch.float64)
    for w in (None, weight):
        given_ = {"weight": w, "ignore_index": ignored, "reduction": reduction}
        check(cross_entropy, logits, targets, **given_, want=torchs(logits, targets, **given_))
        check_gradient(cross_entropy, logits, targets, **given_, like=torchs, wrt=(0,))


@claim("S0-309")
def test_an_ignored_row_costs_0_whatever_its_logits(cross_entropy):
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf], [0.0, 0.0, -torch.inf]])
    targets = torch.tensor([-100, 1])
    want = torch.tensor([0.0, math.log(2)])
    check(cross_entropy, logits, targets, reduction="none", want=want)
    check(cross_entropy, logits, targets, want=want[1])


@claim("S0-309")
def test_if_no_row_counts_the_mean_is_nan_and_the_sum_0(cross_entropy):
    for logits, targets in (
        (torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)),
        (torch.zeros(2, 3), torch.tensor([-100, -100])),
    ):
        check(cross_entropy, logits, targets, want=torch.tensor(torch.nan))
        check(cross_entropy, logits, targets, reduction="sum", want=torch.tensor(0.0))


@claim("S0-309", "S4-128")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(cross_entropy, dtype):
    logits = torch.tensor([[1e4, 0.0, -1e4], [1e4, 0.0, -1e4], [-1e4, -1e4, -2e4]], dtype=dtype)
    want = torch.tensor([2e4, 0.0, math.log(2)], dtype=dtype)
    check(cross_entropy, logits, torch.tensor([2, 0, 1]), reduction="none", want=want)


@claim("S1-021", "S0-316")
def test_a_masked_class_costs_infinity_as_the_target_and_nothing_otherwise(cross_entropy):
    logits = torch.tensor([[0.0, -torch.inf, 0.0], [0.0, -torch.inf, 0.0]])
    want = torch.tensor([math.log(2), torch.inf])
    check(cross_entropy, logits, torch.tensor([2, 1]), reduction="none", want=want)


@claim("S0-309")
@given(inputs.tensors(inputs.sizes(), 1))
def test_two_classes_are_the_binary_formula(cross_entropy, score):
    logits = torch.cat([torch.zeros_like(score), score], 1)
    want = -torch.nn.functional.logsigmoid(score[:, 0])
    check(cross_entropy, logits, torch.ones(len(score)).long(), reduction="none", want=want)


def test_a_single_row_is_a_loss_in_a_row(cross_entropy):
    logits, want = torch.tensor([[1.0, 1.0, 2.0]]).log(), torch.tensor([math.log(4)])
    check(cross_entropy, logits, torch.tensor([1]), reduction="none", want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_keeps_the_dtype_of_the_logits(cross_entropy, dtype, reduction):
    logits, want = torch.zeros(1, 2, dtype=dtype), torch.tensor(math.log(2), dtype=dtype)
    check(cross_entropy, logits, torch.tensor([1]), reduction=reduction, want=want)


def test_one_class_costs_nothing(cross_entropy):
    for targets in (torch.tensor([0, 0]), torch.tensor([0, -100])):
        check(cross_entropy, torch.tensor([[3.0], [-2.0]]), targets, want=torch.tensor(0.0))


def test_refuses_targets_that_are_no_class(cross_entropy):
    logits = torch.tensor([[0.0, 1.0, 2.0], [3.0, 1.0, 0.0]])
    for bad in (3, -1):
        targets = torch.tensor([0, bad])
        expected = {"raises": ValueError, "naming": {"targets": bad}}
        check(cross_entropy, logits, targets, **expected)
    expected = {"raises": ValueError, "naming": {"targets": -100}}
    check(cross_entropy, logits, torch.tensor([0, -100]), ignore_index=1, **expected)


def test_refuses_another_number_of_targets(cross_entropy):
    for shape in ((3,), (1,), (2, 1)):
        expected = {"raises": ValueError, "naming": {"targets": shape}}
        check(cross_entropy, torch.zeros(2, 5), torch.zeros(shape).long(), **expected)
    for dtype in (torch.float32, torch.int32, torch.bool):
        expected = {"raises": ValueError, "naming": {"targets": dtype}}
        check(cross_entropy, torch.zeros(2, 3), torch.zeros(2, dtype=dtype), **expected)


def test_refuses_another_number_of_weights(cross_entropy):
    logits, targets = torch.zeros(2, 3), torch.tensor([0, 1])
    for shape in ((2,), (4,), (1,), (1, 3)):
        expected = {"raises": ValueError, "naming": {"weight": shape}}
        check(cross_entropy, logits, targets, torch.ones(shape), **expected)


def test_refuses_logits_that_are_no_matrix_of_floats(cross_entropy):
    for logits in (torch.zeros(3), torch.zeros(2, 3, 1), torch.zeros(2, 0)):
        expected = {"raises": ValueError, "naming": {"logits": logits.shape}}
        check(cross_entropy, logits, torch.tensor([0, 0]), **expected)
    expected = {"raises": ValueError, "naming": {"logits": torch.int64}}
    check(cross_entropy, torch.ones(2, 3).long(), torch.tensor([0, 0]), **expected)


def test_refuses_an_unknown_reduction(cross_entropy):
    expected = {"raises": ValueError, "naming": {"reduction": "median"}}
    check(cross_entropy, torch.zeros(1, 2), torch.tensor([0]), reduction="median", **expected)


def finished(log_p, targets, weight, ignore_index, reduction):
    """Pick, weight and reduce as torch does."""
    args = {"weight": weight, "ignore_index": ignore_index, "reduction": reduction}
    return torch.nn.functional.nll_loss(log_p, targets, **args)


@wrong("take the logarithm of the softmax: it is -inf once the softmax has rounded to 0")
def log_of_softmax(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    return finished(logits.softmax(-1).log(), targets, weight, ignore_index, reduction)


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    log_p = logits - logits.exp().sum(-1, keepdim=True).log()
    return finished(log_p, targets, weight, ignore_index, reduction)


@wrong("detach the log-sum-exp: the gradient is -onehot and not softmax - onehot")
def detached(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    log_p = logits - logits.logsumexp(-1, keepdim=True).detach()
    return finished(log_p, targets, weight, ignore_index, reduction)


@wrong("squeeze every axis of size 1: a single row loses its axis, too")
def squeezed(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    losses = torchs(logits, targets, weight, None, ignore_index, reduction=reduction)
    return losses.squeeze()


@wrong("clip the log-probability at -10")
def clipped(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    log_p = logits.log_softmax(-1).clamp(min=-10)
    return finished(log_p, targets, weight, ignore_index, reduction)


@wrong("add 1e-7 to the probability before the logarithm")
def with_epsilon(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    log_p = (logits.softmax(-1) + 1e-7).log()
    return finished(log_p, targets, weight, ignore_index, reduction)


@wrong("apply the softmax twice: the first result is taken for logits")
def twice(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    return torchs(logits.softmax(-1), targets, weight, None, ignore_index, reduction=reduction)


@wrong("divide by the number of rows, whatever their weights are")
def by_the_number_of_rows(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    if reduction != "mean":
        return torchs(logits, targets, weight, None, ignore_index, reduction=reduction)
    counted = (targets != ignore_index).sum()
    return torchs(logits, targets, weight, None, ignore_index, reduction="sum") / counted


@wrong("divide by the sum of all weights, and not of the targets' weights")
def by_all_weights(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    if reduction != "mean" or weight is None:
        return torchs(logits, targets, weight, None, ignore_index, reduction=reduction)
    return torchs(logits, targets, weight, None, ignore_index, reduction="sum") / weight.sum()


@wrong("leave the ignored rows out of the losses, and not at 0")
def drops_ignored(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    losses = torchs(logits, targets, weight, None, ignore_index, reduction=reduction)
    return losses[targets != ignore_index] if reduction == "none" else losses


@wrong("multiply an ignored row's loss by 0: where it is infinite, that is nan")
def zero_times_infinity(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    counted = (targets != ignore_index).to(logits.dtype)
    at = targets.where(targets != ignore_index, 0)
    w = counted if weight is None else counted * weight[at]
    losses = -w * logits.log_softmax(-1).gather(1, at[:, None])[:, 0]
    total = losses.sum()
    return {"mean": total / w.sum(), "sum": total, "none": losses}.get(reduction, total)


@wrong("count the ignored rows in the mean")
def counts_ignored(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    losses = torchs(logits, targets, weight, None, ignore_index, reduction="none")
    if reduction == "mean" and weight is not None:
        return torchs(logits, targets, weight, None, ignore_index)
    return losses if reduction == "none" else getattr(losses, reduction)()


@wrong("ignore only rows with target -100, whatever `ignore_index` says")
def fixed_ignore_index(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    k = logits.shape[-1]
    return torchs(logits, targets.where(targets != -1, k - 1), weight, reduction=reduction)


@wrong("leave the weights aside")
def no_weights(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    return torchs(logits, targets, None, None, ignore_index, reduction=reduction)


@wrong("average whatever `reduction` says")
def always_mean(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    return torchs(logits, targets, weight, None, ignore_index)


@wrong(
    "index with a negative target: Python counts from the end, and nobody notices",
    accepts_bad_input=True,
)
def wraps_around(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    if ((targets < -logits.shape[-1]) & (targets != ignore_index)).any():
        raise ValueError(f"targets has {targets.min()}, and not only classes")
    if targets.shape != logits.shape[:1] or (targets >= logits.shape[-1]).any():
        raise ValueError(f"targets are {targets.tolist()} of shape {tuple(targets.shape)}")
    around = targets.where((targets >= 0) | (targets == ignore_index), targets + logits.shape[-1])
    return torchs(logits, around, weight, None, ignore_index, reduction=reduction)


@right("log(1 + the others' share): a sum of exponentials of differences")
def of_differences(logits, targets, weight=None, ignore_index=-100, reduction="mean"):
    if reduction not in {"mean", "sum", "none"}:
        raise ValueError(f"no such reduction: {reduction}")
    if logits.ndim != 2 or logits.shape[1] < 1 or not logits.is_floating_point():
        raise ValueError(f"logits: {logits.dtype} {tuple(logits.shape)} won't do")
    if targets.ndim != 1 or len(targets) != len(logits) or targets.dtype != torch.long:
        raise ValueError(f"targets is {targets.dtype} of shape {tuple(targets.shape)}")
    if weight is not None and list(weight.shape) != [logits.shape[1]]:
        raise ValueError(f"weight: wrong shape {tuple(weight.shape)}")
    rows = [i for i, t in enumerate(targets.tolist()) if t != ignore_index]
    for i in rows:
        if not 0 <= targets[i] < logits.shape[1]:
            raise ValueError(f"targets: {int(targets[i])} is no class")
    ones = torch.ones(logits.shape[1], dtype=logits.dtype)
    weight = ones if weight is None else weight
    losses = logits.new_zeros(len(logits))
    for i in rows:
        top = logits[i].max()
        log_sum = top + (logits[i] - top).exp().sum().log()
        losses = losses.index_put(
            (torch.tensor([i]),), (log_sum - logits[i, targets[i]]) * weight[targets[i]]
        )
    if reduction == "none":
        return losses
    total = losses.sum()
    return total if reduction == "sum" else total / weight[targets[rows]].sum()


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(1, 8), draw.integers(8, 1)),
    torch=F.cross_entropy,
)
def exact(mp, logits, targets):
    others = logits[0].copy()
    z = others.pop(targets[0])
    return mp.log1p(sum(mp.exp(other - z) for other in others))


@gpu
def bench_tokens_of_a_language_model(cross_entropy, race):
    race(
        cross_entropy,
        torch=torchs,
        inputs=lambda draw, n, k: (draw.normal(n, k), draw.integers(k, n)),
        small=(32, 1000),
        large=(4096, 16000),
        # An entry: the search for the maximum, shift, exponential, sum; a row: log, difference, sum.
        forward=lambda logits, targets: {
            "bytes": logits.nbytes + targets.nbytes + logits.itemsize,
            "flops": 4 * logits.numel() + 3 * targets.numel(),
        },
        # An entry: shift, exponential, factor of the mean; a row: the 1 of the target class.
        backward=lambda logits, targets: {
            "bytes": 2 * logits.nbytes + targets.nbytes,
            "flops": 3 * logits.numel() + targets.numel(),
        },
    )
