"""sigmoid(x) = 1 / (1 + exp(-x)), value and slope, in both tails."""

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
    forbid=(
        "sigmoid",
        "logsigmoid",
        "log_sigmoid",
        "silu",
        "glu",
        "softmax",
        "log_softmax",
        "logsumexp",
        "logaddexp",
        "logaddexp2",
        "logcumsumexp",
        "softplus",
        "scipy.special",
    ),
    instead="write it with exp",
    hints=(
        "The definition has two formulas. Which of them fails for x = 1000, and which for -1000?",
        "Use the one whose exponent is not positive; but where() differentiates both its branches.",
        "u = exp(where(x >= 0, -x, x)) never overflows: where(x >= 0, 1, u) / (1 + u).",
    ),
)


@claim("S3-138", "S0-304", "S2-072", "S4-105")
def test_a_case_worked_by_hand(sigmoid):
    x = torch.tensor([[1.0, 3.0, 1 / 7], [4.0, 1 / 4, 9.0]], dtype=torch.float64).log()
    want = torch.tensor([[1 / 2, 3 / 4, 1 / 8], [4 / 5, 1 / 5, 9 / 10]], dtype=torch.float64)
    check(sigmoid, x, want=want)


@claim("S3-138", "S0-304", "S2-072", "S4-105")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(), low=-40, high=40))
def test_equals_the_first_formula_with_50_digits(sigmoid, x):
    def exact(v):
        import mpmath

        return mpmath.exp(v) / (mpmath.exp(v) + mpmath.exp(0))

    check(sigmoid, x, want=oracles.to_50_digits(exact, x))


@claim("S3-138", "S0-305")
def test_the_slope_is_that_of_the_curve_on_both_sides(sigmoid):
    # p (1 - p) for p = 3/4, 1/4 and 1/5.
    x = torch.tensor([3.0, 1 / 3, 1 / 4], dtype=torch.float64).log()
    upstream = torch.tensor([16.0, -32.0, 25.0], dtype=torch.float64)
    want = torch.tensor([3.0, -6.0, 4.0], dtype=torch.float64)
    check_gradient(sigmoid, x, upstream=upstream, want=(want,))


@claim("S3-138", "S0-305")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(), low=-3, high=3, step=1))
def test_gradients_flow_back_as_through_torchs(sigmoid, x):
    check_gradient(sigmoid, x, like=torch.sigmoid)


@claim("S3-138")
def test_the_slope_at_zero_is_a_quarter(sigmoid):
    x = torch.tensor([0.0, -0.0, 0.0])
    upstream = torch.tensor([4.0, -8.0, 1.0])
    check_gradient(sigmoid, x, upstream=upstream, want=(torch.tensor([1.0, -2.0, 0.25]),))


@claim("S3-138", "S4-108", "S4-361")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_in_both_tails(sigmoid, dtype):
    x = torch.tensor([1000.0, -1000.0, 1e30, -1e30, 0.0], dtype=dtype)
    check(sigmoid, x, want=torch.tensor([1, 0, 1, 0, 0.5], dtype=dtype))


@claim("S3-138", "S4-361")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_gradients_stay_finite_in_both_tails(sigmoid, dtype):
    x = torch.tensor([1000.0, -1000.0, 1e30, -1e30], dtype=dtype)
    check_gradient(sigmoid, x, want=(torch.zeros(4, dtype=dtype),))


@claim("S3-138", "S4-108", "S4-361")
@pytest.mark.parametrize(
    ("dtype", "x"), [(torch.float32, -80.0), (torch.float64, -705.0), (torch.float64, -40.0)]
)
def test_a_small_value_keeps_its_digits(sigmoid, dtype, x):
    def exact(v):
        import mpmath

        return 1 / (1 + mpmath.exp(-v))

    entry = torch.tensor([x], dtype=dtype)
    # scale=0: relative to the value alone, however small it is.
    check(sigmoid, entry, want=oracles.to_50_digits(exact, entry).to(dtype), scale=0.0)


@claim("S3-138")
def test_a_small_slope_keeps_its_digits(sigmoid):
    x = torch.tensor([-40.0, -80.0])
    want = torch.tensor([-40.0, -80.0], dtype=torch.float64).exp().float()
    upstream = torch.tensor([1.0, 2.0])
    check_gradient(sigmoid, x, upstream=upstream, want=(want * upstream,), scale=0.0)


@claim("S1-034")
def test_large_positive_numbers_are_mapped_close_to_1(sigmoid):
    # 4.6 is far enough to be within 0.01 of the end, and 4.59 is not.
    x = torch.tensor([4.6, 5.0, -4.6, -5.0], dtype=torch.float64)
    want = torch.tensor([0.99004820, 0.99330715, 0.00995180, 0.00669285], dtype=torch.float64)
    check(sigmoid, x, want=want, slack=1e4)  # eight digits are written here


@counterexample("S1-034")  # "positive numbers are close to 1, negative ones close to 0"
def test_small_positive_numbers_are_mapped_close_to_one_half(sigmoid):
    x = torch.tensor([0.1, 1.0, -0.1, -1.0], dtype=torch.float64)
    want = torch.tensor([0.52497919, 0.73105858, 0.47502081, 0.26894142], dtype=torch.float64)
    check(sigmoid, x, want=want, slack=1e4)


@claim("S3-138")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_low_precision_neither_overflows_nor_changes_dtype(sigmoid, dtype):
    x = torch.tensor([-9.0, -1.5, 0.25, 9.0, 1000.0, -1000.0, 12.0], dtype=dtype)
    check(sigmoid, x, want=x.double().sigmoid().to(dtype))
    # exp(12) is beyond float16: its slope there must not become nan.
    check_gradient(sigmoid, x, like=torch.sigmoid)


@claim("S3-138")
def test_infinite_entries_and_nan(sigmoid):
    x = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.0])
    check(sigmoid, x, want=torch.tensor([1.0, 0.0, torch.nan, 0.5]))
    # scale=0: no number near 0 will do.
    check(sigmoid, torch.tensor([-torch.inf]), want=torch.tensor([0.0]), scale=0.0)


def test_any_shape_will_do(sigmoid):
    check(sigmoid, torch.tensor(0.0).double(), want=torch.tensor(0.5).double())
    check(sigmoid, torch.zeros(2, 0, 3), want=torch.zeros(2, 0, 3))
    check(sigmoid, torch.zeros(2, 1, 3).mT, want=torch.full((2, 3, 1), 0.5))


def test_refuses_integers(sigmoid):
    check(sigmoid, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


@wrong("use exp(x) / (exp(x) + 1) everywhere: inf / inf in the upper tail")
def first_formula(x):
    return x.exp() / (x.exp() + 1)


@wrong("use 1 / (1 + exp(-x)) everywhere: right values, but its slope is 0 * inf far below 0")
def second_formula(x):
    return 1 / (1 + (-x).exp())


@wrong("choose between the formulas by where(): it also differentiates the one that overflows")
def both_branches(x):
    return torch.where(x >= 0, 1 / (1 + (-x).exp()), x.exp() / (1 + x.exp()))


@wrong("use abs(): its slope at 0 is 0, and so becomes that of the result")
def through_abs(x):
    small = (-x.abs()).exp()
    return torch.where(x >= 0, 1 / (1 + small), small / (1 + small))


@wrong("reach a small value from 1, as 1 - sigmoid(-x) or (1 + tanh(x / 2)) / 2 do: it is lost")
def by_the_complement(x):
    upper = 1 / (1 + torch.where(x >= 0, -x, x).exp())
    return torch.where(x >= 0, upper, 1 - upper)


@wrong("clamp x to stay finite: the tails become flat too early")
def clamped(x):
    return 1 / (1 + (-x.clamp(-30, 30)).exp())


@wrong("flip the sign of x")
def flipped(x):
    return (-x).sigmoid()


@wrong("forget that tanh takes half of x: the curve is twice as steep")
def twice_as_steep(x):
    return (2 * x).sigmoid()


@wrong("normalise over the entries, as a softmax does")
def over_the_entries(x):
    return x.softmax(-1)


@wrong("detach the denominator: the gradient loses a term")
def detached_denominator(x):
    power = torch.where(x >= 0, -x, x).exp()
    return torch.where(x >= 0, 1, power) / (1 + power).detach()


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x):
    return x.float().sigmoid()


@wrong("replace nan by a number")
def hides_nan(x):
    return x.sigmoid().nan_to_num(0.5)


@right("the softmax of (x, 0), with a shift that has no gradient")
def of_two(x):
    if not x.dtype.is_floating_point:
        raise ValueError(f"x: dtype {x.dtype} is not a floating point dtype")
    top = x.detach().clamp(min=0)
    mine = torch.where(x == torch.inf, 0, x - top).exp()
    return mine / (mine + torch.exp(-top))


@right("each half by its own formula, on the entries that it suits")
def by_halves(x):
    if not x.is_floating_point():
        raise ValueError(f"`x` must be floating point, got {x.dtype}")
    upper = x >= 0
    safe_upper, safe_lower = torch.where(upper, x, 0.0), torch.where(upper, 0.0, x)
    high, low = 1 / (1 + torch.exp(-safe_upper)), torch.exp(safe_lower)
    return torch.where(upper, high, low / (1 + low))


@accuracy(
    "size of the entries",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=torch.sigmoid,
)
def exact(mp, x):
    return [1 / (1 + mp.exp(-v)) for v in x]


@plot(x="x", y="value")
def plot_sigmoid_and_its_slope(sigmoid):
    x = torch.linspace(-8, 8, 201, dtype=torch.float64, requires_grad=True)
    value = sigmoid(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return {"sigmoid": (x, value), "its slope": (x, slope)}


@gpu
def bench_a_layer_of_activations(sigmoid, race):
    race(
        sigmoid,
        torch=torch.sigmoid,
        inputs=lambda draw, n: (3 * draw.normal(n),),
        small=(100_000,),
        large=(1 << 26,),
        # Sign, exponential, sum, quotient.
        forward=lambda x: {"bytes": 2 * x.nbytes, "flops": 4 * x.numel()},
        # g s (1 - s): difference and two products; s and g are read.
        backward=lambda x: {"bytes": 3 * x.nbytes, "flops": 3 * x.numel()},
    )
