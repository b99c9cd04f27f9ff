"""v^T relu(W x + b) + c, which no affine map of x could be: high, where the two bits differ."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("relu",),
    hints=(
        "Along which direction of the plane do (0, 1) and (1, 0) look the same?",
        "With s = x_1 + x_2 the values are wanted at s = 0, 1, 2. Where must a curve through them bend?",
        "relu(s) - 2 relu(s - 1) is 0, 1, 0: stretch it by high - low, and lift it by low.",
    ),
)

BITS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)


def computes(low, high):
    """Expect parameters of the right shapes, whose network has these values on the four inputs."""
    want = torch.tensor([low, high, high, low], dtype=torch.float64)

    def holds(parameters):
        W, b, v, c = parameters
        shapes = [tuple(p.shape) for p in parameters] == [(2, 2), (2,), (2,), ()]
        doubles = all(type(p) is torch.Tensor and p.dtype == torch.float64 for p in parameters)
        outputs = torch.stack([v @ torch.relu(W @ x + b) + c for x in BITS])
        near = torch.allclose(outputs, want, rtol=1e-9, atol=1e-12 * max(abs(low), abs(high), 1.0))
        return isinstance(parameters, tuple) and shapes and doubles and near

    told = f"(W, b, v, c) in float64, whose outputs at 00, 01, 10 and 11 are {want.tolist()}"
    return such_that(told, holds)


@claim("S1-029", "S2-069")
def test_xor(xor_mlp):
    check(xor_mlp, 0.0, 1.0, want=computes(0.0, 1.0))


@claim("S1-029", "S2-069")
@given(st.integers(-40, 40).map(lambda k: k / 8), st.integers(-40, 40).map(lambda k: k / 8))
def test_any_two_values(xor_mlp, low, high):
    check(xor_mlp, low, high, want=computes(low, high))


@claim("S2-069")
def test_the_labels_of_a_perceptron(xor_mlp):
    check(xor_mlp, -1.0, 1.0, want=computes(-1.0, 1.0))
    check(xor_mlp, high=-3.0, low=2.5, want=computes(2.5, -3.0))


@claim("S1-029")
def test_large_and_small_values(xor_mlp):
    check(xor_mlp, 1e6, -1e6, want=computes(1e6, -1e6))
    check(xor_mlp, 0.0, 1e-3, want=computes(0.0, 1e-3))


def test_values_that_float32_has_not(xor_mlp):
    check(xor_mlp, 0.1, -0.3, want=computes(0.1, -0.3))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_refuses_what_is_not_finite(xor_mlp, value):
    check(xor_mlp, value, 1.0, raises=ValueError, naming={"low": value})
    check(xor_mlp, 1.0, value, raises=ValueError, naming={"high": value})


def network(W, b, v, c):
    return tuple(torch.tensor(p, dtype=torch.float64) for p in (W, b, v, c))


@wrong("leave out the second unit: the sum of the bits is no xor")
def linear(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [high - low, 0.0], low)


@wrong("subtract the second unit once and not twice: that is or")
def logical_or(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [high - low, low - high], low)


@wrong("keep the second unit alone: that is and")
def logical_and(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [0.0, high - low], low)


@wrong("forget the bias of the second unit: both units are the same")
def no_bias(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, 0.0], [high - low, 2 * (low - high)], low)


@wrong("swap `low` and `high`: that is whether the bits are equal")
def swapped(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [low - high, 2 * (high - low)], high)


@wrong("ignore `low` and `high`: the outputs are 0 and 1")
def zero_and_one(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [1.0, -2.0], 0.0)


@wrong("stretch by `high` and not by high - low")
def stretched_by_high(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [high, -2 * high], low)


@wrong("forget to lift the outputs by `low`")
def not_lifted(low, high):
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [high - low, 2 * (low - high)], 0.0)


@wrong("make a tensor of `low` before you ask for float64: it is float32 by then, and rounded")
def lifted_in_float32(low, high):
    W, b, v, _ = network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [high - low, 2 * (low - high)], 0)
    return W, b, v, torch.tensor(float(low)).double()


@wrong("build it for bits that are -1 and 1")
def for_signs(low, high):
    half = (high - low) / 2
    return network([[1.0, -1.0], [-1.0, 1.0]], [0.0, 0.0], [half, half], low)


@wrong("count on a step and not on a ReLU: the hidden units are taken for 0 or 1")
def for_steps(low, high):
    rise = high - low
    return network([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [rise, -rise], low)


@wrong("return a column for v, and c as a vector")
def with_columns(low, high):
    rise = high - low
    return network([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [[rise], [-2 * rise]], [low])


@right("the positive and the negative part of the difference of the bits")
def by_the_difference(low, high):
    if math.isnan(low) or math.isinf(low):
        raise ValueError(f"`low` has to be a number, got {low}")
    if math.isnan(high) or math.isinf(high):
        raise ValueError(f"`high` has to be a number, got {high}")
    return network([[1.0, -1.0], [-1.0, 1.0]], [0.0, 0.0], [high - low, high - low], low)


@right("from above: high, less what is off in either direction from a sum of 1")
def from_above(low, high):
    for name, value in {"low": low, "high": high}.items():
        if not abs(value) < math.inf:
            raise ValueError(f"{name} = {value}")
    return network([[1.0, 1.0], [-1.0, -1.0]], [-1.0, 1.0], [low - high, low - high], high)
