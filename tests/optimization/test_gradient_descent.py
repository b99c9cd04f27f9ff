"""x_{t+1} = x_t - lr * grad(x_t): the whole path, the start included."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.sgd import sgd as torchs_sgd

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    plot,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    forbid=("torch.optim", "fused_sgd"),
    instead="write the step with - and *",
    hints=(
        "Which way does the gradient point, and which way is down?",
        "The gradient is asked for anew at each point, once a step.",
        "Begin a list with x0, append path[-1] - lr * grad(path[-1]), and stack it.",
    ),
)


def quadratic(*curvatures):
    """The gradient of 1/2 * sum of curvature * x^2."""
    slopes = vector(*curvatures)
    return lambda x: slopes.to(x.dtype) * x


@claim("S1-201", "S4-151")
def test_a_case_worked_by_hand(gradient_descent):
    x0 = vector([8.0, 4.0, -8.0], [0.0, 1.0, 16.0])
    want = torch.stack([x0, vector([6.0, 2.0, 0.0], [0.0, 0.5, 0.0]),
                        vector([4.5, 1.0, 0.0], [0.0, 0.25, 0.0])])  # fmt: skip
    check(gradient_descent, quadratic(1.0, 2.0, 4.0), x0, lr=0.25, steps=2, want=want)


@claim("S4-151")
def test_the_gradient_is_taken_anew_at_each_point(gradient_descent):
    # f = x^4 / 4: 2 -> 2 - 8/8 = 1 -> 1 - 1/8.
    want = vector(2.0, 1.0, 0.875, 0.875 - 0.875**3 / 8)
    check(gradient_descent, lambda x: x**3, torch.tensor(2.0).double(), 0.125, 3, want=want)


@claim("S4-151")
def test_no_steps_or_a_rate_of_zero_stay_at_the_start(gradient_descent):
    x0 = vector(1.0, -3.0)
    check(gradient_descent, quadratic(1.0, 2.0), x0, 0.5, 0, want=x0[None])
    check(gradient_descent, quadratic(1.0, 2.0), x0, 0.0, 3, want=x0.repeat(4, 1))


@claim("S3-092", "S3-093", "S4-139")
@given(
    st.integers(1, 16).map(lambda k: Fraction(k, 4)),
    st.integers(0, 16).map(lambda k: Fraction(k, 8)),
    st.integers(-16, 16).map(lambda k: Fraction(k, 4)),
    st.integers(0, 6),
)
def test_on_a_quadratic_the_distance_shrinks_or_grows_by_one_factor(
    gradient_descent, curvature, lr, start, steps
):
    points = [float(start * (1 - lr * curvature) ** t) for t in range(steps + 1)]
    grad = quadratic(float(curvature))
    check(
        gradient_descent,
        grad,
        vector(float(start)),
        float(lr),
        steps,
        want=vector(*points)[:, None],
    )


@claim("S4-151")
@given(inputs.tensors(3, 3), inputs.tensors(3), st.integers(0, 5))
def test_equals_the_power_of_a_matrix(gradient_descent, rows, x0, steps):
    hessian = (rows + rows.mT) / 16
    shrink = torch.eye(3, dtype=torch.float64) - hessian / 8
    want = torch.stack([torch.linalg.matrix_power(shrink, t) @ x0 for t in range(steps + 1)])
    check(gradient_descent, lambda x: hessian @ x, x0, 0.125, steps, want=want, scale=10.0)


@claim("S4-151")
def test_equals_torchs_sgd_on_a_loss_that_is_no_quadratic(gradient_descent):
    x0 = vector([0.5, -2.0], [1.5, 3.0], [0.25, -1.0])
    theta, want = x0.clone(), [x0]
    for _ in range(7):
        torchs_sgd([theta], [theta.sin() + theta / 4], [None], weight_decay=0.0, momentum=0.0,
                   lr=0.3, dampening=0.0, nesterov=False, maximize=False)  # fmt: skip
        want.append(theta.clone())
    check(gradient_descent, lambda x: x.sin() + x / 4, x0, 0.3, 7, want=torch.stack(want))


@claim("S4-139", "S4-151")
def test_a_rate_above_two_over_the_curvature_diverges(gradient_descent):
    check(gradient_descent, quadratic(4.0), vector(1.0), 0.75, 4,
          want=vector([1.0], [-2.0], [4.0], [-8.0], [16.0]))  # fmt: skip
    want = vector(*((-8.0) ** t for t in range(9)))[:, None]
    check(gradient_descent, quadratic(4.0), vector(1.0), 2.25, 8, want=want)
    check(gradient_descent, quadratic(4.0), vector(3.0), 0.5, 3,
          want=vector([3.0], [-3.0], [3.0], [-3.0]))  # fmt: skip


@claim("S4-139", "S4-151")
def test_a_path_that_overflows_is_returned_as_well(gradient_descent):
    # Each step multiplies by 1 - 2e6: float32 ends after six of them.
    beyond = such_that("11 points, the last not finite",
                       lambda path: path.shape == (11, 1) and not path[-1].isfinite())  # fmt: skip
    check(gradient_descent, lambda x: 2 * x, torch.ones(1), 1e6, 10, want=beyond)


@counterexample("S3-093")  # "crosses the lowest point and so oscillates near it"
def test_beyond_the_border_it_doesnt_stay_near_the_minimum(gradient_descent):
    want = vector(*((-1.1) ** t for t in range(31)))  # 17.4 times as far away after 30 steps
    check(gradient_descent, quadratic(1.0), vector(1.0), 2.1, 30, want=want[:, None])


@counterexample("S1-201")  # a "batch" of today is a few rows; all of them are asked for here
def test_the_gradient_of_one_mini_batch_leads_elsewhere(gradient_descent):
    rows = vector(1.0, 2.0, 6.0)  # the loss is the mean of (w - row)^2 / 2
    to_the_mean = [3 - 3 * 0.5**t for t in range(4)]
    check(gradient_descent, lambda w: w - rows.mean(), torch.zeros(()).double(), 0.5, 3,
          want=vector(*to_the_mean))  # fmt: skip
    to_the_batchs = [1.5 - 1.5 * 0.5**t for t in range(4)]
    check(gradient_descent, lambda w: w - rows[:2].mean(), torch.zeros(()).double(), 0.5, 3,
          want=vector(*to_the_batchs))  # fmt: skip


def test_gradients_flow_back_to_the_start(gradient_descent):
    x0 = vector(1.0, -2.0, 0.5)
    upstream = vector([1.0, 2.0, -1.0], [0.5, 0.0, 4.0], [2.0, -1.0, 1.0])
    factors = 1 - 0.25 * vector(1.0, 2.0, 8.0)
    want = sum(upstream[t] * factors**t for t in range(3))
    check_gradient(gradient_descent, quadratic(1.0, 2.0, 8.0), x0, 0.25, 2,
                   wrt=(1,), upstream=upstream, want=(want,))  # fmt: skip


def test_the_gradient_may_come_in_the_same_tensor_each_time(gradient_descent):
    buffer = torch.zeros(2, dtype=torch.float64)

    def reused(x):
        return torch.mul(x, 2.0, out=buffer)

    want = vector([4.0, -8.0], [2.0, -4.0], [1.0, -2.0], [0.5, -1.0])
    check(gradient_descent, reused, vector(4.0, -8.0), 0.25, 3, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_keeps_the_dtype_of_the_start(gradient_descent, dtype):
    x0, want = torch.tensor([4.0, -1.0]), torch.tensor([[4.0, -1.0], [3.0, -0.5]])
    check(gradient_descent, quadratic(0.5, 1.0), x0.to(dtype), 0.5, 1, want=want.to(dtype))


def test_reads_a_start_by_its_strides(gradient_descent):
    x0 = inputs.numbers(2, 3).mT
    want = torch.stack([x0, x0 / 2, x0 / 4]).contiguous()
    check(gradient_descent, lambda x: 2 * x, x0, 0.25, 2, want=want)
    check(gradient_descent, lambda x: 2 * x, torch.zeros(0, 3), 0.25, 2, want=torch.zeros(3, 0, 3))


def test_refuses_rates_steps_and_starts_that_make_no_sense(gradient_descent):
    grad, x0 = quadratic(1.0), torch.ones(1)
    for lr in (-0.5, math.nan, math.inf):
        check(gradient_descent, grad, x0, lr, 2, raises=ValueError, naming={"lr": lr})
    check(gradient_descent, grad, x0, 0.5, -1, raises=ValueError, naming={"steps": -1})
    whole = torch.tensor([1, 2])
    naming = {"x0": torch.int64}
    check(gradient_descent, grad, whole, 0.5, 1, raises=ValueError, naming=naming)


def walk(step, x0, steps):
    """The path of x -> step(x, t)."""
    path = [x0]
    for t in range(steps):
        path.append(step(path[-1], t))
    return torch.stack(path)


@wrong("go up the gradient and not down")
def ascends(grad, x0, lr, steps):
    return walk(lambda x, t: x + lr * grad(x), x0, steps)


@wrong("take the gradient at the start for all steps")
def gradient_of_the_start(grad, x0, lr, steps):
    first = grad(x0).clone()
    return walk(lambda x, t: x - lr * first, x0, steps)


@wrong("leave out the start: the path has steps + 1 points")
def without_the_start(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr * grad(x), x0, steps)[1:]


@wrong("stop one step early")
def one_step_short(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr * grad(x), x0, max(steps - 1, 0))


@wrong("step in place: x0 changes, and all points of the path are the last one")
def in_place(grad, x0, lr, steps):
    path = [x0]
    for _ in range(steps):
        path.append(path[-1].sub_(lr * grad(path[-1])))
    return torch.stack(path)


@wrong("return only the last point")
def last_point(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr * grad(x), x0, steps)[-1]


@wrong("divide the gradient by its norm: then each step has the length lr")
def normalised(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr * grad(x) / grad(x).norm().clamp(min=1e-12), x0, steps)


@wrong("let the rate fall as 1 / (t + 1)", right_for="a rate that falls; here it is constant")
def falling_rate(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr / (t + 1) * grad(x), x0, steps)


@wrong("detach the points: no gradient flows back to x0 through the steps")
def detached(grad, x0, lr, steps):
    return walk(lambda x, t: (x - lr * grad(x)).detach(), x0, steps)


@wrong("detach each gradient: the curvature doesn't count on the way back")
def detached_gradient(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr * grad(x.detach()), x0, steps)


@wrong("keep the gradients in a list and sum them: one that is written over counts twice")
def sums_kept_gradients(grad, x0, lr, steps):
    kept = []

    def step(x, t):
        kept.append(grad(x))
        return x0 - lr * sum(kept)

    return walk(step, x0, steps)


@wrong("refuse to move where the loss would not fall: a rate that is too large then stands still")
def only_downhill(grad, x0, lr, steps):
    def step(x, t):
        there = x - lr * grad(x)
        g = grad(x).clone()
        return there if grad(there).norm() <= g.norm() else x

    return walk(step, x0, steps)


@wrong("stay at the last point that is finite: a path that diverges then seems to stand still")
def stays_finite(grad, x0, lr, steps):
    def step(x, t):
        new = x - lr * grad(x)
        return torch.where(new.isfinite(), new, x)

    return walk(step, x0, steps)


@wrong("compute in float32 whatever the dtype of x0")
def always_float32(grad, x0, lr, steps):
    return walk(lambda x, t: x - lr * grad(x), x0.float(), steps)


@right("into a tensor that is made beforehand, without a graph where none is needed")
def into_rows(grad, x0, lr, steps):
    if not (math.isfinite(lr) and lr >= 0):
        raise ValueError(f"`lr` can't be {lr}")
    if steps <= -1:
        raise ValueError(f"`steps` can't be {steps}")
    if x0.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`x0` is of {x0.dtype}")
    x, path = x0, x0.new_empty(steps + 1, *x0.shape)
    path[0] = x
    for t in range(1, steps + 1):
        x = torch.sub(x, grad(x), alpha=lr)
        path[t] = x
    return path


@right("by recursion, from the second point on")
def by_recursion(grad, x0, lr, steps):
    if lr < 0 or math.isnan(lr) or lr == math.inf:
        raise ValueError(f"lr = {lr}")
    if steps < 0:
        raise ValueError(f"steps = {steps}")
    if not torch.is_floating_point(x0):
        raise ValueError(f"x0: {x0.dtype}")
    if steps == 0:
        return x0.unsqueeze(0).clone()
    rest = by_recursion(grad, x0 - grad(x0).mul(lr), lr, steps - 1)
    return torch.cat([x0[None], rest])


@plot(x="x1, the flat direction", y="x2, ten times as curved")
def plot_paths_in_a_valley(gradient_descent):
    start, valley = vector(10.0, 2.0), quadratic(1.0, 10.0)
    rates = {"lr = 0.02, slow": 0.02, "lr = 0.1": 0.1, "lr = 0.18, zigzag": 0.18}
    paths = {name: gradient_descent(valley, start, lr, 25) for name, lr in rates.items()}
    return {name: (path[:, 0], path[:, 1]) for name, path in paths.items()}


@plot(x="step", y="x")
def plot_regimes_of_the_learning_rate(gradient_descent):
    rates = {"0.2 / L, slow": 0.2, "0.7 / L": 0.7, "1.6 / L": 1.6, "2 / L": 2.0, "2.1 / L": 2.1}
    start = torch.tensor(1.0, dtype=torch.float64)
    steps = range(13)
    return {
        name: (steps, gradient_descent(lambda x: x, start, lr, 12)) for name, lr in rates.items()
    }
