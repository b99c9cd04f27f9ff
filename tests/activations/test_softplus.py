"""softplus(x) = log(1 + exp(beta x)) / beta, value and slope, in both tails."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

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
    after=("sigmoid", "relu"),
    forbid=(
        "softplus",
        "logsigmoid",
        "log_sigmoid",
        "logaddexp",
        "logaddexp2",
        "logsumexp",
        "logcumsumexp",
        "log_softmax",
        "cross_entropy",
        "binary_cross_entropy_with_logits",
        "soft_margin_loss",
    ),
    instead="write it with exp and log1p",
    hints=(
        "What is exp(1000)? And what is left of 1 + exp(-40)?",
        "log(1 + e^z) = z + log(1 + e^-z), and log1p(u) is log(1 + u) without losing a small u.",
        "where(z > 0, z, 0) + log1p(exp(-|z|)), |z| by where(): abs() has slope 0 at 0.",
    ),
)
BETAS = st.sampled_from([0.25, 1.0, 3.0])


def exact(x, beta=1.0):
    """Return softplus to the last digit of float64, by its definition."""

    def formula(v):
        import mpmath

        return mpmath.log1p(mpmath.exp(beta * v)) / beta

    return oracles.to_50_digits(formula, x)


def slope(x, beta=1.0):
    """Return its derivative, the sigmoid of beta x, to the last digit of float64."""

    def formula(v):
        import mpmath

        return 1 / (1 + mpmath.exp(-beta * v))

    return oracles.to_50_digits(formula, x)


@claim("S4-121")
def test_a_case_worked_by_hand(softplus):
    # exp(x) = 1, 3, 7; 1 / 2, 15, 1 / 4: log of 2, 4, 8; 3 / 2, 16, 5 / 4
    x = torch.tensor([[1.0, 3.0, 7.0], [0.5, 15.0, 0.25]], dtype=torch.float64).log()
    want = torch.tensor([[2.0, 4.0, 8.0], [1.5, 16.0, 1.25]], dtype=torch.float64).log()
    check(softplus, x, want=want)


@claim("S4-123")
@pytest.mark.parametrize("beta", [0.5, 10.0, 1e-3, 1e3])
def test_at_0_it_is_log_2_over_beta(softplus, beta):
    want = torch.full((1, 2), math.log(2) / beta, dtype=torch.float64)
    check(softplus, torch.zeros(1, 2, dtype=torch.float64), beta=beta, want=want)


@claim("S4-121", "S4-123")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(0, 4), low=-30, high=30), BETAS)
def test_equals_its_definition_with_50_digits(softplus, x, beta):
    check(softplus, x, beta, want=exact(x, beta))


@claim("S4-122")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(), low=-8, high=8), BETAS)
def test_the_slope_is_the_sigmoid_of_beta_x(softplus, x, beta):
    upstream = inputs.numbers(*x.shape)
    want = upstream * slope(x, beta)
    check_gradient(softplus, x, beta, wrt=(0,), upstream=upstream, want=(want,))


@claim("S4-122")
def test_the_slope_at_0_is_one_half(softplus):
    x, upstream = torch.tensor([0.0, -0.0, 0.0]), torch.tensor([2.0, -6.0, 1.0])
    want = torch.tensor([1.0, -3.0, 0.5])
    check_gradient(softplus, x, upstream=upstream, want=(want,))
    check_gradient(softplus, x, beta=8.0, upstream=upstream, want=(want,))


@claim("S4-121", "S4-123")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_in_both_tails(softplus, dtype):
    x = torch.tensor([1000.0, -1000.0, 1e4, -1e4], dtype=dtype)
    want = torch.tensor([1000.0, 0.0, 1e4, 0.0], dtype=dtype)
    check(softplus, x, want=want)
    check(softplus, x, 1e3, want=want)
    upstream = torch.tensor([2.0, 3.0, -5.0, 7.0], dtype=dtype)
    want = torch.tensor([2.0, 0.0, -5.0, 0.0], dtype=dtype)
    check_gradient(softplus, x, upstream=upstream, want=(want,))
    check_gradient(softplus, x, 1e3, upstream=upstream, want=(want,))


@claim("S4-121")
@pytest.mark.parametrize(
    ("dtype", "x"), [(torch.float64, -40.0), (torch.float32, -80.0), (torch.float64, -700.0)]
)
def test_a_small_value_and_a_small_slope_keep_their_digits(softplus, dtype, x):
    entry = torch.tensor([x, x / 2], dtype=dtype)
    # scale=0: relative to each alone, however small it is.
    check(softplus, entry, want=exact(entry).to(dtype), scale=0.0)
    upstream = torch.tensor([3.0, -1.0], dtype=dtype)
    want = upstream * slope(entry).to(dtype)
    check_gradient(softplus, entry, upstream=upstream, want=(want,), scale=0.0)


@claim("S4-121")
def test_above_20_it_is_still_more_than_x(softplus):
    # torch returns x there: 2e-9 too little at 20. slack: to rounding, and not to ten digits only.
    x = torch.tensor([20.0, 20.5, 25.0, 30.0], dtype=torch.float64)
    check(softplus, x, want=exact(x), scale=0.0, slack=1e-4)
    check(softplus, x / 4, 4.0, want=exact(x / 4, 4.0), scale=0.0, slack=1e-4)


@claim("S4-121", "S4-123")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_low_precision_neither_overflows_nor_changes_dtype(softplus, dtype):
    x = torch.tensor([-9.0, -1.5, 0.25, 12.0, 1000.0, -1000.0, 0.0], dtype=dtype)
    check(softplus, x, want=exact(x).to(dtype))
    check_gradient(softplus, x, upstream=torch.ones_like(x), want=(slope(x).to(dtype),))


@claim("S4-123")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_large_beta_overflows_nowhere_near_0(softplus, dtype):
    x = torch.tensor([0.75, -0.75, 0.0625, -0.0625, 2.0**-10], dtype=dtype)
    check(softplus, x, 1e3, want=exact(x, 1e3).to(dtype), scale=0.0)
    want = slope(x, 1e3).to(dtype)
    check_gradient(softplus, x, 1e3, upstream=torch.ones_like(x), want=(want,))


def test_infinite_entries_and_nan(softplus):
    x = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.0])
    check(softplus, x, 2.0, want=torch.tensor([torch.inf, 0.0, torch.nan, math.log(2) / 2]))


def test_any_shape_will_do(softplus):
    check(softplus, torch.tensor(0.0), want=torch.tensor(math.log(2)))
    check(softplus, torch.zeros(2, 0, 3), want=torch.zeros(2, 0, 3))
    x = inputs.numbers(2, 5, 3).mT
    check(softplus, x, want=exact(x.contiguous()))


def test_refuses_integers(softplus):
    check(softplus, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


def test_refuses_a_beta_that_is_not_positive_and_finite(softplus):
    for beta in (0.0, -1.0, math.inf, math.nan):
        check(softplus, torch.ones(2), beta, raises=ValueError, naming={"beta": beta})


def safe(x, beta):
    power = torch.where(x > 0, -beta * x, beta * x).exp()
    return torch.where(x > 0, x, 0) + power.log1p() / beta


@wrong("compute the definition as it is written: exp() overflows")
def as_written(x, beta=1.0):
    return (1 + (beta * x).exp()).log() / beta


@wrong("use log1p(exp(z)) everywhere: exp() overflows all the same")
def log1p_everywhere(x, beta=1.0):
    return (beta * x).exp().log1p() / beta


@wrong("add 1 before taking the logarithm: a small exp() is lost beside it")
def no_log1p(x, beta=1.0):
    power = torch.where(x > 0, -beta * x, beta * x).exp()
    return torch.where(x > 0, x, 0) + (1 + power).log() / beta


@wrong("use abs(): its slope at 0 is 0, and so becomes that of the result")
def through_abs(x, beta=1.0):
    return torch.where(x > 0, x, 0) + (-beta * x.abs()).exp().log1p() / beta


@wrong("use abs() and clamp(): at 0 the slopes add up to 1")
def through_clamp(x, beta=1.0):
    return x.clamp(min=0) + (-beta * x.abs()).exp().log1p() / beta


@wrong("go over to x at 20, as torch does: the value is not exact there")
def with_threshold(x, beta=1.0):
    return torch.nn.functional.softplus(x, beta)


@wrong("choose by where(): it also differentiates the branch that overflows")
def both_branches(x, beta=1.0):
    high = x + (-beta * x).exp().log1p() / beta
    return torch.where(x > 0, high, (beta * x).exp().log1p() / beta)


@wrong("ignore `beta`")
def ignores_beta(x, beta=1.0):
    return safe(x, 1.0)


@wrong("forget to divide by `beta`")
def not_divided(x, beta=1.0):
    return safe(beta * x, 1.0)


@wrong("forget to multiply by `beta`")
def not_multiplied(x, beta=1.0):
    return safe(x, 1.0) / beta


@wrong("take `beta` for its inverse, a temperature")
def temperature(x, beta=1.0):
    return safe(x, 1 / beta)


@wrong("leave out the part that is linear")
def without_x(x, beta=1.0):
    return torch.where(x > 0, -beta * x, beta * x).exp().log1p() / beta


@wrong("return the part above 0 alone: that is ReLU, the limit for a large `beta`")
def relu(x, beta=1.0):
    return torch.where(x <= 0, 0 * x, x)


@wrong("return log(sigmoid(x)): that is -softplus(-x)")
def logsigmoid(x, beta=1.0):
    return -safe(-x, beta)


@wrong("use powers and logarithms to base 2")
def base_two(x, beta=1.0):
    power = torch.where(x > 0, -beta * x, beta * x).exp2()
    return torch.where(x > 0, x, 0) + (1 + power).log2() / beta


@wrong("clamp z to stay finite: the tails are cut off")
def clamped(x, beta=1.0):
    return (beta * x).clamp(-30, 30).exp().log1p() / beta


@wrong("detach the exponential: the gradient loses a term")
def detached(x, beta=1.0):
    power = torch.where(x > 0, -beta * x, beta * x).exp().detach()
    return torch.where(x > 0, x, 0) + power.log1p() / beta


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x, beta=1.0):
    return safe(x.float(), beta)


@wrong("replace nan by a number")
def hides_nan(x, beta=1.0):
    return safe(x, beta).nan_to_num(0.0, torch.inf)


@right("each half by its own formula, on the entries that it suits")
def by_halves(x, beta=1.0):
    if not x.dtype.is_floating_point:
        raise ValueError(f"x: dtype {x.dtype} is not a floating point dtype")
    if math.isnan(beta) or beta <= 0 or math.isinf(beta):
        raise ValueError(f"`beta` has to be positive, got {beta}")
    z = beta * x
    upper = z >= 0
    low = torch.log1p(torch.exp(torch.where(upper, 0.0, z)))
    high = torch.log1p(torch.exp(-torch.where(upper, z, 0.0))) / beta
    return torch.where(upper, x + high, low / beta)


@right("ReLU, and a correction with half of a slope at 0 each")
def with_a_correction(x, beta=1.0):
    if not torch.is_floating_point(x):
        raise ValueError(f"x must be floating, and is {x.dtype}")
    if not (beta > 0 and math.isfinite(beta)):
        raise ValueError(f"beta = {beta}")
    # maximum() has slope 1/2 at 0, where that of abs() is 0.
    top = torch.maximum(x, torch.zeros_like(x))
    return top + torch.log1p(torch.exp(x.abs() * -beta)) / beta


@accuracy(
    "size of the entries",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=torch.nn.functional.softplus,
)
def to_50_digits(mp, x):
    return [mp.log1p(mp.exp(v)) for v in x]


@plot(x="x", y="value")
def plot_towards_relu_as_beta_grows(softplus):
    x = torch.linspace(-3, 3, 201, dtype=torch.float64)
    return {f"beta = {beta:g}": (x, softplus(x, beta)) for beta in (0.5, 1.0, 2.0, 10.0)}


@gpu
def bench_a_layer_of_activations(softplus, race):
    race(
        softplus,
        torch=torch.nn.functional.softplus,
        inputs=lambda draw, n: (3 * draw.normal(n),),
        small=(100_000,),
        large=(1 << 26,),
        # Absolute value, exponential, logarithm, the positive part and a sum.
        forward=lambda x: {"bytes": 2 * x.nbytes, "flops": 5 * x.numel()},
        # The sigmoid, with three operations, times g; x and g are read.
        backward=lambda x: {"bytes": 3 * x.nbytes, "flops": 4 * x.numel()},
    )
