"""Units with equal weights in, bias and weights out stay equal; all others come apart."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    forbid=("autograd",),
    instead="look at the parameters",
    hints=(
        "Which parameters does the gradient of one unit's weights depend on?",
        "dl/dw_i = sum_k dl/dy_k out_ki (1 - tanh^2) x. For which two units is it the same?",
        "Count the different triples of weights in, bias and weights out.",
    ),
)


def trained(weight_in, bias, weight_out, steps=3):
    """Count the units that differ after some steps on data drawn at random."""
    draw = torch.Generator().manual_seed(0)
    d, k = weight_in.shape[1], len(weight_out)
    x = torch.randn(7, d, generator=draw, dtype=torch.float64)
    y = torch.randn(7, k, generator=draw, dtype=torch.float64)
    params = [p.clone().requires_grad_() for p in (weight_in, bias, weight_out)]
    for _ in range(steps):
        # In exact arithmetic equal units get equal gradients; row by row, in floats as well.
        hidden = torch.tanh((x[:, None] * params[0]).sum(-1) + params[1])
        out = (hidden[:, None] * params[2]).sum(-1)
        grads = torch.autograd.grad((out - y).square().sum() / 2 + out.sum() / 3, params)
        params = [
            (p - 0.05 * g).detach().requires_grad_() for p, g in zip(params, grads, strict=True)
        ]
    units = torch.cat([params[0], params[1][:, None], params[2].T], 1)
    # Equal units may have come apart by rounding; unequal ones are apart by far more.
    return len({tuple(u) for u in units.detach().mul(2.0**30).round().tolist()})


@st.composite
def networks(draw):
    """Draw parameters of so few values that units are often equal."""
    h, d, k = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 2)), draw(inputs.sizes(1, 2))
    small = {"low": 0, "high": 1, "step": 1}
    weights = draw(inputs.tensors(h, d, **small)), draw(inputs.tensors(k, h, **small))
    return weights[0], draw(inputs.tensors(h, **small)), weights[1]


@claim("S1-080", "S4-324", "S4-048")
def test_a_constant_leaves_one_unit(distinct_units):
    for value in (0.0, 0.5):
        layers = torch.full((4, 3), value), torch.full((4,), value), torch.full((2, 4), value)
        check(distinct_units, *layers, want=1)


@claim("S1-080")
def test_units_that_differ_only_in_what_they_send_out_come_apart(distinct_units):
    weight_in, bias = torch.ones(5, 3), torch.zeros(5)
    weight_out = torch.tensor([[1.0, 2.0, 1.0, 1.0, -1.0], [3.0, 3.0, 3.0, 0.0, -3.0]])
    check(distinct_units, weight_in, bias, weight_out, want=4)
    swapped = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    check(distinct_units, weight_in[:2], bias[:2], swapped, want=2)


@claim("S1-080")
def test_units_that_differ_only_in_what_they_take_in_come_apart(distinct_units):
    weight_in = torch.tensor([[1.0, 2.0, 0.0], [1.0, 2.0, 0.5], [1.0, 2.0, 0.0], [2.0, 1.0, 0.0]])
    check(distinct_units, weight_in, torch.zeros(4), torch.zeros(2, 4), want=3)


@claim("S1-080")
def test_different_biases_part_hidden_units_whose_weights_are_all_zero(distinct_units):
    layers = torch.zeros(4, 3), torch.tensor([0.0, 1.0, 0.0, -1.0])
    check(distinct_units, *layers, torch.zeros(2, 4), want=3)


@claim("S1-080", "S4-324")
@given(networks())
def test_agrees_with_networks_that_are_trained(distinct_units, layers):
    check(distinct_units, *layers, want=trained(*layers))


@claim("S1-080")
def test_random_weights_part_all_units(distinct_units):
    draw = torch.Generator().manual_seed(0)
    weight_in, bias = torch.randn(50, 3, generator=draw), torch.zeros(50)
    check(distinct_units, weight_in, bias, torch.zeros(2, 50), want=50)


def test_the_sum_of_a_units_weights_does_not_tell_it(distinct_units):
    weight_in = torch.tensor([[1.0, 2.0], [2.0, 1.0], [0.0, 3.0]])
    check(distinct_units, weight_in, torch.ones(3), torch.ones(1, 3), want=3)
    # Nor do its weights read as one row, with the bias in another's place.
    weight_in, bias = torch.tensor([[0.0], [1.0]]), torch.tensor([1.0, 0.0])
    check(distinct_units, weight_in, bias, torch.ones(1, 2), want=2)


def test_minus_zero_is_zero_and_small_differences_count(distinct_units):
    weight_in = torch.tensor([[0.0], [-0.0]])
    check(distinct_units, weight_in, torch.tensor([-0.0, 0.0]), torch.ones(1, 2), want=1)
    weight_in = torch.tensor([[1.0], [1.0 + 2.0**-23]])
    check(distinct_units, weight_in, torch.zeros(2), torch.ones(1, 2), want=2)
    wide = torch.tensor([[1.0], [1.0 + 2.0**-50]], dtype=torch.float64)
    check(distinct_units, wide, torch.zeros(2).double(), torch.ones(1, 2).double(), want=2)


def test_one_unit_is_one(distinct_units):
    check(distinct_units, torch.zeros(1, 3), torch.zeros(1), torch.zeros(2, 1), want=1)


def test_refuses_shapes_that_make_no_network(distinct_units):
    weight_in, bias, weight_out = torch.zeros(4, 3), torch.zeros(4), torch.zeros(2, 4)
    call = (weight_in, torch.zeros(3), weight_out)
    check(distinct_units, *call, raises=ValueError, naming={"bias": (3,)})
    for shape in ((4, 2), (2, 3)):
        call = (weight_in, bias, torch.zeros(shape))
        check(distinct_units, *call, raises=ValueError, naming={"weight_out": shape})


def test_refuses_nan(distinct_units):
    layers = {"weight_in": (4, 3), "bias": (4,), "weight_out": (2, 4)}
    for name, shape in layers.items():
        call = {n: torch.zeros(s) for n, s in layers.items()} | {name: torch.full(shape, math.nan)}
        check(distinct_units, *call.values(), raises=ValueError, naming={name: math.nan})


def count(*parts):
    """How many rows are different."""
    return len(torch.unique(torch.cat(parts, 1) + 0.0, dim=0)) if len(parts[0]) else 0


@wrong("forget what the units send out: units that send differently get different gradients")
def weights_in_alone(weight_in, bias, weight_out):
    return count(weight_in, bias[:, None])


@wrong("forget what the units take in")
def weights_out_alone(weight_in, bias, weight_out):
    return count(weight_out.T)


@wrong("forget the biases")
def without_biases(weight_in, bias, weight_out):
    return count(weight_in, weight_out.T)


@wrong("count the columns of the weights: those are the inputs")
def columns(weight_in, bias, weight_out):
    return len(torch.unique(weight_in, dim=1).T) if weight_in.numel() else 0


@wrong("count the different numbers and not the different units")
def values(weight_in, bias, weight_out):
    return len(torch.unique(weight_in))


@wrong("let all units come apart that take in or send out anything but 0")
def only_zeros_stay(weight_in, bias, weight_out):
    live = (weight_in.any(1) | bias.bool() | weight_out.any(0)).sum()
    return int(live) + int(live < len(bias))


@wrong("multiply what a unit takes in by what it sends out: two may have one product")
def by_products(weight_in, bias, weight_out):
    return len({float(a) for a in weight_in.sum(1) + bias + weight_out.sum(0)})


@wrong("let training part everything: the answer is always h")
def all_of_them(weight_in, bias, weight_out):
    return len(bias)


@wrong("take nearly equal units for equal")
def rounded(weight_in, bias, weight_out):
    return count(*(x.mul(1e5).round() for x in (weight_in, bias[:, None], weight_out.T)))


@wrong("take the units apart that have -0 where another has 0")
def by_bits(weight_in, bias, weight_out):
    units = torch.cat([weight_in, bias[:, None], weight_out.T], 1)
    return len({str(unit) for unit in units.tolist()})


@right("by comparing each unit with those before it")
def pair_by_pair(weight_in, bias, weight_out):
    h = len(weight_in)
    if tuple(bias.shape) != (h,):
        raise ValueError(f"bias: {tuple(bias.shape)}")
    if weight_out.ndim != 2 or weight_out.shape[1] != h:
        raise ValueError(f"weight_out: {tuple(weight_out.shape)}")
    for name, x in {"weight_in": weight_in, "bias": bias, "weight_out": weight_out}.items():
        if torch.isnan(x).any():
            raise ValueError(f"nan in {name}")
    new = 0
    for i in range(h):
        same = (
            bool((weight_in[i] == weight_in[j]).all())
            and bool(bias[i] == bias[j])
            and bool((weight_out[:, i] == weight_out[:, j]).all())
            for j in range(i)
        )
        new += not any(same)
    return new
