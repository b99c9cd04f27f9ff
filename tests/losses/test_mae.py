"""The mean over all entries of |pred - target|, of one shape."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("mse",),
    forbid=("l1_loss",),
    instead="write it with a difference, an absolute value and a mean",
    hints=(
        "What is the slope of |e| at e = 0, to the left of it, and to the right?",
        "torch's abs has the slope 0 at 0; the root of the square has nan.",
    ),
)


@st.composite
def pairs(draw):
    shape = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3))
    # Of so few values that predictions are often exact.
    return tuple(draw(inputs.tensors(*shape, low=-2, high=2, step=0.5)) for _ in range(2))


@claim("S4-004")
def test_a_case_worked_by_hand(mae):
    pred = torch.tensor([[1.0, 3.0, -2.0], [0.0, 5.0, 1.0]])
    target = torch.tensor([[2.0, 1.0, -2.0], [6.0, 5.0, -2.0]])
    check(mae, pred, target, want=torch.tensor(2.0))  # (1 + 2 + 0 + 6 + 0 + 3) / 6


@claim("S4-004")
@given(pairs())
def test_equals_the_formula_in_exact_fractions(mae, pair):
    from fractions import Fraction

    flat = zip(*(x.flatten().tolist() for x in pair), strict=True)
    errors = [abs(Fraction(p) - Fraction(t)) for p, t in flat]
    check(mae, *pair, want=torch.tensor(float(sum(errors) / len(errors)), dtype=torch.float64))


@claim("S4-004")
@given(pairs())
def test_gradients_are_signs_over_n_and_zero_in_the_kink(mae, pair):
    pred, target = pair
    upstream = torch.tensor(1.5, dtype=torch.float64)
    signs = 1.5 * (pred - target).sign() / pred.numel()
    check_gradient(mae, pred, target, upstream=upstream, want=(signs, -signs))


@claim("S4-004")
@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 4, 3)])
def test_any_number_of_dimensions(mae, shape):
    pred, target = inputs.numbers(*shape), torch.full(shape, 0.5).double()
    want = sum(map(abs, (pred - 0.5).flatten().tolist())) / pred.numel()
    check(mae, pred, target, want=torch.tensor(want, dtype=torch.float64))


@claim("S4-004")
def test_an_outlier_counts_once_and_not_squared(mae):
    pred = torch.tensor([0.0, 0.0, 0.0, 1e30])
    check(mae, pred, torch.ones(4), want=torch.tensor(2.5e29))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(mae, dtype):
    pred, target = torch.tensor([0.5, -1.0, 2.0, 4.0]), torch.tensor([1.0, 1.0, 0.5, -2.0])
    check(mae, pred.to(dtype), target.to(dtype), want=torch.tensor(2.5, dtype=dtype))


def test_reads_tensors_by_their_strides(mae):
    pred, target = inputs.numbers(3, 4), inputs.numbers(4, 3).T
    check(mae, pred, target, want=torch.nn.functional.l1_loss(pred, target.contiguous()))


def test_nan_is_not_hidden(mae):
    pred = torch.tensor([1.0, torch.nan])
    check(mae, pred, torch.zeros(2), want=torch.tensor(torch.nan))


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (1,), (4,), ()])
def test_refuses_a_target_of_another_shape(mae, shape):
    pred = torch.tensor([1.0, 2.0, 3.0])
    check(mae, pred, torch.ones(shape), raises=ValueError, naming={"target": shape})
    check(mae, torch.ones(3, 1), pred, raises=ValueError, naming={"target": (3,)})


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_refuses_nothing(mae, shape):
    call = torch.ones(shape), torch.ones(shape)
    check(mae, *call, raises=ValueError, naming={"pred": shape})


def test_refuses_integers(mae):
    call = torch.tensor([1, 2]), torch.tensor([3, 4])
    check(mae, *call, raises=ValueError, naming={"pred": torch.int64})


@wrong("broadcast: a column less a row is a matrix of all pairs", accepts_bad_input=True)
def broadcasts(pred, target):
    if not pred.is_floating_point():
        raise ValueError(f"pred {pred.dtype}")
    if not pred.numel():
        raise ValueError(f"pred {tuple(pred.shape)}")
    return (pred - target).abs().mean()


@wrong("forget the absolute value: errors of both signs cancel")
def signed(pred, target):
    return (pred - target).mean()


@wrong("take the absolute value of the mean error: errors of both signs cancel first")
def absolute_mean(pred, target):
    return (pred - target).mean().abs()


@wrong("square and not take the absolute value")
def squared(pred, target):
    return (pred - target).square().mean()


@wrong("sum over all entries")
def summed(pred, target):
    return (pred - target).abs().sum()


@wrong("sum over the entries of a row, and average over the rows")
def mean_of_rows(pred, target):
    return (pred - target).abs().sum() / (len(pred) if pred.dim() else 1)


@wrong("take the root of the square: its gradient is nan where a prediction is exact")
def root_of_square(pred, target):
    return (pred - target).square().sqrt().mean()


@wrong("smooth the kink by a small number under the root")
def smoothed(pred, target):
    return ((pred - target).square() + 1e-6).sqrt().mean()


@wrong("take the median of the absolute errors and not their mean")
def median(pred, target):
    return (pred - target).abs().median()


@wrong("let the kink have the slope 1")
def slope_one_in_the_kink(pred, target):
    error = pred - target
    return torch.where(error >= 0, error, -error).mean()


@wrong("detach the target: no gradient flows back to it")
def detached_target(pred, target):
    return (pred - target.detach()).abs().mean()


@wrong("subtract in place: the caller's predictions change")
def in_place(pred, target):
    with torch.no_grad():
        pred -= target
    return pred.abs().mean()


@wrong("leave nan out of the mean")
def hides_nan(pred, target):
    return (pred - target).abs().nanmean()


@right("as the positive parts of the error and of its negative")
def positive_parts(pred, target):
    if not pred.dtype.is_floating_point:
        raise ValueError(f"pred: dtype {pred.dtype}")
    if pred.shape != target.shape:
        raise ValueError(f"target: shape {tuple(target.shape)}")
    if pred.numel() == 0:
        raise ValueError(f"pred: shape {tuple(pred.shape)}")
    return (torch.relu(pred - target) + torch.relu(target - pred)).sum() / pred.numel()
