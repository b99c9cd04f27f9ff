"""The mean and the sample's standard deviation, entry by entry, of draws from one generator."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("dropout",),
    hints=(
        "Call predict several times, and stack what it returns.",
        "Which of the three dimensions of the stack do you average over?",
        "outputs.mean(0), outputs.std(0), under torch.no_grad().",
    ),
)
X = vector([1.0, -2.0], [0.5, 3.0], [4.0, 0.25])
WEIGHT = vector([1.0, 2.0], [-1.0, 0.5], [0.0, 3.0], [2.0, -2.0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def dropped(x, generator, p=0.5):
    """A linear network whose inputs are dropped."""
    mask = torch.rand(x.shape, generator=generator) >= p
    return (x * mask / (1 - p)) @ WEIGHT.to(x.dtype).mT


def one_by_one(predict, x, samples, generator):
    """The two moments by a recursion (Welford's)."""
    mean = square = torch.zeros(())
    for t in range(1, samples + 1):
        y = predict(x, generator)
        off = y - mean
        mean = mean + off / t
        square = square + off * (y - mean)
    return mean, (square / (samples - 1)).sqrt()


@claim("S2-114")
def test_two_draws_worked_by_hand(mc_dropout):
    def scaled(x, generator):
        return torch.randint(9, (), generator=generator) * x

    other = seeded()
    a, b = (int(torch.randint(9, (), generator=other)) for _ in range(2))
    want = ((a + b) / 2 * X, abs(a - b) / 2**0.5 * X.abs())
    check(mc_dropout, scaled, X, 2, seeded(), want=want)


@claim("S2-114")
@pytest.mark.parametrize("samples", [2, 3, 50])
def test_equals_a_recursion_over_the_draws(mc_dropout, samples):
    want = one_by_one(dropped, X, samples, seeded(1))
    check(mc_dropout, dropped, X, samples, seeded(1), want=want)


@claim("S2-114")
@given(inputs.tensors(inputs.sizes(1, 4), 2), st.integers(2, 9), st.integers(0, 99))
def test_equals_the_recursion_for_any_rows(mc_dropout, x, samples, seed):
    want = one_by_one(dropped, x, samples, seeded(seed))
    # Where all masks give the same, up to rounding, the deviation is rounding: scale=1.
    check(mc_dropout, dropped, x, samples, generator=seeded(seed), want=want, scale=10.0)


@counterexample("S2-114")  # the same input must give the same output
def test_where_dropout_stays_on_the_outputs_spread_as_its_variance_says(mc_dropout):
    # p / (1 - p) sum_j w_j^2 x_j^2, over 2000 draws: four values a row, fourth moments below 9.
    variance = X.square() @ WEIGHT.square().mT

    def holds(pair):
        mean, std = pair
        of_mean = (mean - X @ WEIGHT.mT).abs() < 6 * (variance / 2000).sqrt()
        of_std = (std.square() / variance - 1).abs() < 6 * (8 / 2000) ** 0.5
        return bool(of_mean.all() and of_std.all())

    want = such_that("the mean of evaluation, and the spread of the masks", holds)
    check(mc_dropout, dropped, X, 2000, seeded(2), want=want)


@claim("S2-114")
def test_without_dropout_there_is_no_spread(mc_dropout):
    def fixed(x, generator):
        return x @ WEIGHT.mT

    want = (X @ WEIGHT.mT, torch.zeros(3, 4).double())
    check(mc_dropout, fixed, X, 4, seeded(), want=want)


def test_a_small_spread_keeps_its_digits_beside_a_large_mean(mc_dropout):
    def shifted(x, generator):
        return dropped(x, generator) + 2.0**20 + 1 / 3

    want = (one_by_one(shifted, X, 8, seeded(3))[0], one_by_one(dropped, X, 8, seeded(3))[1])
    check(mc_dropout, shifted, X, 8, seeded(3), want=want)


def test_no_graph_is_kept(mc_dropout):
    weight = WEIGHT.clone().requires_grad_()

    def learned(x, generator):
        return (x * (torch.rand(x.shape, generator=generator) >= 0.5)) @ weight.mT

    def holds(pair):
        return len(pair) == 2 and not any(t.requires_grad for t in pair)

    want = such_that("two results that require no gradient", holds)
    check(mc_dropout, learned, X, 3, seeded(), want=want)


def test_keeps_the_dtype(mc_dropout):
    want = tuple(t.float() for t in one_by_one(dropped, X, 5, seeded(4)))
    check(mc_dropout, dropped, X.float(), 5, seeded(4), want=want)


@pytest.mark.parametrize("samples", [1, 0, -3])
def test_refuses_a_single_draw(mc_dropout, samples):
    call = (dropped, X, samples, seeded())
    check(mc_dropout, *call, raises=ValueError, naming={"samples": samples})


def draws(predict, x, samples, generator):
    with torch.no_grad():
        return torch.stack([predict(x, generator) for _ in range(samples)])


@wrong("divide by the number of draws, and not by one less")
def population(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    return y.mean(0), y.std(0, correction=0)


@wrong("return the variance and not its root")
def variance(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    return y.mean(0), y.var(0)


@wrong("return the standard error of the mean, which falls with the number of draws")
def standard_error(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    return y.mean(0), y.std(0) / samples**0.5


@wrong("call the network once: its draws are all the same")
def one_call(predict, x, samples, generator):
    y = draws(predict, x, 1, generator)
    return y[0], torch.zeros_like(y[0])


@wrong("give each pass a generator with the same seed")
def same_seed(predict, x, samples, generator):
    y = torch.stack([predict(x, seeded()) for _ in range(samples)])
    return y.mean(0), y.std(0)


@wrong("draw once more than asked for")
def one_more(predict, x, samples, generator):
    y = draws(predict, x, samples + 1, generator)
    return y.mean(0), y.std(0)


@wrong("take the spread over the rows, and not over the draws")
def over_rows(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    return y.mean(0), y.mean(0).std(0).expand(y.shape[1:])


@wrong("take the spread of all outputs together")
def over_outputs(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    return y.mean(0), y.std((0, 2)).unsqueeze(1).expand(y.shape[1:])


@wrong("subtract squares: beside a large mean the spread loses its digits")
def by_squares(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    square = (y.square().mean(0) - y.mean(0).square()).clamp(min=0)
    return y.mean(0), (square * samples / (samples - 1)).sqrt()


@wrong("keep the graph of all passes")
def with_graph(predict, x, samples, generator):
    y = torch.stack([predict(x, generator) for _ in range(samples)])
    return y.mean(0), y.std(0)


@wrong("return the median in place of the mean")
def median(predict, x, samples, generator):
    y = draws(predict, x, samples, generator)
    return y.quantile(0.5, dim=0), y.std(0)


@right("by a recursion that keeps no draw")
def recursion(predict, x, samples, generator):
    if samples <= 1:
        raise ValueError(f"samples: {samples}")
    with torch.no_grad():
        mean, std = one_by_one(predict, x, samples, generator)
    return mean, std
