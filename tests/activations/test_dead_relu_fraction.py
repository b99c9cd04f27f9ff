"""A ReLU that is off for every row gets no gradient: the convention at 0 doesn't help it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("relu_backward",),
    hints=(
        "Is a unit dead if one row finds it off? If all do?",
        "x @ weight.T + bias is [n, k]: over which dimension is to be asked?",
        "(x @ weight.T + bias <= 0).all(0), and the mean of that",
    ),
)


@st.composite
def layers(draw):
    """Draw x [n, d], weight [k, d] and bias [k], in which sums of 0 are frequent."""
    d, k = draw(inputs.sizes(1, 3)), draw(inputs.sizes(1, 5))
    x = draw(inputs.tensors(inputs.sizes(1, 3), d, low=-1, high=1, step=1 / 2))
    weight = draw(inputs.tensors(k, d, low=-1, high=1, step=1 / 2))
    return x, weight, draw(inputs.tensors(k, low=-2, high=1, step=1 / 2))


def by_gradients(x, weight, bias):
    """Return the fraction of units that no row's gradient reaches, by autograd."""
    bias = bias.clone().requires_grad_()
    outputs = torch.relu(x @ weight.T + bias)
    reached = [torch.autograd.grad(row.sum(), bias, retain_graph=True)[0] != 0 for row in outputs]
    return float((~torch.stack(reached).any(0)).double().mean())


@claim("S4-119")
def test_a_case_worked_by_hand(dead_relu_fraction):
    x = torch.tensor([[1.0, 0.0, 2.0], [0.0, -1.0, 1.0]])
    weight = torch.tensor(
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, -1.0], [0.0, 0.0, 1.0], [2.0, 0.0, -1.0]]
    )
    # z = (1 0), (0 -1), (-1 -2), (2 1) - 3 and (0 -1) + 1/2: the 2nd, the 3rd and the 4th are dead.
    bias = torch.tensor([0.0, 0.0, 0.0, -3.0, 0.5])
    check(dead_relu_fraction, x, weight, bias, want=0.6)


@claim("S4-119")
@given(layers())
def test_is_the_share_of_units_that_no_gradient_reaches(dead_relu_fraction, layer):
    check(dead_relu_fraction, *layer, want=by_gradients(*layer))


@counterexample("S4-119")  # "the slope of 0 at 0 keeps gradients learnable"
def test_with_a_bias_of_minus_100_all_units_are_dead(dead_relu_fraction):
    x, weight = inputs.numbers(6, 3), inputs.numbers(4, 3)
    bias = torch.full((4,), -100.0, dtype=torch.float64)
    check(dead_relu_fraction, x, weight, bias, want=1.0)
    check(dead_relu_fraction, x, weight, -bias, want=0.0)


@claim("S4-119")
def test_a_unit_that_is_0_for_all_rows_is_dead_by_the_convention(dead_relu_fraction):
    x = torch.tensor([[1.0, -1.0], [2.0, -2.0], [0.0, 0.0]])
    weight = torch.tensor([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    check(dead_relu_fraction, x, weight, torch.zeros(4), want=0.75)


@claim("S4-119")
def test_a_row_is_a_unit_where_weight_is_square_too(dead_relu_fraction):
    x, weight = torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    check(dead_relu_fraction, x, weight, torch.zeros(2), want=0.0)


@claim("S4-119")
def test_one_row_keeps_a_unit_alive(dead_relu_fraction):
    x = torch.tensor([[-3.0], [-2.0], [0.5]])
    weight, bias = torch.tensor([[1.0], [-1.0], [1.0]]), torch.tensor([0.0, -2.5, -0.5])
    check(dead_relu_fraction, x, weight, bias, want=1 / 3)
    check(dead_relu_fraction, x[:1], weight, bias, want=2 / 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64], ids=str)
def test_takes_any_floating_dtype_and_reads_by_strides(dead_relu_fraction, dtype):
    x = torch.tensor([[1, -2, 3], [2, -4, 1]], dtype=dtype).mT
    weight = torch.tensor([[1, -1, 0, 3, -2], [0, 0, -1, -2, 0]], dtype=dtype).mT
    bias = torch.zeros(10, dtype=dtype)[::2]
    # z = (1 -2 3), (-1 2 -3), (-2 4 -1), (-1 2 7), (-2 4 -6), less 3
    check(dead_relu_fraction, x, weight, bias - 3, want=0.4)


def test_a_unit_that_is_hardly_above_0_is_alive(dead_relu_fraction):
    x, weight = torch.tensor([[1.0], [-3.0]]), torch.tensor([[2.0**-40], [-1.0], [0.0]])
    check(dead_relu_fraction, x, weight, torch.tensor([0.0, -4.0, 0.0]), want=2 / 3)


def test_many_units_are_counted_exactly(dead_relu_fraction):
    weight = torch.ones(3000, 1)
    bias = -torch.arange(3000.0)
    check(dead_relu_fraction, torch.tensor([[2.5]]), weight, bias, want=2997 / 3000)


def test_refuses_shapes_that_do_not_fit(dead_relu_fraction):
    for shapes in (
        ((2, 3), (4, 2), (4,)),
        ((2, 3), (4, 3), (3,)),
        ((3,), (4, 3), (4,)),
        ((2, 3), (4, 3), (4, 1)),
        ((2, 3), (4, 3), ()),
        ((3,), (4,), (4,)),
        ((0, 3), (4, 3), (4,)),
        ((2, 3), (0, 3), (0,)),
    ):
        naming = dict(zip(("x", "weight", "bias"), shapes, strict=True))
        check(dead_relu_fraction, *map(torch.ones, shapes), raises=ValueError, naming=naming)


def pre_activations(x, weight, bias):
    return x @ weight.T + bias


@wrong("count the entries that are off, and not the units that are off for all rows")
def entries(x, weight, bias):
    return (pre_activations(x, weight, bias) <= 0).double().mean().item()


@wrong("call a unit dead if some row finds it off")
def any_row(x, weight, bias):
    return (pre_activations(x, weight, bias) <= 0).any(0).double().mean().item()


@wrong("ask whether all units are off for a row: the fraction of rows")
def of_rows(x, weight, bias):
    return (pre_activations(x, weight, bias) <= 0).all(1).double().mean().item()


@wrong("let a unit live on zeros: at 0 its slope is 0")
def alive_at_zero(x, weight, bias):
    return (pre_activations(x, weight, bias) < 0).all(0).double().mean().item()


@wrong("forget the bias")
def no_bias(x, weight, bias):
    return (x @ weight.T <= 0).all(0).double().mean().item()


@wrong("subtract the bias")
def minus_bias(x, weight, bias):
    return (x @ weight.T - bias <= 0).all(0).double().mean().item()


@wrong("return the fraction that is alive")
def alive(x, weight, bias):
    return (pre_activations(x, weight, bias) > 0).any(0).double().mean().item()


@wrong("return how many there are")
def count(x, weight, bias):
    return float((pre_activations(x, weight, bias) <= 0).all(0).sum())


@wrong("average a unit over the rows: large values make up for it")
def mean_output(x, weight, bias):
    return (pre_activations(x, weight, bias).mean(0) <= 0).double().mean().item()


@wrong("average in the dtype of x: a fraction has no more digits than that")
def low_precision(x, weight, bias):
    return float((pre_activations(x, weight, bias) <= 0).all(0).to(x.dtype).mean())


@right("by the largest pre-activation of each unit")
def by_the_largest(x, weight, bias):
    shapes = f"x: {tuple(x.shape)}, weight: {tuple(weight.shape)}, bias: {tuple(bias.shape)}"
    if x.ndim != 2 or weight.ndim != 2 or bias.ndim != 1:
        raise ValueError(shapes)
    if x.shape[1] != weight.shape[1] or len(bias) != len(weight) or 0 in (len(x), len(weight)):
        raise ValueError(shapes)
    top = torch.stack([(weight @ row + bias) for row in x]).amax(0)
    return sum(v <= 0 for v in top.tolist()) / len(weight)
