"""V from logits: mean log D(s) + mean log(1 - D(s')), without overflow."""

import math

import pytest
import torch
from hypothesis import given
from torch.nn import functional

from grader import Exercise, check, check_gradient, claim, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("gan_value",),
    forbid=(
        "log_sigmoid",
        "logsigmoid",
        "softplus",
        "soft_margin_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
    ),
    instead="write log D(s) with exponentials and logarithms",
    hints=(
        "What is 1 - D(s) as a D of another logit?",
        "-log D(s) = log(1 + exp(-s)): exp overflows for s = -1000, but the result is just 1000.",
        "log(e^0 + e^-s) is torch.logaddexp(0, -s). With max and abs, look at the slope at s = 0.",
    ),
)

SAMPLES = inputs.tensors(inputs.sizes(1, 4)), inputs.tensors(inputs.sizes(1, 4))


@claim("S3-396")
def test_a_case_worked_by_hand(gan_value_from_logits):
    # D(log 3) = 3/4, D(-log 3) = 1/4, D(0) = 1/2.
    real = torch.tensor([math.log(3), 0.0], dtype=torch.float64)
    fake = torch.tensor([-math.log(3), 0.0, math.log(3)], dtype=torch.float64)
    want = math.log(3 / 8) / 2 + math.log(3 / 32) / 3
    want = torch.tensor(want, dtype=torch.float64)
    check(gan_value_from_logits, real, fake, want=want)


@claim("S3-396")
@given(*SAMPLES)
def test_equals_the_formula_with_50_digits(gan_value_from_logits, real, fake):
    import mpmath

    def log_d(s):
        return -mpmath.log(1 + mpmath.exp(-s))

    want = oracles.to_50_digits(log_d, real).mean() + oracles.to_50_digits(log_d, -fake).mean()
    check(gan_value_from_logits, real, fake, want=want)


@claim("S3-396")
@given(*SAMPLES)
def test_gradients_are_what_is_missing_to_certainty(gan_value_from_logits, real, fake):
    want = torch.sigmoid(-real) / len(real) * 0.75, -torch.sigmoid(fake) / len(fake) * 0.75
    check_gradient(
        gan_value_from_logits, real, fake, want=want, upstream=torch.tensor(0.75).double()
    )


def test_the_slope_at_logit_0_is_one_half(gan_value_from_logits):
    zero = torch.zeros(1, dtype=torch.float64)
    check_gradient(
        gan_value_from_logits,
        zero,
        zero,
        want=(zero + 0.5, zero - 0.5),
        upstream=torch.tensor(1.0).double(),
    )


@claim("S3-396")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(gan_value_from_logits, dtype):
    right, torn = torch.tensor([1e4], dtype=dtype), torch.tensor([1e4, -1e4], dtype=dtype)
    check(gan_value_from_logits, right, -right, want=torch.tensor(0.0, dtype=dtype))
    check(gan_value_from_logits, torn, -right, want=torch.tensor(-5e3, dtype=dtype))
    check(gan_value_from_logits, right, torn, want=torch.tensor(-5e3, dtype=dtype))
    slope = torch.tensor([0.0, 0.5], dtype=dtype)
    check_gradient(
        gan_value_from_logits,
        torn,
        torn,
        want=(slope, slope - 0.5),
        upstream=torch.tensor(1.0, dtype=dtype),
    )


def test_a_discriminator_that_is_almost_certain_keeps_its_small_doubt(gan_value_from_logits):
    sure = torch.tensor([30.0])
    want = torch.tensor(-2 * math.log1p(math.exp(-30)))
    check(gan_value_from_logits, sure, -sure, want=want)


def test_the_slope_of_a_large_logit_is_not_yet_1(gan_value_from_logits):
    found_out = torch.tensor([20.5], dtype=torch.float64)
    slope = 1 / (1 + (-found_out).exp())
    check_gradient(
        gan_value_from_logits,
        -found_out,
        found_out,
        want=(slope, -slope),
        upstream=torch.tensor(1.0).double(),
    )


def test_keeps_the_dtype(gan_value_from_logits):
    real, fake = torch.tensor([0.5, -1.0]), torch.tensor([0.25])
    want = functional.logsigmoid(real).mean() + functional.logsigmoid(-fake).mean()
    check(gan_value_from_logits, real, fake, want=want)
    check(gan_value_from_logits, real.bfloat16(), fake.bfloat16(), want=want.bfloat16())


@pytest.mark.parametrize("shape", [(0,), (2, 1), ()], ids=str)
def test_refuses_an_empty_sample_and_what_is_no_vector(gan_value_from_logits, shape):
    bad, fine = torch.zeros(shape), torch.zeros(1)
    naming = {"real_logits": list(shape)}
    check(gan_value_from_logits, bad, fine, raises=ValueError, naming=naming)
    naming = {"fake_logits": list(shape)}
    check(gan_value_from_logits, fine, bad, raises=ValueError, naming=naming)


@wrong("take the logarithm of the sigmoid: it is -inf where the sigmoid rounds to 0 or 1")
def naive(real_logits, fake_logits):
    return real_logits.sigmoid().log().mean() + (1 - fake_logits.sigmoid()).log().mean()


@wrong("compute log(1 + exp(-s)) as it stands: exp overflows")
def overflowing(real_logits, fake_logits):
    return -(1 + (-real_logits).exp()).log().mean() - (1 + fake_logits.exp()).log().mean()


@wrong("add 1e-8 to the sigmoid: the loss is capped, and its gradient vanishes")
def with_epsilon(real_logits, fake_logits):
    real = (real_logits.sigmoid() + 1e-8).log().mean()
    return real + ((-fake_logits).sigmoid() + 1e-8).log().mean()


@wrong("split off max(-s, 0) and use |s|: the slope at s = 0 is wrong")
def wrong_slope_at_zero(real_logits, fake_logits):
    real = real_logits.clamp_max(0) - (-real_logits.abs()).exp().log1p()
    return real.mean() + ((-fake_logits).clamp_max(0) - (-fake_logits.abs()).exp().log1p()).mean()


def straight_above_20(s):
    """Give softplus with its asymptote from 20 on."""
    return torch.where(s > 20, s, s.clamp(max=20).exp().log1p())


@wrong("go over to the straight line from 20 on, as torch's softplus does: its slope is 1 too soon")
def with_a_threshold(real_logits, fake_logits):
    return -straight_above_20(-real_logits).mean() - straight_above_20(fake_logits).mean()


@wrong("cap the logits at 20")
def capped(real_logits, fake_logits):
    real = functional.logsigmoid(real_logits.clamp(-20, 20)).mean()
    return real + functional.logsigmoid(-fake_logits.clamp(-20, 20)).mean()


@wrong("forget the minus sign at the logits of the generated samples")
def same_sign(real_logits, fake_logits):
    return functional.logsigmoid(real_logits).mean() + functional.logsigmoid(fake_logits).mean()


@wrong(
    "return the discriminator's loss, which is -V",
    right_for="the discriminator's loss; here it is the value, which it maximises",
)
def negative(real_logits, fake_logits):
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()


@wrong("take one mean over all samples")
def pooled(real_logits, fake_logits):
    return functional.logsigmoid(torch.cat([real_logits, -fake_logits])).mean()


@wrong("treat logits as probabilities")
def as_probabilities(real_logits, fake_logits):
    return real_logits.log().mean() + (1 - fake_logits).log().mean()


@wrong("detach the logits of the generated samples")
def detached_fakes(real_logits, fake_logits):
    fake = functional.logsigmoid(-fake_logits.detach()).mean()
    return functional.logsigmoid(real_logits).mean() + fake


@right("by the branch that doesn't overflow, chosen before exp is taken")
def by_branches(real_logits, fake_logits):
    means = []
    for name, s in (("real_logits", real_logits), ("fake_logits", -fake_logits)):
        if s.ndim != 1 or not s.numel():
            raise ValueError(f"{name} has shape {tuple(s.shape)}")
        high = s > 0
        above = torch.where(high, s, 0).neg().exp().log1p().neg()
        below = torch.where(high, 0, s)
        means.append(torch.where(high, above, below - below.exp().log1p()).mean())
    return means[0] + means[1]
