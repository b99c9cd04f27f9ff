"""grad + lam * sign(w) where w isn't 0; where it is, grad drawn to 0 by lam at the most."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("regularized_loss",),
    hints=(
        "What are the slopes just left and just right of a weight of 0?",
        "grad - lam and grad + lam. When is 0 between them, and which end is nearer if it isn't?",
        "Where w is 0: grad - grad.clamp(-lam, lam); elsewhere grad + lam * w.sign().",
    ),
)


@claim("S4-035", "S4-037")
def test_a_case_worked_by_hand(l1_subgradient):
    weights = vector([3.0, -4.0, 0.0], [0.0, 0.0, 1.0])
    grad = vector([0.5, 0.25, 0.75], [-3.0, 2.5, -2.0])
    want = vector([2.0, -1.25, 0.0], [-1.5, 1.0, -0.5])
    check(l1_subgradient, weights, grad, 1.5, want=want)


@claim("S4-035")
@given(inputs.tensors(2, inputs.sizes(1, 5)), st.integers(0, 24).map(lambda k: k / 8))
def test_off_zero_it_is_the_slope_of_the_objective(l1_subgradient, pair, lam):
    weights, slope = pair
    weights = torch.where(weights == 0, 0.5, weights)
    z = weights.clone().requires_grad_()
    ((slope * z.sin()).sum() + lam * z.abs().sum()).backward()
    check(l1_subgradient, weights, slope * weights.cos(), lam, want=z.grad, scale=8.0)


@claim("S4-035")
@given(inputs.tensors(inputs.sizes(1, 5)), st.integers(0, 24).map(lambda k: k / 8))
def test_at_zero_it_is_the_nearest_to_0_of_the_slopes_between(l1_subgradient, grad, lam):
    want = [min(max(0.0, g - lam), g + lam) for g in grad.tolist()]
    check(l1_subgradient, torch.zeros_like(grad), grad, lam, want=vector(*want))


@claim("S4-037")
def test_the_push_is_the_same_for_all_sizes(l1_subgradient):
    weights = vector(1e-300, -1e-8, 1e8, -1e300)
    want = vector(0.5, -0.5, 0.5, -0.5)
    check(l1_subgradient, weights, torch.zeros_like(weights), 0.5, want=want)


@claim("S4-035")
def test_it_is_0_at_the_minimum(l1_subgradient):
    # h / 2 (w - w*)^2 + |w|: at w* - 1/h for (2, 2), at 0 for (0.25, 2).
    h, best, weights = vector(2.0, 0.25), vector(2.0, 2.0), vector(1.5, 0.0)
    check(l1_subgradient, weights, h * (weights - best), 1.0, want=vector(0.0, 0.0))


@claim("S4-035")
@counterexample("S4-035")  # "sign(w) is the sign of each entry": at 0 that is 0
def test_the_sign_alone_leaves_the_minimum(l1_subgradient):
    # 1/8 (w - 2)^2 + |w| is least at 0, but alpha sign(w) + J'(w) is -1/2 there.
    check(l1_subgradient, vector(0.0), vector(-0.5), 1.0, want=vector(0.0))


def test_both_zeros_are_zero(l1_subgradient):
    weights, grad = vector(-0.0, 0.0, -0.0), vector(0.5, -0.5, 0.125)
    check(l1_subgradient, weights, grad, 0.25, want=vector(0.25, -0.25, 0.0))


def test_without_a_penalty_it_is_the_gradient(l1_subgradient):
    weights, grad = vector(0.0, 1.0, -1.0), vector(0.5, -0.25, 7.0)
    check(l1_subgradient, weights, grad, 0.0, want=grad)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(l1_subgradient, dtype):
    weights, grad = torch.tensor([[2.0], [0.0]], dtype=dtype), torch.ones(2, 1, dtype=dtype)
    check(l1_subgradient, weights, grad, 0.75, want=torch.tensor([[1.75], [0.25]], dtype=dtype))


def test_takes_any_shape(l1_subgradient):
    check(l1_subgradient, torch.tensor(0.0), torch.tensor(2.0), 0.5, want=torch.tensor(1.5))
    check(l1_subgradient, torch.zeros(0, 2), torch.zeros(0, 2), 0.5, want=torch.zeros(0, 2))


def test_refuses_a_penalty_that_is_none(l1_subgradient):
    one = torch.ones(2)
    for lam in (-0.5, math.inf, math.nan):
        check(l1_subgradient, one, one, lam, raises=ValueError, naming={"lam": lam})


def test_refuses_a_gradient_of_another_shape(l1_subgradient):
    for shape in ((2,), (1, 2), (2, 1), (), (4,), (1, 4)):
        args = (torch.ones(2, 2), torch.ones(shape), 0.5)
        check(l1_subgradient, *args, raises=ValueError, naming={"grad": shape})


@wrong("add lam * sign(w) everywhere: at 0 that is the gradient of the loss, and 0 is left")
def sign_everywhere(weights, grad, lam):
    return grad + lam * weights.sign()


@wrong("set the slope at 0 to 0: a loss that is steeper than lam is never followed")
def stuck_at_zero(weights, grad, lam):
    return torch.where(weights == 0, 0.0, grad + lam * weights.sign())


@wrong("take the slope on the right of 0")
def from_the_right(weights, grad, lam):
    return grad + torch.where(weights >= 0, lam, -lam).to(grad.dtype)


@wrong("penalise the squares: the push grows with the weight")
def squares(weights, grad, lam):
    return grad + lam * weights


@wrong("subtract the push: the weights grow")
def away(weights, grad, lam):
    return torch.where(weights == 0, grad - grad.clamp(-lam, lam), grad - lam * weights.sign())


@wrong("leave out the gradient of the loss where a weight isn't 0")
def penalty_alone(weights, grad, lam):
    return torch.where(weights == 0, grad - grad.clamp(-lam, lam), lam * weights.sign())


@wrong("keep the whole gradient at 0 where it is steeper than lam: the penalty still pushes there")
def hard_threshold(weights, grad, lam):
    at_zero = torch.where(grad.abs() > lam, grad, 0.0)
    return torch.where(weights == 0, at_zero, grad + lam * weights.sign())


@wrong("divide by |w| for the sign: at 0 that is nan")
def by_division(weights, grad, lam):
    return grad + lam * weights / weights.abs()


@wrong("take small weights for 0")
def with_a_threshold(weights, grad, lam):
    small = weights.abs() < 1e-6
    return torch.where(small, grad - grad.clamp(-lam, lam), grad + lam * weights.sign())


@right("as the middle one of three numbers")
def as_a_median(weights, grad, lam):
    if lam < 0 or not math.isfinite(lam):
        raise ValueError(f"lam: {lam}")
    if list(weights.shape) != list(grad.shape):
        raise ValueError(f"grad: {tuple(grad.shape)}")
    left, right = grad - lam, grad + lam
    middle = torch.minimum(torch.maximum(torch.zeros_like(grad), left), right)
    signs = torch.sgn(weights)
    return torch.where(signs.eq(0), middle, torch.add(grad, signs, alpha=lam))
