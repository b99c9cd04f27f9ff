"""L = mean of -(y log p + (1 - y) log(1 - p)), nothing clipped."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from torch.nn.functional import binary_cross_entropy as torchs

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
    forbid=("binary_cross_entropy", "binary_cross_entropy_with_logits"),
    instead="write it with logarithms",
    hints=(
        "What is 0 * log(0) in floating point, and what should it be? What is 1 - 1e-20?",
        "log1p(-p) is log(1 - p) without the rounding of 1 - p; a term whose factor is 0 is 0.",
        "-(xlogy(y, p) + xlog1py(1 - y, -p)), then the reduction.",
    ),
)

GRID = {"step": 1 / 16, "low": 1 / 16, "high": 15 / 16}  # probabilities off the edges
PAIRS = inputs.tensors(2, inputs.sizes(), inputs.sizes(1, 3), **GRID)  # p and labels of one shape


@claim("S0-308")
def test_a_case_worked_by_hand(binary_cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 8], [1 / 2, 3 / 4, 1 / 2]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    want = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0]], dtype=torch.float64) * math.log(2)
    check(binary_cross_entropy, p, labels, "none", want=want)


@claim("S0-308")
def test_the_default_is_the_mean_over_all_entries(binary_cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 8], [1 / 2, 3 / 4, 1 / 2]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    mean = torch.tensor(10 / 6 * math.log(2), dtype=torch.float64)
    check(binary_cross_entropy, p, labels, want=mean)
    check(binary_cross_entropy, p, labels, reduction="sum", want=6 * mean)


@claim("S0-308")
@given(PAIRS)
def test_equals_the_formula_with_50_digits_for_soft_labels(binary_cross_entropy, pair):
    def exact(p, y):
        import mpmath

        return -(y * mpmath.log(p) + (1 - y) * mpmath.log(1 - p))

    p, labels = pair
    check(binary_cross_entropy, p, labels, "none", want=oracles.to_50_digits(exact, p, labels))


@claim("S0-308")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(PAIRS)
def test_gradients_flow_back_to_p(binary_cross_entropy, reduction, pair):
    check_gradient(binary_cross_entropy, *pair, reduction=reduction, like=torchs, wrt=(0,))


@claim("S0-308")
def test_a_sure_answer_costs_nothing_or_infinity(binary_cross_entropy):
    p, labels = torch.tensor([0.0, 0.0, 1.0, 1.0]), torch.tensor([0.0, 1.0, 0.0, 1.0])
    want = torch.tensor([0.0, torch.inf, torch.inf, 0.0])
    check(binary_cross_entropy, p, labels, "none", want=want)


@claim("S0-308")
def test_a_tiny_probability_is_not_rounded_away(binary_cross_entropy):
    p = torch.tensor([1e-12, 1e-20], dtype=torch.float64)
    check(binary_cross_entropy, p, torch.zeros(2).double(), "none", want=p)
    p = torch.tensor([1e-20, 1e-250], dtype=torch.float64)
    want = torch.tensor([20 * math.log(10), 250 * math.log(10)], dtype=torch.float64)
    check(binary_cross_entropy, p, torch.ones(2).double(), "none", want=want)


@claim("S0-308")
def test_of_no_entries_the_mean_is_nan_and_the_sum_0(binary_cross_entropy):
    none = torch.zeros(0, 3)
    check(binary_cross_entropy, none, none, want=torch.tensor(torch.nan))
    check(binary_cross_entropy, none, none, "sum", want=torch.tensor(0.0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_p(binary_cross_entropy, dtype):
    p, labels = torch.tensor([0.25, 0.5], dtype=dtype), torch.tensor([0.0, 1.0], dtype=dtype)
    want = torch.tensor([math.log(4 / 3), math.log(2)], dtype=dtype)
    check(binary_cross_entropy, p, labels, "none", want=want)


def test_refuses_shapes_that_would_broadcast(binary_cross_entropy):
    p, labels = torch.full((3, 1), 0.75), torch.full((3,), 0.25)
    check(binary_cross_entropy, p, labels, raises=ValueError, naming={"labels": (3,)})


def test_refuses_what_is_no_probability(binary_cross_entropy):
    half = torch.full((2,), 0.5)
    for bad in (1.5, -0.25, math.nan):
        off = torch.tensor([0.5, bad])
        check(binary_cross_entropy, off, half, raises=ValueError, naming={"p": bad})
        check(binary_cross_entropy, half, off, raises=ValueError, naming={"labels": bad})


def test_refuses_an_unknown_reduction(binary_cross_entropy):
    half = torch.full((2,), 0.5)
    expected = {"raises": ValueError, "naming": {"reduction": "median"}}
    check(binary_cross_entropy, half, half, "median", **expected)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


@wrong("leave 0 * log 0 as it is: a sure and right answer costs nan")
def zero_times_infinity(p, labels, reduction="mean"):
    return reduced(-(labels * p.log() + (1 - labels) * torch.log1p(-p)), reduction)


@wrong("compute 1 - p before the logarithm: a tiny p is rounded away")
def rounded(p, labels, reduction="mean"):
    return reduced(-torch.xlogy(labels, p) - torch.xlogy(1 - labels, 1 - p), reduction)


@wrong("add a small number inside the logarithm: every loss is a little off")
def with_epsilon(p, labels, reduction="mean"):
    return reduced(-(labels * (p + 1e-7).log() + (1 - labels) * (1 - p + 1e-7).log()), reduction)


@wrong(
    "clip the logarithms at -100, as torch does: an impossible event costs 100 and not inf",
    right_for="torch's loss, which is never above 100; here an impossible event costs inf",
)
def clipped(p, labels, reduction="mean"):
    return torchs(p, labels, reduction=reduction)


@wrong("clip p to [1e-7, 1 - 1e-7]")
def clamped(p, labels, reduction="mean"):
    return torchs(p.clamp(1e-7, 1 - 1e-7), labels, reduction=reduction)


@wrong("leave out the term of label 0")
def one_sided(p, labels, reduction="mean"):
    return reduced(-torch.xlogy(labels, p), reduction)


@wrong("forget the minus sign")
def not_negated(p, labels, reduction="mean"):
    return reduced(torch.xlogy(labels, p) + torch.special.xlog1py(1 - labels, -p), reduction)


@wrong("swap the roles of `p` and `labels`")
def swapped(p, labels, reduction="mean"):
    return reduced(-torch.xlogy(p, labels) - torch.special.xlog1py(1 - p, -labels), reduction)


@wrong("round soft labels to 0 and 1")
def hard(p, labels, reduction="mean"):
    return reduced(-torch.where(labels > 0.5, p.log(), torch.log1p(-p)), reduction)


@wrong("average whatever `reduction` says")
def always_mean(p, labels, reduction="mean"):
    return reduced(-torch.xlogy(labels, p) - torch.special.xlog1py(1 - labels, -p), "mean")


@wrong("average over the rows only, and sum within a row")
def mean_of_rows(p, labels, reduction="mean"):
    losses = -torch.xlogy(labels, p) - torch.special.xlog1py(1 - labels, -p)
    return losses.sum() / len(p) if reduction == "mean" else reduced(losses, reduction)


@wrong(
    "use logarithms to the base 2",
    right_for="bits; here nats are asked for, the natural logarithm",
)
def bits(p, labels, reduction="mean"):
    losses = -torch.xlogy(labels, p) - torch.special.xlog1py(1 - labels, -p)
    return reduced(losses / math.log(2), reduction)


@right("each term where its factor is not 0")
def with_where(p, labels, reduction="mean"):
    if reduction not in {"mean", "sum", "none"}:
        raise ValueError(f"no such reduction: {reduction}")
    if p.shape != labels.shape:
        raise ValueError(f"the shape of labels is {tuple(labels.shape)}")
    if p.numel() and not 0 <= p.min() <= p.max() <= 1:  # the minimum of nan is nan
        raise ValueError(f"p: {p.min():.6g} to {p.max():.6g} is not within [0, 1]")
    if labels.numel() and not 0 <= labels.min() <= labels.max() <= 1:
        raise ValueError(f"labels: {labels.min():.6g} to {labels.max():.6g} is not within [0, 1]")
    yes = torch.where(labels > 0, labels * torch.log(p), 0.0)
    no = torch.where(labels < 1, (1 - labels) * torch.log1p(-p), 0.0)
    return reduced(-(yes + no), reduction)


@accuracy(
    "size of p",
    inputs=lambda draw, size: (
        size * draw.uniform(8, low=1.0, high=9.0),
        draw.integers(2, 8).double(),
        "none",
    ),
    torch=lambda p, labels, reduction: F.binary_cross_entropy(p, labels, reduction=reduction),
    decades=(-12, -1),
)
def exact(mp, p, labels, reduction):
    return [-mp.log(a) if y else -mp.log1p(-a) for a, y in zip(p, labels, strict=True)]


@gpu
def bench_many_probabilities(binary_cross_entropy, race):
    race(
        binary_cross_entropy,
        torch=F.binary_cross_entropy,
        inputs=lambda draw, n: (draw.uniform(n, low=0.01, high=0.99), draw.uniform(n).round()),
        small=(10_000,),
        large=(50_000_000,),
        # An entry: two logarithms, 1 - y, 1 - p, two products, their sum and that of the mean.
        forward=lambda p, labels: {"bytes": 2 * p.nbytes, "flops": 8 * p.numel()},
        slack=100.0,  # one sum over all entries
    )
