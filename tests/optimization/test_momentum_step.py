"""velocity' = momentum * velocity + lr * grad, theta' = theta - velocity'."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("sgd_weight_decay_step",),
    forbid=("torch.optim", "fused_sgd"),
    instead="write both lines with + and *",
    hints=(
        "The velocity remembers past steps, each fainter by a factor of `momentum`.",
        "First renew the velocity; then move theta by the new one, and by nothing else.",
        "velocity = momentum * velocity + lr * grad; theta - velocity, velocity.",
    ),
)


@claim("S0-359", "S0-360", "S4-323")
def test_a_case_worked_by_hand(momentum_step):
    theta, velocity = vector([1.0, 2.0, 3.0], [0.0, -1.0, 4.0]), vector([4.0, 0.0, -2.0], [1.0] * 3)
    grad = vector([2.0, -8.0, 0.0], [4.0, 2.0, -6.0])
    new = vector([3.5, -2.0, -1.5], [1.75, 1.25, -0.75])
    check(momentum_step, theta, velocity, grad, lr=0.25, momentum=0.75, want=(theta - new, new))


@claim("S0-360")
def test_the_velocity_moves_theta_even_without_a_gradient(momentum_step):
    theta, velocity, none = vector(1.0, -1.0), vector(0.5, 4.0), vector(0.0, 0.0)
    want = (vector(0.75, -3.0), vector(0.25, 2.0))
    check(momentum_step, theta, velocity, none, 0.125, 0.5, want=want)


@claim("S0-359", "S1-204", "S4-323")
def test_without_momentum_it_is_gradient_descent(momentum_step):
    theta, velocity, grad = vector(1.0, 2.0), vector(3.0, -5.0), vector(4.0, -2.0)
    check(
        momentum_step, theta, velocity, grad, 0.5, 0.0, want=(vector(-1.0, 3.0), vector(2.0, -1.0))
    )


@claim("S0-359", "S0-360")
def test_a_new_rate_leaves_the_old_velocity_alone(momentum_step):
    theta = velocity = vector(0.0)
    path = (-0.1, -0.39, -0.641, -0.8719)
    for grad, lr, want in zip((1.0, 2.0, -1.0, 0.5), (0.1, 0.1, 0.01, 0.01), path, strict=True):
        moved = (vector(want), theta - want)
        # Two decimals of the path cancel in the velocity: hence the scale.
        check(momentum_step, theta, velocity, vector(grad), lr, 0.9, want=moved, scale=10.0)
        theta, velocity = moved


@claim("S0-359", "S1-204")
@given(
    inputs.tensors(inputs.sizes(1, 5), 3),
    st.lists(st.integers(0, 8).map(lambda k: k / 8), min_size=5, max_size=5),
    st.integers(0, 7).map(lambda k: k / 8),
)
def test_the_velocity_is_the_sum_of_the_faded_steps(momentum_step, grads, rates, momentum):
    def velocity(t):
        faded = (momentum ** (t - i) * rates[i] * grads[i] for i in range(t + 1))
        return sum(faded, torch.zeros(3, dtype=torch.float64))

    last = len(grads) - 1
    before = velocity(last - 1)
    theta = vector(1.0, -2.0, 3.0)
    want = (theta - velocity(last), velocity(last))
    check(momentum_step, theta, before, grads[last], rates[last], momentum, want=want, scale=10.0)


@claim("S1-204", "S4-323")
@pytest.mark.parametrize(
    ("sign", "gain"), [(1.0, 10.0), (-1.0, 1 / 1.9)], ids=["agree", "alternate"]
)
def test_agreeing_gradients_add_up_and_alternating_ones_cancel(momentum_step, sign, gain):
    grad, velocity = vector(2.0), vector(0.1 * 2.0 * gain)  # where the velocity comes to rest
    check(momentum_step, vector(5.0), sign * velocity, grad, 0.1, 0.9,
          want=(vector(5.0) - velocity, velocity))  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_parameters(momentum_step, dtype):
    theta, velocity, grad = (x.to(dtype) for x in (vector(1.0), vector(2.0), vector(-4.0)))
    want = (torch.tensor([2.0], dtype=dtype), torch.tensor([-1.0], dtype=dtype))
    check(momentum_step, theta, velocity, grad, 0.5, 0.5, want=want)


def test_refuses_rates_and_momenta_out_of_range(momentum_step):
    x = torch.ones(2)
    check(momentum_step, x, x, x, -0.5, 0.5, raises=ValueError, naming={"lr": -0.5})
    for momentum in (1.0, 1.5, -0.25):
        naming = {"momentum": momentum}
        check(momentum_step, x, x, x, 0.5, momentum, raises=ValueError, naming=naming)


def test_refuses_other_shapes(momentum_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other, naming = torch.ones(shape), {"velocity": shape}
        check(momentum_step, x, other, x, 0.5, 0.5, raises=ValueError, naming=naming)
        naming = {"grad": shape}
        check(momentum_step, x, x, other, 0.5, 0.5, raises=ValueError, naming=naming)


@wrong(
    "keep the learning rate outside the velocity, as torch does",
    right_for="torch's momentum; here the learning rate is in the velocity",
)
def rate_outside(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity + grad
    return theta - lr * velocity, velocity


@wrong(
    "average: the new step is weighted with 1 - momentum",
    right_for="a velocity that is an average; here the whole new step is added",
)
def average(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity + (1 - momentum) * lr * grad
    return theta - velocity, velocity


@wrong("multiply the old velocity by the learning rate as well")
def rate_on_both(theta, velocity, grad, lr, momentum):
    velocity = lr * (momentum * velocity + grad)
    return theta - velocity, velocity


@wrong("move theta by the old velocity")
def old_velocity(theta, velocity, grad, lr, momentum):
    return theta - velocity, momentum * velocity + lr * grad


@wrong("add the velocity to theta: it climbs")
def climbs(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity + lr * grad
    return theta + velocity, velocity


@wrong(
    "keep minus the velocity (v = momentum * v - lr * grad) without changing what comes in",
    right_for="v = momentum * v - lr * grad; here the velocity has the gradient's sign",
)
def negative_velocity(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity - lr * grad
    return theta + velocity, velocity


@wrong("take Nesterov's step: theta looks one step ahead")
def nesterov(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity + lr * grad
    return theta - momentum * velocity - lr * grad, velocity


@wrong("move theta by the gradient and not by the velocity")
def plain_descent(theta, velocity, grad, lr, momentum):
    return theta - lr * grad, momentum * velocity + lr * grad


@wrong("return the velocity as it came in: nothing is remembered")
def forgetful(theta, velocity, grad, lr, momentum):
    return theta - momentum * velocity - lr * grad, velocity


@wrong("write into the velocity: the caller's tensor changes")
def in_place(theta, velocity, grad, lr, momentum):
    velocity.mul_(momentum).add_(grad, alpha=lr)
    return theta - velocity, velocity


@wrong("return the velocity first and theta second")
def swapped(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity + lr * grad
    return velocity, theta - velocity


@right("on copies, in place")
def on_copies(theta, velocity, grad, lr, momentum):
    if lr < 0:
        raise ValueError(f"`lr` should be 0 or more: {lr}")
    if momentum < 0 or momentum >= 1:
        raise ValueError(f"`momentum` should be at least 0 and below 1: {momentum}")
    if velocity.shape != theta.shape:
        raise ValueError(f"`velocity`: shape {list(velocity.shape)} is not that of theta")
    if grad.shape != theta.shape:
        raise ValueError(f"`grad`: shape {list(grad.shape)} is not that of theta")
    v = velocity.clone()
    v.mul_(momentum).add_(grad, alpha=lr)
    return theta.clone().sub_(v), v


@gpu
def bench_many_parameters(momentum_step, race):
    def in_place(theta, velocity, grad, lr, momentum):
        velocity.mul_(momentum).add_(grad, alpha=lr)
        theta.sub_(velocity)
        return theta, velocity

    race(
        momentum_step,
        torch=in_place,  # the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), draw.normal(n), draw.normal(n), 0.1, 0.9),
        small=(10_000,),
        large=(20_000_000,),
        # theta, velocity and grad are read, the first two written; two products, a sum and a difference.
        forward=lambda theta, velocity, grad, lr, momentum: {
            "bytes": 5 * theta.nbytes,
            "flops": 4 * theta.numel(),
        },
    )
