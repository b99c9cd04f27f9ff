"""Gradient descent on (1/n) sum (1/2) (x w + b - y)^2 from w = 0, b = 0 finds the least squares."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("autograd", "torch.optim", "torch.linalg", "lstsq", "pinverse"),
    instead="write the gradient by hand, and repeat the step",
    hints=(
        "dl/dw = (1/n) X^T (X w + b - y). What is dl/db?",
        "Both gradients are taken at the old w and b.",
        "w - lr * (r @ x) / n and b - lr * r.mean(), with r = x w + b - y",
    ),
)


@st.composite
def regressions(draw):
    n, d = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3))
    return draw(inputs.tensors(n, d, low=-2, high=2)), draw(inputs.tensors(n, low=-2, high=2))


def by_autograd(x, y, lr, steps):
    w, b = torch.zeros(x.shape[1], dtype=x.dtype), torch.zeros((), dtype=x.dtype)
    for _ in range(steps):
        w.requires_grad_(), b.requires_grad_()
        loss = ((x @ w + b - y) ** 2 / 2).mean()
        grads = torch.autograd.grad(loss, (w, b))
        w, b = ((p - lr * g).detach() for p, g in zip((w, b), grads, strict=True))
    return w, b


@claim("S3-119", "S3-229")
def test_two_steps_worked_by_hand(linear_regression_from_zero):
    x = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])
    y = torch.tensor([3.0, 6.0, -3.0])
    # Residuals (-3 -6 3), gradients (-5, 1) and -2; then (0, 3.5, 3), (7/3, 25/6) and 13/6.
    want = torch.tensor([5.0, -1.0]) / 2, torch.tensor(1.0)
    check(linear_regression_from_zero, x, y, 0.5, 1, want=want)
    residual = torch.tensor([2.5 + 1 - 3, 4.5 + 1 - 6, -1.5 + 1 + 3])
    w = (
        want[0]
        - 0.5 * torch.tensor([residual[0] + 2 * residual[1], residual[1] + 3 * residual[2]]) / 3
    )
    check(linear_regression_from_zero, x, y, 0.5, 2, want=(w, 1 - 0.5 * residual.mean()))


@claim("S3-119", "S3-229")
@given(regressions(), st.integers(0, 4), st.integers(0, 8).map(lambda k: k / 16))
def test_equals_automatic_differentiation(linear_regression_from_zero, regression, steps, lr):
    x, y = regression
    # Weights of size 1 may cancel to 0.
    want = by_autograd(x, y, lr, steps)
    check(linear_regression_from_zero, x, y, lr, steps, want=want, scale=10.0)


@claim("S3-119", "S3-229")
def test_it_finds_the_least_squares(linear_regression_from_zero):
    # Nearly orthogonal columns: with a rate of 1 the distance falls to a third, or less, each step.
    columns = inputs.vector(1, 1, -1, -1, 0.25, 1.25, -1, 1, -1, 1.25, -1, 0.5, -0.75, 0.25)
    x = columns.reshape(2, 7).T
    y = x @ inputs.vector(2, -3.4) + 4.2 + inputs.numbers(7) / 50
    best = torch.linalg.lstsq(torch.cat([x, torch.ones(7, 1).double()], 1), y[:, None]).solution
    want = best[:2, 0], best[2, 0]
    check(linear_regression_from_zero, x, y, 1.0, 40, want=want)


@claim("S3-229")
def test_of_many_that_fit_it_finds_the_shortest(linear_regression_from_zero):
    # From 0 every step is in the span of the rows: the limit is the solution of least norm.
    x, y = inputs.vector(1, 0, 0.25, 0, -1, 0.25, 0, -0.5).reshape(2, 4), inputs.vector(2, -1)
    ones = torch.cat([x, torch.ones(2, 1).double()], 1)
    shortest = torch.linalg.pinv(ones) @ y
    check(linear_regression_from_zero, x, y, 1.0, 40, want=(shortest[:4], shortest[4]))


@claim("S3-119")
def test_no_step_and_a_rate_of_zero_stay_at_zero(linear_regression_from_zero):
    x, y = inputs.numbers(3, 2), inputs.numbers(3)
    want = torch.zeros(2).double(), torch.tensor(0.0).double()
    check(linear_regression_from_zero, x, y, 0.5, 0, want=want)
    check(linear_regression_from_zero, x, y, 0.0, 5, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(linear_regression_from_zero, dtype):
    x, y = inputs.numbers(5, 3).to(dtype) / 4, inputs.numbers(5).to(dtype)
    want = by_autograd(x, y, 0.25, 3)
    check(linear_regression_from_zero, x, y, 0.25, 3, want=want)


def test_one_row_and_no_feature(linear_regression_from_zero):
    x, y = inputs.numbers(4, 1)[:, :0], inputs.vector(1, 2, 4, 5)
    want = torch.zeros(0).double(), torch.tensor(1.5).double()
    check(linear_regression_from_zero, x, y, 0.5, 1, want=want)
    want = inputs.vector(6), torch.tensor(2.0).double()
    check(
        linear_regression_from_zero,
        inputs.vector(3).reshape(1, 1),
        inputs.vector(4),
        0.5,
        1,
        want=want,
    )


def test_refuses_targets_of_another_shape(linear_regression_from_zero):
    for shape in ((3,), (5,), (4, 1), ()):
        call = torch.ones(4, 2), torch.ones(shape), 0.5, 1
        check(linear_regression_from_zero, *call, raises=ValueError, naming={"y": shape})


def test_refuses_data_without_a_row(linear_regression_from_zero):
    call = torch.ones(0, 2), torch.ones(0), 0.5, 1
    check(linear_regression_from_zero, *call, raises=ValueError, naming={"x": (0, 2)})


def test_refuses_negative_rates_and_steps(linear_regression_from_zero):
    x, y = torch.ones(4, 2), torch.ones(4)
    for lr in (-0.5, math.nan):
        check(linear_regression_from_zero, x, y, lr, 1, raises=ValueError, naming={"lr": lr})
    naming = {"steps": -1}
    check(linear_regression_from_zero, x, y, 0.5, -1, raises=ValueError, naming=naming)


def descent(x, y, lr, steps, mean=None, start=0.0, sign=1):
    """The right descent, with one step of it changed."""
    w, b = x.new_full((x.shape[1],), start), x.new_zeros(())
    for _ in range(steps):
        residual = sign * (x @ w + b - y)
        n = mean or len(x)
        w, b = w - lr * (residual @ x) / n, b - lr * residual.sum() / n
    return w, b


@wrong("take the squared error without the 1/2: each step is twice as long")
def without_half(x, y, lr, steps):
    return descent(x, y, 2 * lr, steps)


@wrong("sum over the rows and don't divide by their number")
def summed(x, y, lr, steps):
    return descent(x, y, lr, steps, mean=1)


@wrong("divide by the number of features and not by that of rows")
def by_features(x, y, lr, steps):
    return descent(x, y, lr, steps, mean=max(1, x.shape[1]))


@wrong("start from 1 and not from 0")
def from_one(x, y, lr, steps):
    return descent(x, y, lr, steps, start=1.0)


@wrong("climb: add the gradient and don't subtract it")
def climbing(x, y, lr, steps):
    return descent(x, y, lr, steps, sign=-1)


@wrong("update b with the residual of the new w")
def one_after_the_other(x, y, lr, steps):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(steps):
        w = w - lr * ((x @ w + b - y) @ x) / len(x)
        b = b - lr * (x @ w + b - y).mean()
    return w, b


@wrong("forget the bias")
def without_bias(x, y, lr, steps):
    w = x.new_zeros(x.shape[1])
    for _ in range(steps):
        w = w - lr * ((x @ w - y) @ x) / len(x)
    return w, x.new_zeros(())


@wrong("take the residual of the start in every step")
def first_residual(x, y, lr, steps):
    return lr * steps * (y @ x) / len(x), lr * steps * y.mean()


@wrong("take one step too many")
def one_more(x, y, lr, steps):
    return descent(x, y, lr, steps + 1)


@wrong("return the least squares themselves, whatever the number of steps")
def solved(x, y, lr, steps):
    ones = torch.cat([x, x.new_ones(len(x), 1)], 1)
    best = torch.linalg.pinv(ones) @ y
    return best[:-1], best[-1]


@wrong("subtract the targets as a column: every row meets every target")
def broadcast(x, y, lr, steps):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(steps):
        residual = (x @ w + b - y[:, None]).mean(0)
        w, b = w - lr * (residual @ x) / len(x), b - lr * residual.mean()
    return w, b


@wrong("step by the sign of the gradient")
def signs(x, y, lr, steps):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(steps):
        residual = x @ w + b - y
        w, b = w - lr * (residual @ x).sign(), b - lr * residual.sum().sign()
    return w, b


@right("with the bias as the weight of a column of ones")
def folded(x, y, lr, steps):
    if y.ndim != 1 or x.shape[0] != y.shape[0]:
        raise ValueError(f"y: {tuple(y.shape)}")
    if x.shape[0] == 0:
        raise ValueError(f"x: {tuple(x.shape)}")
    if not lr >= 0:
        raise ValueError(f"lr: {lr}")
    if steps < 0:
        raise ValueError(f"steps: {steps}")
    ones = torch.cat([x, torch.ones_like(x[:, :1]) if x.shape[1] else x.new_ones(len(x), 1)], 1)
    theta = torch.zeros_like(ones[0])
    for _ in range(steps):
        theta = theta - lr / len(x) * (ones.T @ (ones @ theta - y))
    return theta[:-1], theta[-1]
