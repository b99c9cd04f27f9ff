"""tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x)), in both tails and near 0."""

import pytest
import torch
from hypothesis import given

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    counterexample,
    gpu,
    inputs,
    oracles,
    plot,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("sigmoid",),
    forbid=("tanh", "tanhshrink", "numpy", "scipy"),
    instead="write it with exp or expm1",
    hints=(
        "What becomes of the formula for x = 1000? Which factor may you cancel for x > 0?",
        "With u = exp(-2|x|) it is (1 - u) / (1 + u), but for the sign. What is 1 - u near 0?",
        "expm1(v) is exp(v) - 1 without its cancellation: v = where(x >= 0, -2 x, 2 x).",
    ),
)


def exact(x):
    """Return tanh to the last digit of float64, by its definition."""

    def formula(v):
        import mpmath

        return (mpmath.exp(v) - mpmath.exp(-v)) / (mpmath.exp(v) + mpmath.exp(-v))

    return oracles.to_50_digits(formula, x)


@claim("S2-074", "S4-111")
def test_a_case_worked_by_hand(tanh):
    # exp(x) = 2, 3, 1 / 2; 1 / 7, 1, 5
    x = torch.tensor([[2.0, 3.0, 1 / 2], [1 / 7, 1.0, 5.0]], dtype=torch.float64).log()
    want = torch.tensor([[3 / 5, 4 / 5, -3 / 5], [-24 / 25, 0.0, 12 / 13]], dtype=torch.float64)
    check(tanh, x, want=want)


@claim("S2-074", "S4-111")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(), low=-12, high=12))
def test_equals_its_definition_with_50_digits(tanh, x):
    check(tanh, x, want=exact(x))


@claim("S2-074", "S2-075")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_in_both_tails(tanh, dtype):
    x = torch.tensor([1000.0, -1000.0, 1e30, -1e30, 50.0, 0.0], dtype=dtype)
    check(tanh, x, want=torch.tensor([1, -1, 1, -1, 1, 0], dtype=dtype))


@claim("S1-036")
def test_positive_numbers_are_mapped_close_to_1_if_they_are_large(tanh):
    x = torch.tensor([4.0, 9.0, -4.0, -9.0], dtype=torch.float64)
    check(tanh, x, want=exact(x))


@counterexample("S1-036")  # of all positive numbers, as the notes put it, most that matter are not
def test_small_positive_numbers_stay_small(tanh):
    x = torch.tensor([0.125, 0.5, -0.25, -1.0], dtype=torch.float64)
    want = torch.tensor([0.12435300, 0.46211716, -0.24491866, -0.76159416], dtype=torch.float64)
    check(tanh, x, want=want, slack=1000.0)  # eight digits are written here


@claim("S4-111")
@pytest.mark.parametrize(
    ("dtype", "x"),
    [
        (torch.float64, 1e-10),
        (torch.float64, 2e-3),
        (torch.float64, 0.04),
        (torch.float32, -1e-20),
        (torch.float32, 3e-3),
        (torch.bfloat16, 2.0**-30),
    ],
)
def test_a_small_value_keeps_its_digits(tanh, dtype, x):
    entry = torch.tensor([x, -x / 3], dtype=dtype)
    # scale=0: relative to the value alone, however small it is.
    check(tanh, entry, want=exact(entry).to(dtype), scale=0.0)


@claim("S4-111", "S4-112")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(), low=-8, high=8))
def test_gradients_flow_back_as_through_torchs(tanh, x):
    # scale=1: 1 - tanh^2 cancels in the tails, as far as its terms of size 1 are rounded.
    check_gradient(tanh, x, like=torch.tanh, scale=1.0)


@claim("S4-112")
def test_the_slope_is_1_minus_the_square(tanh):
    # tanh = 3/5, -4/5 and, at 0 and -0, 0
    x = torch.tensor([2.0, 1 / 3, 1.0, 1.0], dtype=torch.float64).log()
    x = x * torch.tensor([1.0, 1.0, 1.0, -1.0], dtype=torch.float64)
    upstream = torch.tensor([25.0, -50.0, 3.0, -2.0], dtype=torch.float64)
    want = torch.tensor([16.0, -18.0, 3.0, -2.0], dtype=torch.float64)
    check_gradient(tanh, x, upstream=upstream, want=(want,))


@claim("S4-112")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_gradients_stay_finite_in_both_tails(tanh, dtype):
    x = torch.tensor([1000.0, -1000.0, 1e30, -1e30, torch.inf, -torch.inf, 0.0], dtype=dtype)
    upstream = torch.tensor([1.0, 2, 3, 4, 5, 6, 7], dtype=dtype)
    want = torch.tensor([0.0, 0, 0, 0, 0, 0, 7], dtype=dtype)
    check_gradient(tanh, x, upstream=upstream, want=(want,))


@claim("S4-111")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_low_precision_neither_overflows_nor_changes_dtype(tanh, dtype):
    x = torch.tensor([-6.0, -1.5, 0.25, 12.0, 60000.0, -60000.0, 2.0**-9], dtype=dtype)
    check(tanh, x, want=x.double().tanh().to(dtype))
    check_gradient(tanh, x, like=torch.tanh)


@claim("S2-075")
def test_infinite_entries_and_nan(tanh):
    x = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.5])
    check(tanh, x, want=torch.tensor([1.0, -1.0, torch.nan, 0.46211716]))


def test_any_shape_will_do(tanh):
    check(tanh, torch.tensor(0.0).double(), want=torch.tensor(0.0).double())
    check(tanh, torch.zeros(2, 0, 3), want=torch.zeros(2, 0, 3))
    x = inputs.numbers(2, 5, 3)
    check(tanh, x.mT, want=torch.tanh(x.mT.contiguous()))


def test_refuses_integers(tanh):
    check(tanh, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


@wrong("compute the definition as it is written: inf / inf in both tails")
def as_written(x):
    return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())


@wrong("cancel exp(x) everywhere: (1 - u) / (1 + u) with u = exp(-2x) is inf / inf far below 0")
def one_form(x):
    u = (-2 * x).exp()
    return (1 - u) / (1 + u)


@wrong("use expm1(2x) everywhere: inf / inf far above 0")
def expm1_of_positive(x):
    more = (2 * x).expm1()
    return more / (more + 2)


@wrong("go by 2 sigmoid(2x) - 1: near 0 the difference loses its digits")
def through_sigmoid(x):
    return 2 * (2 * x).sigmoid() - 1


@wrong("return x itself near 0: at 0.01 its third power counts in the fifth digit")
def tangent_near_0(x):
    return torch.where(x.abs() < 0.02, x, x.tanh())


@wrong("forget to double x in 2 sigmoid(2x) - 1: that is tanh(x / 2)")
def half_of_x(x):
    return torch.tanh(x / 2)


@wrong("take x twice: exp(2x) in the place of exp(x)")
def twice_x(x):
    return torch.tanh(2 * x)


@wrong("go by abs() and sign(): the slope at 0 is lost")
def through_abs(x):
    less = (-2 * x.abs()).expm1()
    return x.sign() * -less / (2 + less)


@wrong("choose between two forms by where(): it also differentiates the one that overflows")
def both_branches(x):
    low, high = (2 * x).expm1(), (-2 * x).expm1()
    return torch.where(x > 0, -high / (2 + high), low / (low + 2))


@wrong("clamp x to stay finite: the slope is 0 too early")
def clamped(x):
    return torch.tanh(x.clamp(-3, 3))


@wrong("clamp the values: that is its piecewise linear neighbour")
def hard(x):
    return x.clamp(-1, 1)


@wrong("flip the sign of x")
def flipped(x):
    return torch.tanh(-x)


@wrong("detach the denominator: the gradient loses a term")
def detached_denominator(x):
    less = torch.where(x >= 0, -2 * x, 2 * x).expm1()
    return torch.where(x >= 0, -less, less) / (2 + less).detach()


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x):
    return x.float().tanh()


@wrong("replace nan by a number")
def hides_nan(x):
    return x.nan_to_num(0.0, torch.inf, -torch.inf).tanh()


@wrong("return the sigmoid, which runs from 0 to 1")
def sigmoid_instead(x):
    return x.sigmoid()


@right("sinh over cosh where they are finite, the sign beyond")
def of_two_functions(x):
    if not x.is_floating_point():
        raise ValueError(f"`x` must be floating point, got {x.dtype}")
    far = x.abs() > (20 if x.dtype == torch.float64 else 10)
    near = torch.where(far, 0, x)
    return torch.where(far, x.sign(), near.sinh() / near.cosh())


@right("each half by its own formula, on the entries that it suits")
def by_halves(x):
    if not torch.is_floating_point(x):
        raise ValueError(f"x: {x.dtype} is no floating point dtype")
    above, below = torch.where(x > 0, x, 0), torch.where(x > 0, 0, x)
    high, low = torch.expm1(-2 * above), torch.expm1(2 * below)
    return torch.where(x > 0, -high / (high + 2), low / (low + 2))


@accuracy(
    "size of the entries",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=torch.tanh,
)
def to_50_digits(mp, x):
    return [mp.tanh(v) for v in x]


@plot(x="x", y="value")
def plot_tanh_and_its_slope(tanh):
    x = torch.linspace(-5, 5, 201, dtype=torch.float64, requires_grad=True)
    value = tanh(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return {"tanh": (x, value), "its slope": (x, slope)}


@gpu
def bench_a_layer_of_activations(tanh, race):
    race(
        tanh,
        torch=torch.tanh,
        inputs=lambda draw, n: (3 * draw.normal(n),),
        small=(100_000,),
        large=(1 << 26,),
        # Doubled, exponential, sum, quotient, and a choice of the sign: 5 operations an entry.
        forward=lambda x: {"bytes": 2 * x.nbytes, "flops": 5 * x.numel()},
        # g (1 - t^2): square, difference, product; t and g are read.
        backward=lambda x: {"bytes": 3 * x.nbytes, "flops": 3 * x.numel()},
    )
