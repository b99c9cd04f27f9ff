"""V = sum_x p_data log D + p_g log(1 - D), with 0 log 0 = 0."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("gan_value",),
    hints=(
        "What does 0 * log(0) give in floating point, and what should it add here?",
        "Python's limit: p log d for p = 0 is 0 whatever d is. Which torch function knows that?",
        "torch.xlogy(p_data, d) and torch.special.xlog1py(p_g, -d)",
    ),
)


@st.composite
def games(draw):
    """Draw two distributions over up to 4 points, and D = k/16 strictly between 0 and 1."""
    n = draw(st.integers(1, 4))
    p_data, p_g = (draw(inputs.distributions(n, zeros=True)) for _ in range(2))
    return p_data, p_g, draw(inputs.tensors(n, low=1 / 16, high=15 / 16, step=1 / 16))


def doubles(*values):
    """Give a float64 vector."""
    return torch.tensor(values, dtype=torch.float64)


@claim("S3-399")
def test_a_case_worked_by_hand(gan_value_discrete):
    # In units of log 2: 0.5 * -1 + 0.25 * -2 + 0.25 * -1, and 0.125 * -1 + 0 + 0.875 * -1,
    p_data, p_g = doubles(0.5, 0.25, 0.25), doubles(0.125, 0, 0.875)
    want = torch.tensor(-2.25 * math.log(2), dtype=torch.float64)
    check(gan_value_discrete, p_data, p_g, doubles(0.5, 0.25, 0.5), want=want)


@claim("S3-399")
@given(games())
def test_equals_the_formula_with_50_digits(gan_value_discrete, game):
    import mpmath

    with mpmath.workdps(50):
        terms = [
            p * mpmath.log(d) + q * mpmath.log(1 - mpmath.mpf(d))
            for p, q, d in zip(*(values.tolist() for values in game), strict=True)
        ]
        want = torch.tensor(float(sum(terms)), dtype=torch.float64)
    check(gan_value_discrete, *game, want=want)


@claim("S3-399")
def test_a_point_without_probability_adds_nothing(gan_value_discrete):
    # The two distributions never meet, and D knows it.
    p_data, p_g = doubles(0.25, 0.75, 0, 0), doubles(0, 0, 0.5, 0.5)
    zero = torch.tensor(0.0, dtype=torch.float64)
    check(gan_value_discrete, p_data, p_g, doubles(1, 1, 0, 0), want=zero)
    half = torch.tensor(-math.log(4), dtype=torch.float64)
    for nobody in (0.0, 0.3, 1.0):
        args = doubles(1, 0), doubles(1, 0), doubles(0.5, nobody)
        check(gan_value_discrete, *args, want=half)


@claim("S3-399")
def test_a_certain_and_wrong_discriminator_loses_infinitely(gan_value_discrete):
    p, worst = doubles(0.5, 0.5), torch.tensor(-torch.inf, dtype=torch.float64)
    check(gan_value_discrete, p, doubles(1, 0), doubles(0.5, 0), want=worst)
    check(gan_value_discrete, doubles(1, 0), p, doubles(0.5, 1), want=worst)


@claim("S3-399")
@given(games())
def test_the_gradient_is_zero_at_the_best_discriminator(gan_value_discrete, game):
    p_data, p_g, d = game
    up = torch.tensor(1.5, dtype=torch.float64)
    want = 1.5 * (p_data / d - p_g / (1 - d))
    check_gradient(gan_value_discrete, p_data, p_g, d, wrt=(2,), upstream=up, want=(want,))


def test_small_probabilities_keep_their_share(gan_value_discrete):
    one, none = torch.ones(1), torch.zeros(1)
    check(gan_value_discrete, none, one, torch.tensor([1e-10]), want=torch.tensor(-1e-10))
    want = torch.tensor(math.log(1e-30))
    check(gan_value_discrete, one, none, torch.tensor([1e-30]), want=want)


def test_refuses_what_is_no_probability(gan_value_discrete):
    p = doubles(0.5, 0.5)
    for bad in (-0.25, 1.5):
        naming = {"d": bad}
        check(gan_value_discrete, p, p, doubles(0.5, bad), raises=ValueError, naming=naming)


@pytest.mark.parametrize("shape", [(3,), (1,), (2, 1)], ids=str)
def test_refuses_different_shapes(gan_value_discrete, shape):
    p, other = doubles(0.5, 0.5), torch.full(shape, 0.5, dtype=torch.float64)
    check(gan_value_discrete, p, other, p, raises=ValueError, naming={"p_g": list(shape)})
    check(gan_value_discrete, p, p, other, raises=ValueError, naming={"d": list(shape)})


@wrong("multiply by the logarithm as it stands: 0 * log 0 is nan")
def naive(p_data, p_g, d):
    return (p_data * d.log() + p_g * (-d).log1p()).sum()


@wrong("clamp D away from 0 and 1: -inf becomes a finite number")
def clamped(p_data, p_g, d):
    return naive(p_data, p_g, d.clamp(1e-7, 1 - 1e-7))


@wrong("replace infinities and nan by 0: a certain and wrong D goes unpunished")
def nan_to_zero(p_data, p_g, d):
    terms = p_data * d.log() + p_g * (-d).log1p()
    return terms.nan_to_num(0.0, neginf=0.0).sum()


@wrong("take the mean over the points: the probabilities are weights already")
def mean(p_data, p_g, d):
    return (torch.xlogy(p_data, d) + torch.special.xlog1py(p_g, -d)).mean()


@wrong("take both expectations under p_data, as the notes do in C(G)")
def same_distribution(p_data, p_g, d):
    return (torch.xlogy(p_data, d) + torch.special.xlog1py(p_data, -d)).sum()


@wrong("swap the two distributions")
def swapped(p_data, p_g, d):
    return (torch.xlogy(p_g, d) + torch.special.xlog1py(p_data, -d)).sum()


@wrong("compute 1 - D first: small D round away")
def rounded(p_data, p_g, d):
    return (torch.xlogy(p_data, d) + torch.xlogy(p_g, 1 - d)).sum()


@wrong(
    "return the discriminator's loss, which is -V",
    right_for="the discriminator's loss; here it is the value, which it maximises",
)
def negative(p_data, p_g, d):
    return -(torch.xlogy(p_data, d) + torch.special.xlog1py(p_g, -d)).sum()


@right("at the points that have a probability only")
def where_there_is_any(p_data, p_g, d):
    if p_g.shape != p_data.shape:
        raise ValueError(f"p_g: {tuple(p_g.shape)} isn't {tuple(p_data.shape)}")
    if d.shape != p_data.shape:
        raise ValueError(f"d: {tuple(d.shape)} isn't {tuple(p_data.shape)}")
    if bool(((d < 0) | (d > 1)).any()):
        raise ValueError(f"d isn't in [0, 1]: {d.tolist()}")
    real, fake = p_data > 0, p_g > 0
    first = (p_data[real] * d[real].log()).sum()
    return first + (p_g[fake] * torch.log1p(-d[fake])).sum()
