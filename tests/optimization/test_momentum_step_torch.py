"""velocity' = momentum * velocity + (1 - dampening) * g, theta' = theta - lr * velocity'."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.sgd import sgd as torchs_sgd

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("momentum_step",),
    forbid=("torch.optim", "fused_sgd"),
    instead="write the lines of the docstring with + and *",
    hints=(
        "The penalty's gradient weight_decay * theta goes in where the loss's gradient does.",
        "The first velocity is a special case; it has to be a tensor of its own.",
        "Nesterov's step adds momentum * velocity' to g, where velocity' has g in it already.",
    ),
)

OCTAVES = st.integers(0, 7).map(lambda k: k / 8)


def torchs(theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    """The same step by torch's own code."""
    theta, velocities = theta.clone(), [None if velocity is None else velocity.clone()]
    momentum = momentum or 1e-300  # at 0 torch keeps no velocity, and dampens nothing
    torchs_sgd(
        [theta], [grad.clone()], velocities, weight_decay=weight_decay, momentum=momentum, lr=lr,
        dampening=dampening, nesterov=nesterov, maximize=False,
    )  # fmt: skip
    return theta, velocities[0]


@claim("S0-359", "S4-323")
def test_a_case_worked_by_hand(momentum_step_torch):
    theta, velocity = vector([1.0, 2.0, 3.0], [0.0, -1.0, 4.0]), vector([4.0, 0.0, -2.0], [1.0] * 3)
    grad = vector([2.0, -8.0, 0.0], [4.0, 2.0, -6.0])
    new = vector([5.0, -8.0, -1.5], [4.75, 2.75, -5.25])
    want = (theta - new / 4, new)
    check(momentum_step_torch, theta, velocity, grad, lr=0.25, momentum=0.75, want=want)


@claim("S0-359", "S4-323")
def test_the_first_velocity_is_the_gradient_and_is_not_dampened(momentum_step_torch):
    theta, grad = vector(1.0, 2.0), vector(4.0, -2.0)
    want = (vector(-1.0, 3.0), grad)
    check(momentum_step_torch, theta, None, grad, 0.5, 0.75, want=want)
    check(momentum_step_torch, theta, None, grad, 0.5, 0.75, dampening=0.5, want=want)


def test_a_later_gradient_is_dampened(momentum_step_torch):
    theta, velocity, grad = vector(1.0, 2.0), vector(8.0, -4.0), vector(4.0, -2.0)
    want = (vector(-2.5, 3.75), vector(7.0, -3.5))
    check(momentum_step_torch, theta, velocity, grad, 0.5, 0.75, dampening=0.75, want=want)
    rest, want = vector(0.0, 0.0), (vector(0.5, 2.25), vector(1.0, -0.5))
    check(momentum_step_torch, theta, rest, grad, 0.5, 0.75, dampening=0.75, want=want)


def test_nesterov_looks_one_step_ahead(momentum_step_torch):
    theta, velocity, grad = vector(1.0, 2.0), vector(8.0, -4.0), vector(4.0, 0.0)
    new = vector(8.0, -2.0)
    want = (theta - 0.5 * vector(8.0, -1.0), new)
    check(momentum_step_torch, theta, velocity, grad, 0.5, 0.5, nesterov=True, want=want)
    want = (vector(-2.0, 2.0), grad)
    check(momentum_step_torch, theta, None, grad, 0.5, 0.5, nesterov=True, want=want)


@claim("S1-204", "S4-323")
def test_without_momentum_it_is_gradient_descent(momentum_step_torch):
    theta, velocity, grad = vector(1.0, 2.0), vector(3.0, -5.0), vector(4.0, -2.0)
    want = (vector(-1.0, 3.0), grad)
    check(momentum_step_torch, theta, velocity, grad, 0.5, 0.0, want=want)
    check(momentum_step_torch, theta, velocity, grad, 0.5, 0.0, nesterov=True, want=want)


@claim("S0-356")
def test_a_coupled_penalty_enters_the_velocity(momentum_step_torch):
    theta, velocity, none = vector(1.0), None, vector(0.0)
    for want in ((0.99, 0.1), (0.9711, 0.189), (0.944379, 0.26721)):
        want = tuple(map(vector, want))
        check(momentum_step_torch, theta, velocity, none, 0.1, 0.9, weight_decay=0.1, want=want)
        theta, velocity = want


@claim("S0-359", "S1-204", "S4-323")
def test_a_new_rate_rescales_the_whole_velocity(momentum_step_torch):
    theta, velocity = vector(0.0), None
    wants = ((-0.1, 1.0), (-0.39, 2.9), (-0.4061, 1.61), (-0.42559, 1.949))
    for grad, lr, want in zip((1.0, 2.0, -1.0, 0.5), (0.1, 0.1, 0.01, 0.01), wants, strict=True):
        want = tuple(map(vector, want))
        check(momentum_step_torch, theta, velocity, vector(grad), lr, 0.9, want=want)
        theta, velocity = want


@given(inputs.tensors(3, inputs.sizes(1, 4)), *(OCTAVES,) * 4, st.booleans(), st.booleans())
def test_equals_torchs_step(momentum_step_torch, drawn, lr, momentum, dampening, decay, ahead, new):
    theta, velocity, grad = drawn
    args = (theta, None if new else velocity, grad, lr, momentum)
    options = {"weight_decay": decay, "nesterov": ahead, "dampening": 0.0 if ahead else dampening}
    check(momentum_step_torch, *args, **options, want=torchs(*args, **options), scale=10.0)


@claim("S0-359")
def test_equals_torch_over_several_steps(momentum_step_torch):
    theta, velocity = vector([1.0, -2.0], [0.5, 3.0], [0.0, -1.0]), None
    for k, lr in enumerate((0.1, 0.2, 0.05, 0.05, 0.4)):
        grad = theta.cos() * (k - 1.5)
        args = (theta, velocity, grad, lr, 0.8, 0.3, 0.1)
        theta, velocity = torchs(*args)
        check(momentum_step_torch, *args, want=(theta, velocity))


@claim("S0-359")
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_the_first_velocity_outlives_the_gradient(momentum_step_torch, decay):
    theta, grad = vector(1.0, 2.0), vector(4.0, -2.0)
    new, velocity = momentum_step_torch(theta, None, grad, 0.5, 0.75, weight_decay=decay)
    grad.zero_()  # as zero_grad(set_to_none=False) does between two steps
    theta.zero_()
    first = torchs(vector(1.0, 2.0), None, vector(4.0, -2.0), 0.5, 0.75, weight_decay=decay)
    grad = vector(1.0, 3.0)
    why = "Between the steps theta and grad were set to 0: a result shares memory with one of them"
    check(momentum_step_torch, new, velocity, grad, 0.5, 0.75,
          want=torchs(*first, grad, 0.5, 0.75), why=why)  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_parameters(momentum_step_torch, dtype):
    theta, velocity, grad = (x.to(dtype) for x in (vector(1.0), vector(2.0), vector(-4.0)))
    want = (torch.tensor([2.5], dtype=dtype), torch.tensor([-3.0], dtype=dtype))
    check(momentum_step_torch, theta, velocity, grad, 0.5, 0.5, want=want)


def test_refuses_a_momentum_out_of_range(momentum_step_torch):
    x = torch.ones(2)
    for momentum in (1.0, 1.5, -0.25):
        naming = {"momentum": momentum}
        check(momentum_step_torch, x, x, x, 0.5, momentum, raises=ValueError, naming=naming)


def test_refuses_nesterov_with_dampening(momentum_step_torch):
    x = torch.ones(2)
    for dampening in (0.25, -0.25):
        options = {"dampening": dampening, "nesterov": True}
        naming = {"dampening": dampening}
        check(momentum_step_torch, x, x, x, 0.5, 0.5, **options, raises=ValueError, naming=naming)


def test_refuses_other_shapes(momentum_step_torch):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other = torch.ones(shape)
        check(
            momentum_step_torch,
            x,
            other,
            x,
            0.5,
            0.5,
            raises=ValueError,
            naming={"velocity": shape},
        )
        check(momentum_step_torch, x, x, other, 0.5, 0.5, raises=ValueError, naming={"grad": shape})
        check(
            momentum_step_torch, x, None, other, 0.5, 0.5, raises=ValueError, naming={"grad": shape}
        )


@wrong(
    "take the learning rate into the velocity: this is the notes' form",
    right_for="the notes' form; here the learning rate stays outside, as in torch",
)
def rate_inside(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    g = grad + weight_decay * theta
    v = lr * g if velocity is None else momentum * velocity + lr * (1 - dampening) * g
    return theta - (lr * g + momentum * v if nesterov else v), v


@wrong("start from a velocity of 0 and dampen the first gradient too")
def dampened_start(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    velocity = torch.zeros_like(theta) if velocity is None else velocity
    return torchs(theta, velocity, grad, lr, momentum, dampening, weight_decay, nesterov)


@wrong("take a velocity of 0 for the first step's None: its gradient isn't dampened")
def first_again(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    velocity = velocity if velocity is not None and velocity.any() else None
    return torchs(theta, velocity, grad, lr, momentum, dampening, weight_decay, nesterov)


@wrong("ignore the dampening")
def undampened(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    return torchs(theta, velocity, grad, lr, momentum, 0.0, weight_decay, nesterov)


@wrong("average: the gradient is weighted with 1 - momentum and not with 1 - dampening")
def average(theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    return torchs(theta, velocity, grad, lr, momentum, momentum, weight_decay, nesterov)


@wrong("decay theta by itself, decoupled from the velocity")
def decoupled(theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    shrunk = (1 - lr * weight_decay) * theta
    return torchs(shrunk, velocity, grad, lr, momentum, dampening, 0.0, nesterov)


@wrong("ignore the weight decay")
def no_decay(theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    return torchs(theta, velocity, grad, lr, momentum, dampening, 0.0, nesterov)


@wrong("ignore `nesterov`, or look ahead with the old velocity: both are the plain step")
def never_ahead(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    return torchs(theta, velocity, grad, lr, momentum, dampening, weight_decay)


@wrong("leave the weight decay out of Nesterov's step: it is in the velocity only")
def bare_gradient_ahead(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    _, new = torchs(theta, velocity, grad, lr, momentum, dampening, weight_decay)
    return theta - lr * (grad + momentum * new if nesterov else new), new


@wrong("keep the caller's gradient as the first velocity: zeroing the one empties the other")
def alias(theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    new, new_velocity = written_out(
        theta, velocity, grad, lr, momentum, dampening, weight_decay, nesterov
    )
    return new, grad if velocity is None and not weight_decay else new_velocity


@wrong("write into the velocity: the caller's tensor changes")
def in_place(theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    new, v = torchs(theta, velocity, grad, lr, momentum, dampening, weight_decay, nesterov)
    return new, v if velocity is None else velocity.copy_(v)


@right("with the Nesterov step written out, and the first velocity as a clone")
def written_out(
    theta, velocity, grad, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False
):
    if momentum < 0 or momentum >= 1:
        raise ValueError(f"momentum {momentum} is not in [0, 1)")
    if nesterov and dampening != 0:
        raise ValueError(f"nesterov takes no dampening, but dampening is {dampening}")
    if grad.shape != theta.shape:
        raise ValueError(f"`grad` of shape {tuple(grad.shape)} isn't like theta")
    if velocity is not None and velocity.shape != theta.shape:
        raise ValueError(f"`velocity` of shape {tuple(velocity.shape)} isn't like theta")
    g = torch.add(grad, theta, alpha=weight_decay)
    v = g.clone() if velocity is None else velocity.mul(momentum).add(g, alpha=1 - dampening)
    if not nesterov:
        return theta.sub(v, alpha=lr), v
    return theta - lr * g - lr * momentum * v, v


@gpu
def bench_many_parameters(momentum_step_torch, race):
    def in_place(theta, velocity, grad, lr, momentum):
        velocity.mul_(momentum).add_(grad)
        theta.sub_(velocity, alpha=lr)
        return theta, velocity

    race(
        momentum_step_torch,
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
