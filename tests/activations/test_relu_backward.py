"""The slope of max(x, 0) is 1, 0, or at x = 0 whatever of [0, 1] one chooses."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("relu",),
    forbid=("autograd", "threshold_backward", "relu", "hardtanh_backward", "leaky_relu_backward"),
    instead="write the slope yourself",
    hints=(
        "Three cases, of which one is a matter of choice.",
        "Which number is 0 * inf? A gradient that is stopped is not multiplied.",
        "where(x > 0, upstream, where(x < 0, 0, at_zero * upstream)), but for at_zero = 0",
    ),
)


def drawn(*shape, low=-1, high=1):
    return inputs.tensors(*shape, low=low, high=high, step=1 / 2)


@claim("S4-117", "S1-131")
def test_a_case_worked_by_hand(relu_backward):
    x = torch.tensor([[-1.5, 2.0, 0.25], [1e-30, -1e-30, 7.0]])
    upstream = torch.tensor([[3.0, -5.0, 8.0], [2.0, 4.0, 0.5]])
    want = torch.tensor([[0.0, -5.0, 8.0], [2.0, 0.0, 0.5]])
    check(relu_backward, x, upstream, want=want)


@claim("S4-118")
def test_the_slope_at_0_is_0_if_nothing_else_is_said(relu_backward):
    x, upstream = torch.tensor([0.0, -0.0, 1.0]), torch.tensor([2.0, 3.0, 5.0])
    check(relu_backward, x, upstream, want=torch.tensor([0.0, 0.0, 5.0]))


@claim("S4-118")
@pytest.mark.parametrize("at_zero", [0.25, 0.5, 1.0])
def test_the_slope_at_0_is_a_choice(relu_backward, at_zero):
    x = torch.tensor([0.0, -2.0, -0.0, 3.0], dtype=torch.float64)
    upstream = torch.tensor([8.0, 16.0, -4.0, 5.0], dtype=torch.float64)
    want = torch.tensor([8 * at_zero, 0.0, -4 * at_zero, 5.0], dtype=torch.float64)
    check(relu_backward, x, upstream, at_zero=at_zero, want=want)


@claim("S4-117")
def test_a_tiny_number_is_not_0(relu_backward):
    x, upstream = torch.tensor([1e-8, -1e-8, 1e-30, 0.0]), torch.tensor([2.0, 3.0, 4.0, 8.0])
    check(relu_backward, x, upstream, 0.5, want=torch.tensor([2.0, 0.0, 4.0, 4.0]))


TORCHS = {
    "relu": (torch.relu, 0.0),
    "clamp": (lambda x: x.clamp(min=0), 1.0),
    "maximum": (lambda x: torch.maximum(x, torch.zeros_like(x)), 0.5),
}


@counterexample("S4-118")  # "0 at 0": of the four ways that torch has, this is one
@pytest.mark.parametrize("name", TORCHS)
def test_torch_itself_makes_several_choices(relu_backward, name):
    function, at_zero = TORCHS[name]
    x = torch.tensor([[0.0, -2.0, -0.0], [3.0, 0.0, -1.0]], dtype=torch.float64)
    upstream = torch.tensor([[8.0, 16.0, -4.0], [5.0, 2.0, 1.0]], dtype=torch.float64)
    leaf = x.clone().requires_grad_()
    (want,) = torch.autograd.grad(function(leaf), leaf, upstream)
    check(relu_backward, x, upstream, at_zero, want=want)


@claim("S4-117", "S4-118")
@given(st.data(), st.sampled_from([0.0, 0.25, 1.0]))
def test_equals_a_slow_loop(relu_backward, data, at_zero):
    n, c = data.draw(inputs.sizes(0, 4)), data.draw(inputs.sizes(1, 4))
    x, upstream = data.draw(drawn(n, c)), data.draw(drawn(n, c, low=-4, high=4))
    want = [
        [g * (1.0 if v > 0 else at_zero if v == 0 else 0.0) for v, g in zip(*rows, strict=True)]
        for rows in zip(x.tolist(), upstream.tolist(), strict=True)
    ]
    want = torch.tensor(want, dtype=torch.float64).reshape(n, c)
    check(relu_backward, x, upstream, at_zero, want=want)


@claim("S4-117")
@given(drawn(3, low=-2, high=2))
def test_is_the_slope_of_secants_on_one_side(relu_backward, x):
    # Away from 0, half a step in either direction meets no kink.
    secant = ((x + 1 / 8).clamp(min=0) - (x - 1 / 8).clamp(min=0)) * 4
    # At 0 the secant through both sides has slope 1/2.
    check(relu_backward, x, torch.full_like(x, 3.0), 0.5, want=3 * secant)


@claim("S4-117")
def test_a_closed_unit_stops_inf_and_nan(relu_backward):
    inf, nan = torch.inf, torch.nan
    x = torch.tensor([-1.0, -2.0, 0.0, 0.0, 3.0, 4.0, inf, -inf])
    upstream = torch.tensor([inf, nan, -inf, nan, -inf, nan, 2.0, 2.0])
    want = torch.tensor([0.0, 0.0, 0.0, 0.0, -inf, nan, 2.0, 0.0])
    check(relu_backward, x, upstream, want=want)
    want = torch.tensor([0.0, 0.0, -inf, nan, -inf, nan, 2.0, 0.0])
    check(relu_backward, x, upstream, 0.5, want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(relu_backward, dtype):
    x, upstream = torch.tensor([1, -1, 0], dtype=dtype), torch.tensor([2, 3, 8], dtype=dtype)
    check(relu_backward, x, upstream, 0.25, want=torch.tensor([2, 0, 2], dtype=dtype))


def test_any_shape_will_do(relu_backward):
    check(relu_backward, torch.tensor(2.0), torch.tensor(5.0), want=torch.tensor(5.0))
    x, upstream = inputs.numbers(2, 5, 3).mT, inputs.numbers(2, 3, 5)
    want = torch.where(x.contiguous() > 0, upstream, 0)
    check(relu_backward, x, upstream, want=want)


def test_refuses_another_shape(relu_backward):
    x = torch.ones(3, 2)
    for shape in ((3, 1), (2, 3), (6,), (3, 2, 1)):
        naming = {"upstream": shape}
        check(relu_backward, x, torch.ones(shape), raises=ValueError, naming=naming)


def test_refuses_what_is_no_subgradient(relu_backward):
    x = torch.ones(2)
    for at_zero in (-0.25, 1.25, math.nan, math.inf):
        naming = {"at_zero": at_zero}
        check(relu_backward, x, x, at_zero, raises=ValueError, naming=naming)


def by_slope(x, upstream, slope):
    return torch.where(slope == 0, 0, slope * upstream)


@wrong("ignore `at_zero`: the slope at 0 is always 0")
def always_zero(x, upstream, at_zero=0.0):
    return torch.where(x > 0, upstream, 0)


@wrong("ignore `at_zero`: the slope at 0 is always 1")
def always_one(x, upstream, at_zero=0.0):
    return torch.where(x >= 0, upstream, 0)


@wrong("ignore `at_zero`: the slope at 0 is always 1/2")
def always_half(x, upstream, at_zero=0.0):
    return by_slope(x, upstream, torch.heaviside(x, torch.tensor(0.5, dtype=x.dtype)))


@wrong("multiply by a mask: inf * 0 is nan")
def by_the_mask(x, upstream, at_zero=0.0):
    return upstream * torch.heaviside(x, torch.tensor(at_zero, dtype=x.dtype))


@wrong("leave a closed unit out below 0, but multiply by a slope of 0 at 0: inf * 0 is nan")
def product_at_zero(x, upstream, at_zero=0.0):
    return torch.where(x > 0, upstream, torch.where(x < 0, 0, at_zero * upstream))


@wrong("let the slope at 0 be that of everything below 0 as well")
def leaky(x, upstream, at_zero=0.0):
    return by_slope(x, upstream, torch.where(x > 0, 1, at_zero).to(x.dtype))


@wrong("return the slope, and forget what comes from above")
def slope_only(x, upstream, at_zero=0.0):
    return torch.heaviside(x, torch.tensor(at_zero, dtype=x.dtype))


@wrong("ask for the sign of what comes from above, and not of x")
def sign_of_upstream(x, upstream, at_zero=0.0):
    kept = torch.where(upstream > 0, upstream, 0)
    return torch.where(x == 0, at_zero * upstream, kept)


@wrong("multiply with relu(x), the value, and not with its slope")
def value_for_slope(x, upstream, at_zero=0.0):
    slope = torch.where(x == 0, at_zero, x.clamp(min=0))
    return by_slope(x, upstream, slope.to(x.dtype))


@wrong("close the unit above 0 and open it below")
def reversed_sides(x, upstream, at_zero=0.0):
    return always_zero(-x, upstream) + torch.where(x == 0, at_zero * upstream, 0)


@wrong("put at_zero itself at 0, and not its product with what comes from above")
def not_multiplied(x, upstream, at_zero=0.0):
    return torch.where(x == 0, at_zero, torch.where(x > 0, upstream, 0)).to(x.dtype)


@wrong("set what is stopped to 0 in place: the caller's gradient changes")
def in_place(x, upstream, at_zero=0.0):
    upstream[x < 0] = 0
    return torch.where(x == 0, at_zero * upstream, upstream) if at_zero else upstream * (x > 0)


@wrong("replace every nan and inf by a number, and so hide what an open unit hands on")
def hides_nan(x, upstream, at_zero=0.0):
    slope = torch.heaviside(x, torch.tensor(at_zero, dtype=x.dtype))
    return upstream.nan_to_num() * slope


@right("by masking, with the kinks last")
def masked(x, upstream, at_zero=0.0):
    if x.shape != upstream.shape:
        raise ValueError(f"x: {tuple(x.shape)}, upstream: {tuple(upstream.shape)}")
    if math.isnan(at_zero) or at_zero < 0 or at_zero > 1:
        raise ValueError(f"`at_zero` must be a subgradient, got {at_zero}")
    grad = upstream.masked_fill(x <= 0, 0.0)
    return torch.where(x == 0, upstream * at_zero, grad) if at_zero > 0 else grad
