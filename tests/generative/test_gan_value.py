"""V = mean log D(x) + mean log(1 - D(G(z)))."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, oracles, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "There are two expectations, over two samples that may differ in number.",
        "In float32, 1 - 1e-10 is 1: which function gives log(1 + t) for small t?",
        "d_real.log().mean() + (-d_fake).log1p().mean()",
    ),
)


@st.composite
def outputs(draw):
    """Draw outputs of a discriminator on two samples: k/16, neither 0 nor 1."""
    sixteenths = st.lists(st.integers(1, 15), min_size=1, max_size=4)
    return [torch.tensor(draw(sixteenths), dtype=torch.float64) / 16 for _ in range(2)]


@claim("S3-396")
def test_a_case_worked_by_hand(gan_value):
    d_real = torch.tensor([0.5, 0.25], dtype=torch.float64)
    d_fake = torch.tensor([0.75, 0.5, 0.875], dtype=torch.float64)
    # Logarithms of powers of 2: (-1 - 2) / 2 + (-2 - 1 - 3) / 3.
    want = torch.tensor(-3.5 * math.log(2), dtype=torch.float64)
    check(gan_value, d_real, d_fake, want=want)


@claim("S3-396")
def test_is_minus_log_4_for_a_discriminator_that_cannot_tell(gan_value):
    want = torch.tensor(-math.log(4))
    check(gan_value, torch.full((3,), 0.5), torch.full((2,), 0.5), want=want)


@claim("S3-396")
def test_is_zero_for_a_discriminator_that_is_always_right(gan_value):
    check(gan_value, torch.ones(3), torch.zeros(2), want=torch.tensor(0.0))


@claim("S3-396")
def test_a_certain_and_wrong_discriminator_loses_infinitely(gan_value):
    half, worst = torch.tensor([0.5]), torch.tensor(-torch.inf)
    check(gan_value, torch.tensor([0.5, 0.0]), half, want=worst)
    check(gan_value, half, torch.tensor([0.5, 1.0]), want=worst)


@claim("S3-396")
@given(outputs())
def test_equals_the_formula_with_50_digits(gan_value, samples):
    import mpmath

    real = oracles.to_50_digits(mpmath.log, samples[0])
    fake = oracles.to_50_digits(lambda d: mpmath.log(1 - d), samples[1])
    check(gan_value, *samples, want=real.mean() + fake.mean())


@claim("S3-396")
@given(outputs())
def test_gradients_are_the_reciprocals(gan_value, samples):
    real, fake = samples
    want = 0.75 / real / len(real), -0.75 / (1 - fake) / len(fake)
    check_gradient(gan_value, real, fake, want=want, upstream=torch.tensor(0.75))


def test_small_probabilities_keep_their_share(gan_value):
    tiny, none = torch.tensor([2.0**-40], dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    want = torch.tensor(-(2.0**-40) - 2.0**-81, dtype=torch.float64)
    check(gan_value, none, tiny, want=want)
    check(gan_value, torch.ones(1), torch.tensor([1e-10, 3e-10]), want=torch.tensor(-2e-10))
    check(gan_value, torch.tensor([1e-30]), torch.zeros(1), want=torch.tensor(math.log(1e-30)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_keeps_the_dtype(gan_value, dtype):
    d_real, d_fake = torch.tensor([0.25, 0.5], dtype=dtype), torch.tensor([0.75], dtype=dtype)
    check(gan_value, d_real, d_fake, want=torch.tensor(-3.5 * math.log(2), dtype=dtype))


@pytest.mark.parametrize("bad", [-0.25, 1.5])
def test_refuses_what_is_no_probability(gan_value, bad):
    entries, fine = torch.tensor([0.5, bad]), torch.tensor([0.5])
    check(gan_value, entries, fine, raises=ValueError, naming={"d_real": bad})
    check(gan_value, fine, entries, raises=ValueError, naming={"d_fake": bad})


@pytest.mark.parametrize("shape", [(0,), (2, 1), ()], ids=str)
def test_refuses_an_empty_sample_and_what_is_no_vector(gan_value, shape):
    bad, fine = torch.full(shape, 0.5), torch.tensor([0.5])
    check(gan_value, bad, fine, raises=ValueError, naming={"d_real": list(shape)})
    check(gan_value, fine, bad, raises=ValueError, naming={"d_fake": list(shape)})


def value(d_real, d_fake):
    """Give V without a look at the arguments."""
    return d_real.log().mean() + (-d_fake).log1p().mean()


@wrong("take log D of the generated samples too, and not log(1 - D)")
def same_term(d_real, d_fake):
    return d_real.log().mean() + d_fake.log().mean()


@wrong(
    "return the loss that the discriminator minimises: its sign is the other one",
    right_for="the discriminator's loss; here it is the value, which it maximises",
)
def negative(d_real, d_fake):
    return -value(d_real, d_fake)


@wrong("take the mean over both samples together: it halves V, or weights it by their sizes")
def pooled(d_real, d_fake):
    return torch.cat([d_real.log(), (-d_fake).log1p()]).mean()


@wrong(
    "add up over the samples and don't average",
    right_for="sums over the samples; here they are averaged",
)
def sums(d_real, d_fake):
    return d_real.log().sum() + (-d_fake).log1p().sum()


@wrong("divide both sums by the number of real samples")
def same_size(d_real, d_fake):
    return (d_real.log().sum() + (-d_fake).log1p().sum()) / len(d_real)


@wrong("take the logarithm of the mean and not the mean of the logarithms")
def log_of_mean(d_real, d_fake):
    return d_real.mean().log() + (1 - d_fake.mean()).log()


@wrong("clamp the probabilities away from 0 and 1: -inf becomes a finite number")
def clamped(d_real, d_fake):
    return value(d_real.clamp(1e-7, 1 - 1e-7), d_fake.clamp(1e-7, 1 - 1e-7))


@wrong("add 1e-8 under the logarithms")
def with_epsilon(d_real, d_fake):
    return (d_real + 1e-8).log().mean() + (1 - d_fake + 1e-8).log().mean()


@wrong("compute 1 - D first: small D round away")
def rounded(d_real, d_fake):
    return d_real.log().mean() + (1 - d_fake).log().mean()


@wrong("clip the logarithms at -100, as torch's binary cross-entropy does")
def clipped(d_real, d_fake):
    return d_real.log().clamp_min(-100).mean() + (-d_fake).log1p().clamp_min(-100).mean()


@wrong("swap the real and the generated samples")
def swapped(d_real, d_fake):
    return value(d_fake, d_real)


@wrong(
    "use logarithms of base 2",
    right_for="bits; here nats are asked for, the natural logarithm",
)
def base_two(d_real, d_fake):
    return value(d_real, d_fake) / math.log(2)


@wrong("detach the outputs on generated samples: nothing can be learned from them")
def detached_fakes(d_real, d_fake):
    return value(d_real, d_fake.detach())


@right("sample by sample")
def one_by_one(d_real, d_fake):
    for name, sample in {"d_real": d_real, "d_fake": d_fake}.items():
        if sample.ndim != 1 or sample.numel() == 0:
            raise ValueError(f"{name}: shape {tuple(sample.shape)}")
        outside = [p for p in sample.tolist() if not 0 <= p <= 1]
        if outside:
            raise ValueError(f"{name}: {outside[0]} isn't in [0, 1]")
    real = sum(torch.log(d) for d in d_real) / len(d_real)
    return real + sum(torch.log1p(-d) for d in d_fake) / len(d_fake)
