"""The sum of the log densities: minus a penalty, minus d times a constant."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    forbid=("torch.distributions", "scipy.stats"),
    instead="write the densities with exp, log and their constants",
    hints=(
        "Independent weights: the densities multiply. What do their logarithms do?",
        "What does exp(-|w| / b) integrate to, and exp(-w^2 / (2 s^2))?",
        "2 b, and sqrt(2 pi) s: each weight subtracts the logarithm of that.",
    ),
)
PRIORS = ("gaussian", "laplace", "uniform")
WEIGHTS = vector([3.0, -4.0, 0.0], [1.0, 0.0, -2.0])


def number(x, dtype=torch.float64):
    return torch.tensor(x, dtype=dtype)


@claim("S4-316", "S4-045")
def test_a_case_worked_by_hand(log_prior):
    # |w| sums to 10, the squares to 30; with 2 b = 1 and sqrt(2 pi) s = 1 no constant is left.
    check(log_prior, WEIGHTS, "laplace", 0.5, want=number(-20.0))
    check(log_prior, WEIGHTS, "gaussian", 1 / math.sqrt(2 * math.pi), want=number(-30 * math.pi))
    check(log_prior, WEIGHTS, "uniform", 8.0, want=number(-6 * math.log(16)))


@claim("S4-316")
@counterexample("S4-316")  # "the logarithmic prior": -7 and a constant, the Laplace density's
def test_the_laplace_density_of_3_and_minus_4(log_prior):
    want = number(-7 - 2 * math.log(2))
    check(log_prior, vector(3.0, -4.0), "laplace", 1.0, want=want)


@claim("S4-045")
def test_outside_the_interval_nothing_is_possible(log_prior):
    check(log_prior, vector(1.0, -1.5), "uniform", 1.25, want=number(-math.inf))
    check(log_prior, vector(1.5, 1.0), "uniform", 1.25, want=number(-math.inf))


@claim("S4-316")
def test_each_weight_of_a_matrix_has_its_constant(log_prior):
    want = number(-30 / 8 - 3 * math.log(8 * math.pi))
    check(log_prior, WEIGHTS, "gaussian", 2.0, want=want)
    check(log_prior, WEIGHTS, "laplace", 2.0, want=number(-5 - 6 * math.log(4)))


@claim("S4-316", "S4-045")
def test_densities_below_the_smallest_number_have_logarithms(log_prior):
    weights = vector(64.0, -96.0)
    check(log_prior, weights, "gaussian", 1.0, want=number(-6656 - math.log(2 * math.pi)))
    check(log_prior, 16 * weights, "laplace", 0.5, want=number(-5120.0))
    many = torch.zeros(400).double()
    check(log_prior, many, "uniform", 50.0, want=number(-400 * math.log(100)))


@claim("S4-045")
def test_an_infinite_weight_is_impossible(log_prior):
    for prior in PRIORS:
        check(log_prior, vector(math.inf, 1.0), prior, 2.0, want=number(-math.inf))


@claim("S4-045")
def test_both_ends_are_possible(log_prior):
    check(log_prior, vector(1.25, -1.25), "uniform", 1.25, want=number(-2 * math.log(2.5)))


@claim("S4-316", "S4-300", "S4-045")
@given(
    inputs.tensors(inputs.sizes(0, 5)),
    st.sampled_from(PRIORS),
    st.sampled_from([0.3, 1.0, 2.5, 7.0]),
)
def test_equals_torchs_densities(log_prior, weights, prior, scale):
    at, size = vector(0.0), vector(scale)
    # Just above the end: torch's own interval is half open.
    top = torch.nextafter(size, vector(math.inf))
    densities = {
        "gaussian": torch.distributions.Normal(at, size),
        "laplace": torch.distributions.Laplace(at, size),
        "uniform": torch.distributions.Uniform(-size, top, validate_args=False),
    }
    want = densities[prior].log_prob(weights).sum()
    check(log_prior, weights, prior, scale, want=want, scale=10.0)


@claim("S4-316")
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("scale", [0.25, 1.5])
def test_the_density_is_another_one_in_other_units(log_prior, prior, scale):
    # A change of units, w = scale * z, divides the density by scale for each weight.
    z = vector(0.5, -0.25, 1.0)
    one = {
        "gaussian": -0.65625 - 3 * math.log(math.sqrt(2 * math.pi)),
        "laplace": -1.75 - 3 * math.log(2),
        "uniform": -3 * math.log(2),
    }
    want = number(one[prior] - 3 * math.log(scale))
    check(log_prior, scale * z, prior, scale, want=want)


@claim("S4-300", "S4-045")
def test_slopes_are_those_of_the_penalties(log_prior):
    up = number(4.0)
    want = {
        "gaussian": -4 * WEIGHTS / 25,
        "laplace": -4 * WEIGHTS.sign() / 5,
        "uniform": torch.zeros_like(WEIGHTS),
    }
    for prior in PRIORS:
        check_gradient(log_prior, WEIGHTS, prior, 5.0, upstream=up, want=(want[prior],))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(log_prior, dtype):
    weights = torch.tensor([1.0, -2.0], dtype=dtype)
    check(log_prior, weights, "laplace", 0.5, want=number(-6.0, dtype))
    want = number(-2.5 - math.log(2 * math.pi), dtype)
    check(log_prior, weights, "gaussian", 1.0, want=want)
    check(log_prior, weights, "uniform", 4.0, want=number(-2 * math.log(8), dtype))


def test_takes_scalars_and_none(log_prior):
    check(log_prior, number(-2.0), "laplace", 0.5, want=number(-4.0))
    for prior in PRIORS:
        check(log_prior, torch.zeros(0, 3).double(), prior, 2.0, want=number(0.0))


def test_refuses_a_scale_that_is_none(log_prior):
    for scale in (0.0, -1.0, math.inf, math.nan):
        args = (WEIGHTS, "laplace", scale)
        check(log_prior, *args, raises=ValueError, naming={"scale": scale})


def test_refuses_another_prior(log_prior):
    for prior in ("logarithmic", "Gaussian", ""):
        check(log_prior, WEIGHTS, prior, 1.0, raises=ValueError, naming={"prior": prior})


def density(weights, prior, scale, constants=True, root=True):
    d = weights.numel()
    if prior == "gaussian":
        size = math.log(2 * math.pi * scale**2) / (2 if root else 1)
        return -weights.square().sum() / (2 * scale**2) - constants * d * size
    size = constants * d * math.log(2 * scale)
    if prior == "laplace":
        return -weights.abs().sum() / scale - size
    return 0 * weights.sum() - (size if (weights.abs() <= scale).all() else math.inf)


@wrong("leave out the constants: it isn't the logarithm of a density then")
def without_constants(weights, prior, scale):
    return density(weights, prior, scale, constants=False)


@wrong("count the constant once and not for each weight")
def one_constant(weights, prior, scale):
    d = max(1, weights.numel())
    bare = density(weights, prior, scale, constants=False)
    return bare - (bare - density(weights, prior, scale)) / d if bare.isfinite() else bare


@wrong("take `scale` for the variance", right_for="a variance; here it is a standard deviation")
def variance(weights, prior, scale):
    return density(weights, prior, scale**0.5 if prior == "gaussian" else scale)


@wrong("forget the half of the Gaussian's exponent")
def whole_square(weights, prior, scale):
    extra = (weights / scale).square().sum() / 2 if prior == "gaussian" else 0
    return density(weights, prior, scale) - extra


@wrong("forget the root in the Gaussian's constant")
def without_root(weights, prior, scale):
    return density(weights, prior, scale, root=False)


@wrong("return minus the logarithm: that is the penalty")
def penalty(weights, prior, scale):
    return -density(weights, prior, scale)


@wrong(
    "forget that a uniform density ends: the notes give 0 for every weight",
)
def no_ends(weights, prior, scale):
    if prior == "uniform":
        return 0 * weights.sum() - weights.numel() * math.log(2 * scale)
    return density(weights, prior, scale)


@wrong("integrate one side of Laplace's density only: b and not 2 b")
def one_side(weights, prior, scale):
    extra = weights.numel() * math.log(2) if prior == "laplace" else 0
    return density(weights, prior, scale) + extra


@wrong("return the density and not its logarithm")
def not_its_logarithm(weights, prior, scale):
    return density(weights, prior, scale).exp()


@wrong("average over the weights")
def mean(weights, prior, scale):
    return density(weights, prior, scale) / max(1, weights.numel())


@wrong("leave the ends out of the interval")
def open_interval(weights, prior, scale):
    outside = prior == "uniform" and not (weights.abs() < scale).all()
    return weights.sum() * 0 - math.inf if outside else density(weights, prior, scale)


@wrong("multiply the densities first: of many or far weights the product is 0, its logarithm -inf")
def product_of_densities(weights, prior, scale):
    z = weights / scale
    one = {
        "gaussian": (-z * z / 2).exp() / (math.sqrt(2 * math.pi) * scale),
        "laplace": (-z.abs()).exp() / (2 * scale),
        "uniform": torch.where(z.abs() <= 1, 0 * z + 0.5 / scale, 0 * z),
    }[prior]
    return one.prod().log()


@wrong("count rows, where the constant is for each weight")
def constants_by_rows(weights, prior, scale):
    rows = weights.new_zeros(len(weights) if weights.dim() else 1)
    bare = density(weights, prior, scale, constants=False)
    return bare + density(rows, prior, scale)


@wrong("keep the graph by 0 times the sum: an infinite weight makes nan of it")
def zero_times(weights, prior, scale):
    return density(weights, prior, scale) + 0 * weights.sum()


@right("weight by weight")
def by_weight(weights, prior, scale):
    if not (scale > 0 and math.isfinite(scale)):
        raise ValueError(f"scale: {scale}")
    if prior not in PRIORS:
        raise ValueError(f"prior: {prior!r}")
    z = weights / scale
    terms = {
        "gaussian": -z * z / 2 - 0.5 * math.log(2 * math.pi),
        "laplace": -z.abs() - math.log(2),
        "uniform": torch.where(weights.abs() <= scale, 0 * z - math.log(2), -math.inf),
    }[prior]
    return (terms - math.log(scale)).sum()
