"""theta - lr * grad - lr * weight_decay * theta: shrunk, and moved along the gradient."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.sgd import sgd as torchs_sgd

from grader import Exercise, check, claim, gpu, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("torch.optim", "fused_sgd"),
    instead="write the step with + and *",
    hints=(
        "Two things pull at theta: the gradient of the loss, and theta itself.",
        "Both pulls are scaled by the learning rate, and both start from the same, old theta.",
        "theta - lr * (grad + weight_decay * theta).",
    ),
)


@claim("S0-357", "S0-358", "S2-101", "S4-028", "S4-029")
def test_a_case_worked_by_hand(sgd_weight_decay_step):
    theta = torch.tensor([[2.0, -4.0, 8.0], [0.0, 1.0, -2.0]], dtype=torch.float64)
    grad = torch.tensor([[1.0, 1.0, -2.0], [4.0, 0.0, 0.0]], dtype=torch.float64)
    want = torch.tensor([[1.5, -3.75, 7.5], [-1.0, 0.875, -1.75]], dtype=torch.float64)
    check(sgd_weight_decay_step, theta, grad, lr=0.25, weight_decay=0.5, want=want)


@claim("S0-357")
def test_no_decay_leaves_gradient_descent(sgd_weight_decay_step):
    theta, grad = torch.tensor([3.0, -5.0]), torch.tensor([2.0, -1.0])
    want = torch.tensor([2.5, -4.75])
    check(sgd_weight_decay_step, theta, grad, 0.25, want=want)
    check(sgd_weight_decay_step, theta, grad, lr=0.25, weight_decay=0.0, want=want)


@claim("S0-358", "S4-029")
def test_with_no_gradient_the_parameters_shrink_by_a_factor(sgd_weight_decay_step):
    theta = torch.tensor([4.0, -8.0, 0.5], dtype=torch.float64)
    check(sgd_weight_decay_step, theta, torch.zeros_like(theta), 0.5, 0.5, want=0.75 * theta)


@claim("S0-356", "S0-357", "S1-064", "S2-101", "S4-024", "S4-028")
@given(
    inputs.tensors(2, inputs.sizes(1, 4)),
    st.integers(0, 8).map(lambda k: k / 8),
    st.integers(0, 8).map(lambda k: k / 8),
)
def test_is_descent_on_the_loss_plus_half_the_squares(sgd_weight_decay_step, pair, lr, decay):
    theta, slope = pair

    def penalised(z, slope):
        return (slope * z.sin()).sum() + decay / 2 * z.square().sum()

    grad = slope * theta.cos()
    want = theta - lr * oracles.gradient(penalised, theta, slope)
    check(sgd_weight_decay_step, theta, grad, lr, decay, want=want, scale=10.0)


@claim("S0-356", "S0-358", "S2-101", "S2-103", "S3-203", "S4-024")
def test_equals_torchs_sgd_for_rates_and_gradients_that_change(sgd_weight_decay_step):
    theta = torch.tensor([1.0, -2.0, 0.25, 30.0], dtype=torch.float64)
    for k, lr in enumerate((0.1, 0.4, 0.05, 0.02)):
        grad = torch.tensor([1.0, -k, 0.5 * k, 7.0 - 3 * k], dtype=torch.float64)
        want = [theta.clone()]
        torchs_sgd(
            want, [grad], [None], weight_decay=0.3, momentum=0.0, lr=lr, dampening=0.0,
            nesterov=False, maximize=False,
        )  # fmt: skip
        check(sgd_weight_decay_step, theta, grad, lr, 0.3, want=want[0])
        theta = want[0]


@claim("S0-357", "S0-358", "S2-102")
def test_a_large_decay_flips_the_sign_and_diverges(sgd_weight_decay_step):
    path = [torch.tensor(x, dtype=torch.float64) for x in (1.0, -1.5, 2.25, -3.375)]
    for theta, want in pairwise(path):
        check(sgd_weight_decay_step, theta, torch.zeros_like(theta), 1.0, 2.5, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_parameters(sgd_weight_decay_step, dtype):
    theta, grad = torch.tensor([1.0, -3.0], dtype=dtype), torch.tensor([0.5, 2.0], dtype=dtype)
    check(sgd_weight_decay_step, theta, grad, 0.5, 0.5, want=torch.tensor([0.5, -3.25]).to(dtype))


def test_refuses_negative_rates(sgd_weight_decay_step):
    theta = torch.ones(2)
    check(sgd_weight_decay_step, theta, theta, -0.5, raises=ValueError, naming={"lr": -0.5})
    for decay in (-0.25, -2.0):
        naming = {"weight_decay": decay}
        for lr in (0.5, 0.0):
            check(sgd_weight_decay_step, theta, theta, lr, decay, raises=ValueError, naming=naming)


def test_refuses_a_gradient_of_another_shape(sgd_weight_decay_step):
    for shape in ((3, 1), (1,), ()):
        naming = {"grad": shape}
        args = (torch.ones(3), torch.ones(shape), 0.5)
        check(sgd_weight_decay_step, *args, raises=ValueError, naming=naming)


@wrong(
    "penalise weight_decay * theta^2 and not half of it: the decay is twice as strong",
    right_for="a penalty of weight_decay * theta^2; here half of it is meant",
)
def whole_square(theta, grad, lr, weight_decay=0.0):
    return theta - lr * grad - 2 * lr * weight_decay * theta


@wrong("shrink by weight_decay alone: it is to be multiplied by the learning rate")
def without_rate(theta, grad, lr, weight_decay=0.0):
    return theta - lr * grad - weight_decay * theta


@wrong("move along the gradient first and shrink the result: the gradient decays as well")
def shrink_after(theta, grad, lr, weight_decay=0.0):
    return (1 - lr * weight_decay) * (theta - lr * grad)


@wrong("add the decay with the wrong sign: the parameters grow")
def growth(theta, grad, lr, weight_decay=0.0):
    return theta - lr * grad + lr * weight_decay * theta


@wrong("leave the decay out")
def no_decay(theta, grad, lr, weight_decay=0.0):
    return theta - lr * grad


@wrong("penalise the absolute values: the decay is the same for large and small parameters")
def absolute_values(theta, grad, lr, weight_decay=0.0):
    return theta - lr * grad - lr * weight_decay * theta.sign()


@wrong("keep the factor from going below 0: a decay above 1/lr then ends at 0")
def clamped(theta, grad, lr, weight_decay=0.0):
    return max(0.0, 1 - lr * weight_decay) * theta - lr * grad


@wrong("decay implicitly: theta / (1 + lr * weight_decay) agrees to first order only")
def implicit(theta, grad, lr, weight_decay=0.0):
    return theta / (1 + lr * weight_decay) - lr * grad


@wrong("write into theta: the caller's tensor changes")
def in_place(theta, grad, lr, weight_decay=0.0):
    return theta.mul_(1 - lr * weight_decay).sub_(lr * grad)


@wrong("compute in float32 whatever the dtype of theta")
def always_float32(theta, grad, lr, weight_decay=0.0):
    return (1 - lr * weight_decay) * theta.float() - lr * grad.float()


@right("as the gradient of the penalised loss")
def penalised_gradient(theta, grad, lr, weight_decay=0.0):
    if lr < 0 or weight_decay < 0:
        raise ValueError(f"lr = {lr} and weight_decay = {weight_decay} must be 0 or more")
    if grad.size() != theta.size():
        raise ValueError(f"`grad` is {list(grad.shape)}, `theta` {list(theta.shape)}")
    return theta.sub(grad.add(theta, alpha=weight_decay), alpha=lr)


@gpu
def bench_many_parameters(sgd_weight_decay_step, race):
    race(
        sgd_weight_decay_step,
        torch=lambda theta, grad, lr, weight_decay: torch.add(
            theta * (1 - lr * weight_decay), grad, alpha=-lr
        ),
        inputs=lambda draw, n: (draw.normal(n), draw.normal(n), 0.1, 0.01),
        small=(10_000,),
        large=(50_000_000,),
        # Two tensors are read, one is written; a product each, and a difference.
        forward=lambda theta, grad, lr, weight_decay: {
            "bytes": 3 * theta.nbytes,
            "flops": 3 * theta.numel(),
        },
    )
