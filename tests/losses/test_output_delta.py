"""ce with sigmoid: a - y; mse with sigmoid: (a - y) a (1 - a); mse with linear: z - y."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from grader import Exercise, check, claim, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("sigmoid", "logistic_regression_grad"),
    forbid=("autograd", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    instead="derive the formula by hand",
    hints=(
        "dC/dz = dC/da da/dz. What is da/dz for each activation?",
        "The sigmoid's slope is a (1 - a). Which loss cancels it?",
    ),
)

PAIRS = (("ce", "sigmoid"), ("mse", "sigmoid"), ("mse", "linear"))


@st.composite
def cases(draw):
    """Draw logits and soft labels of one shape."""
    n, m = draw(inputs.sizes(1, 3)), draw(inputs.sizes(1, 3))
    return draw(inputs.tensors(n, m)), draw(inputs.tensors(n, m, low=0, high=1))


def cost(logits, labels, loss, activation):
    if loss == "ce":
        return binary_cross_entropy_with_logits(logits, labels, reduction="sum")
    a = logits.sigmoid() if activation == "sigmoid" else logits
    return (a - labels).square().sum() / 2


@claim("S4-131", "S4-133", "S4-311", "S4-372", "S4-168")
def test_a_case_worked_by_hand(output_delta):
    z = torch.tensor([3.0, 1.0, 1 / 3], dtype=torch.float64).log()  # a = (3/4, 1/2, 1/4)
    y = torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64)
    ce = torch.tensor([3 / 4, -1 / 2, -3 / 4], dtype=torch.float64)
    slope = torch.tensor([3 / 16, 1 / 4, 3 / 16], dtype=torch.float64)
    check(output_delta, z, y, "mse", "sigmoid", want=ce * slope)
    check(output_delta, z, y, "ce", "sigmoid", want=ce)
    check(output_delta, z, y, "mse", "linear", want=z - y)


@claim("S4-131", "S4-133", "S4-311")
@pytest.mark.parametrize(("loss", "activation"), PAIRS)
@given(cases())
def test_equals_automatic_differentiation(output_delta, loss, activation, case):
    z, y = case
    want = oracles.gradient(lambda logits: cost(logits, y, loss, activation), z)
    # Where it is 0 for the formula, it is a difference of numbers of size 1.
    check(output_delta, z, y, loss, activation, want=want, scale=1.0)


@claim("S4-131", "S4-311", "S4-168")
def test_only_the_quadratic_cost_of_a_sigmoid_stalls(output_delta):
    z, y = torch.tensor([1000.0, -1000.0, 1e4]), torch.tensor([0.0, 1.0, 0.25])
    check(output_delta, z, y, "ce", "sigmoid", want=torch.tensor([1.0, -1.0, 0.75]))
    check(output_delta, z, y, "mse", "sigmoid", want=torch.zeros(3))
    check(output_delta, z, y, "mse", "linear", want=torch.tensor([1000.0, -1001.0, 9999.75]))


@claim("S4-131")
def test_a_sigmoid_that_is_certain_and_right_has_delta_0(output_delta):
    z, y = torch.tensor([1e3, -1e3]).double(), torch.tensor([1.0, 0.0]).double()
    for loss in ("ce", "mse"):
        check(output_delta, z, y, loss, "sigmoid", want=0 * y)


@claim("S4-133")
def test_the_label_of_a_linear_output_may_be_any_number(output_delta):
    z, y = torch.tensor([0.5, 3.0]), torch.tensor([-3.0, 5.0])
    check(output_delta, z, y, "mse", "linear", want=torch.tensor([3.5, -2.0]))


@claim("S4-131", "S4-311")
@pytest.mark.parametrize("dims", [(), (0,), (2, 1, 3)])
def test_any_number_of_dimensions(output_delta, dims):
    z, y = torch.zeros(dims), torch.ones(dims)
    check(output_delta, z, y, "ce", "sigmoid", want=-y / 2)
    check(output_delta, z, y, "mse", "sigmoid", want=-y / 8)


@claim("S4-133")
def test_refuses_the_cross_entropy_of_what_is_no_probability(output_delta):
    z = torch.tensor([0.5])
    naming = {"loss": "ce", "activation": "linear"}
    check(output_delta, z, z, "ce", "linear", raises=ValueError, naming=naming)


def test_refuses_unknown_names(output_delta):
    z = torch.tensor([0.5])
    check(output_delta, z, z, "mae", "sigmoid", raises=ValueError, naming={"loss": "mae"})
    check(output_delta, z, z, "mse", "tanh", raises=ValueError, naming={"activation": "tanh"})


@pytest.mark.parametrize(("loss", "activation"), PAIRS)
def test_refuses_labels_of_another_shape(output_delta, loss, activation):
    z = torch.zeros(3, 2)
    for shape in ((2,), (3, 1), (2, 3)):
        expected = {"raises": ValueError, "naming": {"labels": shape}}
        check(output_delta, z, torch.zeros(shape), loss, activation, **expected)


@wrong("leave out the slope of the sigmoid for the quadratic cost")
def no_slope(logits, labels, loss, activation):
    return (logits.sigmoid() if activation == "sigmoid" else logits) - labels


@wrong("multiply with the sigmoid's slope for the cross-entropy as well")
def always_slope(logits, labels, loss, activation):
    a = logits.sigmoid()
    return (a - labels) * a * (1 - a) if activation == "sigmoid" else logits - labels


@wrong("multiply with the slope of the sigmoid though the output is linear")
def slope_of_linear(logits, labels, loss, activation):
    a = logits.sigmoid()
    if loss == "ce":
        return a - labels
    return ((a if activation == "sigmoid" else logits) - labels) * a * (1 - a)


@wrong("differentiate (a - y)^2 without the 1/2: twice the delta")
def doubled(logits, labels, loss, activation):
    a = logits.sigmoid()
    if loss == "ce":
        return a - labels
    return 2 * ((a - labels) * a * (1 - a) if activation == "sigmoid" else logits - labels)


@wrong("flip the sign")
def flipped(logits, labels, loss, activation):
    a = logits.sigmoid()
    if activation == "linear":
        return labels - logits
    return labels - a if loss == "ce" else (labels - a) * a * (1 - a)


@wrong("average over the entries")
def averaged(logits, labels, loss, activation):
    return -flipped(logits, labels, loss, activation) / logits.numel()


@wrong("divide by a (1 - a) and multiply again: 0/0 where the sigmoid is 0 or 1")
def uncancelled(logits, labels, loss, activation):
    a = logits.sigmoid()
    if activation == "linear":
        return logits - labels
    slope = a * (1 - a)
    return (a - labels) / slope * slope if loss == "ce" else (a - labels) * slope


@wrong("write the sigmoid as e^z / (1 + e^z): infinity by infinity for large z")
def overflowing(logits, labels, loss, activation):
    a = logits.exp() / (1 + logits.exp())
    if activation == "linear":
        return logits - labels
    return a - labels if loss == "ce" else (a - labels) * a * (1 - a)


@wrong("clamp the sigmoid: an output that is certain and right keeps a delta")
def clamped(logits, labels, loss, activation):
    a = logits.sigmoid().clamp(1e-7, 1 - 1e-7)
    if activation == "linear":
        return logits - labels
    return a - labels if loss == "ce" else (a - labels) * a * (1 - a)


@right("the derivative by a, and then the slope of a")
def two_factors(logits, labels, loss, activation):
    if loss not in {"ce", "mse"}:
        raise ValueError(f"no loss {loss}")
    if activation not in {"sigmoid", "linear"}:
        raise ValueError(f"no activation {activation}")
    if loss == "ce" and activation == "linear":
        raise ValueError(f"loss {loss} does not go with activation {activation}")
    if logits.shape != labels.shape:
        raise ValueError(f"labels: wrong shape {tuple(labels.shape)}")
    a = 1 / (1 + torch.exp(-logits)) if activation == "sigmoid" else logits
    slope = torch.ones_like(a) if activation == "linear" or loss == "ce" else a - a * a
    return (a - labels) * slope
