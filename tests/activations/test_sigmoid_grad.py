"""sigmoid'(x) = sigmoid(x) (1 - sigmoid(x)), in both tails."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, accuracy, check, claim, inputs, oracles, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("sigmoid",),
    forbid=("autograd", "sigmoid_backward"),
    instead="write the derivative yourself",
    hints=(
        "Write the derivative with sigmoid(x) alone.",
        "In float32, what is sigmoid(20)? And 1 minus that?",
        "1 - sigmoid(x) = sigmoid(-x)",
    ),
)


def exact(x):
    def formula(v):
        import mpmath

        return mpmath.exp(-v) / (1 + mpmath.exp(-v)) ** 2

    return oracles.to_50_digits(formula, x)


@claim("S0-305", "S4-107")
def test_a_case_worked_by_hand(sigmoid_grad):
    # p (1 - p) for p = 1/2, 3/4, 1/8; 4/5, 1/5, 9/10
    x = torch.tensor([[1.0, 3.0, 1 / 7], [4.0, 1 / 4, 9.0]], dtype=torch.float64).log()
    want = torch.tensor([[1 / 4, 3 / 16, 7 / 64], [4 / 25, 4 / 25, 9 / 100]], dtype=torch.float64)
    check(sigmoid_grad, x, want=want)


@claim("S0-305", "S4-107")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(0, 4), low=-40, high=40))
def test_equals_the_quotient_with_50_digits(sigmoid_grad, x):
    # scale=0: relative to each slope alone, however small it is.
    check(sigmoid_grad, x, want=exact(x), scale=0.0)


@claim("S0-305")
@given(inputs.tensors(inputs.sizes(), low=-6, high=6))
def test_equals_the_gradient_of_torchs_sigmoid(sigmoid_grad, x):
    check(sigmoid_grad, x, want=oracles.gradient(lambda z: z.sigmoid().sum(), x))


@claim("S4-107", "S0-305")
def test_it_is_largest_at_0_and_even(sigmoid_grad):
    x = inputs.vector(0, -0.0, 0.125, -0.125, 2, -2)
    want = exact(inputs.vector(0, 0, 0.125, 0.125, 2, 2))
    check(sigmoid_grad, x, want=want)


@claim("S1-129", "S4-107")
@pytest.mark.parametrize(
    ("dtype", "x"), [(torch.float32, 17.0), (torch.float32, 80.0), (torch.float64, 705.0)]
)
def test_where_the_output_is_near_0_or_1_the_slope_is_small_and_no_zero(sigmoid_grad, dtype, x):
    entries = torch.tensor([x, -x, x / 2], dtype=dtype)
    check(sigmoid_grad, entries, want=exact(entries).to(dtype), scale=0.0)


def test_infinite_and_huge_entries_and_nan(sigmoid_grad):
    x = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.0, 1e30, -1e30])
    check(sigmoid_grad, x, want=torch.tensor([0.0, 0.0, torch.nan, 0.25, 0.0, 0.0]))
    # scale=0: no number near 0 will do.
    check(sigmoid_grad, x[:2], want=torch.zeros(2), scale=0.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(sigmoid_grad, dtype):
    x = torch.tensor([-9, -1.5, 0.25, 8.5, 1000, -1000], dtype=dtype)
    check(sigmoid_grad, x, want=exact(x).to(dtype))


def test_any_shape_will_do(sigmoid_grad):
    check(sigmoid_grad, torch.tensor(0.0), want=torch.tensor(0.25))
    x = inputs.numbers(2, 5, 3).mT
    check(sigmoid_grad, x, want=exact(x.contiguous()))


def test_refuses_integers(sigmoid_grad):
    check(sigmoid_grad, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


@wrong("subtract sigmoid(x) from 1: nothing is left of a small slope in the upper tail")
def one_minus(x):
    return x.sigmoid() * (1 - x.sigmoid())


@wrong("return sigmoid(x) - sigmoid(x)^2: the difference of two numbers near 1")
def difference(x):
    return x.sigmoid() - x.sigmoid() ** 2


@wrong("take x for the output of the sigmoid: x (1 - x)")
def of_the_output(x):
    return x * (1 - x)


@wrong("compute the quotient as it is written: inf / inf far below 0")
def as_written(x):
    return (-x).exp() / (1 + (-x).exp()) ** 2


@wrong("return the value and not the derivative")
def value(x):
    return x.sigmoid()


@wrong("forget the inner derivative: 1 / (1 + exp(-x))^2")
def no_inner_derivative(x):
    return x.sigmoid() ** 2


@wrong("lose the sign of the inner derivative")
def negative(x):
    return -x.sigmoid() * (-x).sigmoid()


@wrong("return the derivative of tanh, 1 - tanh(x)^2")
def of_tanh(x):
    return 4 * (2 * x).sigmoid() * (-2 * x).sigmoid()


@wrong("put a floor under the slope, so that it never vanishes")
def with_floor(x):
    return (x.sigmoid() * (-x).sigmoid()).clamp(min=1e-7)


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x):
    return x.float().sigmoid() * (-x.float()).sigmoid()


@wrong("replace nan by 0")
def hides_nan(x):
    return (x.sigmoid() * (-x).sigmoid()).nan_to_num(0.0)


@right("the quotient on the side that can't overflow: it is even")
def quotient(x):
    if not x.dtype.is_floating_point:
        raise ValueError(f"x: dtype {x.dtype} is not a floating point dtype")
    power = torch.exp(-x.abs())
    return power / (1 + power) / (1 + power)


@right("the smaller of the two factors by sigmoid, the other by its complement")
def smaller_first(x):
    if not torch.is_floating_point(x):
        raise ValueError(f"`x` must be floating, is {x.dtype}")
    small = torch.sigmoid(-x.abs())
    return small * (1 - small)


@accuracy("size of the entries", inputs=lambda draw, size: (size * draw.normal(8),))
def to_50_digits(mp, x):
    return [mp.exp(-v) / (1 + mp.exp(-v)) ** 2 for v in x]


@plot(x="x", y="slope", yscale="log")
def plot_both_tails(sigmoid_grad):
    x = torch.linspace(-30, 30, 301)
    return {"in float32": (x, sigmoid_grad(x))}
