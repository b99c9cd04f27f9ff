"""Binary cross-entropy of sigmoid(s), stable for every logit s."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits as torchs

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
    after=("binary_cross_entropy", "sigmoid"),
    forbid=(
        "binary_cross_entropy_with_logits",
        "binary_cross_entropy",
        "logsigmoid",
        "log_sigmoid",
        "softplus",
    ),
    instead="write it with exp and a logarithm",
    hints=(
        "sigmoid(1e4) is 1 in floating point: what is left to take the logarithm of?",
        "-log sigmoid(s) = log(1 + e^-s). Take the maximum of the two exponents out of it.",
        "max(s, 0) - s y + log1p(e^-|s|). What is the derivative of each part at s = 0 in torch?",
    ),
)


@st.composite
def pairs(draw):
    """Draw logits and labels of one shape; the labels are soft."""
    n, m = draw(inputs.sizes()), draw(inputs.sizes(1, 3))
    return draw(inputs.tensors(n, m)), draw(inputs.tensors(n, m, low=0, high=1))


@claim("S0-308")
def test_a_case_worked_by_hand(binary_cross_entropy_with_logits):
    # sigmoid(log 3) = 3/4, sigmoid(-log 7) = 1/8
    logits = torch.tensor([[0.0, 3.0, 1 / 7], [1.0, 3.0, 7.0]], dtype=torch.float64)
    logits[0, 0] = 1.0
    labels = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    want = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], dtype=torch.float64) * math.log(2)
    check(binary_cross_entropy_with_logits, logits.log(), labels, "none", want=want)


@claim("S0-308")
def test_the_default_is_the_mean_over_all_entries(binary_cross_entropy_with_logits):
    logits = torch.tensor([[1.0, 3.0], [1.0, 7.0], [1.0, 1.0]], dtype=torch.float64).log()
    mean = torch.tensor(9 / 6 * math.log(2), dtype=torch.float64)
    labels = torch.zeros_like(logits)
    check(binary_cross_entropy_with_logits, logits, labels, want=mean)
    check(binary_cross_entropy_with_logits, logits, labels, reduction="sum", want=6 * mean)


@claim("S0-308")
@given(pairs())
def test_equals_the_formula_with_50_digits(binary_cross_entropy_with_logits, pair):
    def exact(s, y):
        import mpmath

        p = 1 / (1 + mpmath.exp(-s))
        return -(y * mpmath.log(p) + (1 - y) * mpmath.log(1 - p))

    want = oracles.to_50_digits(exact, *pair)
    check(binary_cross_entropy_with_logits, *pair, "none", want=want)


@claim("S0-314")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(pairs())
def test_gradients_flow_back_to_the_logits(binary_cross_entropy_with_logits, reduction, pair):
    check_gradient(
        binary_cross_entropy_with_logits, *pair, reduction=reduction, like=torchs, wrt=(0,)
    )


@claim("S0-314")
def test_the_gradient_at_logit_0_is_that_of_the_formula(binary_cross_entropy_with_logits):
    check_gradient(
        binary_cross_entropy_with_logits,
        torch.zeros(3, dtype=torch.float64),
        torch.tensor([0.0, 0.25, 1.0], dtype=torch.float64),
        wrt=(0,),
        reduction="none",
        upstream=torch.tensor([4.0, 8.0, 2.0], dtype=torch.float64),
        want=(torch.tensor([2.0, 2.0, -1.0], dtype=torch.float64),),
    )


@claim("S0-308", "S4-131")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(binary_cross_entropy_with_logits, dtype):
    logits = torch.tensor([1e4, -1e4, 1e4, -1e4, 1e4, 200.0], dtype=dtype)
    labels = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.25, 0.0], dtype=dtype)
    want = torch.tensor([1e4, 1e4, 0.0, 0.0, 7500.0, 200.0], dtype=dtype)
    check(binary_cross_entropy_with_logits, logits, labels, "none", want=want)
    check_gradient(
        binary_cross_entropy_with_logits,
        logits,
        labels,
        wrt=(0,),
        reduction="sum",
        upstream=torch.tensor(2.0, dtype=dtype),
        want=(torch.tensor([2.0, -2.0, 0.0, 0.0, 1.5, 2.0], dtype=dtype),),
    )


@claim("S0-308")
def test_a_tiny_loss_keeps_its_digits(binary_cross_entropy_with_logits):
    logits = torch.tensor([30.0, -30.0, 40.0, -40.0], dtype=torch.float64)
    labels = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    want = (-logits.abs()).exp()  # log1p(x) is x - x^2 / 2, and x is below 1e-13
    check(binary_cross_entropy_with_logits, logits, labels, "none", want=want)


def test_of_no_entries_the_mean_is_nan_and_the_sum_0(binary_cross_entropy_with_logits):
    none = torch.zeros(0, 3)
    check(binary_cross_entropy_with_logits, none, none, want=torch.tensor(torch.nan))
    check(binary_cross_entropy_with_logits, none, none, "sum", want=torch.tensor(0.0))


def test_refuses_shapes_that_would_broadcast(binary_cross_entropy_with_logits):
    for shape in ((3,), (1, 1), (3, 2)):
        logits, labels = torch.zeros(3, 1), torch.zeros(shape)
        expected = {"raises": ValueError, "naming": {"labels": shape}}
        check(binary_cross_entropy_with_logits, logits, labels, **expected)


@pytest.mark.parametrize("bad", [-1.0, 1.25, math.nan])
def test_refuses_labels_outside_0_and_1(binary_cross_entropy_with_logits, bad):
    logits = torch.tensor([[1.0, 2.0, -1.0], [0.5, 3.0, -2.0]])
    labels = torch.tensor([[0.0, 1.0, 0.5], [1.0, bad, 0.0]])
    expected = {"raises": ValueError, "naming": {"labels": bad}}
    check(binary_cross_entropy_with_logits, logits, labels, **expected)


def test_refuses_integer_logits(binary_cross_entropy_with_logits):
    logits, labels = torch.tensor([1, 2]), torch.tensor([0.5, 1.0])
    expected = {"raises": ValueError, "naming": {"logits": torch.int64}}
    check(binary_cross_entropy_with_logits, logits, labels, **expected)


def test_refuses_an_unknown_reduction(binary_cross_entropy_with_logits):
    expected = {"raises": ValueError, "naming": {"reduction": "median"}}
    check(binary_cross_entropy_with_logits, torch.zeros(2), torch.zeros(2), "median", **expected)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


@wrong("take the logarithm of sigmoid(s): it is -inf once the sigmoid has rounded to 0 or 1")
def through_the_sigmoid(logits, labels, reduction="mean"):
    p = logits.sigmoid()
    return reduced(-torch.xlogy(labels, p) - torch.xlogy(1 - labels, 1 - p), reduction)


@wrong("multiply 0 by the logarithm of a sigmoid that has rounded to 0: the loss is nan")
def zero_times_infinity(logits, labels, reduction="mean"):
    p = logits.sigmoid()
    return reduced(-(labels * p.log() + (1 - labels) * (1 - p).log()), reduction)


@wrong("clip the sigmoid to [1e-7, 1 - 1e-7]: no loss is above 16.1")
def clamped(logits, labels, reduction="mean"):
    p = logits.sigmoid().clamp(1e-7, 1 - 1e-7)
    return reduced(-(labels * p.log() + (1 - labels) * (1 - p).log()), reduction)


@wrong("apply the sigmoid twice: the first result is taken for a logit")
def twice(logits, labels, reduction="mean"):
    return torchs(logits.sigmoid(), labels, reduction=reduction)


@wrong("clip the logarithm of the sigmoid, as torch's loss of probabilities does")
def clipped(logits, labels, reduction="mean"):
    return torch.nn.functional.binary_cross_entropy(logits.sigmoid(), labels, reduction=reduction)


@wrong("let max(s, 0) have the slope 1 at s = 0, as clamp does: the gradient there is 1 - y")
def clamp_at_zero(logits, labels, reduction="mean"):
    losses = logits.clamp(min=0) - logits * labels + torch.log1p(torch.exp(-logits.abs()))
    return reduced(losses, reduction)


@wrong("let max(s, 0) have the slope 0 at s = 0, as relu does: the gradient there is -y")
def relu_at_zero(logits, labels, reduction="mean"):
    losses = logits.relu() - logits * labels + torch.log1p(torch.exp(-logits.abs()))
    return reduced(losses, reduction)


@wrong("write log(1 + x) and not log1p(x): tiny losses become 0")
def without_log1p(logits, labels, reduction="mean"):
    top = torch.maximum(logits, torch.zeros_like(logits))
    return reduced(top - logits * labels + (1 + (-logits.abs()).exp()).log(), reduction)


@wrong("subtract s y from log(1 + e^s): it cancels, and tiny losses become 0")
def cancelling(logits, labels, reduction="mean"):
    return reduced(torch.logaddexp(torch.zeros_like(logits), logits) - logits * labels, reduction)


@wrong("forget the absolute value: log(1 + e^-s) overflows for s = -1e4")
def no_absolute_value(logits, labels, reduction="mean"):
    return reduced((1 - labels) * logits + torch.log1p(torch.exp(-logits)), reduction)


@wrong("swap the labels 0 and 1")
def swapped(logits, labels, reduction="mean"):
    return torchs(-logits, labels, reduction=reduction)


@wrong("average over the rows only, and sum within a row")
def mean_of_rows(logits, labels, reduction="mean"):
    losses = torchs(logits, labels, reduction="sum" if reduction == "mean" else reduction)
    return losses / len(logits) if reduction == "mean" else losses


def validated(logits, labels, reduction):
    if reduction not in {"mean", "sum", "none"}:
        raise ValueError(f"no such reduction: {reduction}")
    if not logits.is_floating_point():
        raise ValueError(f"logits: {logits.dtype} is no floating point dtype")
    if logits.shape != labels.shape:
        raise ValueError(f"the shape of labels is {tuple(labels.shape)}")
    if labels.numel() and not 0 <= labels.min() <= labels.max() <= 1:
        raise ValueError(f"labels: {labels.min():.6g} to {labels.max():.6g} is not within [0, 1]")


@right("max(s, 0) - s y + log1p(e^-|s|), with a maximum that shares the gradient at 0")
def with_maximum(logits, labels, reduction="mean"):
    validated(logits, labels, reduction)
    top = torch.maximum(logits, torch.zeros_like(logits))
    losses = top - logits * labels + torch.log1p(torch.exp(-logits.abs()))
    return reduced(losses, reduction)


@right("one formula for each sign of the logit")
def by_sign(logits, labels, reduction="mean"):
    def cost(z):  # log(1 + e^z); the clamps keep the branch that isn't taken finite
        above = z + torch.log1p((-z).clamp(max=0).exp())
        return torch.where(z > 0, above, torch.log1p(z.clamp(max=0).exp()))

    validated(logits, labels, reduction)
    return reduced(labels * cost(-logits) + (1 - labels) * cost(logits), reduction)


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(8), draw.integers(2, 8).double(), "none"),
    torch=lambda s, y, reduction: F.binary_cross_entropy_with_logits(s, y, reduction=reduction),
)
def exact(mp, logits, labels, reduction):
    return [mp.log1p(mp.exp(-s if y else s)) for s, y in zip(logits, labels, strict=True)]


@gpu
def bench_many_logits(binary_cross_entropy_with_logits, race):
    race(
        binary_cross_entropy_with_logits,
        torch=F.binary_cross_entropy_with_logits,
        inputs=lambda draw, n: (draw.normal(n), draw.uniform(n).round()),
        small=(10_000,),
        large=(50_000_000,),
        # max(z, 0) - z y + log1p(exp(-|z|)), and the sum of the mean: 8 operations an entry.
        forward=lambda logits, labels: {"bytes": 2 * logits.nbytes, "flops": 8 * logits.numel()},
        slack=100.0,  # one sum over all entries
    )
