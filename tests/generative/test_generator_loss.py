"""-log D(G(z)), or log(1 - D(G(z))), from logits."""

import math

import pytest
import torch
from hypothesis import given
from torch.nn import functional

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    oracles,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("gan_value_from_logits",),
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
        "Which of the two has the larger slope where the discriminator is sure of a fake?",
        "-log D(s) = log(1 + exp(-s)), log(1 - D(s)) = -log(1 + exp(s)): neither may overflow.",
        "torch.logaddexp(0, -s).mean(), or -torch.logaddexp(0, s).mean()",
    ),
)


@claim("S3-389")
def test_a_case_worked_by_hand(generator_loss):
    # D = 3/4, 1/2, 1/2
    logits = torch.tensor([math.log(3), 0.0, 0.0], dtype=torch.float64)
    check(generator_loss, logits, want=torch.tensor(math.log(16 / 3) / 3, dtype=torch.float64))
    want = torch.tensor(-math.log(16) / 3, dtype=torch.float64)
    check(generator_loss, logits, saturating=True, want=want)


@claim("S3-389")
def test_the_two_losses_are_different(generator_loss):
    logits = torch.tensor([math.log(3)], dtype=torch.float64)
    check(generator_loss, logits, False, want=torch.tensor(math.log(4 / 3), dtype=torch.float64))
    check(generator_loss, logits, True, want=torch.tensor(-math.log(4), dtype=torch.float64))


@claim("S3-389")
@given(inputs.tensors(inputs.sizes(1, 5)))
def test_equals_the_formulas_with_50_digits(generator_loss, logits):
    import mpmath

    def minus_log_d(s):
        return mpmath.log(1 + mpmath.exp(-s))

    def log_of_the_rest(s):
        return -mpmath.log(1 + mpmath.exp(s))

    check(generator_loss, logits, want=oracles.to_50_digits(minus_log_d, logits).mean())
    want = oracles.to_50_digits(log_of_the_rest, logits).mean()
    check(generator_loss, logits, saturating=True, want=want)


@claim("S3-389")
@given(inputs.tensors(inputs.sizes(1, 5)))
def test_gradients_are_d_minus_1_and_minus_d(generator_loss, logits):
    d, up = logits.sigmoid(), torch.tensor(1.75, dtype=torch.float64)
    share = 1.75 / len(logits)
    check_gradient(generator_loss, logits, upstream=up, want=((d - 1) * share,))
    check_gradient(generator_loss, logits, saturating=True, upstream=up, want=(-d * share,))


@claim("S3-389")
def test_only_the_first_is_steep_where_fakes_are_found_out(generator_loss):
    logits = torch.tensor([-math.log(99)], dtype=torch.float64)  # D = 0.01
    up = torch.tensor(1.0, dtype=torch.float64)
    want = torch.tensor([-0.99], dtype=torch.float64)
    check_gradient(generator_loss, logits, upstream=up, want=(want,))
    want = torch.tensor([-0.01], dtype=torch.float64)
    check_gradient(generator_loss, logits, saturating=True, upstream=up, want=(want,))


@claim("S3-389")
@counterexample("S3-389")
def test_the_label_real_is_needed(generator_loss):
    # -y log D is 0 for y = 0; the loss is that of y = 1, whatever the samples are.
    def binary(s, y):
        return functional.binary_cross_entropy_with_logits(s, torch.full_like(s, y))

    logits = torch.tensor([0.5, -2.0, 1.25], dtype=torch.float64)
    check(generator_loss, logits, want=binary(logits, 1.0))
    check(generator_loss, logits, saturating=True, want=-binary(logits, 0.0))


@claim("S3-389")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(generator_loss, dtype):
    logits, up = torch.tensor([-1e4, 1e4], dtype=dtype), torch.tensor(1.0, dtype=dtype)
    check(generator_loss, logits, want=torch.tensor(5e3, dtype=dtype))
    check(generator_loss, logits, saturating=True, want=torch.tensor(-5e3, dtype=dtype))
    check_gradient(
        generator_loss, logits, upstream=up, want=(torch.tensor([-0.5, 0.0], dtype=dtype),)
    )
    want = torch.tensor([0.0, -0.5], dtype=dtype)
    check_gradient(generator_loss, logits, saturating=True, upstream=up, want=(want,))


def test_a_small_loss_keeps_its_digits(generator_loss):
    small = torch.tensor(math.log1p(math.exp(-30)))
    check(generator_loss, torch.tensor([30.0]), want=small)
    check(generator_loss, torch.tensor([-30.0]), saturating=True, want=-small)


@pytest.mark.parametrize("saturating", [False, True])
def test_the_slope_of_a_large_logit_is_not_yet_1(generator_loss, saturating):
    large, up = torch.tensor([20.5], dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)
    logits = large if saturating else -large
    want = -1 / (1 + (-large).exp())
    check_gradient(generator_loss, logits, saturating=saturating, upstream=up, want=(want,))


@pytest.mark.parametrize("saturating", [False, True])
def test_the_slope_at_logit_0_is_one_half(generator_loss, saturating):
    zero = torch.zeros(1, dtype=torch.float64)
    up = torch.tensor(1.0, dtype=torch.float64)
    check_gradient(generator_loss, zero, saturating=saturating, upstream=up, want=(zero - 0.5,))


def test_keeps_the_dtype(generator_loss):
    logits = torch.tensor([0.5, -1.0, 3.0])
    want = -functional.logsigmoid(logits).mean()
    check(generator_loss, logits, want=want)
    check(generator_loss, logits.bfloat16(), want=want.bfloat16())


@pytest.mark.parametrize("shape", [(0,), (2, 1), ()], ids=str)
def test_refuses_an_empty_sample_and_what_is_no_vector(generator_loss, shape):
    naming = {"fake_logits": list(shape)}
    check(generator_loss, torch.zeros(shape), raises=ValueError, naming=naming)


def losses(s):
    """Give the two losses for every logit: against the label "real", and saturating."""
    return functional.softplus(-s), -functional.softplus(s)


@wrong("ignore `saturating`")
def always_steep(fake_logits, saturating=False):
    return losses(fake_logits)[0].mean()


@wrong("swap the two losses")
def swapped(fake_logits, saturating=False):
    return losses(fake_logits)[not saturating].mean()


@wrong("flip the sign of the saturating loss: the generator would help the discriminator")
def flipped(fake_logits, saturating=False):
    steep, flat = losses(fake_logits)
    return -flat.mean() if saturating else steep.mean()


@wrong("take the logarithm of the sigmoid: it is -inf where the sigmoid rounds to 0 or 1")
def naive(fake_logits, saturating=False):
    d = fake_logits.sigmoid()
    return (1 - d).log().mean() if saturating else -d.log().mean()


@wrong("add 1e-8 to the probability: the gradient vanishes for hopeless fakes")
def with_epsilon(fake_logits, saturating=False):
    d = fake_logits.sigmoid()
    return (1 - d + 1e-8).log().mean() if saturating else -(d + 1e-8).log().mean()


@wrong("go over to the straight line from 20 on, as torch's softplus does: its slope is 1 too soon")
def with_a_threshold(fake_logits, saturating=False):
    s = fake_logits if saturating else -fake_logits
    loss = torch.where(s > 20, s, s.clamp(max=20).exp().log1p()).mean()
    return -loss if saturating else loss


@wrong(
    "add up over the batch and don't average",
    right_for="a loss summed over the batch; here it is averaged",
)
def sums(fake_logits, saturating=False):
    return losses(fake_logits)[saturating].sum()


@wrong(
    "keep one loss for each sample",
    right_for="reduction='none'; here the batch is averaged",
)
def unreduced(fake_logits, saturating=False):
    return losses(fake_logits)[saturating]


@wrong("split off max(-s, 0) and use |s|: the slope at s = 0 is wrong")
def wrong_slope_at_zero(fake_logits, saturating=False):
    s = fake_logits if saturating else -fake_logits
    soft = s.clamp_min(0) + (-s.abs()).exp().log1p()
    return -soft.mean() if saturating else soft.mean()


@wrong("take the logarithm of the mean D and not the mean of the logarithms")
def log_of_mean(fake_logits, saturating=False):
    d = fake_logits.sigmoid().mean()
    return (1 - d).log() if saturating else -d.log()


@wrong("call D(G(z)) fake in the loss: the label y is 0, and -y log D is 0")
def label_zero(fake_logits, saturating=False):
    steep, flat = losses(fake_logits)
    return flat.mean() if saturating else 0 * steep.mean()


@right("by the branch that doesn't overflow, chosen before exp is taken")
def by_branches(fake_logits, saturating=False):
    if fake_logits.ndim != 1 or not fake_logits.numel():
        raise ValueError(f"fake_logits: shape {tuple(fake_logits.shape)}")
    s = fake_logits if saturating else -fake_logits
    high, low = torch.where(s > 0, s, 0), torch.where(s > 0, 0, s)
    soft = torch.where(s > 0, high + torch.log1p(torch.exp(-high)), torch.log1p(torch.exp(low)))
    return torch.mean(-soft if saturating else soft)
