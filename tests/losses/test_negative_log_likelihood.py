"""L = -log p_t for probabilities that are given."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import nll_loss

from grader import Exercise, accuracy, check, check_gradient, claim, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("nll_loss", "cross_entropy", "cross_entropy_loss"),
    instead="write it with a lookup and a logarithm",
    hints=(
        "Only one probability of each row counts. How do you look it up for all rows at once?",
        "The logarithm of a product is a sum: never form the product.",
        "-p[arange(n), targets].log(), then the reduction.",
    ),
)


@st.composite
def cases(draw):
    """Draw distributions [n, k] without zeros, and a target class a row."""
    n, k = draw(inputs.sizes()), draw(inputs.sizes(2, 4))
    targets = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return draw(inputs.distributions(n, k)), torch.tensor(targets)


@claim("S0-316", "S1-021")
def test_a_case_worked_by_hand(negative_log_likelihood):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64)
    want = torch.tensor([2.0, 3.0], dtype=torch.float64) * math.log(2)
    check(negative_log_likelihood, p, torch.tensor([1, 0]), "none", want=want)


@claim("S1-021")
def test_the_default_is_the_mean_over_the_rows(negative_log_likelihood):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], dtype=torch.float64)
    total = torch.tensor(5 * math.log(2), dtype=torch.float64)
    check(negative_log_likelihood, p, torch.tensor([1, 0]), want=total / 2)
    check(negative_log_likelihood, p, torch.tensor([1, 0]), reduction="sum", want=total)


@claim("S1-021", "S0-309")
@given(cases())
def test_the_sum_is_minus_the_log_of_the_product(negative_log_likelihood, case):
    from fractions import Fraction

    p, targets = case
    product = math.prod(Fraction(row[t].item()) for row, t in zip(p, targets, strict=True))
    want = torch.tensor(-math.log(product), dtype=torch.float64)
    check(negative_log_likelihood, p, targets, "sum", want=want)


@claim("S0-318")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(cases())
def test_the_gradient_is_minus_1_over_p_at_the_target(negative_log_likelihood, reduction, case):
    def like(p, targets, reduction):
        return nll_loss(p.log(), targets, reduction=reduction)

    check_gradient(negative_log_likelihood, *case, reduction=reduction, like=like)


def test_a_single_row_is_a_loss_in_a_row(negative_log_likelihood):
    p, want = torch.tensor([[0.5, 0.25, 0.25]]), torch.tensor([math.log(4)])
    check(negative_log_likelihood, p, torch.tensor([2]), "none", want=want)


@claim("S0-316")
def test_an_impossible_target_costs_infinity(negative_log_likelihood):
    for dtype in (torch.float32, torch.float64):
        p = torch.tensor([[0.0, 1.0], [0.0, 1.0]], dtype=dtype)
        want = torch.tensor([torch.inf, 0.0], dtype=dtype)
        check(negative_log_likelihood, p, torch.tensor([0, 1]), "none", want=want)


@claim("S0-318")
def test_another_class_of_probability_0_has_gradient_0(negative_log_likelihood):
    check_gradient(
        negative_log_likelihood,
        torch.tensor([[0.0, 0.25, 0.75]], dtype=torch.float64),
        torch.tensor([1]),
        upstream=torch.tensor(2.0, dtype=torch.float64),
        want=(torch.tensor([[0.0, -8.0, 0.0]], dtype=torch.float64),),
    )


@claim("S1-021")
def test_thousands_of_rows_do_not_underflow(negative_log_likelihood):
    p, targets = torch.tensor([[0.25, 0.75]]).repeat(3000, 1), torch.zeros(3000).long()
    check(negative_log_likelihood, p, targets, want=torch.tensor(math.log(4)))
    total = torch.tensor(3000 * math.log(4), dtype=torch.float64)
    check(negative_log_likelihood, p.double(), targets, "sum", want=total)
    tiny = torch.tensor([[1e-200, 1.0]], dtype=torch.float64)
    want = torch.tensor(200 * math.log(10), dtype=torch.float64)
    check(negative_log_likelihood, tiny, torch.tensor([0]), want=want)


def test_of_no_rows_the_mean_is_nan_and_the_sum_0(negative_log_likelihood):
    none = torch.zeros(0, 3), torch.zeros(0).long()
    check(negative_log_likelihood, *none, want=torch.tensor(torch.nan))
    check(negative_log_likelihood, *none, "sum", want=torch.tensor(0.0))


def test_refuses_targets_that_are_no_class(negative_log_likelihood):
    p = torch.full((2, 4), 0.25)
    for bad in (4, -1, -100):
        expected = {"raises": ValueError, "naming": {"targets": bad}}
        check(negative_log_likelihood, p, torch.tensor([0, bad]), **expected)
    for shape in ((3,), (1,), (2, 1)):
        expected = {"raises": ValueError, "naming": {"targets": shape}}
        check(negative_log_likelihood, p, torch.zeros(shape).long(), **expected)
    for dtype in (torch.float32, torch.int32, torch.bool):
        expected = {"raises": ValueError, "naming": {"targets": dtype}}
        check(negative_log_likelihood, p, torch.zeros(2, dtype=dtype), **expected)


def test_refuses_logits(negative_log_likelihood):
    for bad in (2.5, 1.5, -0.5, math.nan):
        p = torch.tensor([[bad, 0.5]])
        expected = {"raises": ValueError, "naming": {"p": bad}}
        check(negative_log_likelihood, p, torch.tensor([1]), **expected)


def test_refuses_what_is_no_matrix(negative_log_likelihood):
    for shape in ((2,), (2, 2, 1)):
        expected = {"raises": ValueError, "naming": {"p": shape}}
        check(negative_log_likelihood, torch.full(shape, 0.5), torch.tensor([0, 0]), **expected)


def test_refuses_an_unknown_reduction(negative_log_likelihood):
    expected = {"raises": ValueError, "naming": {"reduction": "median"}}
    check(negative_log_likelihood, torch.ones(1, 1), torch.tensor([0]), "median", **expected)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


@wrong("take the probabilities for logits: they go through a softmax once more")
def double_softmax(p, targets, reduction="mean"):
    return torch.nn.functional.cross_entropy(p, targets, reduction=reduction)


@wrong("multiply the probabilities first: the product of many underflows to 0")
def product(p, targets, reduction="mean"):
    picked = p.gather(1, targets[:, None])[:, 0]
    if reduction == "none":
        return -picked.log()
    total = -picked.prod().log()
    return total if reduction == "sum" else total / len(p)


@wrong("multiply by one-hot targets after the logarithm: 0 * log 0 is nan")
def zero_times_infinity(p, targets, reduction="mean"):
    hot = torch.nn.functional.one_hot(targets, p.shape[1])
    return reduced(-(hot * p.log()).sum(-1), reduction)


@wrong("set the other classes' logarithms to 0 afterwards: their gradient is nan where p is 0")
def masked_afterwards(p, targets, reduction="mean"):
    hot = torch.nn.functional.one_hot(targets, p.shape[1])
    return reduced(-torch.where(hot == 1, p.log(), 0.0).sum(-1), reduction)


@wrong("squeeze every axis of size 1: a single row loses its axis, too")
def squeezed(p, targets, reduction="mean"):
    return reduced(-p.gather(1, targets[:, None]).squeeze().log(), reduction)


@wrong("look all targets up in every row")
def every_target_in_every_row(p, targets, reduction="mean"):
    return reduced(-p[:, targets].log(), reduction)


@wrong("forget the minus sign")
def not_negated(p, targets, reduction="mean"):
    return reduced(p.gather(1, targets[:, None])[:, 0].log(), reduction)


@wrong("average the probabilities before the logarithm")
def log_of_mean(p, targets, reduction="mean"):
    picked = p.gather(1, targets[:, None])[:, 0]
    return -picked.mean().log() if reduction == "mean" else reduced(-picked.log(), reduction)


@wrong("add 1e-8 to the probability: an impossible target costs 18.4")
def with_epsilon(p, targets, reduction="mean"):
    return reduced(-(p.gather(1, targets[:, None])[:, 0] + 1e-8).log(), reduction)


@wrong(
    "leave the logarithm out, as torch's nll_loss does: it expects log-probabilities",
    right_for="log-probabilities, as torch's nll_loss takes them; here probabilities come in",
)
def no_logarithm(p, targets, reduction="mean"):
    return nll_loss(p, targets, reduction=reduction)


@wrong("sum over all classes and not only the target")
def all_classes(p, targets, reduction="mean"):
    return reduced(-p.log().sum(-1), reduction)


@wrong(
    "add the cost of the other classes, as for independent yes-or-no questions",
    right_for="independent yes-or-no questions; here exactly one class is true",
)
def one_against_rest(p, targets, reduction="mean"):
    labels = torch.nn.functional.one_hot(targets, p.shape[1]).to(p.dtype)
    return reduced(-(torch.xlogy(labels, p) + torch.xlogy(1 - labels, 1 - p)).sum(-1), reduction)


@wrong("average whatever `reduction` says")
def always_mean(p, targets, reduction="mean"):
    return nll_loss(p.log(), targets)


@right("one row at a time")
def row_by_row(p, targets, reduction="mean"):
    if reduction not in {"mean", "sum", "none"}:
        raise ValueError(f"no such reduction: {reduction}")
    if p.ndim != 2:
        raise ValueError(f"p: wrong shape {tuple(p.shape)}")
    if list(targets.shape) != [len(p)] or targets.dtype != torch.long:
        raise ValueError(f"targets: {targets.dtype} {tuple(targets.shape)} won't do")
    for t in targets.tolist():
        if t not in range(p.shape[1]):
            raise ValueError(f"targets: {t} is no class")
    for value in p.flatten().tolist():
        if not 0 <= value <= 1:
            raise ValueError(f"p: {value} is no probability")
    picked = [-row[t].log() for row, t in zip(p, targets, strict=True)]
    return reduced(torch.stack(picked) if picked else p.new_zeros(0), reduction)


@accuracy(
    "size of p",
    inputs=lambda draw, size: (size * draw.uniform(1, 8, low=1.0, high=9.0), draw.integers(8, 1)),
    torch=lambda p, targets: F.nll_loss(p.log(), targets),
    decades=(-12, -1),
)
def exact(mp, p, targets):
    return -mp.log(p[0][targets[0]])


@gpu
def bench_targets_of_many_classes(negative_log_likelihood, race):
    race(
        negative_log_likelihood,
        torch=lambda p, targets: -p.gather(1, targets[:, None]).log().mean(),
        inputs=lambda draw, n, k: (draw.normal(n, k).softmax(-1), draw.integers(k, n)),
        small=(1000, 10),
        large=(2_000_000, 50),
        # One probability and one target a row: the others are never looked at.
        forward=lambda p, targets: {"bytes": 12 * len(p), "flops": 2 * len(p)},
        slack=100.0,
    )
