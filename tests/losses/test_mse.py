"""The mean over all entries of (pred - target)^2, of one shape."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    right,
    such_that,
    wrong,
)

EXERCISE = Exercise(
    level="warm-up",
    forbid=("mse_loss",),
    instead="write it with a difference, a square and a mean",
    hints=(
        "What is a column [n, 1] less a vector [n]?",
        "(pred - target).square().mean(), once the shapes are known to be one",
    ),
)


@st.composite
def pairs(draw):
    shape = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3))
    return draw(inputs.tensors(*shape)), draw(inputs.tensors(*shape))


@claim("S0-328", "S4-002", "S1-004")
def test_a_case_worked_by_hand(mse):
    pred = torch.tensor([[1.0, 3.0, -2.0], [0.0, 5.0, 1.0]])
    target = torch.tensor([[2.0, 1.0, -2.0], [4.0, 5.0, 4.0]])
    check(mse, pred, target, want=torch.tensor(5.0))  # (1 + 4 + 0 + 16 + 0 + 9) / 6


@counterexample("S0-328")  # n as the number of samples
def test_n_counts_entries_and_not_rows(mse):
    pred = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    check(mse, pred, torch.zeros(2, 2), want=torch.tensor(7.5))  # by samples it would be 15


@claim("S0-328", "S4-002")
@given(pairs())
def test_equals_the_formula_in_exact_fractions(mse, pair):
    from fractions import Fraction

    flat = zip(*(x.flatten().tolist() for x in pair), strict=True)
    squares = [(Fraction(p) - Fraction(t)) ** 2 for p, t in flat]
    check(mse, *pair, want=torch.tensor(float(sum(squares) / len(squares)), dtype=torch.float64))


@claim("S4-002", "S0-328")
@given(pairs())
def test_gradients_flow_back_to_both_as_through_torchs(mse, pair):
    check_gradient(mse, *pair, like=torch.nn.functional.mse_loss)


@claim("S1-004")
@given(pairs())
def test_it_is_zero_for_equal_tensors_alone_and_else_positive(mse, pair):
    pred, target = pair
    check(mse, pred, pred.clone(), want=torch.tensor(0.0, dtype=torch.float64))
    if not pred.equal(target):
        # Errors are multiples of 1/8: one of them adds at least 1/64.
        least = 1 / 64 / pred.numel()
        told = f"a loss of at least {least:.3g}"
        check(mse, pred, target, want=such_that(told, lambda loss: float(loss) >= least))


@claim("S0-328")
@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 4, 3)])
def test_any_number_of_dimensions(mse, shape):
    pred, target = inputs.numbers(*shape), inputs.numbers(*shape).flip(0) if shape else TWO
    want = sum((pred - target).flatten().square().tolist()) / pred.numel()
    check(mse, pred, target, want=torch.tensor(want, dtype=torch.float64))


TWO = torch.tensor(2.0, dtype=torch.float64)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(mse, dtype):
    pred, target = torch.tensor([0.5, -1.0, 2.0, 4.0]), torch.tensor([1.0, 1.0, 0.5, -2.0])
    want = torch.tensor(42.5 / 4).to(dtype)
    check(mse, pred.to(dtype), target.to(dtype), want=want)


def test_reads_tensors_by_their_strides(mse):
    pred, target = inputs.numbers(3, 4), inputs.numbers(4, 3).T
    want = torch.nn.functional.mse_loss(pred, target.contiguous())
    check(mse, pred, target, want=want)


@claim("S0-328")
def test_nan_and_infinity_are_not_hidden(mse):
    pred = torch.tensor([1.0, torch.nan])
    check(mse, pred, torch.zeros(2), want=torch.tensor(torch.nan))
    check(mse, torch.tensor([1.0, -torch.inf]), torch.zeros(2), want=torch.tensor(torch.inf))


@claim("S4-002", "S1-004")
@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (1,), (4,), ()])
def test_refuses_a_target_of_another_shape(mse, shape):
    pred = torch.tensor([1.0, 2.0, 3.0])
    check(mse, pred, torch.ones(shape), raises=ValueError, naming={"target": shape})
    naming = {"target": (3,)}
    check(mse, torch.ones(3, 1), pred, raises=ValueError, naming=naming)


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_refuses_nothing(mse, shape):
    call = torch.ones(shape), torch.ones(shape)
    check(mse, *call, raises=ValueError, naming={"pred": shape})


def test_refuses_integers(mse):
    call = torch.tensor([1, 2]), torch.tensor([3, 4])
    check(mse, *call, raises=ValueError, naming={"pred": torch.int64})


@wrong("broadcast: a column less a row is a matrix of all pairs", accepts_bad_input=True)
def broadcasts(pred, target):
    if not pred.is_floating_point():
        raise ValueError(f"pred {pred.dtype}")
    if not pred.numel():
        raise ValueError(f"pred {tuple(pred.shape)}")
    return (pred - target).square().mean()


@wrong(
    "sum over the entries of a row, and average over the rows",
    right_for="the mean squared norm; here the mean is over all entries",
)
def mean_of_rows(pred, target):
    squares = (pred - target).square()
    return squares.sum() / (len(pred) if pred.dim() else 1)


@wrong("sum over all entries")
def summed(pred, target):
    return (pred - target).square().sum()


@wrong(
    "put 1/2 in front",
    right_for="half the mean squared error, as Gluon has it; here there is no 1/2",
)
def halved(pred, target):
    return (pred - target).square().mean() / 2


@wrong("take the root: that is the RMSE")
def rooted(pred, target):
    return (pred - target).square().mean().sqrt()


@wrong("take absolute values and not squares")
def absolute(pred, target):
    return (pred - target).abs().mean()


@wrong("square the mean error: errors of both signs cancel")
def square_of_mean(pred, target):
    return (pred - target).mean().square()


@wrong("divide by one less than the number of entries")
def bessel(pred, target):
    return (pred - target).square().sum() / max(1, pred.numel() - 1)


@wrong("expand the square: it loses its digits where the errors are small beside the entries")
def expanded(pred, target):
    return (pred.square() - 2 * pred * target + target.square()).mean()


@wrong("return one loss a column")
def by_column(pred, target):
    return (pred - target).square().mean(0) if pred.dim() else (pred - target).square()


@wrong("detach the target: no gradient flows back to it")
def detached_target(pred, target):
    return (pred - target.detach()).square().mean()


@wrong("subtract in place: the caller's predictions change")
def in_place(pred, target):
    with torch.no_grad():
        pred -= target
    return pred.square().mean()


@wrong("leave nan out of the mean")
def hides_nan(pred, target):
    return (pred - target).square().nanmean()


@wrong("clamp the errors to [-10, 10]")
def clamped(pred, target):
    return (pred - target).clamp(-10, 10).square().mean()


@right("as a dot product of the flattened errors")
def by_a_dot_product(pred, target):
    if not torch.is_floating_point(pred):
        raise ValueError(f"pred: dtype {pred.dtype}")
    if tuple(pred.shape) != tuple(target.shape):
        raise ValueError(f"target: shape {tuple(target.shape)}")
    if pred.nelement() == 0:
        raise ValueError(f"pred: shape {tuple(pred.shape)}")
    errors = (pred - target).reshape(-1)
    return torch.dot(errors, errors) / len(errors)


@accuracy(
    "the errors, beside entries of size 1",
    inputs=lambda draw, size: near(draw.normal(8), size * draw.normal(8)),
    torch=torch.nn.functional.mse_loss,
    decades=(-6, 2),
    dtypes=("float32", "float64"),
)
def exact(mp, pred, target):
    return sum((p - t) ** 2 for p, t in zip(pred, target, strict=True)) / len(pred)


def near(pred, error):
    return pred, pred + error
