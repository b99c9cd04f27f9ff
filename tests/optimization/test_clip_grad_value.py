"""max(-limit, min(limit, g)), entry by entry."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("clip_grad_norm",),
    forbid=("torch.nn.utils.clip_grad", "clamp", "clip", "clamp_min", "clamp_max", "hardtanh"),
    instead="compare each entry with the limit and choose",
    hints=(
        "Is it the vector that becomes shorter, or each entry for itself?",
        "An entry beyond the limit keeps its sign and nothing else.",
        "where(|g| > limit, limit * sign(g), g).",
    ),
)


@claim("S2-125", "S4-308")
def test_a_case_worked_by_hand(clip_grad_value):
    grad = vector([3.0, -0.5, 0.0], [-4.0, 1.5, 2.0])
    check(clip_grad_value, grad, limit=1.5, want=vector([1.5, -0.5, 0.0], [-1.5, 1.5, 1.5]))


@counterexample("S2-125")  # unlike clipping by the norm it changes where the step goes
def test_the_direction_changes(clip_grad_value):
    check(clip_grad_value, vector(3.0, 0.4), 1.0, want=vector(1.0, 0.4))  # not 3 : 0.4


@claim("S2-125", "S4-308")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 4)), st.integers(0, 40))
def test_is_the_middle_of_three_numbers(clip_grad_value, grad, eighths):
    limit = eighths / 8
    middle = [sorted((-limit, g, limit))[1] for g in grad.flatten().tolist()]
    check(clip_grad_value, grad, limit, want=vector(*middle).reshape(grad.shape))


@claim("S4-308")
def test_equals_torchs(clip_grad_value):
    grad = inputs.numbers(3, 2, 4)
    leaf = torch.nn.Parameter(torch.zeros_like(grad))
    leaf.grad = grad.clone()
    torch.nn.utils.clip_grad_value_([leaf], 1.25)
    check(clip_grad_value, grad, 1.25, want=leaf.grad)


@claim("S2-125")
def test_small_gradients_stay_as_they_are(clip_grad_value):
    grad = vector(1e-12, -3e-9, 0.1)
    for limit in (0.1, 1.0, math.inf):
        check(clip_grad_value, grad, limit, want=grad, scale=0.0)


@claim("S4-308")
def test_a_limit_of_zero_leaves_nothing(clip_grad_value):
    check(clip_grad_value, vector(3.0, -0.5, 0.0), 0.0, want=vector(0.0, 0.0, 0.0))


@counterexample("S2-125")  # clipping mends no nan
def test_infinity_becomes_the_limit_and_nan_stays(clip_grad_value):
    grad = torch.tensor([math.inf, 1.0, -math.inf, math.nan])
    check(clip_grad_value, grad, 2.0, want=torch.tensor([2.0, 1.0, -2.0, math.nan]))
    check(clip_grad_value, grad, math.inf, want=grad)


@claim("S4-308")
def test_what_is_cut_off_sends_nothing_back(clip_grad_value):
    grad, upstream = vector(3.0, -0.5, -2.0, 1.0, 0.0), vector(2.0, 5.0, -1.0, 7.0, 3.0)
    want = vector(0.0, 5.0, 0.0, 7.0, 3.0)
    check_gradient(clip_grad_value, grad, 1.5, upstream=upstream, want=(want,))


def test_a_limit_of_a_tenth_is_no_number_of_float32(clip_grad_value):
    grad, want = vector(0.5, -0.25, 0.0625), vector(0.1, -0.1, 0.0625)
    check(clip_grad_value, grad, 0.1, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(clip_grad_value, dtype):
    grad, want = torch.tensor([300.0, -0.25, -60000.0]), torch.tensor([2.5, -0.25, -2.5])
    check(clip_grad_value, grad.to(dtype), 2.5, want=want.to(dtype))


def test_reads_strides_empty_tensors_and_single_numbers(clip_grad_value):
    grad = inputs.numbers(2, 3).mT
    want = torch.minimum(torch.maximum(grad, vector(-2.0)), vector(2.0)).contiguous()
    check(clip_grad_value, grad, 2.0, want=want)
    check(clip_grad_value, torch.zeros(0, 3), 2.0, want=torch.zeros(0, 3))
    check(clip_grad_value, torch.tensor(-7.0), 2.0, want=torch.tensor(-2.0))


def test_refuses_a_limit_that_is_none(clip_grad_value):
    for limit in (-1.0, -math.inf, math.nan):
        check(clip_grad_value, torch.ones(2), limit, raises=ValueError, naming={"limit": limit})


def test_refuses_integers(clip_grad_value):
    args = (torch.tensor([3, 4]), 1.0)
    check(clip_grad_value, *args, raises=ValueError, naming={"grad": torch.int64})


@wrong("scale the whole gradient until the largest entry fits: that keeps the direction",
       right_for="clipping by the maximum norm; here each entry is cut off for itself")  # fmt: skip
def by_the_largest(grad, limit):
    top = grad.abs().max() if grad.numel() else grad.sum()
    return grad * (limit / top) if top > limit else grad


@wrong("clip by the Euclidean norm", right_for="clipping by norm; here it is by value")
def by_the_norm(grad, limit):
    norm = grad.norm()
    return grad * (limit / norm) if norm > limit else grad


@wrong("cut off above only: large negative entries stay")
def above_only(grad, limit):
    return grad.clamp(max=limit)


@wrong("cut off at 0 below")
def at_zero(grad, limit):
    return grad.clamp(0.0, limit)


@wrong("lose the sign of what you cut off")
def loses_the_sign(grad, limit):
    return torch.where(grad.abs() > limit, torch.full_like(grad, limit), grad)


@wrong("set to 0 what is beyond the limit")
def drops(grad, limit):
    return torch.where(grad.abs() > limit, torch.zeros_like(grad), grad)


@wrong("write into the gradient: the caller's changes")
def in_place(grad, limit):
    return grad.data.clamp_(-limit, limit)


@wrong("let gradients flow back through what was cut off: it no longer depends on the entry")
def straight_through(grad, limit):
    return grad + (grad.clamp(-limit, limit) - grad).detach()


@wrong("put the result together from sign and size: at 0 neither of them has a slope")
def sign_times_size(grad, limit):
    return grad.sign() * torch.minimum(grad.abs(), torch.full_like(grad, limit))


@wrong("squash with tanh: small entries change as well")
def squashed(grad, limit):
    return limit * torch.tanh(grad / limit)


@wrong("make a float32 tensor of the limit: that is rounded")
def limit_in_float32(grad, limit):
    top = float(torch.tensor(limit))
    return grad.clamp(-top, top)


@wrong("replace nan by 0: it is a sign that something else has gone wrong")
def hides_nan(grad, limit):
    return grad.nan_to_num(nan=0.0, posinf=limit, neginf=-limit).clamp(-limit, limit)


@wrong("compute in float32 whatever the dtype")
def always_float32(grad, limit):
    return grad.float().clamp(-limit, limit)


@wrong("detach the result")
def detached(grad, limit):
    return grad.detach().clamp(-limit, limit)


@right("with the smaller and the larger of two")
def with_minimum_and_maximum(grad, limit):
    if limit < 0 or math.isnan(limit):
        raise ValueError(f"`limit`: {limit}")
    if not torch.is_floating_point(grad):
        raise ValueError(f"`grad`: {grad.dtype}")
    bound = grad.new_tensor(limit)
    return torch.maximum(torch.minimum(grad, bound), -bound)


@right("with torch.clamp's formula written out by masks")
def by_masks(grad, limit):
    if not limit >= 0:
        raise ValueError(f"limit = {limit}")
    if grad.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"grad is {grad.dtype}")
    return grad.masked_fill(grad > limit, limit).masked_fill(grad < -limit, -limit)


@gpu
def bench_one_large_gradient(clip_grad_value, race):
    race(
        clip_grad_value,
        torch=lambda grad, limit: grad.clamp(-limit, limit),
        inputs=lambda draw, n: (draw.normal(n), 0.5),
        small=(100_000,),
        large=(100_000_000,),
        # Two comparisons an entry.
        forward=lambda grad, limit: {"bytes": 2 * grad.nbytes, "flops": 2 * grad.numel()},
    )
