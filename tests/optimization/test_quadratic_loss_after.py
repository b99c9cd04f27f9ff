"""1/2 * sum of eigenvalue * start^2 * (1 - lr * eigenvalue)^(2 steps): U-shaped in lr."""

import math
from fractions import Fraction

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
    after=("gd_regime",),
    forbid=("torch.optim", "fused_sgd"),
    instead="write down what one step does along an eigenvector",
    hints=(
        "What is the gradient along an eigenvector, and what is left of the distance after a step?",
        "A step multiplies coordinate i by 1 - lr * eigenvalue_i. And as many as `steps` of them?",
        "x_i = start_i * (1 - lr * eigenvalue_i)^steps; put these into the loss.",
    ),
)

TEN_TO_ONE = vector(10.0, 1.0)


@claim("S4-138", "S4-139")
def test_a_case_worked_by_hand(quadratic_loss_after):
    # 2 -> 1 -> 1/2, 3 stays, 1 -> -1 -> 1, and 1 -> -2 -> 4.
    eigenvalues, start = vector(1.0, 0.0, 4.0, 6.0), vector(2.0, 3.0, 1.0, 1.0)
    want = torch.tensor((1 * 0.25 + 0 + 4 * 1 + 6 * 16) / 2, dtype=torch.float64)
    check(quadratic_loss_after, eigenvalues, start, lr=0.5, steps=2, want=want)


@claim("S3-092", "S4-139")
def test_no_steps_or_a_rate_of_zero_leave_the_loss_as_it_is(quadratic_loss_after):
    want = torch.tensor((10 * 4 + 1 * 9) / 2, dtype=torch.float64)
    start = vector(-2.0, 3.0)
    check(quadratic_loss_after, TEN_TO_ONE, start, 0.25, 0, want=want)
    check(quadratic_loss_after, TEN_TO_ONE, start, 0.0, 7, want=want)
    check(quadratic_loss_after, TEN_TO_ONE, start, 0.1, 0, want=want)  # 0^0 is 1


@claim("S4-138")
@pytest.mark.parametrize("lr", [1e-4, 1e-3, 0.01, 0.1, 0.18, 0.2, 0.21])
def test_the_u_of_the_notes(quadratic_loss_after, lr):
    x, y = 1.0, 1.0
    for _ in range(50):
        x, y = x - lr * 10 * x, y - lr * y
    want = torch.tensor((10 * x * x + y * y) / 2, dtype=torch.float64)
    check(quadratic_loss_after, TEN_TO_ONE, vector(1.0, 1.0), lr, 50, want=want)


@claim("S4-138", "S4-139", "S4-140")
@given(
    st.lists(st.integers(-2, 8).map(lambda k: Fraction(k, 2)), min_size=1, max_size=4),
    st.lists(st.integers(-8, 8).map(lambda k: Fraction(k, 4)), min_size=4, max_size=4),
    st.integers(0, 12).map(lambda k: Fraction(k, 8)),
    st.integers(0, 6),
)
def test_equals_the_loss_at_the_end_of_the_exact_path(
    quadratic_loss_after, eigenvalues, start, lr, steps
):
    x = start[: len(eigenvalues)]
    begin = vector(*map(float, x))
    for _ in range(steps):
        x = [v - lr * e * v for v, e in zip(x, eigenvalues, strict=True)]
    want = float(sum(e * v * v for v, e in zip(x, eigenvalues, strict=True)) / 2)
    want = torch.tensor(want, dtype=torch.float64)
    slopes = vector(*map(float, eigenvalues))
    check(quadratic_loss_after, slopes, begin, float(lr), steps, want=want)


@claim("S4-138", "S4-139")
@given(inputs.tensors(2, inputs.sizes(1, 4)), st.integers(1, 8).map(lambda k: k / 16))
def test_gradients_flow_back_to_the_curvatures_and_the_start(quadratic_loss_after, drawn, lr):
    def unrolled(eigenvalues, start, lr, steps):
        x = start
        for _ in range(steps):
            x = x - lr * eigenvalues * x
        return (eigenvalues * x * x).sum() / 2

    check_gradient(quadratic_loss_after, *drawn, lr=lr, steps=3, like=unrolled, scale=100.0)


@claim("S4-139")
def test_two_over_the_largest_eigenvalue_is_the_border(quadratic_loss_after):
    eigenvalues, start = vector(8.0, 0.5), vector(1.0, 0.0)
    for lr, want in ((0.25, 4.0), (0.25 - 2.0**-5, 4 * 0.75**40), (0.25 + 2.0**-5, 4 * 1.25**40)):
        want = torch.tensor(want, dtype=torch.float64)
        check(quadratic_loss_after, eigenvalues, start, lr, 20, want=want)


@counterexample("S4-140")  # "stays at a high training error for ever"
def test_a_small_rate_gets_there_in_the_end_if_the_loss_is_convex(quadratic_loss_after):
    for steps in (50, 1_000_000):
        want = (10 * 0.999 ** (2 * steps) + 0.9999 ** (2 * steps)) / 2
        want = torch.tensor(want, dtype=torch.float64)  # 5.02 and 7e-88
        # A rounding of 1 - 1e-4 counts once for each step: 2e6 * 1e-16.
        check(quadratic_loss_after, TEN_TO_ONE, vector(1.0, 1.0), 1e-4, steps, want=want,
              slack=10.0)  # fmt: skip


@claim("S4-140")
def test_too_small_a_rate_leaves_the_loss_where_it_is(quadratic_loss_after):
    # Ten steps lower it by 2e-7: less than float32 can tell.
    start = torch.tensor([1.0, 2.0])
    slopes = torch.tensor([4.0, 1.0])
    check(quadratic_loss_after, slopes, start, 2.0**-30, 10, want=torch.tensor(4.0))


def test_along_a_negative_curvature_the_loss_falls_without_end(quadratic_loss_after):
    want = torch.tensor(-2 * 1.5**6 / 2, dtype=torch.float64)
    check(quadratic_loss_after, vector(-2.0), vector(1.0), 0.25, 3, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_start(quadratic_loss_after, dtype):
    slopes, start = torch.tensor([2.0, 4.0]).to(dtype), torch.tensor([4.0, 1.0]).to(dtype)
    check(quadratic_loss_after, slopes, start, 0.25, 1, want=torch.tensor(4.0).to(dtype))


def test_refuses_rates_and_steps_that_make_no_sense(quadratic_loss_after):
    for lr in (-0.5, math.nan, math.inf):
        args = (TEN_TO_ONE, vector(1.0, 1.0), lr, 2)
        check(quadratic_loss_after, *args, raises=ValueError, naming={"lr": lr})
    args = (TEN_TO_ONE, vector(1.0, 1.0), 0.5, -1)
    check(quadratic_loss_after, *args, raises=ValueError, naming={"steps": -1})


def test_refuses_another_number_of_eigenvalues(quadratic_loss_after):
    for n in (1, 2, 4):
        args = (torch.ones(n), torch.ones(3), 0.5, 1)
        check(quadratic_loss_after, *args, raises=ValueError, naming={"eigenvalues": (n,)})


def test_refuses_integers(quadratic_loss_after):
    args = (torch.ones(2), torch.tensor([3, 4]), 0.5, 1)
    check(quadratic_loss_after, *args, raises=ValueError, naming={"start": torch.int64})


@wrong("forget the half")
def without_the_half(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - lr * eigenvalues) ** steps) ** 2).sum()


@wrong("square the distance only: the factor shrinks the loss twice as fast as the distance")
def factor_once(eigenvalues, start, lr, steps):
    return (eigenvalues * start**2 * (1 - lr * eigenvalues).abs() ** steps).sum() / 2


@wrong("shrink by exp(-lr * eigenvalue): that is the flow of tiny steps, and never diverges")
def gradient_flow(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * torch.exp(-lr * eigenvalues * steps)) ** 2).sum() / 2


@wrong("keep the factor from being negative: it overshoots where lr is above 1 / eigenvalue")
def clamped_factor(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - lr * eigenvalues).clamp(min=0) ** steps) ** 2).sum() / 2


@wrong("leave the eigenvalues out of the loss: that is half the squared distance")
def squared_distance(eigenvalues, start, lr, steps):
    return ((start * (1 - lr * eigenvalues) ** steps) ** 2).sum() / 2


@wrong("let the largest eigenvalue shrink all coordinates")
def one_factor(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - lr * eigenvalues.max()) ** steps) ** 2).sum() / 2


@wrong("average over the coordinates: the loss is their sum")
def mean(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - lr * eigenvalues) ** steps) ** 2).mean() / 2


@wrong("make one step less")
def one_step_short(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - lr * eigenvalues) ** max(steps - 1, 0)) ** 2).sum() / 2


@wrong("take the gradient of eigenvalue * x^2 for the steps: twice the rate")
def twice_the_rate(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - 2 * lr * eigenvalues) ** steps) ** 2).sum() / 2


@wrong("start at (1, ..., 1) whatever `start` says")
def ignores_start(eigenvalues, start, lr, steps):
    return (eigenvalues * (1 - lr * eigenvalues) ** (2 * steps)).sum() / 2


@wrong("take the path for a constant: the curvature's gradient has a second term")
def detached_factor(eigenvalues, start, lr, steps):
    return (eigenvalues * (start * (1 - lr * eigenvalues.detach()) ** steps) ** 2).sum() / 2


@wrong("take the power by a logarithm: it is nan where the factor is negative or 0")
def by_logarithm(eigenvalues, start, lr, steps):
    left = start * torch.exp(steps * torch.log(1 - lr * eigenvalues))
    return (eigenvalues * left**2).sum() / 2


@right("with the even power of the factor, as a scalar product")
def even_power(eigenvalues, start, lr, steps):
    if not (lr >= 0 and math.isfinite(lr)):
        raise ValueError(f"lr = {lr}")
    if steps < 0:
        raise ValueError(f"steps = {steps}")
    if eigenvalues.size() != start.size():
        raise ValueError(f"eigenvalues: {tuple(eigenvalues.shape)}")
    if not torch.is_floating_point(start):
        raise ValueError(f"start: {start.dtype}")
    weights = eigenvalues * torch.pow(1 - lr * eigenvalues, 2 * steps)
    return 0.5 * torch.dot(weights, start * start)


@plot(x="learning rate", y="loss after 50 steps", xscale="log", yscale="log")
def plot_training_loss_over_the_rate(quadratic_loss_after):
    rates = [10 ** (k / 20) for k in range(-80, -12)]

    def losses(*eigenvalues):
        start = torch.ones(len(eigenvalues), dtype=torch.float64)
        return [quadratic_loss_after(vector(*eigenvalues), start, lr, 50) for lr in rates]

    return {"eigenvalues 10, 1": (rates, losses(10.0, 1.0)), "10, 0.1": (rates, losses(10.0, 0.1))}
