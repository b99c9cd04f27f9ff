"""What mean, sum and a fixed divisor make of the learning rate."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("minibatch_sgd_linreg",),
    hints=(
        "By which number is each loss the mean of the rows' losses multiplied?",
        "The sum of r losses is r times their mean. And their sum over batch_size?",
        "lr * loss_scale * (1, rows, or rows / batch_size).",
    ),
)


@claim("S3-123", "S3-126", "S3-128")
def test_cases_worked_by_hand(effective_lr):
    check(effective_lr, 0.5, rows=8, batch_size=8, reduction="mean", want=0.5)
    check(effective_lr, 0.5, rows=8, batch_size=8, reduction="sum", want=4.0)
    check(effective_lr, 0.5, rows=8, batch_size=8, reduction="batch_size", want=0.5)
    check(effective_lr, 0.125, rows=100, batch_size=128, reduction="sum", want=12.5)


@claim("S3-123", "S3-128")
def test_the_last_smaller_batch(effective_lr):
    check(effective_lr, 0.5, 2, 8, "mean", want=0.5)
    check(effective_lr, 0.5, 2, 8, "sum", want=1.0)
    check(effective_lr, 0.5, 2, 8, "batch_size", want=0.125)


@claim("S3-126")
def test_a_factor_of_the_loss_is_one_of_the_rate(effective_lr):
    for reduction, want in (("mean", 1.5), ("sum", 9.0), ("batch_size", 1.125)):
        check(effective_lr, 0.5, 6, 8, reduction, loss_scale=3.0, want=want)
    # The squared error without the half, against the one with it.
    check(effective_lr, 0.03, 10, 10, "mean", 2.0, want=0.06)
    check(effective_lr, 0.03, 10, 10, "mean", 0.0, want=0.0)


@claim("S3-123", "S3-126", "S3-128")
@given(
    st.integers(0, 8).map(lambda k: k / 16),
    st.integers(1, 6),
    st.integers(0, 4),
    st.sampled_from(["mean", "sum", "batch_size"]),
    st.integers(0, 8).map(lambda k: k / 4),
)
def test_is_the_step_over_the_gradient_of_the_mean(effective_lr, lr, rows, more, reduction, scale):
    x, y = (
        vector(1.0, -2.0, 3.0, 0.5, 2.0, 4.0)[:rows],
        vector(3.0, 0.0, -1.0, 2.0, 2.0, 1.0)[:rows],
    )
    w = torch.tensor(0.75, dtype=torch.float64, requires_grad=True)
    losses = (w * x - y).square() / 2
    total = {"mean": losses.mean(), "sum": losses.sum(), "batch_size": losses.sum() / (rows + more)}
    (grad,) = torch.autograd.grad(scale * total[reduction], w)
    (of_the_mean,) = torch.autograd.grad(((w * x - y).square() / 2).mean(), w)
    want = float(lr * grad / of_the_mean)
    check(effective_lr, lr, rows, rows + more, reduction, scale, want=want)


def test_refuses_other_reductions(effective_lr):
    for reduction in ("none", "Mean", ""):
        naming = {"reduction": reduction}
        check(effective_lr, 0.5, 2, 4, reduction, raises=ValueError, naming=naming)


def test_refuses_rates_and_scales_that_make_no_sense(effective_lr):
    for value in (-0.5, math.nan, math.inf):
        check(effective_lr, value, 2, 4, "sum", raises=ValueError, naming={"lr": value})
        naming = {"loss_scale": value}
        check(effective_lr, 0.5, 2, 4, "sum", value, raises=ValueError, naming=naming)


@pytest.mark.parametrize("rows", [0, -1, 5])
def test_refuses_more_rows_than_a_batch_has_or_none(effective_lr, rows):
    for reduction in ("mean", "sum"):
        check(effective_lr, 0.5, rows, 4, reduction, raises=ValueError, naming={"rows": rows})


def factor(rows, batch_size, reduction):
    return {"mean": 1.0, "sum": float(rows), "batch_size": rows / batch_size}[reduction]


@wrong("take the sum to be batch_size times the mean, also of a batch that has fewer rows")
def sum_of_a_whole_batch(lr, rows, batch_size, reduction, loss_scale=1.0):
    size = batch_size if reduction == "sum" else rows
    return lr * loss_scale * factor(size, batch_size, reduction)


@wrong("take a fixed divisor for the mean: a batch with fewer rows makes a smaller step")
def fixed_divisor_is_the_mean(lr, rows, batch_size, reduction, loss_scale=1.0):
    known = "mean" if reduction == "batch_size" else reduction
    return lr * loss_scale * factor(rows, batch_size, known)


@wrong("let a smaller batch count for more: batch_size / rows is upside down")
def upside_down(lr, rows, batch_size, reduction, loss_scale=1.0):
    if reduction == "batch_size":
        return lr * loss_scale * batch_size / rows
    return lr * loss_scale * factor(rows, batch_size, reduction)


@wrong("divide by the number of rows for the sum: that is the rate which would undo it")
def undoes_the_sum(lr, rows, batch_size, reduction, loss_scale=1.0):
    value = factor(rows, batch_size, reduction)
    return lr * loss_scale * (1 / value if reduction == "sum" else value)


@wrong("ignore the factor in front of the loss")
def ignores_the_scale(lr, rows, batch_size, reduction, loss_scale=1.0):
    return lr * factor(rows, batch_size, reduction)


@wrong("divide by the factor in front of the loss")
def divides_by_the_scale(lr, rows, batch_size, reduction, loss_scale=1.0):
    return lr / (loss_scale or 1.0) * factor(rows, batch_size, reduction)


@wrong("square the factor in front of the loss: it comes in once, by the gradient")
def squared_scale(lr, rows, batch_size, reduction, loss_scale=1.0):
    return lr * loss_scale**2 * factor(rows, batch_size, reduction)


@wrong("think of Adam, which divides by the gradient's size: no factor of the loss matters",
       right_for="Adam; here it is SGD")  # fmt: skip
def as_in_adam(lr, rows, batch_size, reduction, loss_scale=1.0):
    return lr


@right("by cases")
def by_cases(lr, rows, batch_size, reduction, loss_scale=1.0):
    if reduction not in ("mean", "sum", "batch_size"):
        raise ValueError(f"`reduction` can't be {reduction}")
    if math.isnan(lr) or math.isinf(lr) or lr < 0:
        raise ValueError(f"`lr` can't be {lr}")
    if math.isnan(loss_scale) or math.isinf(loss_scale) or loss_scale < 0:
        raise ValueError(f"`loss_scale` can't be {loss_scale}")
    if rows < 1 or rows > batch_size:
        raise ValueError(f"`rows` can't be {rows}")
    lr *= loss_scale
    if reduction == "mean":
        return lr
    return lr * rows if reduction == "sum" else lr * rows / batch_size
