"""velocity' = momentum * velocity + lr * grad(theta - momentum * velocity)."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.sgd import sgd as torchs_sgd

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("momentum_step", "gradient_descent"),
    forbid=("torch.optim", "fused_sgd"),
    instead="write both lines with + and *",
    hints=(
        "Plain momentum takes the gradient here. Where could one look first?",
        "The old velocity, faded, moves theta whatever the gradient says: look where that leads.",
        "ahead = theta - momentum * velocity; velocity = momentum * velocity + lr * grad(ahead).",
    ),
)


@claim("S4-323")
def test_a_case_worked_by_hand(nesterov_step):
    slopes = vector([1.0, 2.0, 4.0], [0.0, 1.0, 2.0])
    theta, velocity = (
        vector([4.0, 1.0, 0.0], [1.0, -3.0, 2.0]),
        vector([4.0, -2.0, 8.0], [2.0, 0.0, 4.0]),
    )
    # Ahead: [2, 2, -4], [0, -3, 0].
    new = vector([2.5, 0.0, 0.0], [1.0, -0.75, 2.0])
    check(nesterov_step, theta, velocity, lambda x: slopes * x, lr=0.25, momentum=0.5,
          want=(theta - new, new))  # fmt: skip


@claim("S4-323")
def test_the_gradient_is_taken_ahead(nesterov_step):
    theta, velocity = vector(1.0), vector(2.0)
    # Here x^3 is 1, ahead, at 1 - 2/2 = 0, it is 0.
    check(nesterov_step, theta, velocity, lambda x: x**3, 0.5, 0.5, want=(vector(0.0), vector(1.0)))
    want = (vector(-17.0), vector(18.0))  # ahead, at 2, it is 8
    check(nesterov_step, theta, vector(-4.0), lambda x: x**3, 2.375, 0.25, want=want)


@claim("S1-204", "S4-323")
def test_without_momentum_or_velocity_it_is_gradient_descent(nesterov_step):
    theta = vector(2.0, -1.0)
    want = (vector(-2.0, -0.5), vector(4.0, -0.5))
    check(nesterov_step, theta, vector(3.0, 5.0), lambda x: x**3, 0.5, 0.0, want=want)
    check(nesterov_step, theta, vector(0.0, 0.0), lambda x: x**3, 0.5, 0.75, want=want)


@claim("S1-204", "S4-323")
@pytest.mark.parametrize(("momentum", "gain"), [(0.75, 4.0), (0.5, 2.0)])
def test_a_constant_gradient_is_amplified(nesterov_step, momentum, gain):
    velocity = 0.25 * vector(2.0, -8.0) * gain  # where it comes to rest
    check(nesterov_step, vector(5.0, 1.0), velocity, lambda x: vector(2.0, -8.0), 0.25, momentum,
          want=(vector(5.0, 1.0) - velocity, velocity))  # fmt: skip


@claim("S4-323")
@given(
    inputs.tensors(2, inputs.sizes(1, 4)),
    st.integers(0, 8).map(lambda k: k / 8),
    st.integers(0, 7).map(lambda k: k / 8),
)
def test_torchs_parameters_are_the_point_ahead(nesterov_step, drawn, lr, momentum):
    theta, velocity = drawn

    def grad(x):
        return x.sin() + x / 2

    ahead = theta - momentum * velocity  # what torch calls theta; its velocity lacks the rate
    mine, buffer = ahead.clone(), velocity.clone()
    # With lr = 1 for torch and the gradient scaled, both velocities are the same.
    torchs_sgd([mine], [lr * grad(ahead)], [buffer], weight_decay=0.0, momentum=momentum or 1e-300,
               lr=1.0, dampening=0.0, nesterov=True, maximize=False)  # fmt: skip
    want = (mine + momentum * buffer, buffer)  # back from the point ahead
    check(nesterov_step, theta, velocity, grad, lr, momentum, want=want, scale=10.0)


@claim("S4-323")
def test_on_a_quadratic_its_two_roots_are_those_of_the_formula(nesterov_step):
    # theta_{t+1} = (1 + momentum) (1 - lr L) theta_t - momentum (1 - lr L) theta_{t-1}
    slope, lr, momentum, before, theta = 3.0, 0.125, 0.75, vector(2.0), vector(1.0)
    for _ in range(5):
        shrink = 1 - lr * slope
        after = (1 + momentum) * shrink * theta - momentum * shrink * before
        check(nesterov_step, theta, before - theta, lambda x: slope * x, lr, momentum,
              want=(after, theta - after))  # fmt: skip
        before, theta = theta, after


def test_keeps_shapes_and_strides(nesterov_step):
    theta, velocity = inputs.numbers(3, 2).mT, inputs.numbers(2, 3)
    new = velocity / 2 + (theta - velocity / 2) / 4
    want = ((theta - new).contiguous(), new.contiguous())
    check(nesterov_step, theta, velocity, lambda x: x, 0.25, 0.5, want=want)
    one = torch.tensor(2.0)
    want = (torch.tensor(0.75), torch.tensor(1.25))
    check(nesterov_step, one, one, lambda x: x, 0.25, 0.5, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_parameters(nesterov_step, dtype):
    theta, velocity = torch.tensor([4.0]).to(dtype), torch.tensor([2.0]).to(dtype)
    want = (torch.tensor([1.5]).to(dtype), torch.tensor([2.5]).to(dtype))
    check(nesterov_step, theta, velocity, lambda x: 2 * x, 0.25, 0.5, want=want)


def test_refuses_rates_and_momenta_out_of_range(nesterov_step):
    x = torch.ones(2)
    for lr in (-0.5, math.nan):
        check(nesterov_step, x, x, torch.sin, lr, 0.5, raises=ValueError, naming={"lr": lr})
    for momentum in (1.0, 1.5, -0.25, math.nan):
        naming = {"momentum": momentum}
        check(nesterov_step, x, x, torch.sin, 0.5, momentum, raises=ValueError, naming=naming)


def test_refuses_a_velocity_of_another_shape_and_integers(nesterov_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        naming = {"velocity": shape}
        args = (x, torch.ones(shape), torch.sin, 0.5, 0.5)
        check(nesterov_step, *args, raises=ValueError, naming=naming)
    whole = torch.tensor([1, 2])
    args = (whole, torch.zeros(2), torch.sin, 0.5, 0.5)
    check(nesterov_step, *args, raises=ValueError, naming={"theta": torch.int64})


@wrong("take the gradient here: that is plain momentum",
       right_for="the heavy ball; here the gradient is taken ahead")  # fmt: skip
def heavy_ball(theta, velocity, grad, lr, momentum):
    velocity = momentum * velocity + lr * grad(theta)
    return theta - velocity, velocity


@wrong("look ahead with the whole velocity: it fades before it moves theta")
def looks_too_far(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + lr * grad(theta - velocity)
    return theta - new, new


@wrong("look behind: the velocity is subtracted from theta, so ahead is theta minus it")
def looks_behind(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + lr * grad(theta + momentum * velocity)
    return theta - new, new


@wrong("step from the point ahead: the old velocity moves theta twice")
def from_the_point_ahead(theta, velocity, grad, lr, momentum):
    ahead = theta - momentum * velocity
    new = momentum * velocity + lr * grad(ahead)
    return ahead - new, new


@wrong(
    "return the new point ahead for theta", right_for="torch's nesterov; here it is theta itself"
)
def point_ahead(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + lr * grad(theta - momentum * velocity)
    return theta - new - momentum * new, new


@wrong("keep the learning rate outside the velocity",
       right_for="a velocity without the rate, as in torch; here the rate is inside")  # fmt: skip
def rate_outside(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + grad(theta - momentum * lr * velocity)
    return theta - lr * new, new


@wrong("average: the new step is weighted with 1 - momentum")
def average(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + (1 - momentum) * lr * grad(theta - momentum * velocity)
    return theta - new, new


@wrong("forget the velocity on the way out: only the gradient moves theta")
def plain_descent(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + lr * grad(theta - momentum * velocity)
    return theta - lr * grad(theta - momentum * velocity), new


@wrong("add the velocity: it climbs")
def climbs(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + lr * grad(theta - momentum * velocity)
    return theta + new, new


@wrong("return the velocity first and theta second")
def swapped(theta, velocity, grad, lr, momentum):
    new = momentum * velocity + lr * grad(theta - momentum * velocity)
    return new, theta - new


@wrong("write into the velocity: the caller's tensor changes")
def in_place(theta, velocity, grad, lr, momentum):
    ahead = theta - momentum * velocity
    velocity.mul_(momentum).add_(grad(ahead), alpha=lr)
    return theta - velocity, velocity


@wrong("move theta to the point ahead and back, in place")
def moves_theta(theta, velocity, grad, lr, momentum):
    theta.sub_(momentum * velocity)
    step = lr * grad(theta)
    return theta - step, momentum * velocity + step


@right("in two moves: along the old velocity, then along the gradient there")
def in_two_moves(theta, velocity, grad, lr, momentum):
    if lr < 0 or math.isnan(lr):
        raise ValueError(f"`lr` can't be {lr}")
    if not (momentum >= 0 and momentum < 1):
        raise ValueError(f"`momentum` can't be {momentum}")
    if velocity.size() != theta.size():
        raise ValueError(f"`velocity` is {tuple(velocity.shape)}")
    if not torch.is_floating_point(theta):
        raise ValueError(f"`theta` is {theta.dtype}")
    coasted = torch.sub(theta, velocity, alpha=momentum)
    arrived = torch.sub(coasted, grad(coasted), alpha=lr)
    return arrived, velocity.mul(momentum) + (coasted - arrived)


@gpu
def bench_many_parameters(nesterov_step, race):
    def in_place(theta, velocity, grad, lr, momentum):
        ahead = torch.sub(theta, velocity, alpha=momentum)
        velocity.mul_(momentum).add_(grad(ahead), alpha=lr)
        theta.sub_(velocity)
        return theta, velocity

    race(
        nesterov_step,
        torch=in_place,  # the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), draw.normal(n), torch.sin, 0.1, 0.9),
        small=(10_000,),
        large=(20_000_000,),
        # theta and velocity are read and written; two products, three sums or differences, and
        # the gradient: a sine.
        forward=lambda theta, velocity, grad, lr, momentum: {
            "bytes": 4 * theta.nbytes,
            "flops": 6 * theta.numel(),
        },
    )
