"""W of Xavier, Kaiming and torch's own default, and b, which torch alone draws."""

import math

import pytest
import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("xavier_scale", "kaiming_scale"),
    forbid=("torch.nn",),
    instead="draw with torch.randn and torch.rand, and scale",
    hints=(
        "torch.rand is uniform in [0, 1): how do you make it uniform in [-b, b)?",
        "Which b gives numbers uniform in [-b, b] the standard deviation s?",
        "b = sqrt(3) s; W has fan_out rows.",
    ),
)

SCHEMES = ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform", "torch")


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def spread(fan_in, fan_out, scheme):
    """The standard deviation of the weights that a scheme stands for."""
    if scheme == "torch":
        return (3 * fan_in) ** -0.5
    return (2 / (fan_in + fan_out if scheme.startswith("xavier") else fan_in)) ** 0.5


def is_drawn(x, std, is_uniform):
    """Whether many numbers are independent, of this deviation and kind, to 6 standard errors."""
    x = x.detach().double().flatten() / std
    n = len(x)
    # The variance of the square is 4/5 for uniform numbers of deviation 1, and 2 for normal ones.
    second = abs(float(x.square().mean()) - 1) < 6 * ((0.8 if is_uniform else 2) / n) ** 0.5
    mean = abs(float(x.mean())) < 6 / n**0.5
    neighbours = abs(float((x[1:] * x[:-1]).mean())) < 6 / n**0.5
    largest = float(x.abs().max())
    # The largest of n uniform numbers is within 20/n of the bound, but for one case in 10^8.
    end = 1 - 20 / n < largest / 3**0.5 <= 1 + 1e-6 if is_uniform else largest > 3
    return second and mean and neighbours and end


def layer(fan_in, fan_out, scheme):
    """Expect a weight and a bias of these sizes, drawn by the scheme."""
    is_uniform = not scheme.endswith("normal")
    std = spread(fan_in, fan_out, scheme)

    def holds(pair):
        w, b = pair
        plain = all(type(x) is torch.Tensor and x.dtype == torch.float32 for x in (w, b))
        sizes = w.shape == (fan_out, fan_in) and b.shape == (fan_out,)
        biases = is_drawn(b, std, True) if scheme == "torch" else not b.any()
        return type(pair) is tuple and plain and sizes and is_drawn(w, std, is_uniform) and biases

    kind = "uniform" if is_uniform else "normal"
    told = f"float32 weights [{fan_out}, {fan_in}], {kind}, of std {std:.4f}, and biases "
    return such_that(told + ("of the same" if scheme == "torch" else "0"), holds)


@claim("S4-049", "S4-048", "S1-016")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_and_biases_of_a_layer_from_600_to_200(init_linear, scheme):
    check(init_linear, 600, 200, scheme, seeded(0), want=layer(600, 200, scheme))


@claim("S4-049", "S3-169", "S3-170")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_and_biases_of_a_layer_that_widens(init_linear, scheme):
    check(init_linear, 40, 900, scheme, seeded(1), want=layer(40, 900, scheme))


@claim("S4-049")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_generator_alone_decides_and_moves_on(init_linear, scheme):
    first = init_linear(3, 2, scheme, seeded(0))
    check(init_linear, 3, 2, scheme, generator=seeded(0), want=first)
    want = such_that("other weights for another seed", lambda pair: not pair[0].equal(first[0]))
    check(init_linear, 3, 2, scheme, generator=seeded(1), want=want)
    live = seeded(0)
    init_linear(3, 2, scheme, live)
    check(init_linear, 3, 2, scheme, generator=live, want=want)


@claim("S3-169")
def test_torchs_biases_are_not_its_weights_again(init_linear):
    def holds(pair):
        return not torch.isin(pair[1], pair[0]).any()

    want = such_that("biases that are drawn anew", holds)
    check(init_linear, 5, 5, "torch", seeded(0), want=want)


@counterexample("S4-048")  # biases are initialised to 0, also where nobody asks for it
def test_torchs_default_bias_is_not_zero(init_linear):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torchs = torch.nn.Linear(100, 1000).bias

    def alike(pair):
        # Uniform numbers of deviation std: their deviation has the error std sqrt(0.2 / n).
        apart = abs(float(pair[1].std() - torchs.std()))
        return pair[1].any() and apart < 6 * 0.0577 * (2 * 0.2 / 1000) ** 0.5

    want = such_that("biases as wide as torch's, 0.0577", alike)
    check(init_linear, 100, 1000, "torch", seeded(0), want=want)


@claim("S4-049")
def test_one_input_and_one_output(init_linear):
    for scheme in SCHEMES:
        want = such_that("one weight and one bias", lambda p: (p[0].shape, p[1].shape) == ONE)
        check(init_linear, 1, 1, scheme, seeded(0), want=want)


ONE = (torch.Size([1, 1]), torch.Size([1]))


def test_refuses_a_layer_without_inputs_or_outputs(init_linear):
    for fan in (0, -2):
        call = (fan, 3, "xavier_normal", seeded(0))
        check(init_linear, *call, raises=ValueError, naming={"fan_in": fan})
        call = (3, fan, "torch", seeded(0))
        check(init_linear, *call, raises=ValueError, naming={"fan_out": fan})


def test_refuses_schemes_that_are_not_there(init_linear):
    for scheme in ("he", "xavier", "kaiming_", "torch_normal", "lecun_normal", "", "_uniform"):
        call = (2, 3, scheme, seeded(0))
        check(init_linear, *call, raises=ValueError, naming={"scheme": scheme})


def drawn(fan_in, fan_out, scheme, generator, **change):
    """The right layer, with one step of it changed."""
    std = change.get("std", spread)(fan_in, fan_out, scheme)
    is_uniform = not scheme.endswith("normal")
    bound = change.get("bound", lambda std: 3**0.5 * std)(std)

    def uniform(*shape):
        return bound * (2 * torch.rand(shape, generator=generator) - 1)

    shape = change.get("shape", (fan_out, fan_in))
    w = uniform(*shape) if is_uniform else std * torch.randn(shape, generator=generator)
    return w, uniform(fan_out) if scheme == "torch" else torch.zeros(fan_out)


@wrong("let the uniform weights reach to the standard deviation alone")
def bound_is_std(fan_in, fan_out, scheme, generator):
    return drawn(fan_in, fan_out, scheme, generator, bound=lambda std: std)


@wrong("exchange the two fans")
def fans_swapped(fan_in, fan_out, scheme, generator):
    swapped = spread(fan_out, fan_in, scheme)
    return drawn(fan_in, fan_out, scheme, generator, std=lambda *_: swapped)


@wrong(
    "store the weights with a row for each input",
    right_for="y = x W; here it is W x, with a row for each output, as torch has it",
)
def transposed(fan_in, fan_out, scheme, generator):
    w, b = drawn(fan_in, fan_out, scheme, generator)
    return w.T.contiguous(), b


@wrong("draw normal weights for every scheme")
def always_normal(fan_in, fan_out, scheme, generator):
    std = spread(fan_in, fan_out, scheme)
    w, b = drawn(fan_in, fan_out, scheme, generator)
    return (w if scheme.endswith("normal") else std * torch.randn(w.shape, generator=generator)), b


@wrong("take torch's default for Kaiming's own: its bound has a slope of sqrt 5 in it")
def torch_is_kaiming(fan_in, fan_out, scheme, generator):
    named = "kaiming_uniform" if scheme == "torch" else scheme
    return drawn(fan_in, fan_out, scheme, generator, std=lambda i, o, _: spread(i, o, named))


@wrong("set torch's bias to 0 as well")
def zero_bias(fan_in, fan_out, scheme, generator):
    w, b = drawn(fan_in, fan_out, scheme, generator)
    return w, torch.zeros_like(b)


@wrong("draw the biases for every scheme")
def bias_always_drawn(fan_in, fan_out, scheme, generator):
    w, _ = drawn(fan_in, fan_out, scheme, generator)
    bound = fan_in**-0.5
    return w, bound * (2 * torch.rand(fan_out, generator=generator) - 1)


@wrong("draw from the standard normal distribution, whatever the fans")
def standard_normal(fan_in, fan_out, scheme, generator):
    return torch.randn(fan_out, fan_in, generator=generator), torch.zeros(fan_out)


@wrong("use the variance as the standard deviation")
def variance(fan_in, fan_out, scheme, generator):
    return drawn(fan_in, fan_out, scheme, generator, std=lambda *a: spread(*a) ** 2)


@wrong("give every unit the same weights: nothing breaks their symmetry")
def equal_rows(fan_in, fan_out, scheme, generator):
    w, b = drawn(fan_in, fan_out, scheme, generator, shape=(1, fan_in))
    return w.expand(fan_out, fan_in).clone(), b


@wrong("draw uniform weights that are never negative")
def positive(fan_in, fan_out, scheme, generator):
    w, b = drawn(fan_in, fan_out, scheme, generator)
    return (w if scheme.endswith("normal") else w.abs()), b


@wrong("let Xavier's weights see fan_in alone")
def xavier_by_fan_in(fan_in, fan_out, scheme, generator):
    by = lambda i, o, s: i**-0.5 if s.startswith("xavier") else spread(i, o, s)
    return drawn(fan_in, fan_out, scheme, generator, std=by)


@wrong("seed a generator of its own: every layer gets the same weights")
def own_generator(fan_in, fan_out, scheme, generator):
    return drawn(fan_in, fan_out, scheme, torch.Generator().manual_seed(0))


@wrong("take the first weights for torch's biases, by seeding the draw again")
def biases_again(fan_in, fan_out, scheme, generator):
    again = generator.clone_state()
    w, _ = drawn(fan_in, fan_out, scheme, generator)
    b = fan_in**-0.5 * (2 * torch.rand(fan_out, generator=again) - 1)
    return w, b if scheme == "torch" else torch.zeros(fan_out)


@right("filled in place")
def filled(fan_in, fan_out, scheme, generator):
    if fan_in <= 0:
        raise ValueError(f"fan_in: {fan_in}")
    if fan_out <= 0:
        raise ValueError(f"fan_out: {fan_out}")
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: {scheme}")
    weight, bias = torch.empty(fan_out, fan_in), torch.zeros(fan_out)
    if scheme == "torch":
        bound = math.sqrt(1 / fan_in)
        bias.uniform_(-bound, bound, generator=generator)
        return weight.uniform_(-bound, bound, generator=generator), bias
    variance = 2 / fan_in if "kaiming" in scheme else 2 / (fan_in + fan_out)
    if "normal" in scheme:
        return weight.normal_(0, math.sqrt(variance), generator=generator), bias
    bound = math.sqrt(3 * variance)
    return weight.uniform_(-bound, bound, generator=generator), bias
