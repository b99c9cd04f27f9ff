"""The soft threshold: sign(best) * max(|best| - lam / curvature, 0)."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, plot, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("l1_subgradient",),
    forbid=("softshrink",),
    instead="write the threshold with abs, sign and clamp",
    hints=(
        "The directions don't mix: solve it for one weight, on the side of 0 where `best` is.",
        "There the slope is curvature * (w - best) + lam: 0 at best - lam / curvature. If it is there.",
        "best.sign() * (best.abs() - lam / curvature).clamp(min=0)",
    ),
)
POSITIVE = {"low": 0.125, "high": 5}


@claim("S4-038")
def test_a_case_worked_by_hand(l1_shrunk_optimum):
    best, curvature = vector(3.0, -3.0, 1.0, -0.5), vector(2.0, 4.0, 0.5, 2.0)
    check(l1_shrunk_optimum, best, curvature, 1.0, want=vector(2.5, -2.75, 0.0, 0.0))
    check(l1_shrunk_optimum, best, curvature, lam=2.0, want=vector(2.0, -2.5, 0.0, 0.0))


@claim("S4-038")
@given(
    inputs.tensors(3),
    inputs.tensors(3, **POSITIVE),
    st.integers(0, 24).map(lambda k: k / 8),
)
def test_nothing_on_a_grid_is_better(l1_shrunk_optimum, best, curvature, lam):
    # The minimum of a convex function of one weight: by ternary search, to 1e-11.
    low, high = torch.full((3,), -6.0).double(), torch.full((3,), 6.0).double()

    def objective(w):
        return curvature / 2 * w * (w - 2 * best) + lam * w.abs()

    for _ in range(60):
        third = (high - low) / 3
        left, right = low + third, high - third
        keep = objective(left) > objective(right)
        low, high = torch.where(keep, left, low), torch.where(keep, high, right)
    # Values that differ by rounding hide the minimum to its square root.
    check(l1_shrunk_optimum, best, curvature, lam, want=(low + high) / 2, scale=1.0, slack=1e8)


@claim("S4-038")
@given(
    inputs.tensors(inputs.sizes(1, 5)),
    inputs.tensors(5, **POSITIVE),
    st.integers(0, 24).map(lambda k: k / 8),
)
def test_equals_torchs_threshold_after_scaling(l1_shrunk_optimum, best, curvature, lam):
    curvature = curvature[: len(best)]
    want = torch.nn.functional.softshrink(best * curvature, lam) / curvature
    check(l1_shrunk_optimum, best, curvature, lam, want=want, scale=5.0)


@claim("S4-038", "S4-039")
def test_weights_under_the_threshold_are_exactly_0(l1_shrunk_optimum):
    best = vector(0.5, -0.5, 0.25, 1e-12, 0.0, -0.0, 1.0)
    curvature = torch.full((7,), 2.0).double()
    told = "six weights that are exactly 0, those at the threshold among them, and one that isn't"
    want = such_that(told, lambda w: (w == 0).tolist() == [True] * 6 + [False])
    check(l1_shrunk_optimum, best, curvature, 1.0, want=want)


@claim("S4-038")
def test_flat_directions_are_emptied_first(l1_shrunk_optimum):
    check(l1_shrunk_optimum, vector(1.0, 1.0), vector(10.0, 0.1), 1.0, want=vector(0.9, 0.0))


def test_without_a_penalty_nothing_moves(l1_shrunk_optimum):
    best = vector(2.0, -3.0, 0.0)
    check(l1_shrunk_optimum, best, vector(1.0, 2.0, 3.0), 0.0, want=best)


def test_gradients_flow_back_to_both(l1_shrunk_optimum):
    best, curvature = vector(3.0, -3.0, 0.25), vector(2.0, 4.0, 0.5)
    # d/d curvature of best -+ lam / curvature is +- lam / curvature^2.
    want = (vector(4.0, 2.0, 0.0), vector(4.0 / 4, -2.0 / 16, 0.0))
    up = vector(4.0, 2.0, 7.0)
    check_gradient(l1_shrunk_optimum, best, curvature, lam=1.0, upstream=up, want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(l1_shrunk_optimum, dtype):
    best, curvature = torch.tensor([2.0, -1.0]).to(dtype), torch.tensor([2.0, 0.5]).to(dtype)
    check(l1_shrunk_optimum, best, curvature, 1.0, want=torch.tensor([1.5, 0.0]).to(dtype))


def test_refuses_a_loss_without_a_minimum(l1_shrunk_optimum):
    for entry in (0.0, -2.0, math.nan):
        args = (vector(1.0, 1.0, 1.0), vector(3.0, entry, 4.0), 1.0)
        check(l1_shrunk_optimum, *args, raises=ValueError, naming={"curvature": entry})
    several = (vector(1.0, 1.0, 1.0, 1.0), vector(3.0, -0.5, -7.0, -2.0), 1.0)
    check(l1_shrunk_optimum, *several, raises=ValueError, naming={"curvature": -0.5})


def test_refuses_shapes_that_differ(l1_shrunk_optimum):
    for shape in ((1,), (3,)):
        args = (torch.ones(2), torch.ones(shape), 1.0)
        check(l1_shrunk_optimum, *args, raises=ValueError, naming={"curvature": shape})


def test_refuses_a_penalty_that_is_none(l1_shrunk_optimum):
    one = torch.ones(2)
    for lam in (-0.5, math.inf, math.nan):
        check(l1_shrunk_optimum, one, one, lam, raises=ValueError, naming={"lam": lam})


@wrong("keep the sizes above the threshold whole: the penalty still pulls at them")
def hard_threshold(best, curvature, lam):
    return torch.where(best.abs() > lam / curvature, best, 0.0)


@wrong("forget to divide by the curvature")
def one_threshold(best, curvature, lam):
    return best.sign() * (best.abs() - lam).clamp(min=0)


@wrong("multiply by the curvature instead of dividing")
def threshold_times_curvature(best, curvature, lam):
    return best.sign() * (best.abs() - lam * curvature).clamp(min=0)


@wrong("let weights pass through 0: beyond the threshold they come out with the other sign")
def through_zero(best, curvature, lam):
    return best - best.sign() * lam / curvature


@wrong("shrink by a factor: that is what the L2 penalty does")
def l2(best, curvature, lam):
    return best * curvature / (curvature + lam)


@wrong("lose the sign of `best`")
def positive(best, curvature, lam):
    return (best.abs() - lam / curvature).clamp(min=0)


@wrong("subtract from positive and negative weights alike")
def one_sided(best, curvature, lam):
    return (best - lam / curvature).clamp(min=0) + best.clamp(max=0)


@wrong(
    "halve the threshold",
    right_for="a loss of curvature * (w - best)^2; here it is half of that",
)
def half_threshold(best, curvature, lam):
    return best.sign() * (best.abs() - lam / (2 * curvature)).clamp(min=0)


@wrong("detach the threshold: nothing flows back to the curvature")
def detached(best, curvature, lam):
    return best.sign() * (best.abs() - lam / curvature.detach()).clamp(min=0)


@right("as what is left above one threshold and below the other")
def of_two_halves(best, curvature, lam):
    if tuple(curvature.shape) != tuple(best.shape):
        raise ValueError(f"curvature: {tuple(curvature.shape)}")
    for entry in curvature.tolist():
        if not entry > 0:
            raise ValueError(f"curvature: {entry}")
    if not lam >= 0 or lam == math.inf:
        raise ValueError(f"lam: {lam}")
    threshold = lam / curvature
    return (best - threshold).relu() - (-best - threshold).relu()


@plot(x="best weight", y="weight with the penalty")
def plot_what_the_penalty_leaves(l1_shrunk_optimum):
    best = torch.linspace(-3, 3, 121, dtype=torch.float64)
    one = torch.ones_like(best)
    return {f"lam = {lam:g}": (best, l1_shrunk_optimum(best, one, lam)) for lam in (0, 0.5, 1)}
