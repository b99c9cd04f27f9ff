"""sum_i (log 2b + |y_i - mu_i| / b): absolute errors are Laplace noise."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("mae",),
    forbid=("torch.distributions", "scipy", "l1_loss"),
    instead="take the logarithm of the density by hand",
    hints=(
        "The likelihood is a product over the targets: its logarithm is a sum.",
        "-log p(y) = log(2 b) + |y - mu| / b, for each target.",
    ),
)

PAIRS = inputs.sizes(1, 5).flatmap(
    lambda n: st.tuples(*[inputs.tensors(n, low=-2, high=2, step=0.5)] * 2)
)
SCALES = st.integers(1, 24).map(lambda k: k / 8)


@claim("S3-107")
def test_a_case_worked_by_hand(laplace_nll):
    y, mu = torch.tensor([1.0, 5.0, -2.0]), torch.tensor([0.0, 7.0, -2.0])
    check(laplace_nll, y, mu, b=0.5, want=torch.tensor(6.0))  # log(2 b) = 0
    check(laplace_nll, y, mu, want=torch.tensor(3 + 3 * math.log(2)))


@claim("S3-107")
@given(PAIRS, SCALES)
def test_equals_the_logarithm_of_a_product_of_densities_with_50_digits(laplace_nll, pair, b):
    import mpmath

    with mpmath.workdps(50):
        densities = [
            mpmath.exp(-abs(mpmath.mpf(y) - mu) / b) / (2 * mpmath.mpf(b))
            for y, mu in zip(*(x.tolist() for x in pair), strict=True)
        ]
        want = float(-mpmath.log(mpmath.fprod(densities)))
    check(laplace_nll, *pair, b, want=torch.tensor(want, dtype=torch.float64), scale=1.0)


@claim("S3-107")
@given(PAIRS, SCALES)
def test_equals_torchs_laplace_distribution(laplace_nll, pair, b):
    y, mu = pair
    scale = torch.tensor(b, dtype=torch.float64)
    want = -torch.distributions.Laplace(mu, scale).log_prob(y).sum()
    check(laplace_nll, y, mu, b, want=want, scale=1.0)


@claim("S3-107")
@given(PAIRS, SCALES)
def test_gradients_are_signs_over_b_and_zero_in_the_kink(laplace_nll, pair, b):
    y, mu = pair
    signs = 1.5 * (y - mu).sign() / b
    upstream = torch.tensor(1.5, dtype=torch.float64)
    check_gradient(laplace_nll, y, mu, b=b, wrt=(0, 1), upstream=upstream, want=(signs, -signs))


@claim("S3-107")
def test_a_narrow_density_is_above_1_and_its_loss_negative(laplace_nll):
    want = torch.tensor(2 * math.log(0.02), dtype=torch.float64)
    check(laplace_nll, inputs.vector(1, 2), inputs.vector(1, 2), 0.01, want=want)


@claim("S3-107")
def test_unlikely_targets_don_t_underflow(laplace_nll):
    y, mu = torch.tensor([1e6, -1e4]), torch.zeros(2)
    check(laplace_nll, y, mu, 0.5, want=torch.tensor(2.02e6))


def test_nan_is_not_hidden(laplace_nll):
    nan, y = torch.tensor(math.nan), torch.tensor([1.0, math.nan])
    check(laplace_nll, y, torch.zeros(2), want=nan)
    check(laplace_nll, torch.zeros(2), y, want=nan)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(laplace_nll, dtype):
    y, mu = torch.tensor([1.0, 5.0], dtype=dtype), torch.tensor([0.0, 2.0], dtype=dtype)
    check(laplace_nll, y, mu, 0.5, want=torch.tensor(8.0, dtype=dtype))


def test_refuses_a_scale_that_makes_no_density(laplace_nll):
    for b in (0.0, -1.0, math.nan):
        call = torch.ones(2), torch.zeros(2), b
        check(laplace_nll, *call, raises=ValueError, naming={"b": b})


def test_refuses_targets_of_another_shape(laplace_nll):
    for shape in ((4,), (1,), (3, 1), ()):
        call = torch.ones(shape), torch.zeros(3)
        check(laplace_nll, *call, raises=ValueError, naming={"y": shape})


@wrong("take log 2b once, and not for each target: the brackets round the summand are lost")
def constant_once(y, mu, b=1.0):
    return (y - mu).abs().sum() / b + math.log(2 * b)


@wrong("leave the constant out: the minimum is the same, the likelihood another")
def without_constant(y, mu, b=1.0):
    return (y - mu).abs().sum() / b


@wrong("forget that the density is divided by b as well")
def log_two(y, mu, b=1.0):
    return ((y - mu).abs() / b + math.log(2)).sum()


@wrong("multiply the errors by b")
def multiplied(y, mu, b=1.0):
    return ((y - mu).abs() * b + math.log(2 * b)).sum()


@wrong("ignore b")
def ignores_b(y, mu, b=1.0):
    return ((y - mu).abs() + math.log(2)).sum()


@wrong("average over the targets")
def averaged(y, mu, b=1.0):
    return ((y - mu).abs() / b + math.log(2 * b)).sum() / max(1, len(y))


@wrong("return the log-likelihood: the sign is missing")
def flipped(y, mu, b=1.0):
    return -((y - mu).abs() / b + math.log(2 * b)).sum()


@wrong("take the exponential distribution, of one tail: its density is exp(-|e| / b) / b")
def one_tail(y, mu, b=1.0):
    return ((y - mu).abs() / b + math.log(b)).sum()


@wrong("square the errors: that is Gaussian noise")
def gaussian(y, mu, b=1.0):
    return ((y - mu).square() / (2 * b * b) + math.log(b * math.sqrt(2 * math.pi))).sum()


@wrong("take the logarithm of the product of densities, which underflows")
def underflows(y, mu, b=1.0):
    return -((-(y - mu).abs() / b).exp() / (2 * b)).prod().log()


@wrong("take b for the standard deviation: that is b sqrt 2")
def by_deviation(y, mu, b=1.0):
    return ((y - mu).abs() * math.sqrt(2) / b + math.log(b * math.sqrt(2))).sum()


@wrong("detach the mean: no gradient flows back to the model")
def detached(y, mu, b=1.0):
    return ((y - mu.detach()).abs() / b + math.log(2 * b)).sum()


@wrong("take the root of the square: its gradient is nan where a target is exact")
def root_of_square(y, mu, b=1.0):
    return ((y - mu).square().sqrt() / b + math.log(2 * b)).sum()


@right("the constant as often as there are targets")
def constant_apart(y, mu, b=1.0):
    if math.isnan(b) or b <= 0:
        raise ValueError(f"b: {b}")
    if tuple(y.shape) != tuple(mu.shape):
        raise ValueError(f"y: {tuple(y.shape)}")
    return torch.sum(torch.abs(mu - y)) / b + len(y) * (math.log(2) + math.log(b))
