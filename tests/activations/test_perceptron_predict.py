"""A step: 1 where x . w + b >= 0, otherwise 0; what it is at 0 is a convention."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "Which side does the boundary belong to?",
        "A comparison gives bool; the result has the dtype of x.",
        "(x @ w + b >= 0).to(x.dtype)",
    ),
)


@claim("S2-057")
def test_a_case_worked_by_hand(perceptron_predict):
    x = torch.tensor([[1.0, 2.0, -1.0], [-1.0, 0.5, 0.0], [0.0, 0.0, 3.0], [2.0, -1.0, 1.0]])
    # x w = -1, -1/2, 6, 5/2
    w = torch.tensor([1.0, 0.0, 2.0])
    check(perceptron_predict, x, w, -1.0, want=torch.tensor([0.0, 0.0, 1.0, 1.0]))
    check(perceptron_predict, x, w, b=0.75, want=torch.tensor([0.0, 0.0, 1.0, 1.0]))
    check(perceptron_predict, x, w, -3.0, want=torch.tensor([0.0, 0.0, 1.0, 1.0]))


@claim("S2-057")
def test_a_tiny_sum_has_a_side_too(perceptron_predict):
    x = inputs.vector(1e-300, -1e-300, 1e300, -1e300).reshape(4, 1)
    check(perceptron_predict, x, inputs.vector(1), 0.0, want=inputs.vector(1, 0, 1, 0))


@claim("S2-057")
def test_the_boundary_belongs_to_1(perceptron_predict):
    x = inputs.vector(1, -1, 0, 0, -0.0, -0.0, 2, -1).reshape(4, 2)
    w = inputs.vector(1, 1)
    check(perceptron_predict, x, w, 0.0, want=inputs.vector(1, 1, 1, 1))
    check(perceptron_predict, x, w, -1.0, want=inputs.vector(0, 0, 0, 1))
    check(perceptron_predict, -x, w, -0.0, want=inputs.vector(1, 1, 1, 0))


@counterexample("S2-057")  # sign() calls the boundary 0, and heaviside() asks what it is to be
def test_another_convention_differs_on_the_boundary_alone(perceptron_predict):
    x, w = inputs.numbers(7, 1), inputs.vector(4)
    z = x @ w
    b = -float(z[3])
    half = torch.heaviside(z + b, torch.tensor(0.5, dtype=torch.float64))
    check(perceptron_predict, x, w, b, want=half.ceil())
    check(perceptron_predict, x[3:4], w, b, want=inputs.vector(1))


@claim("S2-057")
@given(st.data(), st.integers(-4, 4))
def test_equals_a_slow_loop(perceptron_predict, data, b):
    d = data.draw(inputs.sizes(1, 3))
    x = data.draw(inputs.tensors(inputs.sizes(1, 4), d, low=-2, high=2, step=1))
    w = data.draw(inputs.tensors(d, low=-2, high=2, step=1))
    sums = [sum(u * v for u, v in zip(row, w.tolist(), strict=True)) + b for row in x.tolist()]
    want = torch.tensor([1.0 if z >= 0 else 0.0 for z in sums], dtype=torch.float64)
    check(perceptron_predict, x, w, float(b), want=want)


def test_nan_is_not_at_least_0(perceptron_predict):
    x = torch.tensor([[torch.nan], [torch.inf], [-torch.inf]])
    check(perceptron_predict, x, torch.ones(1), 1.0, want=torch.tensor([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(perceptron_predict, dtype):
    x = torch.tensor([[1, -3, 2], [1, 1, -2]], dtype=dtype).mT
    w = torch.tensor([1, 9, 1, 9], dtype=dtype)[::2]
    check(perceptron_predict, x, w, -1.5, want=torch.tensor([1, 0, 0], dtype=dtype))


def test_refuses_shapes_that_do_not_fit(perceptron_predict):
    for x, w in (((2, 3), (2,)), ((3,), (3,)), ((2, 3), (3, 1)), ((2, 1, 3), (3,)), ((3,), ())):
        call = torch.ones(x), torch.ones(w), 0.0
        check(perceptron_predict, *call, raises=ValueError, naming={"x": x, "w": w})


def test_refuses_a_bias_that_is_not_finite(perceptron_predict):
    for b in (math.inf, -math.inf, math.nan):
        call = torch.ones(2, 3), torch.ones(3), b
        check(perceptron_predict, *call, raises=ValueError, naming={"b": b})


@wrong(
    "let the boundary belong to 0",
    right_for="a step that is 1 above 0 only; here it is 1 at 0 as well",
)
def strictly_above(x, w, b):
    return (x @ w + b > 0).to(x.dtype)


@wrong(
    "return -1 below the boundary",
    right_for="a perceptron whose labels are -1 and 1; here they are 0 and 1",
)
def minus_one(x, w, b):
    return torch.where(x @ w + b >= 0, 1, -1).to(x.dtype)


@wrong("take the sign: -1, 0 and 1")
def by_sign(x, w, b):
    return (x @ w + b).sign()


@wrong("let the boundary be 1/2")
def half_at_zero(x, w, b):
    return torch.heaviside(x @ w + b, torch.tensor(0.5, dtype=x.dtype))


@wrong("round the sigmoid: at 1/2 torch rounds to the even number, which is 0")
def rounded_sigmoid(x, w, b):
    return (x @ w + b).sigmoid().round()


@wrong("compare the sigmoid with 1/2: it is 1/2 for tiny negative sums as well")
def sigmoid_above_half(x, w, b):
    return ((x @ w + b).sigmoid() >= 0.5).to(x.dtype)


@wrong("forget the bias")
def no_bias(x, w, b):
    return (x @ w >= 0).to(x.dtype)


@wrong("compare with b, and not with -b")
def threshold(x, w, b):
    return (x @ w >= b).to(x.dtype)


@wrong("return bool")
def as_bool(x, w, b):
    return x @ w + b >= 0


@wrong("return the sum itself")
def the_sum(x, w, b):
    return x @ w + b


@wrong("call everything 1 that is not below 0: nan is neither")
def not_below(x, w, b):
    return 1 - (x @ w + b < 0).to(x.dtype)


@right("a sum over the features, and where()")
def by_where(x, w, b):
    if x.ndim != 2 or w.ndim != 1 or x.size(1) != w.size(0):
        raise ValueError(f"x: {tuple(x.shape)}, w: {tuple(w.shape)}")
    if math.isnan(b) or math.isinf(b):
        raise ValueError(f"b: {b}")
    z = (x * w).sum(1) + b
    return torch.where(z >= 0, torch.ones_like(z), torch.zeros_like(z))
