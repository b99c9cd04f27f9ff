"""4 sigmoid(x) - 2 = 2 tanh(x / 2) = x - x^3 / 12 + ..."""

import pytest
import torch
from hypothesis import given

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    oracles,
    plot,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("sigmoid", "tanh"),
    hints=(
        "In float32, what is 4 sigmoid(1e-9) - 2? What should it be?",
        "Write sigmoid(x) - 1/2 as one fraction. Which function is it?",
        "sigmoid(x) = (1 + tanh(x / 2)) / 2",
    ),
)


def exact(x):
    def formula(v):
        import mpmath

        return 4 / (1 + mpmath.exp(-v)) - 2

    return oracles.to_50_digits(formula, x)


@claim("S3-228")
def test_a_case_worked_by_hand(scaled_sigmoid):
    # sigmoid = 1/2, 3/4, 1/8; 4/5, 1/5, 9/10
    x = torch.tensor([[1.0, 3.0, 1 / 7], [4.0, 1 / 4, 9.0]], dtype=torch.float64).log()
    want = torch.tensor([[0.0, 1.0, -1.5], [1.2, -1.2, 1.6]], dtype=torch.float64)
    check(scaled_sigmoid, x, want=want)


@claim("S3-228")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(0, 4), low=-20, high=20))
def test_equals_the_sigmoid_with_50_digits(scaled_sigmoid, x):
    check(scaled_sigmoid, x, want=exact(x), scale=0.0)


@claim("S3-228")
@pytest.mark.parametrize(
    ("dtype", "x"),
    [
        (torch.float64, 1e-7),
        (torch.float32, 1e-20),
        (torch.float32, 3e-3),
        (torch.bfloat16, -(2.0**-20)),
    ],
)
def test_near_0_it_is_x_to_the_last_digit(scaled_sigmoid, dtype, x):
    entry = torch.tensor([x, -x / 4], dtype=dtype)
    # scale=0: relative to x, of which the next term, x^3 / 12, changes no digit.
    check(scaled_sigmoid, entry, want=entry, scale=0.0)


@claim("S3-228")
def test_the_next_term_is_a_twelfth_of_the_cube(scaled_sigmoid):
    x = inputs.vector(1e-3, -2e-3, 5e-3)
    want = x - x**3 / 12 + x**5 / 120
    # slack: the digits of the cube are to be seen, at 1e-7 of x.
    check(scaled_sigmoid, x, want=want, scale=0.0, slack=1e-4)


@claim("S3-228")
@given(inputs.tensors(inputs.sizes(), low=-8, high=8))
def test_gradients_flow_back(scaled_sigmoid, x):
    check_gradient(scaled_sigmoid, x, like=lambda x: 4 * x.sigmoid(), scale=1.0)


@claim("S3-228")
def test_the_slope_at_0_is_1(scaled_sigmoid):
    x, upstream = torch.tensor([0.0, -0.0, 0.0]), torch.tensor([2.0, -3.0, 0.5])
    check_gradient(scaled_sigmoid, x, upstream=upstream, want=(upstream,))


@claim("S3-228")
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64], ids=str)
def test_stays_finite_in_both_tails(scaled_sigmoid, dtype):
    x = torch.tensor([1000.0, -1000.0, 6e4, -6e4, torch.inf, -torch.inf, torch.nan], dtype=dtype)
    check(scaled_sigmoid, x, want=torch.tensor([2, -2, 2, -2, 2, -2, torch.nan], dtype=dtype))
    check_gradient(scaled_sigmoid, x[:4], want=(torch.zeros(4, dtype=dtype),))


def test_any_shape_will_do(scaled_sigmoid):
    check(scaled_sigmoid, torch.tensor(0.0), want=torch.tensor(0.0))
    x = inputs.numbers(2, 5, 3).mT
    check(scaled_sigmoid, x, want=exact(x.contiguous()))


def test_refuses_integers(scaled_sigmoid):
    check(scaled_sigmoid, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


@wrong("compute 4 sigmoid(x) - 2 as it is written: near 0 its digits cancel")
def as_written(x):
    return 4 * x.sigmoid() - 2


@wrong("return tanh(x): that is 2 sigmoid(2x) - 1")
def tanh(x):
    return x.tanh()


@wrong("forget to halve x: the slope at 0 is 2")
def not_halved(x):
    return 2 * x.tanh()


@wrong("forget the factor: the slope at 0 is 1/2")
def not_stretched(x):
    return (x / 2).tanh()


@wrong("shift before stretching by 4: 4 (sigmoid(x) - 2)")
def shifted_first(x):
    return 4 * (x.sigmoid() - 2)


@wrong("stretch the sigmoid, and leave it above 0")
def not_shifted(x):
    return 4 * x.sigmoid()


@wrong("return x itself: that is its tangent at 0")
def tangent(x):
    return x * 1


@wrong("clamp x at -2 and 2: that is its piecewise linear neighbour")
def clamped(x):
    return x.clamp(-2, 2)


@wrong("return two terms of its series")
def series(x):
    return x - x**3 / 12


@wrong("go by expm1(x) / (1 + exp(x)): inf / inf far above 0")
def by_expm1(x):
    return 2 * x.expm1() / (1 + x.exp())


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x):
    return 2 * (x.float() / 2).tanh()


@wrong("replace nan by a number")
def hides_nan(x):
    return 2 * (x.nan_to_num(0.0, torch.inf, -torch.inf) / 2).tanh()


@right("by expm1 of -|x|, with the sign of x")
def on_the_safe_side(x):
    if not x.dtype.is_floating_point:
        raise ValueError(f"x: dtype {x.dtype} is not a floating point dtype")
    upper = x > 0
    less = torch.expm1(torch.where(upper, -x, x))
    return torch.where(upper, -less, less) * 2 / (less + 2)


@right("as the difference of two sigmoids where that has digits, by tanh elsewhere")
def of_two_sigmoids(x):
    if not torch.is_floating_point(x):
        raise ValueError(f"`x` must be floating, is {x.dtype}")
    far = x.abs() > 8
    return torch.where(far, 2 * x.sigmoid() - 2 * (-x).sigmoid(), 2 * torch.tanh(x * 0.5))


@accuracy("size of the entries", inputs=lambda draw, size: (size * draw.normal(8),))
def to_50_digits(mp, x):
    return [2 * mp.tanh(v / 2) for v in x]


@plot(x="x", y="value")
def plot_beside_x(scaled_sigmoid):
    x = torch.linspace(-4, 4, 201, dtype=torch.float64)
    return {"4 sigmoid(x) - 2": (x, scaled_sigmoid(x)), "x": (x, x), "tanh(x)": (x, x.tanh())}


@gpu
def bench_a_layer_of_activations(scaled_sigmoid, race):
    race(
        scaled_sigmoid,
        torch=lambda x: 2 * (x / 2).tanh(),
        inputs=lambda draw, n: (3 * draw.normal(n),),
        small=(100_000,),
        large=(1 << 26,),
        # Halved, tanh (5 operations), doubled.
        forward=lambda x: {"bytes": 2 * x.nbytes, "flops": 7 * x.numel()},
        # g (1 - y^2 / 4): y and g are read.
        backward=lambda x: {"bytes": 3 * x.nbytes, "flops": 4 * x.numel()},
    )
