"""w - lr / b * X^T sgn(X w - y): each row pulls as hard, however far it is away."""

import math

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
    gpu,
    inputs,
    right,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    forbid=("autograd", "torch.optim"),
    instead="write the slope of the absolute value yourself",
    hints=(
        "What is the slope of |e| for e > 0, for e < 0, and what for e = 0?",
        "e depends on w through x_i . w: the chain rule multiplies with x_i.",
        "w - lr / b * X.mT @ sign(X @ w - y)",
    ),
)


@claim("S3-111", "S3-113")
def test_a_case_worked_by_hand(lad_sgd_step):
    # X w = (5, 3, 4, 0), the errors 1, -1, 0, 8: the signs add up the rows to (3, 1, -2).
    w = vector(1.0, 2.0, 0.0)
    X = vector([1.0, 2.0, 0.0], [3.0, 0.0, 4.0], [2.0, 1.0, 5.0], [5.0, -2.5, 2.0])
    want = w - 0.5 / 4 * vector(1 - 3 + 5, 2 - 0 - 2.5, 0 - 4 + 2)
    check(lad_sgd_step, w, X, vector(4.0, 4.0, 4.0, -8.0), lr=0.5, want=want)


@claim("S3-111", "S3-113")
@given(
    inputs.tensors(3),
    inputs.sizes(1, 5).flatmap(lambda b: st.tuples(inputs.tensors(b, 3), inputs.tensors(b))),
    st.integers(0, 16).map(lambda k: k / 8),
)
def test_equals_a_step_along_torchs_gradient(lad_sgd_step, w, batch, lr):
    X, y = batch
    leaf = w.clone().requires_grad_()
    (grad,) = torch.autograd.grad((X @ leaf - y).abs().mean(), leaf)
    check(lad_sgd_step, w, X, y, lr, want=w - lr * grad, scale=10.0)


@claim("S3-111")
def test_equals_a_step_along_finite_differences(lad_sgd_step):
    w, X, y = inputs.numbers(3), inputs.numbers(7, 3), inputs.numbers(8)[1:] + 1 / 8
    small = 2.0**-10  # the sum is linear around w: the differences are exact
    slopes = [
        ((X @ (w + small * e) - y).abs().mean() - (X @ (w - small * e) - y).abs().mean())
        / (2 * small)
        for e in torch.eye(3, dtype=torch.float64)
    ]
    check(lad_sgd_step, w, X, y, 0.25, want=w - 0.25 * torch.stack(slopes), scale=100.0)


@claim("S3-113")
def test_an_error_of_zero_doesnt_pull(lad_sgd_step):
    w, X = vector(1.0, -2.0), vector([2.0, 1.0], [1.0, 1.0])
    check(lad_sgd_step, w, X, vector(0.0, -1.0), 0.5, want=w)
    check(lad_sgd_step, w, X, vector(0.0, -2.0), 0.5, want=w - 0.25 * vector(1.0, 1.0))


@claim("S3-111")
def test_the_size_of_an_error_is_no_matter(lad_sgd_step):
    w, X = vector(1.0, -2.0), vector([2.0, 1.0], [1.0, 1.0])
    want = w - 0.25 * vector(2.0 - 1.0, 1.0 - 1.0)
    for near, far in ((-1e-9, 2.0), (-1e9, 1e9), (-(2.0**-40), -0.5)):
        check(lad_sgd_step, w, X, vector(near, far), 0.5, want=want)


@claim("S3-111")
def test_the_rate_is_shared_among_the_rows(lad_sgd_step):
    w, x = vector(0.0, 0.0, 0.0), vector(4.0, -2.0, 1.0)
    for rows in (1, 2, 5):
        want = -0.5 * x
        check(lad_sgd_step, w, x.repeat(rows, 1), -torch.ones(rows).double(), 0.5, want=want)
    check(lad_sgd_step, w, x[None], vector(-1.0), 0.0, want=w)


@counterexample("S3-113")  # w - lr / |B| sgn(X w - y)^T X, w a column: that is a row
def test_the_update_as_written_is_no_column(lad_sgd_step):
    w, X, y = vector(1.0, 2.0, 4.0), inputs.numbers(5, 3), inputs.numbers(5)
    column = w[:, None]
    as_written = column - 0.5 / 5 * (X @ column - y[:, None]).sign().mT @ X  # [3, 3]
    # Its diagonal is the step; the other entries mix one weight with another's gradient.
    check(lad_sgd_step, w, X, y, 0.5, want=as_written.diagonal().clone())


def test_gradients_flow_back_through_weights_and_rows(lad_sgd_step):
    w, X, y = inputs.numbers(3), inputs.numbers(5, 3), inputs.numbers(5)
    signs = (X @ w - y).sign()
    upstream = vector(1.0, -2.0, 4.0)
    want = (upstream, -0.75 / 5 * torch.outer(signs, upstream))
    check_gradient(lad_sgd_step, w, X, y, 0.75, wrt=(0, 1), upstream=upstream, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(lad_sgd_step, dtype):
    X = vector([1.0, 3.0, 2.0], [2.0, 0.0, 1.0]).to(dtype).mT
    w, y = vector(1.0, 0.0, 2.0, 0.0).to(dtype)[::2], vector(4.0, 4.0, 4.0).to(dtype)
    want = w - 0.375 / 3 * vector(1 - 3 + 0, 2 - 0 + 0).to(dtype)
    check(lad_sgd_step, w, X, y, 0.375, want=want)


def test_refuses_rates_that_make_no_sense(lad_sgd_step):
    w, X, y = inputs.numbers(3), inputs.numbers(5, 3), inputs.numbers(5)
    for lr in (-0.5, math.inf, math.nan):
        check(lad_sgd_step, w, X, y, lr, raises=ValueError, naming={"lr": lr})


def test_refuses_an_empty_batch_and_other_shapes(lad_sgd_step):
    w, X, y = inputs.numbers(3), inputs.numbers(5, 3), inputs.numbers(5)
    for bad in (X[:0], X[:, :2], X[:, :1], X[0], X[None]):
        check(lad_sgd_step, w, bad, y[: len(bad)], 0.5, raises=ValueError,
              naming={"X": tuple(bad.shape)})  # fmt: skip
    for bad in (y[:4], y[:1], y[:, None], y[0]):
        check(lad_sgd_step, w, X, bad, 0.5, raises=ValueError, naming={"y": tuple(bad.shape)})
    for bad in (w[:, None], w[0]):
        check(lad_sgd_step, bad, X, y, 0.5, raises=ValueError, naming={"w": tuple(bad.shape)})


def slope(error):
    return error.sign()


@wrong("step along the error itself: that is the squared loss",
       right_for="half of the squared error; here it is the absolute one")  # fmt: skip
def squared_loss(w, X, y, lr):
    return w - lr / len(X) * X.mT @ (X @ w - y)


@wrong("take the sum over the batch and not its mean")
def summed(w, X, y, lr):
    return w - lr * X.mT @ slope(X @ w - y)


@wrong("climb: the sign of y - X w needs a plus")
def climbs(w, X, y, lr):
    return w - lr / len(X) * X.mT @ slope(y - X @ w)


@wrong("give an error of 0 the slope 1")
def slope_one_at_zero(w, X, y, lr):
    return w - lr / len(X) * X.mT @ torch.where(X @ w >= y, 1.0, -1.0).to(w.dtype)


@wrong("give an error of 0 the slope -1")
def slope_minus_one_at_zero(w, X, y, lr):
    return w - lr / len(X) * X.mT @ torch.where(X @ w > y, 1.0, -1.0).to(w.dtype)


@wrong("leave the rows out: each weight gets the mean sign")
def without_rows(w, X, y, lr):
    return w - lr * slope(X @ w - y).mean() * torch.ones_like(w)


@wrong("take the sign of the gradient and not of each error",
       right_for="sign SGD; here each error has its sign")  # fmt: skip
def sign_of_the_gradient(w, X, y, lr):
    return w - lr * slope(X.mT @ slope(X @ w - y))


@wrong("divide by the number of weights")
def by_the_weights(w, X, y, lr):
    return w - lr / len(w) * X.mT @ slope(X @ w - y)


@wrong("smooth the kink: near 0 the slope is the error (Huber's loss)",
       right_for="Huber's loss; here the kink is sharp")  # fmt: skip
def huber(w, X, y, lr):
    return w - lr / len(X) * X.mT @ (X @ w - y).clamp(-1, 1)


@wrong("take errors below 1e-8 for 0")
def with_threshold(w, X, y, lr):
    error = X @ w - y
    return w - lr / len(X) * X.mT @ torch.where(error.abs() < 1e-8, 0.0, slope(error)).to(w.dtype)


@wrong("divide the error by its size: 0 / 0 is nan")
def divides(w, X, y, lr):
    error = X @ w - y
    return w - lr / len(X) * X.mT @ (error / error.abs())


@wrong("detach the rows: no gradient flows back to them")
def detached_rows(w, X, y, lr):
    return w - lr / len(X) * X.detach().mT @ slope(X @ w - y)


@wrong("detach the weights")
def detached_weights(w, X, y, lr):
    return w.detach() - lr / len(X) * X.mT @ slope(X @ w - y)


@wrong("move the caller's weights in place")
def in_place(w, X, y, lr):
    with torch.no_grad():
        step = lr / len(X) * X.mT @ slope(X @ w - y)
        return w.sub_(step) if not w.requires_grad else w - step


@right("by two masks, above and below")
def by_two_masks(w, X, y, lr):
    if lr < 0 or not math.isfinite(lr):
        raise ValueError(f"`lr` can't be {lr}")
    if w.ndim != 1:
        raise ValueError(f"`w` has shape {tuple(w.shape)}")
    if X.ndim != 2 or len(X) == 0 or X.size(1) != w.numel():
        raise ValueError(f"`X` has shape {tuple(X.shape)}")
    if tuple(y.shape) != (len(X),):
        raise ValueError(f"`y` has shape {tuple(y.shape)}")
    guess = torch.mv(X, w)
    above, below = (guess > y)[:, None], (guess < y)[:, None]
    return w - lr * ((X * above).sum(0) - (X * below).sum(0)) / len(X)


@gpu
def bench_a_batch_of_wide_rows(lad_sgd_step, race):
    race(
        lad_sgd_step,
        torch=lambda w, X, y, lr: torch.addmv(w, X.mT, (X @ w - y).sign(), alpha=-lr / len(X)),
        inputs=lambda draw, b, d: (draw.normal(d), draw.normal(b, d), draw.normal(b), 0.1),
        small=(256, 64),
        large=(16384, 4096),
        # X is needed for the errors and for the gradient: 2 operations an entry each.
        forward=lambda w, X, y, lr: {
            "bytes": X.nbytes + 2 * w.nbytes + y.nbytes,
            "flops": 4 * X.numel() + 2 * y.numel() + 2 * w.numel(),
        },
    )
