"""C(G) = 2 JS(p_data, p_g) - log 4."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("optimal_discriminator", "js_divergence"),
    hints=(
        "Put the best D into the value of the game; which distribution weights which logarithm?",
        "A point where one of the two is 0 has no share in that one's sum.",
        "sum p_data log(p_data / (p_data + p_g)) + sum p_g log(p_g / (p_data + p_g))",
    ),
)

WITH_ZEROS, POSITIVE = (
    st.integers(1, 5).flatmap(lambda n, z=z: st.tuples(*[inputs.distributions(n, zeros=z)] * 2))
    for z in (True, False)
)


@claim("S3-403", "S3-406")
def test_a_case_worked_by_hand(generator_objective):
    # The best D is (3/4, 1/4): twice 3/4 log 3/4 + 1/4 log 1/4.
    p_data, p_g = (torch.tensor(p, dtype=torch.float64) for p in ([0.75, 0.25], [0.25, 0.75]))
    want = torch.tensor(1.5 * math.log(3) - 4 * math.log(2), dtype=torch.float64)
    check(generator_objective, p_data, p_g, want=want)


@claim("S3-403")
def test_each_expectation_is_over_its_own_distribution(generator_objective):
    p_data, p_g = (torch.tensor(p, dtype=torch.float64) for p in ([0.5, 0.5], [0.125, 0.875]))
    first = 0.5 * (math.log(4 / 5) + math.log(4 / 11))
    want = first + 0.125 * math.log(1 / 5) + 0.875 * math.log(7 / 11)
    check(generator_objective, p_data, p_g, want=torch.tensor(want, dtype=torch.float64))


@claim("S3-407")
@given(st.integers(1, 5).flatmap(lambda n: inputs.distributions(n, zeros=True)))
def test_is_minus_log_4_for_a_perfect_generator(generator_objective, p):
    want = torch.tensor(-math.log(4), dtype=torch.float64)
    check(generator_objective, p, p.clone(), want=want)


@claim("S3-406")
def test_is_0_where_the_two_never_meet(generator_objective):
    p_data, p_g = torch.tensor([0.25, 0.75, 0, 0, 0]), torch.tensor([0, 0, 0.5, 0.5, 0])
    check(generator_objective, p_data, p_g, want=torch.tensor(0.0))


@claim("S3-406")
@given(WITH_ZEROS)
def test_equals_two_jensen_shannon_divergences_less_log_4(generator_objective, pair):
    from scipy.spatial.distance import jensenshannon

    # scipy's distance is the root of the divergence, and so loses half of the digits near 0:
    # the square is taken off log 4, which hides what is below 1e-16.
    js = float(jensenshannon(*(p.numpy() for p in pair))) ** 2
    js = 0.0 if math.isnan(js) else js
    want = torch.tensor(2 * js - math.log(4), dtype=torch.float64)
    check(generator_objective, *pair, want=want, scale=1.0)  # 2 JS and log 4 are of size 1


@claim("S3-407")
@given(WITH_ZEROS)
def test_lies_between_minus_log_4_and_0_and_is_least_for_equals_only(generator_objective, pair):
    apart = not torch.equal(*pair)
    least = -math.log(4) + (1e-6 if (pair[0] - pair[1]).abs().max() > 0.01 else -1e-12)

    def holds(got):
        return least <= got.item() <= 1e-12

    told = f"a number from -log 4{' (and above it)' if apart else ''} to 0"
    check(generator_objective, *pair, want=such_that(told, holds))


@claim("S3-403", "S3-406")
@given(POSITIVE)
def test_gradients_are_the_logarithms_of_the_best_discriminator(generator_objective, pair):
    p_data, p_g = pair
    want = (p_data / (p_data + p_g)).log() * 1.5, (p_g / (p_data + p_g)).log() * 1.5
    up = torch.tensor(1.5, dtype=torch.float64)
    # For equal distributions the terms cancel up to rounding: measure against 1.
    check_gradient(generator_objective, p_data, p_g, want=want, upstream=up, scale=1.0)


@claim("S3-406")
def test_tiny_probabilities_stay_finite(generator_objective):
    p_data = torch.tensor([1.0, 1e-30])
    check(generator_objective, p_data, p_data.flip(0), want=torch.tensor(0.0))


def test_keeps_the_dtype(generator_objective):
    p_data, p_g = (torch.tensor(p, dtype=torch.float32) for p in ([0.75, 0.25], [0.25, 0.75]))
    check(generator_objective, p_data, p_g, want=torch.tensor(1.5 * math.log(3) - 4 * math.log(2)))


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 1)], ids=str)
def test_refuses_different_shapes(generator_objective, shape):
    p_g = torch.full(shape, 1 / max(shape))
    check(
        generator_objective,
        torch.tensor([0.5, 0.5]),
        p_g,
        raises=ValueError,
        naming={"p_g": list(shape)},
    )


@pytest.mark.parametrize("off", [-(2.0**-11), 2.0**-11])
def test_takes_a_sum_within_a_thousandth_of_1(generator_objective, off):
    p, rough = torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.5 + off])
    near = such_that("about -log 4", lambda got: abs(got.item() + math.log(4)) < 1e-2)
    check(generator_objective, p, rough, want=near)
    check(generator_objective, rough, p, want=near)


def test_refuses_what_is_no_distribution(generator_objective):
    fine = torch.tensor([0.5, 0.5])
    above, below = 1 + 2.0**-9, 1 - 2.0**-9
    sums = (([0.5, above - 0.5], above), ([0.5, below - 0.5], below))
    for entries, value in (([1.5, -0.5], -0.5), *sums):
        bad = torch.tensor(entries)
        check(generator_objective, bad, fine, raises=ValueError, naming={"p_data": value})
        check(generator_objective, fine, bad, raises=ValueError, naming={"p_g": value})


def shares(p_data, p_g):
    """Give the logarithms of D and of 1 - D for the best D."""
    total = p_data + p_g
    total = torch.where(total > 0, total, 1)
    return p_data / total, p_g / total


@wrong("take both expectations under p_data, as the notes write it")
def as_written(p_data, p_g):
    d, rest = shares(p_data, p_g)
    return (torch.xlogy(p_data, d) + torch.xlogy(p_data, rest)).sum()


@wrong("multiply by the logarithm as it stands: 0 * log 0 is nan")
def naive(p_data, p_g):
    total = p_data + p_g
    return (p_data * (p_data / total).log() + p_g * (p_g / total).log()).sum()


@wrong("add 1e-8 under the logarithms")
def with_epsilon(p_data, p_g):
    d, rest = shares(p_data, p_g)
    return (p_data * (d + 1e-8).log() + p_g * (rest + 1e-8).log()).sum()


@wrong("forget - log 4: that is twice the Jensen-Shannon divergence")
def without_log_4(p_data, p_g):
    d, rest = shares(p_data, p_g)
    return (torch.xlogy(p_data, 2 * d) + torch.xlogy(p_g, 2 * rest)).sum()


@wrong("count the Jensen-Shannon divergence once: JS - log 4")
def one_js(p_data, p_g):
    return without_log_4(p_data, p_g) / 2 - math.log(4)


@wrong("subtract log 2 where log 4 belongs")
def minus_log_2(p_data, p_g):
    return without_log_4(p_data, p_g) - math.log(2)


@wrong("use base 2 for the divergences and e for log 4")
def mixed_bases(p_data, p_g):
    return without_log_4(p_data, p_g) / math.log(2) - math.log(4)


@wrong("use KL(p_data || p_g), which is infinite where the generator has a gap")
def by_kl(p_data, p_g):
    return torch.xlogy(p_data, p_data / p_g).sum() - math.log(4)


@wrong("take the mean over the points")
def mean(p_data, p_g):
    d, rest = shares(p_data, p_g)
    return (torch.xlogy(p_data, d) + torch.xlogy(p_g, rest)).mean()


@wrong("detach the best discriminator and both weights but p_g's: p_data gets no gradient")
def no_gradient_for_the_data(p_data, p_g):
    d, rest = shares(p_data.detach(), p_g)
    return (torch.xlogy(p_data.detach(), d) + torch.xlogy(p_g, rest)).sum()


@wrong("return the value as Python's float: no gradient flows back")
def as_a_number(p_data, p_g):
    d, rest = shares(p_data, p_g)
    return (torch.xlogy(p_data, d) + torch.xlogy(p_g, rest)).sum().item()


@right("by the sums of p log p of each and of both together")
def by_entropies(p_data, p_g):
    if p_data.shape != p_g.shape:
        raise ValueError(f"p_g: {tuple(p_g.shape)}, and p_data: {tuple(p_data.shape)}")
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if bool((p < 0).any()):
            raise ValueError(f"{name} has {float(p.min())} < 0")
        if abs(float(p.sum()) - 1) > 1e-3:
            raise ValueError(f"{name} adds up to {float(p.sum())}")
    total = 0.0
    for p in (p_data, p_g, p_data + p_g):
        some = p[p > 0]
        part = (some * some.log()).sum()
        total = total - part if p is not p_data and p is not p_g else total + part
    return total
