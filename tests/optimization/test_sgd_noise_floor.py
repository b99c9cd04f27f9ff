"""lr * variance / (batch_size * L * (2 - lr * L)): more rows or a smaller rate, less noise."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, such_that, wrong

EXERCISE = Exercise(
    level="hard",
    after=("gd_regime", "minibatch_grad_variance"),
    hints=(
        "Write x after a step as a multiple of x before it, plus noise. What is E[x^2] after it?",
        "s' = (1 - lr * L)^2 s + lr^2 * variance / batch_size. Where does s stay the same?",
        "1 - (1 - lr L)^2 = lr L (2 - lr L), by which you divide.",
    ),
)


def at_rest(lr, curvature, variance, batch_size):
    """Step by step, until E[x^2] doesn't change."""
    s, shrink = variance, (1 - lr * curvature) ** 2
    for _ in range(100_000):
        new = shrink * s + lr * lr * variance / batch_size
        if new == s:
            break
        s = new
    return s


@claim("S4-159", "S4-321")
def test_a_case_worked_by_hand(sgd_noise_floor):
    # One step goes to the minimum, plus noise: what is left is lr^2 * variance / batch_size.
    check(sgd_noise_floor, lr=0.5, curvature=2.0, variance=3.0, batch_size=4, want=0.1875)
    # lr L = 1/2: s = s/4 + 6/16/2, so s = 1/4.
    check(sgd_noise_floor, 0.25, 2.0, 6.0, 2, want=0.25)


@claim("S4-159", "S4-321", "S2-052")
@given(
    st.sampled_from([0.125, 0.25, 0.5, 1.0, 1.5, 1.875]),
    st.sampled_from([0.5, 1.0, 4.0]),
    st.integers(0, 8),
    st.integers(1, 5),
)
def test_is_where_the_expectation_stays(sgd_noise_floor, reach, curvature, variance, batch_size):
    args = (reach / curvature, curvature, float(variance), batch_size)
    check(sgd_noise_floor, *args, want=at_rest(*args))


@counterexample("S4-159")  # on a convex loss the noise only keeps it from the minimum
def test_without_noise_it_arrives(sgd_noise_floor):
    check(sgd_noise_floor, 0.5, 2.0, 0.0, 1, want=0.0)
    check(sgd_noise_floor, 0.5, 2.0, 1.0, 1, want=0.25)


@claim("S4-321")
@counterexample("S2-052")  # the rows aren't wasted where the rate grows along with them
def test_a_batch_and_a_rate_that_both_grow_leave_nearly_the_same_noise(sgd_noise_floor):
    check(sgd_noise_floor, 0.01, 1.0, 1.0, 1, want=0.01 / 1.99)
    check(sgd_noise_floor, 0.1, 1.0, 1.0, 10, want=0.01 / 1.9)


@claim("S4-159")
def test_simulated_runs_settle_there(sgd_noise_floor):
    generator = torch.Generator().manual_seed(0)
    lr, curvature, variance, batch_size, runs = 0.3, 2.0, 5.0, 3, 20_000
    x = torch.zeros(runs, dtype=torch.float64)
    for _ in range(25):  # (1 - 0.6)^50 is 1e-20
        noise = torch.randn(batch_size, runs, dtype=torch.float64, generator=generator).mean(0)
        x = x - lr * (curvature * x + variance**0.5 * noise)
    seen = float(x.square().mean())
    # The mean of n squares of normal numbers has a standard error of sqrt(2 / n) of itself.
    told = f"nearly the {seen:.5f} of {runs} runs"
    near = such_that(told, lambda floor: abs(floor - seen) < 6 * (2 / runs) ** 0.5 * seen)
    check(sgd_noise_floor, lr, curvature, variance, batch_size, want=near)


def test_near_the_border_of_divergence_the_noise_grows_without_bound(sgd_noise_floor):
    small = 2.0**-20
    check(sgd_noise_floor, 2 - small, 1.0, 1.0, 1, want=(2 - small) / small)
    check(sgd_noise_floor, small, 1.0, 1.0, 1, want=small / (2 - small))


def test_refuses_rates_that_never_settle(sgd_noise_floor):
    for lr in (0.0, -0.25, 1.0, 1.5, math.nan, math.inf):
        check(sgd_noise_floor, lr, 2.0, 1.0, 1, raises=ValueError, naming={"lr": lr})


def test_refuses_curvatures_variances_and_batches_that_make_no_sense(sgd_noise_floor):
    for curvature in (0.0, -1.0, math.inf, math.nan):
        naming = {"curvature": curvature}
        check(sgd_noise_floor, 0.5, curvature, 1.0, 1, raises=ValueError, naming=naming)
    for variance in (-1.0, math.inf, math.nan):
        naming = {"variance": variance}
        check(sgd_noise_floor, 0.5, 2.0, variance, 1, raises=ValueError, naming=naming)
    for batch_size in (0, -3):
        naming = {"batch_size": batch_size}
        check(sgd_noise_floor, 0.5, 2.0, 1.0, batch_size, raises=ValueError, naming=naming)


@wrong("take the noise of a single step: what was there before has not all gone")
def of_one_step(lr, curvature, variance, batch_size):
    return lr**2 * variance / batch_size


@wrong("take lr * variance / 2 for small rates: the curvature counts as well")
def for_small_rates(lr, curvature, variance, batch_size):
    return lr * variance / (2 * batch_size)


@wrong("drop the second-order term: near 2 / curvature the noise grows without bound")
def first_order(lr, curvature, variance, batch_size):
    return lr * variance / (2 * batch_size * curvature)


@wrong("shrink the squared distance by 1 - lr L and not by its square")
def shrinks_once(lr, curvature, variance, batch_size):
    return lr * variance / (batch_size * curvature)


@wrong("forget that a batch averages")
def of_one_example(lr, curvature, variance, batch_size):
    return lr * variance / (curvature * (2 - lr * curvature))


@wrong("divide by the square of the batch size")
def squared_batch(lr, curvature, variance, batch_size):
    return lr * variance / (batch_size**2 * curvature * (2 - lr * curvature))


@wrong("return the root: the squared distance is asked for")
def root(lr, curvature, variance, batch_size):
    return (lr * variance / (batch_size * curvature * (2 - lr * curvature))) ** 0.5


@wrong("return the expected loss: that is curvature / 2 times as large",
       right_for="the loss above its minimum; here it is the squared distance")  # fmt: skip
def expected_loss(lr, curvature, variance, batch_size):
    return lr * variance / (2 * batch_size * (2 - lr * curvature))


@wrong("take the given number for a standard deviation")
def squared_variance(lr, curvature, variance, batch_size):
    return lr * variance**2 / (batch_size * curvature * (2 - lr * curvature))


@wrong("let the noise come in without the learning rate")
def noise_without_rate(lr, curvature, variance, batch_size):
    return variance / (batch_size * lr * curvature * (2 - lr * curvature))


@right("as the sum of a geometric series of all past noise")
def by_the_series(lr, curvature, variance, batch_size):
    if curvature <= 0 or not math.isfinite(curvature):
        raise ValueError(f"`curvature` can't be {curvature}")
    if not (lr > 0 and lr * curvature < 2):
        raise ValueError(f"`lr` can't be {lr}")
    if variance < 0 or not math.isfinite(variance):
        raise ValueError(f"`variance` can't be {variance}")
    if batch_size <= 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    reach = lr * curvature
    return lr * lr * (variance / batch_size) / (reach * (2 - reach))


@plot(x="learning rate", y="mean squared distance", xscale="log", yscale="log")
def plot_noise_over_the_rate(sgd_noise_floor):
    rates = [10 ** (k / 20) for k in range(-60, 6)]
    return {
        f"batch of {b}": (rates, [sgd_noise_floor(lr, 1.0, 1.0, b) for lr in rates])
        for b in (1, 10, 100)
    }
