"""dL/dweight = x^T (sigmoid(s) - y) / n, dL/dbias = mean(sigmoid(s) - y)."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("binary_cross_entropy_with_logits", "binary_cross_entropy_chain"),
    forbid=("autograd", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    instead="derive the gradients by hand",
    hints=(
        "Write dL/dweight as dL/dp dp/ds ds/dweight for one example.",
        "dL/dp = (p - y) / (p (1 - p)) and dp/ds = p (1 - p): what is left of the product?",
        "x^T (sigmoid(s) - y) / n; the bias' factor is 1 in place of x.",
    ),
)


@st.composite
def cases(draw):
    """Draw x [n, d], soft labels [n], weight [d] and bias []."""
    n, d = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3))
    labels = draw(inputs.tensors(n, low=0, high=1))
    small = {"low": -2, "high": 2}
    x, weight, bias = (draw(inputs.tensors(*s, **small)) for s in ((n, d), (d,), ()))
    return x, labels, weight, bias


@claim("S0-310", "S0-314", "S4-132")
def test_a_case_worked_by_hand(logistic_regression_grad):
    # s = (log 3, -log 3), so that sigmoid(s) = (3/4, 1/4) and both differ from y by 1/4
    x = torch.tensor([[0.0, 8.0, 0.0], [-2.0, 0.0, 4.0]], dtype=torch.float64)
    weight = torch.tensor([3.0, 1.0, 1.0], dtype=torch.float64).log()
    labels, bias = torch.tensor([0.5, 0.0]).double(), weight[0]
    want = torch.tensor([-1 / 4, 1.0, 1 / 2]).double(), torch.tensor(1 / 4).double()
    check(logistic_regression_grad, x, labels, weight, bias, want=want)


@claim("S0-310", "S0-314", "S4-132")
@given(cases())
def test_equals_automatic_differentiation(logistic_regression_grad, case):
    x, labels, weight, bias = case
    leaves = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    loss = binary_cross_entropy_with_logits(x @ leaves[0] + leaves[1], labels)
    want = torch.autograd.grad(loss, leaves)
    # A gradient that is 0 for the formula is a difference of numbers as large as x.
    check(logistic_regression_grad, *case, want=want, scale=10.0)


@claim("S4-132", "S4-131")
def test_a_saturated_mistake_has_a_large_gradient(logistic_regression_grad):
    x, label = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([0.0]).double()
    want = 1 / (1 + torch.exp(torch.tensor([-4.0], dtype=torch.float64)))
    two = torch.tensor(2.0).double()
    check(logistic_regression_grad, x, label, two[None], two, want=(want, want[0]))


@claim("S0-311", "S0-314")
def test_stays_finite_where_the_sigmoid_is_0_or_1(logistic_regression_grad):
    weight, bias = torch.tensor([100.0, 0.0]), torch.tensor(0.0)
    x, labels = torch.tensor([[-100.0, 2.0], [-100.0, 4.0]]), torch.tensor([1.0, 0.5])
    want = torch.tensor([(100 + 50) / 2, (-2 - 2) / 2]), torch.tensor(-0.75)
    check(logistic_regression_grad, x, labels, weight, bias, want=want)
    x, labels = torch.tensor([[100.0, 2.0], [100.0, 4.0]]), torch.tensor([0.0, 0.5])
    want = torch.tensor([(100 + 50) / 2, (2 + 2) / 2]), torch.tensor(0.75)
    check(logistic_regression_grad, x, labels, weight, bias, want=want)


@claim("S0-314")
def test_examples_that_are_certain_and_right_have_gradient_0(logistic_regression_grad):
    x, weight = torch.tensor([[100.0], [-100.0]]).double(), torch.tensor([100.0]).double()
    labels, zero = torch.tensor([1.0, 0.0]).double(), torch.tensor(0.0).double()
    check(logistic_regression_grad, x, labels, weight, zero, want=(zero[None], zero))


def test_refuses_labels_outside_0_to_1(logistic_regression_grad):
    for bad in (-1.0, 1.5, math.nan):
        case = torch.zeros(2, 3), torch.tensor([1.0, bad]), torch.zeros(3), torch.tensor(0.0)
        check(logistic_regression_grad, *case, raises=ValueError, naming={"labels": bad})


def test_refuses_shapes_that_would_broadcast(logistic_regression_grad):
    x, bias = torch.zeros(2, 3), torch.tensor(0.0)
    for labels in (torch.zeros(2, 1), torch.zeros(1)):
        expected = {"raises": ValueError, "naming": {"labels": labels.shape}}
        check(logistic_regression_grad, x, labels, torch.zeros(3), bias, **expected)
    for weight in (torch.zeros(3, 1), torch.zeros(1), torch.zeros(4)):
        expected = {"raises": ValueError, "naming": {"weight": weight.shape}}
        check(logistic_regression_grad, x, torch.zeros(2), weight, bias, **expected)
    expected = {"raises": ValueError, "naming": {"bias": (1,)}}
    check(logistic_regression_grad, x, torch.zeros(2), torch.zeros(3), bias[None], **expected)
    for shape in ((3,), (2, 3, 1)):
        case = torch.zeros(shape), torch.zeros(2), torch.zeros(3), bias
        check(logistic_regression_grad, *case, raises=ValueError, naming={"x": shape})


def test_refuses_two_dtypes(logistic_regression_grad):
    names = "labels", "weight", "bias"
    for name in names:
        case = {"labels": torch.zeros(2), "weight": torch.zeros(3), "bias": torch.tensor(0.0)}
        case[name] = case[name].double()
        expected = {"raises": ValueError, "naming": {name: torch.float64}}
        check(logistic_regression_grad, torch.zeros(2, 3), **case, **expected)


def delta_of(x, labels, weight, bias):
    return (x @ weight + bias).sigmoid() - labels


@wrong(
    "sum over the examples, and not average",
    right_for="the gradient of a summed loss; here the loss is averaged",
)
def summed(x, labels, weight, bias):
    delta = delta_of(x, labels, weight, bias)
    return x.mT @ delta, delta.sum()


@wrong(
    "flip the sign, as the notes' unfinished line has it",
    right_for="the direction of descent; here the gradient itself is asked for",
)
def descent(x, labels, weight, bias):
    delta = -delta_of(x, labels, weight, bias)
    return x.mT @ delta / len(x), delta.mean()


@wrong("keep the slope of the sigmoid: that is the gradient of the quadratic cost")
def quadratic(x, labels, weight, bias):
    a = (x @ weight + bias).sigmoid()
    delta = (a - labels) * a * (1 - a)
    return x.mT @ delta / len(x), delta.mean()


@wrong("multiply the factors as they stand: 0 times infinity where the sigmoid is 0 or 1")
def uncancelled(x, labels, weight, bias):
    a = (x @ weight + bias).sigmoid()
    delta = (-labels / a + (1 - labels) / (1 - a)) * a * (1 - a)
    return x.mT @ delta / len(x), delta.mean()


@wrong("forget the bias in s")
def no_bias(x, labels, weight, bias):
    delta = delta_of(x, labels, weight, 0)
    return x.mT @ delta / len(x), delta.mean()


@wrong("forget the sigmoid: that is linear regression")
def linear_regression(x, labels, weight, bias):
    delta = x @ weight + bias - labels
    return x.mT @ delta / len(x), delta.mean()


@wrong("round soft labels to 0 and 1")
def hard(x, labels, weight, bias):
    delta = delta_of(x, (labels >= 0.5).to(x.dtype), weight, bias)
    return x.mT @ delta / len(x), delta.mean()


@wrong("sum the gradient by the bias, and not average it")
def bias_summed(x, labels, weight, bias):
    delta = delta_of(x, labels, weight, bias)
    return x.mT @ delta / len(x), delta.sum()


@wrong("write the sigmoid as e^s / (1 + e^s): infinity by infinity for large s")
def overflowing(x, labels, weight, bias):
    powers = (x @ weight + bias).exp()
    delta = powers / (1 + powers) - labels
    return x.mT @ delta / len(x), delta.mean()


@wrong("clamp the probabilities: an example that is certain and right keeps a gradient")
def clamped(x, labels, weight, bias):
    delta = (x @ weight + bias).sigmoid().clamp(1e-7, 1 - 1e-7) - labels
    return x.mT @ delta / len(x), delta.mean()


@right("one example at a time")
def row_by_row(x, labels, weight, bias):
    if x.ndim != 2:
        raise ValueError(f"x: wrong shape {tuple(x.shape)}")
    if bias.ndim or bias.dtype != x.dtype:
        raise ValueError(f"bias: {bias.dtype} {tuple(bias.shape)} won't do")
    if weight.dtype != x.dtype:
        raise ValueError(f"weight: {weight.dtype} is not {x.dtype}")
    if labels.dtype != x.dtype:
        raise ValueError(f"labels: {labels.dtype} is not {x.dtype}")
    if tuple(labels.shape) != (len(x),):
        raise ValueError(f"labels: wrong shape {tuple(labels.shape)}")
    if tuple(weight.shape) != (x.shape[1],):
        raise ValueError(f"weight: wrong shape {tuple(weight.shape)}")
    by_weight, by_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for row, y in zip(x, labels, strict=True):
        if not 0 <= y <= 1:
            raise ValueError(f"labels: {float(y)} is outside [0, 1]")
        error = torch.sigmoid((row * weight).sum() + bias) - y
        by_weight, by_bias = by_weight + error * row / len(x), by_bias + error / len(x)
    return by_weight, by_bias
