"""M_t = (w_1 y_t + ... + w_n y_{t-n+1}) / (w_1 + ... + w_n): the first weight is the newest's."""

from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("sma",),
    hints=(
        "In which order do the values of a window stand, and in which the weights?",
        "Turn the weights around, or walk back from the newest value of each window.",
        "torch's convolutions don't turn the kernel around either: turn it first.",
    ),
)


def walk_back(y, weights):
    """The formula, term by term."""
    n = len(weights)
    rows = [
        sum(weights[i] * y[..., t - i] for i in range(n)) / weights.sum()
        for t in range(n - 1, y.shape[-1])
    ]
    return torch.stack(rows, -1)


@claim("S3-302", "S3-304")
def test_a_case_worked_by_hand(wma):
    y = torch.tensor([0.0, 6.0, 3.0, 12.0], dtype=torch.float64)
    weights = torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64)
    # (3*3 + 2*6 + 0)/6 and (3*12 + 2*3 + 6)/6
    check(wma, y, weights, want=torch.tensor([3.5, 8.0], dtype=torch.float64))


@claim("S3-304")
@given(
    inputs.tensors(inputs.sizes(4, 7)),
    inputs.tensors(inputs.sizes(1, 4), low=1 / 8, high=4),
)
def test_equals_the_formula_in_exact_fractions(wma, y, weights):
    values, w = ([Fraction(v) for v in x.tolist()] for x in (y, weights))
    n = len(w)
    means = [
        float(sum(w[i] * values[t - i] for i in range(n)) / sum(w))
        for t in range(n - 1, len(values))
    ]
    check(wma, y, weights, want=torch.tensor(means, dtype=torch.float64), scale=5.0)


@claim("S3-305")
@pytest.mark.parametrize("n", [1, 2, 5])
def test_equal_weights_give_the_simple_average(wma, n):
    y = torch.tensor([1.0, 4.0, -2.0, 8.0, 0.5, 3.0], dtype=torch.float64)
    check(wma, y, torch.full((n,), 0.25).double(), want=y.unfold(0, n, 1).mean(-1))


@claim("S3-305")
def test_weights_may_rise_or_be_negative_or_zero_or_tiny(wma):
    y = torch.tensor([1.0, 4.0, 2.0, 8.0])
    check(wma, y, torch.tensor([1.0, 3.0]), want=torch.tensor([1.75, 3.5, 3.5]))
    check(wma, y, torch.tensor([2.0, -1.0]), want=torch.tensor([7.0, 0.0, 14.0]))
    check(wma, y, torch.tensor([0.0, 0.0, -2.0]), want=torch.tensor([1.0, 4.0]))
    check(wma, y, torch.full((2,), 2.0**-30), want=torch.tensor([2.5, 3.0, 5.0]))


def test_time_runs_along_the_last_dimension(wma):
    y = torch.arange(24.0, dtype=torch.float64).reshape(2, 3, 4) ** 2
    weights = torch.tensor([5.0, 2.0, 1.0], dtype=torch.float64)
    check(wma, y, weights, want=walk_back(y, weights))


@claim("S3-304")
@given(
    inputs.tensors(inputs.sizes(1, 3), inputs.sizes(3, 5)),
    inputs.tensors(inputs.sizes(1, 3), low=-2, high=4),
)
def test_gradients_flow_back_to_values_and_weights(wma, y, weights):
    assume(abs(weights.sum()) >= 0.5)
    # The gradient of the weights is a difference of means, each up to 5 * 3 / 0.5.
    check_gradient(wma, y, weights, like=walk_back, scale=100.0)


def test_keeps_float32(wma):
    y, weights = torch.tensor([0.5, 1.5, 3.0]), torch.tensor([3.0, 1.0])
    check(wma, y, weights, want=torch.tensor([1.25, 2.625]))


def test_refuses_weights_that_do_not_fit(wma):
    y = torch.tensor([1.0, 2.0, 4.0])
    check(wma, y, torch.ones(4), raises=ValueError, naming={"weights": 4})
    check(wma, y, torch.ones(0), raises=ValueError, naming={"weights": 0})


@claim("S3-304")
def test_refuses_weights_that_sum_to_zero(wma):
    y = torch.tensor([1.0, 2.0, 4.0])
    check(wma, y, torch.tensor([1.0, -1.0]), raises=ValueError, naming={"weights": 0})


def test_refuses_a_number_in_place_of_a_series(wma):
    check(wma, torch.tensor(2.5), torch.ones(1), raises=ValueError, naming={"y": 2.5})


def test_refuses_weights_that_are_no_vector(wma):
    for shape in ((), (2, 1)):
        weights, naming = torch.ones(shape), {"weights": shape}
        check(wma, torch.tensor([1.0, 2.0, 4.0]), weights, raises=ValueError, naming=naming)


@wrong(
    "give the first weight to the oldest value of the window",
    right_for="weights from the oldest value on; here the newest comes first",
)
def oldest_first(y, weights):
    return walk_back(y, weights.flip(0))


@wrong("forget to divide by the sum of the weights")
def undivided(y, weights):
    return walk_back(y, weights) * weights.sum()


@wrong("divide by the number of weights and not by their sum")
def divided_by_n(y, weights):
    return walk_back(y, weights) * weights.sum() / len(weights)


@wrong("divide by the sum of the weights' sizes, not by their sum")
def divided_by_sizes(y, weights):
    return walk_back(y, weights) * weights.sum() / weights.abs().sum()


@wrong("detach the sum of the weights: their gradient loses its second term")
def detached_sum(y, weights):
    return walk_back(y, weights) * weights.sum() / weights.sum().detach()


@wrong("put n, n-1, ..., 1 for the weights that are given")
def usual_weights(y, weights):
    return walk_back(y, torch.arange(len(weights), 0, -1).to(y.dtype))


@wrong("turn the weights through softmax to have them sum to 1")
def softmax_weights(y, weights):
    return walk_back(y, weights.softmax(0))


@wrong("divide the caller's weights by their sum in place")
def in_place(y, weights):
    result = walk_back(y, weights)
    with torch.no_grad():
        weights /= weights.sum()
    return result


@wrong("divide 0 by 0 where the weights sum to 0, and raise nothing", accepts_bad_input=True)
def unchecked_sum(y, weights):
    if not 1 <= len(weights) <= y.shape[-1]:
        raise ValueError(f"weights has length {len(weights)}")
    return walk_back(y, weights)


@right("as torch's cross-correlation with the weights turned around")
def as_a_convolution(y, weights):
    if y.ndim == 0:
        raise ValueError(f"y = {y} is no series")
    if weights.ndim != 1:
        raise ValueError(f"weights: shape {tuple(weights.shape)}")
    n, total = weights.numel(), weights.sum()
    if n == 0 or n > y.shape[-1]:
        raise ValueError(f"number of weights: {n}")
    if total == 0:
        raise ValueError("the weights' sum is 0")
    rows = y.reshape(-1, 1, y.shape[-1])
    kernel = weights.flip(0).reshape(1, 1, n)
    out = torch.nn.functional.conv1d(rows, kernel) / total
    return out.reshape(*y.shape[:-1], -1)
