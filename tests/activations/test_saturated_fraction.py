"""The share of units whose slope is below a tolerance, on either side."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("sigmoid_grad",),
    hints=(
        "Which number says that a unit does not respond: its value, or its slope?",
        "Where is each of the three flat? One has two flat ends, one is flat on a half-line.",
        "s(z) s(-z), 4 s(2z) s(-2z) with the sigmoid s, and z > 0; then the mean of slope < tol",
    ),
)


def exact_slope(v, activation):
    import mpmath

    with mpmath.workdps(50):
        if activation == "relu":
            return float(v > 0)
        return float(mpmath.sech(v) ** 2 if activation == "tanh" else mpmath.sech(v / 2) ** 2 / 4)


def by_loops(z, activation, tol):
    flat = z.flatten().tolist()
    return sum(exact_slope(v, activation) < tol for v in flat) / len(flat)


@claim("S4-109", "S4-110")
def test_the_sigmoid_responds_between_plus_and_minus_4_585(saturated_fraction):
    # sigmoid'(z) < 0.01 where |z| > 4.585
    z = torch.tensor([[-4.59, -4.58, 0.0, 4.58], [4.59, 100.0, -1e30, 1.0]])
    check(saturated_fraction, z, "sigmoid", 0.01, want=0.5)


@claim("S4-109", "S4-307")
def test_tanh_responds_in_half_of_that_and_relu_above_0(saturated_fraction):
    z = torch.tensor([-3.1, -2.9, 0.0, 2.0, 2.5])
    check(saturated_fraction, z, "relu", 0.01, want=0.6)
    # tanh'(z) = 0.0100 at 2.993 and 0.0707 at 2
    check(saturated_fraction, z, "tanh", 0.01, want=0.2)
    check(saturated_fraction, z, activation="tanh", tol=0.05, want=0.6)


@claim("S4-109", "S4-307")
@given(
    inputs.tensors(inputs.sizes(), inputs.sizes(), low=-9, high=9),
    st.sampled_from(["sigmoid", "tanh", "relu"]),
    st.sampled_from([0.3, 0.1, 0.011, 1.01e-3]),
)
def test_equals_a_slow_loop(saturated_fraction, z, activation, tol):
    check(saturated_fraction, z, activation, tol, want=by_loops(z, activation, tol))


@claim("S4-181")
def test_a_sigmoid_near_0_or_1_is_saturated_and_a_tanh_near_1(saturated_fraction):
    # sigmoid = .995, .995, .98, .5; tanh = .995, 0, -.995
    z = torch.tensor([math.log(199), -math.log(199), math.log(49), 0.0], dtype=torch.float64)
    check(saturated_fraction, z, "sigmoid", 0.01, want=0.5)
    z = torch.tensor([math.log(399) / 2, 0.0, -math.log(399) / 2], dtype=torch.float64)
    check(saturated_fraction, z, "tanh", 0.011, want=2 / 3)


@counterexample("S4-181")  # "an activation near 0 or 1 has almost no gradient": of tanh and ReLU?
def test_a_tanh_near_0_and_a_relu_near_1_are_not_saturated(saturated_fraction):
    near_0 = torch.tensor([1e-3, -1e-3, 0.0], dtype=torch.float64)
    check(saturated_fraction, near_0, "tanh", 0.99, want=0.0)
    near_1 = torch.tensor([0.99, 1.0, 1.01], dtype=torch.float64)
    check(saturated_fraction, near_1, "relu", 0.99, want=0.0)


@claim("S4-110")
def test_most_of_the_line_saturates_a_sigmoid_but_few_normal_inputs_do(saturated_fraction):
    line = torch.linspace(-1000, 1000, 20_001, dtype=torch.float64)
    # 91 of the points, -4.5 to 4.5 in steps of 1/10, respond.
    check(saturated_fraction, line, "sigmoid", 0.01, want=1 - 91 / 20_001)
    normal = torch.randn(2000, generator=torch.Generator().manual_seed(0))
    check(saturated_fraction, normal, "sigmoid", 0.01, want=0.0)


@claim("S4-307")
def test_a_slope_that_equals_the_tolerance_is_not_below_it(saturated_fraction):
    z = torch.tensor([0.0, 2.0], dtype=torch.float64)
    check(saturated_fraction, z, "sigmoid", 0.25, want=0.5)
    check(saturated_fraction, z, "tanh", 1.0, want=0.5)
    check(saturated_fraction, z, "relu", 1.0, want=0.5)


def test_every_slope_is_below_a_tolerance_above_1(saturated_fraction):
    for activation in ("sigmoid", "tanh", "relu"):
        check(saturated_fraction, torch.tensor([0.0, 3.0]), activation, 2.0, want=1.0)


@claim("S4-109")
def test_small_slopes_are_told_apart_in_both_tails(saturated_fraction):
    z = torch.tensor([20.0, -20.0, 30.0, -30.0])  # slopes of 2.1e-9 and 9.4e-14
    check(saturated_fraction, z, "sigmoid", 1e-9, want=0.5)
    check(saturated_fraction, z / 2, "tanh", 4e-9, want=0.5)
    check(saturated_fraction, 4 * z.double(), "sigmoid", 1e-40, want=0.5)
    check(saturated_fraction, 2 * z.double(), "tanh", 1e-40, want=0.5)


def test_takes_numbers_of_low_precision_and_any_shape(saturated_fraction):
    z = torch.tensor([[[8.5, -1.0], [0.5, 100.0]]] * 3, dtype=torch.float16)
    check(saturated_fraction, z.mT, "sigmoid", 1e-3, want=0.5)
    check(saturated_fraction, torch.tensor(7.0), "tanh", 0.5, want=1.0)


def test_refuses_an_activation_that_is_not_there(saturated_fraction):
    naming = {"activation": "softplus"}
    check(saturated_fraction, torch.ones(2), "softplus", 0.1, raises=ValueError, naming=naming)


def test_refuses_a_tolerance_that_is_not_positive(saturated_fraction):
    for tol in (0.0, -0.5, math.nan):
        naming = {"tol": tol}
        check(saturated_fraction, torch.ones(2), "relu", tol, raises=ValueError, naming=naming)


def test_refuses_what_is_empty(saturated_fraction):
    z = torch.zeros(3, 0)
    check(saturated_fraction, z, "tanh", 0.5, raises=ValueError, naming={"z": (3, 0)})


def share(slope, tol):
    return (slope < tol).double().mean().item()


SLOPES = {
    "sigmoid": lambda z: z.sigmoid() * (-z).sigmoid(),
    "tanh": lambda z: 4 * (2 * z).sigmoid() * (-2 * z).sigmoid(),
    "relu": lambda z: (z > 0).double(),
}


@wrong("look for values near 0 or 1: a tanh of 0 responds best of all")
def by_the_value(z, activation, tol):
    a = {"sigmoid": z.sigmoid(), "tanh": z.tanh(), "relu": z.relu()}[activation].double()
    return share(torch.minimum(a.abs(), (1 - a).abs()), tol)


@wrong("look for a size of the value near 1, whatever the activation")
def near_one(z, activation, tol):
    a = {"sigmoid": z.sigmoid(), "tanh": z.tanh(), "relu": z.relu()}[activation].double()
    return share((1 - a.abs()).abs(), tol)


@wrong("count the upper tail alone")
def upper_tail(z, activation, tol):
    return ((SLOPES[activation](z.double()) < tol) & (z > 0)).double().mean().item()


@wrong("count slopes that equal the tolerance")
def at_most(z, activation, tol):
    return (SLOPES[activation](z.double()) <= tol).double().mean().item()


@wrong("return the fraction that responds")
def responding(z, activation, tol):
    return 1 - share(SLOPES[activation](z.double()), tol)


@wrong("return how many there are")
def count(z, activation, tol):
    return float((SLOPES[activation](z.double()) < tol).sum())


@wrong("subtract from 1 in the dtype of z: small slopes become 0")
def one_minus(z, activation, tol):
    sigmoid, tanh = z.sigmoid(), z.tanh()
    slopes = {"sigmoid": sigmoid * (1 - sigmoid), "tanh": 1 - tanh**2, "relu": z > 0}
    return share(slopes[activation].to(z.dtype), tol)


@wrong("give tanh the slope of the sigmoid")
def tanh_as_sigmoid(z, activation, tol):
    return share(SLOPES[activation.replace("tanh", "sigmoid")](z.double()), tol)


@wrong("let relu respond at 0")
def open_at_zero(z, activation, tol):
    slope = (z >= 0).double() if activation == "relu" else SLOPES[activation](z.double())
    return share(slope, tol)


@wrong("let relu saturate nowhere")
def relu_never(z, activation, tol):
    slope = torch.ones_like(z) if activation == "relu" else SLOPES[activation](z.double())
    return share(slope, tol)


@wrong("ignore `tol`: a slope below 1/100 is saturated")
def ignores_tol(z, activation, tol):
    return share(SLOPES[activation](z.double()), 0.01)


@wrong("ignore `activation`: it is always the sigmoid")
def always_sigmoid(z, activation, tol):
    return share(SLOPES["sigmoid"](z.double()), tol)


@right("by the hyperbolic cosine, of |z| where it is finite")
def by_cosh(z, activation, tol):
    if activation not in ("relu", "tanh", "sigmoid"):
        raise ValueError(f"activation: {activation}")
    if math.isnan(tol) or tol <= 0:
        raise ValueError(f"tol: {tol}")
    if z.numel() == 0:
        raise ValueError(f"z: {tuple(z.shape)}")
    z = z.to(torch.float64).clamp(-300, 300)
    if activation == "relu":
        slope = torch.heaviside(z, torch.zeros_like(z))
    else:
        half = 1.0 if activation == "tanh" else 0.5
        slope = half**2 * torch.cosh(half * z) ** -2
    return int((slope < tol).sum()) / z.numel()
