"""Dropout thins out the hidden outputs, behind the activation, in training alone."""

import itertools
import math

import pytest
import torch

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("dropout",),
    forbid=(
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_dropout",
        "feature_alpha_dropout",
        "rrelu",
    ),
    instead="draw the mask yourself",
    hints=(
        "Which of the tensors on the way are the outputs of hidden units?",
        "Draw a mask of the shape of h, one number for each row and unit.",
        "h' = where(rand >= p, h, 0) / (1 - p) in training, h' = h otherwise.",
    ),
)
X = vector([1.0, -1.0], [0.5, 2.0], [-1.5, 0.0], [2.0, 1.0])
LAYERS = (
    vector([1.0, -0.5, 2.0], [0.25, 1.5, -1.0]),
    vector(0.5, -0.25, 1.0),
    vector([1.0, -2.0, 0.5, 3.0, 0.0], [2.0, 1.0, -1.5, 0.25, 1.0], [-1.0, 0.5, 2.5, 1.0, -0.5]),
    vector(0.25, -0.5, 0.0, 1.0, -1.25),
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def plain(x, layers, scale=1.0):
    """The network with hidden outputs multiplied by `scale`."""
    weight1, bias1, weight2, bias2 = layers
    hidden = torch.special.expit(x @ weight1 + bias1) * scale
    return torch.softmax(hidden @ weight2 + bias2, -1)


def masked(x, layers, p):
    """Outputs under each of the 2^h masks, and the masks: [masks, rows, classes], [masks, h]."""
    masks = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    return torch.stack([plain(x, layers, m / (1 - p)) for m in masks]), masks


def which_mask(y, x, layers, p):
    """The mask that each row of y has seen; -1 where it is none."""
    outputs, _ = masked(x, layers, p)
    distance = (outputs - y).abs().amax(-1)
    return torch.where(distance.amin(0) < 1e-9, distance.argmin(0), -1)


@claim("S2-108", "S2-107")
def test_evaluation_is_the_plain_network(mlp_dropout_forward):
    # Hidden sums of 0 give 1/2 each; the logits are then log 1, log 2 and log 5.
    layers = (
        torch.zeros(2, 4).double(),
        torch.zeros(4).double(),
        torch.full((4, 3), 0.5).double() * vector(1.0, 2.0, 5.0).log(),
        torch.zeros(3).double(),
    )
    want = vector(1.0, 2.0, 5.0).repeat(4, 1) / 8
    check(mlp_dropout_forward, X, layers, 0.5, False, seeded(), want=want)
    want = plain(X, LAYERS)
    check(
        mlp_dropout_forward, X, layers=LAYERS, p=0.3, training=False, generator=seeded(), want=want
    )


@claim("S2-108", "S2-107")
def test_without_loss_training_is_the_plain_network(mlp_dropout_forward):
    check(mlp_dropout_forward, X, LAYERS, 0.0, True, seeded(), want=plain(X, LAYERS))


@claim("S2-108")
def test_where_all_hidden_units_are_lost_the_biases_speak(mlp_dropout_forward):
    want = LAYERS[3].softmax(0).repeat(4, 1)
    check(mlp_dropout_forward, X, LAYERS, 1.0, True, seeded(), want=want)


@claim("S2-108", "S2-107", "S4-169")
@pytest.mark.parametrize("p", [0.2, 0.5, 0.75, 1 - 2.0**-6])
def test_each_row_is_the_output_of_a_subnetwork(mlp_dropout_forward, p):
    x = inputs.numbers(200, 2)

    def holds(y):
        return bool((which_mask(y, x, LAYERS, p) >= 0).all())

    told = "each row that of the network with some hidden outputs 0, and the rest over 1 - p"
    check(mlp_dropout_forward, x, LAYERS, p, True, seeded(1), want=such_that(told, holds))


@claim("S2-108")
@pytest.mark.parametrize("p", [0.2, 0.6])
def test_the_masks_of_rows_and_units_are_independent(mlp_dropout_forward, p):
    n = 1500
    x = X[:1].repeat(n, 1)

    def holds(y):
        counts = which_mask(y, x, LAYERS, p).bincount(minlength=8).double()
        _, masks = masked(x[:1], LAYERS, p)
        chances = p ** (1 - masks).sum(1) * (1 - p) ** masks.sum(1)
        off = (counts - n * chances).abs()
        return bool((off < 6 * (n * chances * (1 - chances)).sqrt()).all())

    told = "each of the 8 masks as often as p says, to within six standard errors"
    check(mlp_dropout_forward, x, LAYERS, p, True, seeded(2), want=such_that(told, holds))


@claim("S2-108")
def test_the_generator_alone_decides_and_evaluation_draws_nothing(mlp_dropout_forward):
    x = inputs.numbers(20, 2)
    first = mlp_dropout_forward(x, LAYERS, 0.5, True, seeded())
    check(mlp_dropout_forward, x, LAYERS, 0.5, True, seeded(), want=first)
    other = such_that("another result", lambda y: not torch.allclose(y, first))
    check(mlp_dropout_forward, x, LAYERS, 0.5, True, seeded(1), want=other)
    live = seeded()
    mlp_dropout_forward(x, LAYERS, 0.5, False, live)
    check(mlp_dropout_forward, x, LAYERS, 0.5, True, live, want=first)
    mlp_dropout_forward(x, LAYERS, 0.5, True, live)
    check(mlp_dropout_forward, x, LAYERS, 0.5, True, live, want=other)


@claim("S2-110", "S2-108")
def test_where_all_hidden_units_are_lost_no_gradient_flows_back(mlp_dropout_forward):
    call, none = (X, LAYERS, 1.0, True, seeded()), torch.zeros_like(X)
    upstream = inputs.numbers(4, 5)
    check_gradient(mlp_dropout_forward, *call, wrt=(0,), upstream=upstream, want=(none,))


@claim("S2-110", "S2-108")
@pytest.mark.parametrize(("p", "training"), [(0.5, True), (0.2, True), (0.2, False), (0.0, True)])
def test_gradients_flow_back_through_what_was_kept(mlp_dropout_forward, p, training):
    def answer(x, *layers):
        return mlp_dropout_forward(x, layers, p, training, seeded(3))

    y = answer(X, *LAYERS).detach()
    scale = torch.ones(4, 3).double()
    if training:
        scale = masked(X, LAYERS, p)[1][which_mask(y, X, LAYERS, p)] / (1 - p)
    check_gradient(answer, X, *LAYERS, like=lambda x, *layers: plain(x, layers, scale))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(mlp_dropout_forward, dtype):
    x, layers = X.to(dtype), tuple(t.to(dtype) for t in LAYERS)
    want = LAYERS[3].softmax(0).repeat(4, 1).to(dtype)
    check(mlp_dropout_forward, x, layers, 1.0, True, seeded(), want=want)
    # Rounding in each of the steps: hidden outputs, logits, probabilities.
    want = plain(X, LAYERS).to(dtype)
    check(mlp_dropout_forward, x, layers, 0.5, False, seeded(), want=want, slack=3.0)


def test_large_logits_stay_finite(mlp_dropout_forward):
    layers = (*LAYERS[:2], 1e4 * LAYERS[2], LAYERS[3])
    want = plain(X, layers)
    check(mlp_dropout_forward, X, layers, 0.5, False, seeded(), want=want)


def test_takes_no_rows(mlp_dropout_forward):
    none = torch.zeros(0, 5).double()
    check(mlp_dropout_forward, X[:0], LAYERS, 0.5, True, seeded(), want=none)


@pytest.mark.parametrize("p", [-0.125, 1.25, math.nan])
@pytest.mark.parametrize("training", [True, False])
def test_refuses_what_is_no_probability(mlp_dropout_forward, p, training):
    call = (X, LAYERS, p, training, seeded())
    check(mlp_dropout_forward, *call, raises=ValueError, naming={"p": p})


def thinned(h, p, training, generator):
    if not training:
        return h
    keep = torch.rand(h.shape, generator=generator, device=h.device) >= p
    return torch.where(keep, h, 0) / (1 - p if p < 1 else 1)


def network(x, layers, first=lambda z: z, behind=lambda h: h, last=lambda o: o):
    """The network, with something done to the sums, the hidden outputs and the logits."""
    weight1, bias1, weight2, bias2 = layers
    hidden = behind(first(x @ weight1 + bias1).sigmoid())
    return last(hidden @ weight2 + bias2).softmax(-1)


@wrong("lose the sums before the activation: sigmoid(0) is 1/2, and not 0")
def before_the_activation(x, layers, p, training, generator):
    return network(x, layers, first=lambda z: thinned(z, p, training, generator))


@wrong("lose logits as well")
def on_the_outputs_too(x, layers, p, training, generator):
    def lose(h):
        return thinned(h, p, training, generator)

    return network(x, layers, behind=lose, last=lose)


@wrong("lose inputs, and no hidden units")
def on_the_inputs(x, layers, p, training, generator):
    return network(thinned(x, p, training, generator), layers)


@wrong("lose hidden units in evaluation as well")
def always_on(x, layers, p, training, generator):
    return network(x, layers, behind=lambda h: thinned(h, p, True, generator))


@wrong("forget to divide what stays by 1 - p")
def unscaled(x, layers, p, training, generator):
    factor = 1 - p if p < 1 else 1
    return network(
        x, layers, behind=lambda h: thinned(h, p, training, generator) * (factor if training else 1)
    )


@wrong(
    "scale in evaluation, and not in training",
    right_for="the first form of dropout; here evaluation leaves everything as it is",
)
def scaled_in_evaluation(x, layers, p, training, generator):
    def lose(h):
        if not training:
            return h * (1 - p)
        return thinned(h, p, True, generator) * (1 - p if p < 1 else 1)

    return network(x, layers, behind=lose)


@wrong("divide before the mask: with p = 1 the gradient is 0 times infinity")
def divided_first(x, layers, p, training, generator):
    def lose(h):
        keep = torch.rand(h.shape, generator=generator) >= p
        return torch.where(keep, h / (1 - p), 0)

    return network(x, layers, behind=lose if training else lambda h: h)


@wrong("draw one mask for all rows")
def one_mask(x, layers, p, training, generator):
    def lose(h):
        return h * thinned(torch.ones_like(h[0]), p, training, generator) if len(h) else h

    return network(x, layers, behind=lose)


@wrong("draw one number for each row: all of its hidden units go, or none")
def whole_rows(x, layers, p, training, generator):
    def lose(h):
        return h * thinned(torch.ones_like(h[:, :1]), p, training, generator)

    return network(x, layers, behind=lose)


@wrong("take p for the probability to stay", right_for="p that is to stay; here it is to go")
def keep_probability(x, layers, p, training, generator):
    return network(x, layers, behind=lambda h: thinned(h, 1 - p, training, generator))


@wrong("return the logits")
def logits(x, layers, p, training, generator):
    return network(x, layers, behind=lambda h: thinned(h, p, training, generator)).log()


@wrong("leave out the hidden biases")
def without_bias(x, layers, p, training, generator):
    layers = (layers[0], 0 * layers[1], *layers[2:])
    return network(x, layers, behind=lambda h: thinned(h, p, training, generator))


@wrong("seed a generator of its own")
def own_generator(x, layers, p, training, generator):
    return network(x, layers, behind=lambda h: thinned(h, p, training, seeded()))


@right("with bernoulli's mask in the product with the second weight")
def with_a_coin(x, layers, p, training, generator):
    if math.isnan(p) or p < 0 or p > 1:
        raise ValueError(f"p={p}")
    weight1, bias1, weight2, bias2 = layers
    h = torch.sigmoid(torch.addmm(bias1, x, weight1))
    if training:
        mask = torch.bernoulli(torch.full(h.shape, 1.0 - p), generator=generator).to(h.dtype)
        h = h * mask / max(1 - p, 0.001 if p == 1 else 0.0)
    return torch.softmax(torch.addmm(bias2, h, weight2), dim=1)


@gpu
def bench_evaluation_of_a_wide_network(mlp_dropout_forward, race):
    def layers(draw, d, h, k):
        weights = draw.normal(d, h) / d**0.5, draw.normal(h), draw.normal(h, k) / h**0.5
        return (*weights, draw.normal(k))

    def cost(x, layers, p, training, generator):
        weight1, _, weight2, _ = layers
        n, (d, h), k = len(x), weight1.shape, weight2.shape[1]
        numbers = x.numel() + sum(t.numel() for t in layers) + n * k
        return {
            "bytes": numbers * x.element_size(),
            # Two products; a sigmoid's 4 operations a hidden unit, a softmax's 5 an output.
            "flops": 2 * n * h * (d + k) + 4 * n * h + 5 * n * k,
        }

    race(
        mlp_dropout_forward,
        torch=lambda x, layers, p, training, generator: plain(x, layers),
        inputs=lambda draw, n, d, h, k: (
            draw.normal(n, d),
            layers(draw, d, h, k),
            0.5,
            False,
            draw.generator,
        ),
        small=(32, 64, 128, 10),
        large=(4096, 1024, 4096, 1000),
        forward=cost,
        slack=100.0,
    )
