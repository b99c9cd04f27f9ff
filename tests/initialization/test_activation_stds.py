"""The spread of the activations behind each layer: where it dies, saturates, explodes, or stays."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    claim,
    counterexample,
    gpu,
    inputs,
    plot,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("kaiming_scale",),
    hints=(
        "Run the batch through the layers, and look at each output before the next layer.",
        "h @ weight.T is what torch.nn.Linear computes, without a bias.",
        "h.std(correction=0), once a layer",
    ),
)

PHI = {
    "relu": lambda z: max(z, 0.0),
    "tanh": lambda z: torch.tanh(torch.tensor(z, dtype=torch.float64)).item(),
    "sigmoid": lambda z: torch.sigmoid(torch.tensor(z, dtype=torch.float64)).item(),
    "identity": lambda z: z,
}
TORCHS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "identity": torch.clone}


def by_loops(weights, x, activation):
    """Entry by entry, with Python's numbers."""
    rows, stds = x.tolist(), []
    for weight in weights.tolist():
        rows = [
            [PHI[activation](sum(a * b for a, b in zip(unit, row, strict=True))) for unit in weight]
            for row in rows
        ]
        flat = [h for row in rows for h in row]
        mean = sum(flat) / len(flat)
        stds.append((sum((h - mean) ** 2 for h in flat) / len(flat)) ** 0.5)
    return torch.tensor(stds, dtype=torch.float64)


def layer_by_layer(weights, x, activation="relu"):
    """With torch, the square of the spread as a difference of two means."""
    h, stds = x, []
    for weight in weights:
        h = TORCHS[activation](torch.einsum("mi,oi->mo", h, weight))
        stds.append((h.square().mean() - h.mean().square()).sqrt())
    return torch.stack(stds)


def drawn(depth, width, std, rows, dtype=torch.float64):
    draw = torch.Generator().manual_seed(0)
    weights = std * torch.randn(depth, width, width, generator=draw, dtype=torch.float64)
    return weights.to(dtype), torch.randn(rows, width, generator=draw, dtype=torch.float64).to(
        dtype
    )


@claim("S1-080", "S4-324")
def test_a_case_worked_by_hand(activation_stds):
    x = torch.tensor([[1.0, 1.0], [2.0, 0.0], [-1.0, 1.0]])
    weights = torch.tensor([[[1.0, 2.0], [0.0, 3.0]], [[1.0, 0.0], [-2.0, 1.0]]])
    # h_1 = (3 3), (2 0), (1 3) and h_2 = (3 -3), (2 -4), (1 1), before relu
    want = torch.tensor([8 / 6, 41 / 36]).sqrt()
    check(activation_stds, weights, x, want=want)
    check(activation_stds, weights, x, "identity", want=torch.tensor([8 / 6, 40 / 6]).sqrt())


@claim("S1-080")
@given(
    inputs.tensors(inputs.sizes(1, 3), 3, 3, low=-1, high=1),
    inputs.tensors(inputs.sizes(1, 4), 3, low=-2, high=2),
    st.sampled_from(list(PHI)),
)
def test_equals_slow_loops(activation_stds, weights, x, activation):
    want = by_loops(weights, x, activation)
    # Entries of size 10 may cancel to a spread of 0: the root of their rounding is below 1e-6.
    check(activation_stds, weights, x, activation, want=want, scale=1e8)


@claim("S1-080", "S4-175", "S2-123", "S2-127")
@pytest.mark.parametrize("activation", PHI)
def test_ten_layers_of_uniform_weights(activation_stds, activation):
    draw = torch.Generator().manual_seed(0)
    weights = 2 * torch.rand(10, 40, 40, generator=draw, dtype=torch.float64) - 1
    x = torch.rand(25, 40, generator=draw, dtype=torch.float64)
    want = layer_by_layer(weights, x, activation)
    # scale=0: each by its own size, from 0.01 to 1e10. Here the difference of squares loses digits.
    check(activation_stds, weights, x, activation, want=want, scale=0.0, slack=100.0)


@claim("S1-080", "S4-324")
def test_in_fifty_layers_of_small_weights_it_dies(activation_stds):
    weights, x = drawn(50, 8, 0.1, 6)
    want = layer_by_layer(weights, x, "tanh")
    check(activation_stds, weights, x, "tanh", want=want)


@counterexample("S1-080")  # random, with deviation 1: neither vanishing nor explosion is solved
def test_in_sixty_linear_layers_of_standard_normal_weights_it_passes_what_float32_holds(
    activation_stds,
):
    weights, x = drawn(64, 64, 1.0, 3, torch.float32)
    # From float64, and rounded: 8^64 is 6e57, and float32 ends at 3e38.
    want = layer_by_layer(weights.double(), x.double(), "identity").float()
    stop = int(want.lt(1e18).sum())  # beyond, squares overflow; before, all is finite
    check(activation_stds, weights[:stop], x, "identity", want=want[:stop], scale=0.0, slack=10.0)


@claim("S1-080")
def test_one_layer_of_one_unit(activation_stds):
    x = torch.tensor([[2.0], [-4.0], [5.0]])
    want = torch.tensor([2 * (42 / 3) ** 0.5])
    check(activation_stds, torch.full((1, 1, 1), 2.0), x, "identity", want=want)


@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_activations_far_from_0_keep_their_digits(activation_stds, activation):
    x = 1e9 + torch.tensor([[1.0, 3.0], [6.0, 2.0], [1.0, 5.0]], dtype=torch.float64)
    weights = torch.eye(2, dtype=torch.float64).repeat(2, 1, 1)
    want = torch.full((2,), (22 / 6) ** 0.5, dtype=torch.float64)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(activation_stds, weights, x, activation, want=want, slack=1e4)


def test_keeps_float64_and_reads_by_strides(activation_stds):
    weights, x = drawn(2, 3, 1.0, 5)
    want = layer_by_layer(weights.mT, x, "tanh")
    check(activation_stds, weights.mT, x.T.contiguous().T, "tanh", want=want, slack=100.0)


def test_refuses_an_activation_that_is_not_there(activation_stds):
    weights, x = drawn(2, 3, 1.0, 5)
    for activation in ("gelu", ""):
        naming = {"activation": activation}
        check(activation_stds, weights, x, activation, raises=ValueError, naming=naming)


def test_refuses_shapes_that_make_no_network(activation_stds):
    for shape in ((2, 3, 4), (2, 4, 3), (3, 3)):
        naming = {"weights": shape, "x": (5, 3)}
        call = torch.ones(shape), torch.ones(5, 3)
        check(activation_stds, *call, raises=ValueError, naming=naming)
    for shape in ((5, 4), (3,), (0, 3)):
        naming = {"weights": (2, 3, 3), "x": shape}
        call = torch.ones(2, 3, 3), torch.ones(shape)
        check(activation_stds, *call, raises=ValueError, naming=naming)
    naming = {"weights": (3,), "x": (3,)}
    check(activation_stds, torch.ones(3), torch.ones(3), raises=ValueError, naming=naming)


def run(weights, x, activation="relu", **change):
    """The forward pass, with one step of it changed."""
    spread = change.get("spread", lambda h, z: h.std(correction=0))
    h, stds = x, []
    for weight in weights:
        z = h @ change.get("turn", lambda w: w.T)(weight)
        new = TORCHS[activation](z)
        stds.append(spread(new, z))
        h = change.get("next", lambda new, z: new)(new, z)
    return torch.stack(stds) if stds else x.new_zeros(0)


@wrong("multiply by W and not by its transpose: a unit's weights are a row")
def not_transposed(weights, x, activation="relu"):
    return run(weights, x, activation, turn=lambda w: w)


@wrong("divide by one less than the number of entries")
def bessel(weights, x, activation="relu"):
    return run(weights, x, activation, spread=lambda h, z: h.std())


@wrong("take the root of the mean square: the mean is to be subtracted")
def root_mean_square(weights, x, activation="relu"):
    return run(weights, x, activation, spread=lambda h, z: h.square().mean().sqrt())


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(weights, x, activation="relu"):
    def spread(h, z):
        return (h.square().mean() - h.mean().square()).clamp(min=0).sqrt()

    return run(weights, x, activation, spread=spread)


@wrong("return variances")
def variances(weights, x, activation="relu"):
    return run(weights, x, activation, spread=lambda h, z: h.var(correction=0))


@wrong("average the standard deviations of the units")
def of_units(weights, x, activation="relu"):
    return run(weights, x, activation, spread=lambda h, z: h.std(0, correction=0).mean())


@wrong("average the standard deviations of the rows")
def of_rows(weights, x, activation="relu"):
    return run(weights, x, activation, spread=lambda h, z: h.std(1, correction=0).mean())


@wrong("measure before the activation")
def before_activation(weights, x, activation="relu"):
    return run(weights, x, activation, spread=lambda h, z: z.std(correction=0))


@wrong("forget the activation on the way to the next layer")
def linear_inside(weights, x, activation="relu"):
    return run(weights, x, activation, next=lambda new, z: z)


@wrong("ignore `activation`: it is always relu")
def always_relu(weights, x, activation="relu"):
    return run(weights, x)


@wrong("hand the input to every layer, and not the output of the layer before")
def all_from_the_input(weights, x, activation="relu"):
    return torch.cat([run(w[None], x, activation) for w in weights]) if len(weights) else x[0, :0]


@wrong("return the spread of the input as well, and not that of the last output")
def one_early(weights, x, activation="relu"):
    first = x.std(correction=0)[None]
    return torch.cat([first, run(weights, x, activation)])[: len(weights)]


@wrong("normalise after each layer: nothing dies or explodes any more")
def normalised(weights, x, activation="relu"):
    return run(weights, x, activation, next=lambda new, z: new / new.std(correction=0))


@right("by einsum, the deviation from the mean written out")
def written_out(weights, x, activation="relu"):
    if activation not in TORCHS:
        raise ValueError(f"activation: {activation}")
    if x.ndim != 2 or weights.ndim != 3 or tuple(weights.shape[1:]) != (x.shape[1],) * 2:
        raise ValueError(f"weights: {tuple(weights.shape)}, x: {tuple(x.shape)}")
    if x.numel() == 0:
        raise ValueError(f"x is empty: {tuple(x.shape)}, weights: {tuple(weights.shape)}")
    stds = []
    for weight in weights:
        x = TORCHS[activation](torch.einsum("oi,mi->mo", weight, x))
        stds.append((x - x.mean()).square().mean().sqrt())
    return torch.stack(stds) if stds else x.new_empty(0)


@plot(x="layer", y="standard deviation", yscale="log")
def plot_fifty_layers_of_relu(activation_stds):
    weights, x = drawn(50, 100, 0.1, 30)  # 0.1 = 1 / sqrt(width)
    layers = range(1, 51)
    return {
        f"weights of variance {factor}/n": (layers, activation_stds(factor**0.5 * weights, x))
        for factor in (1, 2, 3)
    }


@gpu
def bench_twenty_relu_layers(activation_stds, race):
    race(
        activation_stds,
        torch=layer_by_layer,
        inputs=lambda draw, d, n, m: ((2 / n) ** 0.5 * draw.normal(d, n, n), draw.normal(m, n)),
        small=(20, 128, 32),
        large=(20, 4096, 4096),
        # A product and a sum for each pair of weight and row; each output is written and read.
        forward=lambda weights, x: {
            "bytes": weights.nbytes + 2 * len(weights) * x.nbytes,
            "flops": 2 * weights.numel() * len(x),
        },
    )
