"""sigma^2 / m with replacement, times (n - m) / (n - 1) without."""

from itertools import combinations, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    plot,
    right,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("minibatch_grad",),
    hints=(
        "What is the variance of a mean of m independent draws?",
        "If all n rows are drawn without replacement, how far is their mean from the whole one?",
        "Sum over the parameters of the variance (divide by n), over m, times (n - m) / (n - 1).",
    ),
)

GRADS = vector([1.0, 0.0], [3.0, 4.0], [5.0, -4.0], [-1.0, 8.0])
# The mean is (2, 2); the squared distances from it are 5, 5, 45 and 45.


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def over_all_batches(grads, batch_size, replace):
    """Average over every batch that can be drawn."""
    n = len(grads)
    batches = (
        product(range(n), repeat=batch_size) if replace else combinations(range(n), batch_size)
    )
    distances = [(grads[list(rows)].mean(0) - grads.mean(0)).square().sum() for rows in batches]
    return torch.stack(distances).mean()


@claim("S2-049", "S4-083", "S4-157")
def test_a_case_worked_by_hand(minibatch_grad_variance):
    check(minibatch_grad_variance, GRADS, batch_size=1, want=number(25.0))
    check(minibatch_grad_variance, GRADS, 5, want=number(5.0))
    check(minibatch_grad_variance, GRADS, 2, replace=False, want=number(25 / 3))


@claim("S2-049", "S4-083", "S4-157", "S4-164", "S4-321")
@given(inputs.tensors(inputs.sizes(1, 4), inputs.sizes(1, 3)), st.integers(1, 4), st.booleans())
def test_equals_the_average_over_all_batches(minibatch_grad_variance, grads, batch_size, replace):
    if not replace:
        batch_size = min(batch_size, len(grads))
    want = over_all_batches(grads, batch_size, replace)
    check(minibatch_grad_variance, grads, batch_size, replace, want=want, scale=10.0)


@claim("S4-152", "S4-321")
def test_all_rows_once_leave_no_variance(minibatch_grad_variance):
    check(minibatch_grad_variance, GRADS, 4, replace=False, want=number(0.0))
    check(minibatch_grad_variance, GRADS[:1], 1, replace=False, want=number(0.0))
    check(minibatch_grad_variance, GRADS, 4, replace=True, want=number(6.25))


@claim("S4-083", "S4-157")
def test_of_one_row_the_way_of_drawing_makes_no_difference(minibatch_grad_variance):
    for grads in (inputs.numbers(7, 3), inputs.numbers(2, 3)):
        want = over_all_batches(grads, 1, True)
        for replace in (True, False):
            check(minibatch_grad_variance, grads, 1, replace, want=want)


@claim("S4-164")
@counterexample("S4-164")  # "beyond some size it falls": the estimate itself gets ever better
def test_a_hundred_times_the_rows_buy_a_tenth_of_the_error(minibatch_grad_variance):
    for batch_size in (100, 10_000):
        check(minibatch_grad_variance, GRADS, batch_size, want=number(25 / batch_size))


@claim("S2-052")
def test_of_equal_examples_one_says_all(minibatch_grad_variance):
    for batch_size in (1, 3):
        want = torch.tensor(0.0)
        check(minibatch_grad_variance, torch.full((3, 2), 2.5), batch_size, want=want)


@claim("S4-083")
def test_a_large_common_part_costs_no_digits(minibatch_grad_variance):
    check(minibatch_grad_variance, GRADS + 2.0**40, 5, want=number(5.0))


@given(inputs.tensors(3, 2), st.integers(1, 3), st.booleans())
def test_gradients_flow_back_to_each_gradient(minibatch_grad_variance, grads, batch_size, replace):
    args = {"batch_size": batch_size, "replace": replace}
    check_gradient(minibatch_grad_variance, grads, **args, like=over_all_batches, scale=10.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(minibatch_grad_variance, dtype):
    want = torch.tensor(5.0, dtype=dtype)
    check(minibatch_grad_variance, GRADS.to(dtype), 5, want=want)


def test_reads_a_transposed_tensor_by_its_strides(minibatch_grad_variance):
    grads = inputs.numbers(3, 6).mT
    want = over_all_batches(grads, 4, False)
    check(minibatch_grad_variance, grads, 4, False, want=want)


def test_refuses_batches_that_cant_be_drawn(minibatch_grad_variance):
    for batch_size, replace in ((0, True), (-1, False), (5, False)):
        naming = {"batch_size": batch_size}
        check(minibatch_grad_variance, GRADS, batch_size, replace, raises=ValueError, naming=naming)


def test_refuses_no_examples(minibatch_grad_variance):
    args = (torch.zeros(0, 3), 1)
    check(minibatch_grad_variance, *args, raises=ValueError, naming={"grads": (0, 3)})


def test_refuses_integers(minibatch_grad_variance):
    args = (torch.tensor([[3, 4], [1, 0]]), 1)
    check(minibatch_grad_variance, *args, raises=ValueError, naming={"grads": torch.int64})


def spread(grads):
    return (grads - grads.mean(0)).square().sum() / len(grads)


def correction(grads, batch_size, replace):
    n = len(grads)
    return 1.0 if replace else (n - batch_size) / max(n - 1, 1)


@wrong("divide by n - 1: these are all the examples, and no sample of them",
       right_for="the estimate from a sample of gradients; here the whole set is given")  # fmt: skip
def of_a_sample(grads, batch_size, replace=True):
    n = len(grads)
    unbiased = spread(grads) * n / max(n - 1, 1)
    return unbiased / batch_size * correction(grads, batch_size, replace)


@wrong("forget that without replacement rows can't come twice")
def ignores_replace(grads, batch_size, replace=True):
    return spread(grads) / batch_size


@wrong("correct by 1 - m/n: that is for a variance which was divided by n - 1")
def other_correction(grads, batch_size, replace=True):
    share = 1.0 if replace else 1 - batch_size / len(grads)
    return spread(grads) / batch_size * share


@wrong("correct with replacement and not without")
def the_other_way_round(grads, batch_size, replace=True):
    return spread(grads) / batch_size * correction(grads, batch_size, not replace)


@wrong("return the standard error: its square is asked for")
def standard_error(grads, batch_size, replace=True):
    return (spread(grads) / batch_size * correction(grads, batch_size, replace)).sqrt()


@wrong("average over the parameters: the squared distance is their sum")
def mean_over_parameters(grads, batch_size, replace=True):
    d = grads.shape[1]
    return spread(grads) / d / batch_size * correction(grads, batch_size, replace)


@wrong("sum over the examples and don't average")
def summed(grads, batch_size, replace=True):
    return spread(grads) * len(grads) / batch_size * correction(grads, batch_size, replace)


@wrong("divide by the square of the batch size: that is a single row's share")
def squared_batch(grads, batch_size, replace=True):
    return spread(grads) / batch_size**2 * correction(grads, batch_size, replace)


@wrong("leave out the batch size: the mean of more rows is more exact")
def of_one_row(grads, batch_size, replace=True):
    return spread(grads) * correction(grads, batch_size, replace)


@wrong("take the distance from 0 and not from the mean")
def uncentred(grads, batch_size, replace=True):
    n = len(grads)
    return grads.square().sum() / n / batch_size * correction(grads, batch_size, replace)


@wrong("subtract the squared mean from the mean square: what is common cancels the digits")
def cancels(grads, batch_size, replace=True):
    variance = grads.square().mean(0) - grads.mean(0).square()
    return variance.sum() / batch_size * correction(grads, batch_size, replace)


@wrong("take the mean over all entries, not that of each parameter")
def one_mean(grads, batch_size, replace=True):
    variance = (grads - grads.mean()).square().sum() / len(grads)
    return variance / batch_size * correction(grads, batch_size, replace)


@wrong("divide by n - 1 = 0 where there is one example")
def zero_by_zero(grads, batch_size, replace=True):
    n = torch.tensor(float(len(grads)), dtype=grads.dtype)
    share = 1.0 if replace else (n - batch_size) / (n - 1)
    return spread(grads) / batch_size * share


@right("by half the mean squared distance of pairs of examples")
def by_pairs(grads, batch_size, replace=True):
    n = grads.size(0)
    if n == 0:
        raise ValueError(f"`grads` of shape {tuple(grads.shape)} is empty")
    if batch_size <= 0 or (not replace and batch_size > n):
        raise ValueError(f"`batch_size` can't be {batch_size}")
    if not torch.is_floating_point(grads):
        raise ValueError(f"`grads` can't be {grads.dtype}")
    variance = (grads[:, None] - grads[None]).pow(2).sum(-1).mean() / 2
    if replace:
        return variance / batch_size
    return (
        variance * 0.0 if batch_size == n else variance / batch_size * ((n - batch_size) / (n - 1))
    )


@right("with torch.var, biased, parameter by parameter")
def with_torchs_variance(grads, batch_size, replace=True):
    n = grads.shape[0]
    if n < 1:
        raise ValueError(f"grads: {list(grads.shape)}")
    if not 1 <= batch_size <= (batch_size if replace else n):
        raise ValueError(f"batch_size = {batch_size}")
    if grads.dtype in (torch.int64, torch.int32, torch.bool):
        raise ValueError(f"grads: {grads.dtype}")
    variance = grads.var(0, correction=0).sum() / batch_size
    if not replace and n > 1:
        variance = variance * (n - batch_size) / (n - 1)
    return variance


@plot(x="batch size", y="variance of the gradient", xscale="log", yscale="log")
def plot_fifty_examples(minibatch_grad_variance):
    grads, batches = inputs.numbers(50, 3), range(1, 50)
    return {
        name: (batches, [minibatch_grad_variance(grads, m, replace) for m in batches])
        for name, replace in (("with replacement", True), ("without", False))
    }
