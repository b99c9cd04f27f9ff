"""Entries are 0 with probability p, and x / (1 - p) otherwise, each on its own."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    gpu,
    inputs,
    plot,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    forbid=(
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_dropout",
        "feature_alpha_dropout",
        "rrelu",
    ),
    instead="draw the mask yourself",
    hints=(
        "Compare one uniform random number for each entry with p.",
        "By what must the survivors grow for the mean to stay? And what does p = 1 do to that?",
        "where(rand >= p, x, 0) / (1 - p), and zeros for p = 1.",
    ),
)
X = vector([1.0, -2.0, 3.0], [4.0, 5.0, -6.0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def survivors(x, factor):
    """Expect each entry to be 0 or `factor` times what it was, and both to happen."""

    def holds(y):
        lost = y == 0
        grown = (y.double() - factor * x.double()).abs() <= 8 * torch.finfo(x.dtype).eps * factor
        is_plain = type(y) is torch.Tensor and y.dtype == x.dtype and y.shape == x.shape
        return is_plain and bool((lost | grown).all() and lost.any() and not lost.all())

    return such_that(f"each entry 0 or {factor:g} times what it was, and some of both", holds)


def share_lost(p):
    def holds(y):
        lost, n = float((y == 0).double().sum()), y.numel()
        return abs(lost - p * n) < 6 * math.sqrt(p * (1 - p) * n)

    return such_that(f"a share of {p} of the entries 0, to within six standard errors", holds)


@claim("S0-232", "S2-109", "S2-111", "S3-206", "S1-070")
def test_in_evaluation_nothing_is_lost_and_nothing_scaled(dropout):
    check(dropout, X, 0.25, False, seeded(), want=X)
    check(dropout, X, p=1.0, training=False, generator=seeded(), want=X)


@claim("S2-105")
def test_without_loss_it_is_the_identity_and_with_certain_loss_zero(dropout):
    check(dropout, X, 0.0, True, seeded(), want=X)
    check(dropout, X, 1.0, True, seeded(), want=torch.zeros_like(X))


@claim("S2-105", "S4-053")
@pytest.mark.parametrize(("p", "factor"), [(0.75, 4), (0.2, 1.25), (1 - 2.0**-9, 512)])
def test_what_survives_grows_by_one_over_1_minus_p(dropout, p, factor):
    x = X.repeat(200, 20)
    check(dropout, x, p, True, seeded(1), want=survivors(x, factor))


@claim("S2-105", "S1-069", "S0-337")
@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.9])
def test_a_share_p_is_lost(dropout, p):
    check(dropout, torch.ones(40, 250), p, True, seeded(2), want=share_lost(p))


@counterexample("S4-053", "S2-105")  # 0.8, "for inputs", as the p of this dropout
def test_p_is_the_share_that_is_lost_not_the_share_that_stays(dropout):
    def holds(y):
        return 0.7 < float((y == 0).double().mean()) < 0.9  # 40 standard errors of 10^4 entries

    want = such_that("0.8 of the entries lost, where the notes mean 0.8 to stay", holds)
    check(dropout, torch.ones(100, 100), 0.8, True, seeded(3), want=want)


@claim("S2-106", "S3-209", "S2-104", "S1-070")
@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_the_mean_stays_and_the_variance_is_p_over_1_minus_p(dropout, p):
    x, n = vector(2.0, -0.5, 8.0), 4000

    def holds(y):
        # y = x b / (1 - p), b a coin of mean 1 - p: its moments give both standard errors.
        variance = p / (1 - p) * x**2
        fourth = x**4 * p * (1 - p) * (1 - 3 * p + 3 * p**2) / (1 - p) ** 4
        of_mean, of_variance = (variance / n).sqrt(), ((fourth - variance**2) / n).sqrt()
        spread = (y - x).square().mean(0)
        return bool(
            ((y.mean(0) - x).abs() < 6 * of_mean).all()
            and ((spread - variance).abs() <= 6 * of_variance + 1e-9 * variance).all()
        )

    want = such_that("columns of mean x and of variance p / (1 - p) x^2", holds)
    check(dropout, x.repeat(n, 1), p, True, seeded(4), want=want)


@counterexample("S2-106")  # for every p
def test_with_certain_loss_the_mean_is_0_and_not_x(dropout):
    want = such_that("zeros, whose mean isn't 1", lambda y: float(y.mean()) == 0)
    check(dropout, torch.ones(50, 4), 1.0, True, seeded(), want=want)


@claim("S2-105")
def test_each_entry_is_lost_on_its_own(dropout):
    def holds(y):
        lost = (y == 0).double() - 0.4
        pairs = [lost[1:] * lost[:-1], lost[:, 1:] * lost[:, :-1], lost[..., 1:] * lost[..., :-1]]
        # Of independent entries the products average to 0, with a deviation of p (1 - p).
        return all(abs(float(q.mean())) < 6 * 0.24 / q.numel() ** 0.5 for q in pairs)

    want = such_that("neighbours that are lost independently, along each dimension", holds)
    check(dropout, torch.ones(15, 20, 25), 0.4, True, seeded(5), want=want)


@claim("S2-105")
def test_all_patterns_of_three_entries_come_up(dropout):
    # One of the 8 fails to come up in 250 draws with a probability of 3e-14.
    x = vector(1.0, 2.0, 3.0)
    live = seeded(6)
    seen = {tuple((dropout(x, 0.5, True, live) != 0).tolist()) for _ in range(250)}
    for pattern in itertools.product([True, False], repeat=3):
        kept = torch.where(torch.tensor(pattern), 2 * x, 0)
        told = f"{kept.tolist()} in one of 250 draws, which give {len(seen)} patterns of 8"
        check(dropout, x, 0.5, True, live, want=such_that(told, lambda y, p=pattern: p in seen))


@claim("S2-105")
def test_the_generator_alone_decides_and_moves_on(dropout):
    x = torch.ones(3, 20)
    first = dropout(x, 0.5, True, seeded())
    check(dropout, x, 0.5, True, generator=seeded(), want=first)
    other = such_that("another mask", lambda y: not torch.equal(y, first))
    check(dropout, x, 0.5, True, seeded(1), want=other)
    live = seeded()
    dropout(x, 0.5, True, live)
    check(dropout, x, 0.5, True, live, want=other)


@claim("S2-105", "S2-110")
@given(
    inputs.tensors(inputs.sizes(), inputs.sizes(1, 4), low=1 / 8),
    st.sampled_from([0.25, 0.5, 0.8]),
    st.integers(0, 99),
)
def test_gradients_flow_back_through_the_survivors(dropout, x, p, seed):
    up = torch.arange(1.0, x.numel() + 1).double().reshape(x.shape)
    kept = dropout(x, p, True, seeded(seed)) != 0
    want = torch.where(kept, up / (1 - p), 0)
    check_gradient(dropout, x, p, True, seeded(seed), upstream=up, want=(want,))


@claim("S2-111", "S2-105")
def test_gradients_in_evaluation_and_at_both_ends_of_p(dropout):
    check_gradient(dropout, X, 0.3, False, seeded(), upstream=2 * X, want=(2 * X,))
    check_gradient(dropout, X, 0.0, True, seeded(), upstream=2 * X, want=(2 * X,))
    none = torch.zeros_like(X)
    check_gradient(dropout, X, 1.0, True, seeded(), upstream=2 * X, want=(none,))


@claim("S2-111")
def test_evaluation_draws_nothing(dropout):
    x, live = torch.ones(3, 20), seeded()
    first = dropout(x, 0.5, True, seeded())
    dropout(x, 0.5, False, live)
    check(dropout, x, 0.5, True, live, want=first)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(dropout, dtype):
    x = X.to(dtype).repeat(10, 1)
    check(dropout, x, 0.75, True, seeded(7), want=survivors(x, 4))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_a_rare_loss_is_as_rare_in_half_precision(dropout, dtype):
    # Random numbers of float16 are multiples of 2^-11: 488 of 10^6 would be 0, and not 200.
    x = torch.ones(1000, 1000, dtype=dtype)
    check(dropout, x, 0.0002, True, seeded(8), want=share_lost(0.0002))


def test_any_shape(dropout):
    check(dropout, torch.zeros(2, 0), 0.5, True, seeded(), want=torch.zeros(2, 0))
    one = such_that("0 or 8", lambda y: y.shape == () and float(y) in (0.0, 8.0))
    check(dropout, torch.tensor(4.0), 0.5, True, seeded(), want=one)
    x = X.repeat(10, 4).mT
    check(dropout, x, 0.5, True, seeded(9), want=survivors(x, 2))


@pytest.mark.parametrize("p", [-0.125, 1.25, math.nan])
def test_refuses_what_is_no_probability(dropout, p):
    check(dropout, X, p, True, seeded(), raises=ValueError, naming={"p": p})
    check(dropout, X, p, False, seeded(), raises=ValueError, naming={"p": p})


@pytest.mark.parametrize("training", [True, False])
def test_refuses_integers(dropout, training):
    x = torch.tensor([1, 2])
    check(dropout, x, 0.5, training, seeded(), raises=ValueError, naming={"x": torch.int64})


def draw(x, p, generator):
    return torch.rand(x.shape, generator=generator, device=x.device) >= p


def inverted(x, keep, p):
    return torch.where(keep, x, 0) / (1 - p if p < 1 else 1)


@wrong("forget to scale the survivors: activations are smaller in training than in evaluation")
def unscaled(x, p, training, generator):
    return torch.where(draw(x, p, generator), x, 0) if training else x


@wrong("divide the survivors by p and not by 1 - p")
def divided_by_p(x, p, training, generator):
    return torch.where(draw(x, p, generator), x, 0) / (p or 1) if training else x


@wrong(
    "take p for the probability to stay",
    right_for="the papers and TensorFlow 1, whose p is the probability to stay; here it is to go",
)
def keep_probability(x, p, training, generator):
    return inverted(x, ~draw(x, p, generator), 1 - p) if training else x


@wrong("lose entries in evaluation as well")
def always_on(x, p, training, generator):
    return inverted(x, draw(x, p, generator), p)


@wrong(
    "scale in evaluation: survivors are to grow in training",
    right_for="the first form of dropout, which multiplies by 1 - p at the end; here evaluation "
    "leaves everything as it is",
)
def scaled_in_evaluation(x, p, training, generator):
    return torch.where(draw(x, p, generator), x, 0) if training else x * (1 - p)


@wrong("draw one mask for all rows")
def one_mask(x, p, training, generator):
    row = x[(0,) * (x.dim() - 1)] if x.numel() else x
    return inverted(x, draw(row, p, generator), p) if training else x


@wrong(
    "lose whole rows",
    right_for="torch's Dropout1d and Dropout2d, which lose channels; here each entry is on its own",
)
def whole_rows(x, p, training, generator):
    return inverted(x, draw(x[..., :1] if x.dim() else x, p, generator), p) if training else x


@wrong("pass the gradient straight through, to the lost entries as well")
def straight_through(x, p, training, generator):
    return x + (inverted(x, draw(x, p, generator), p) - x).detach() if training else x


@wrong("pass the gradient through the mask without the factor 1 / (1 - p)")
def gradient_unscaled(x, p, training, generator):
    if not training:
        return x
    masked = torch.where(draw(x, p, generator), x, 0)
    return masked + (masked / (1 - p if p < 1 else 1) - masked).detach()


@wrong("divide by 1 - p where p is 1: all entries are 0 / 0")
def nan_at_one(x, p, training, generator):
    return x * draw(x, p, generator) / (1 - torch.tensor(p, dtype=x.dtype)) if training else x


@wrong("divide before the mask: where p is 1 the gradient is 0 times infinity")
def nan_gradient_at_one(x, p, training, generator):
    grown = x / (1 - torch.tensor(p, dtype=x.dtype))
    return torch.where(draw(x, p, generator), grown, 0) if training else x


@wrong("double the survivors whatever p is")
def doubled(x, p, training, generator):
    if not training or p == 0:
        return x
    return torch.where(draw(x, p, generator), x, 0) * 2


@wrong("draw from torch's global generator")
def global_generator(x, p, training, generator):
    return inverted(x, draw(x, p, None), p) if training else x


@wrong("seed a generator of its own: each call loses the same entries")
def own_generator(x, p, training, generator):
    return inverted(x, draw(x, p, seeded()), p) if training else x


@wrong("lose a fixed number of entries: they aren't lost independently")
def fixed_count(x, p, training, generator):
    if not training:
        return x
    order = torch.rand(x.numel(), generator=generator).argsort().argsort().reshape(x.shape)
    return inverted(x, order >= round(p * x.numel()), p)


@wrong("compare random numbers of the dtype of x: bfloat16 has 256 of them")
def coarse_numbers(x, p, training, generator):
    if not training:
        return x
    return inverted(x, torch.rand(x.shape, generator=generator, dtype=x.dtype) >= p, p)


@wrong("draw the mask in evaluation as well: the generator moves on")
def draws_in_evaluation(x, p, training, generator):
    keep = draw(x, p, generator)
    return inverted(x, keep, p) if training else x


@wrong("write the zeros into the caller's tensor")
def in_place(x, p, training, generator):
    if not training:
        return x
    with torch.no_grad():
        x *= draw(x, p, generator)
    return inverted(x, x != 0, p)


@wrong("return float32 whatever the dtype of x")
def always_float32(x, p, training, generator):
    return inverted(x.float(), draw(x, p, generator), p) if training else x


@wrong("look at p and the dtype in training only", accepts_bad_input=True)
def unchecked_in_evaluation(x, p, training, generator):
    return by_a_coin(x, p, True, generator) if training else x


@right("by torch.bernoulli, as a product with the mask")
def by_a_coin(x, p, training, generator):
    if not (p >= 0 and p <= 1):
        raise ValueError(f"p={p} is no probability")
    if not x.dtype.is_floating_point:
        raise ValueError(f"x: dtype {x.dtype}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    stays = torch.full(x.shape, 1 - p, dtype=torch.float64)
    return x * (torch.bernoulli(stays, generator=generator) / (1 - p)).to(x.dtype)


class Masked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, keep, factor):
        ctx.save_for_backward(keep)
        ctx.factor = factor
        return factor * x.masked_fill(~keep, 0)

    @staticmethod
    def backward(ctx, grad):
        (keep,) = ctx.saved_tensors
        return ctx.factor * grad.masked_fill(~keep, 0), None, None


@right("with a backward pass of its own, that keeps the mask")
def with_its_own_backward(x, p, training, generator):
    if math.isnan(p) or p < 0 or p > 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not x.is_floating_point():
        raise ValueError(f"x must be floating point, got {x.dtype}")
    if not training:
        return x.clone()
    lost = torch.rand(x.shape, generator=generator, dtype=torch.float64) < p
    return Masked.apply(x, ~lost, 0.0 if p == 1 else 1 / (1 - p))


@plot(x="p", y="variance of a dropped 1")
def plot_the_variance_grows_with_p(dropout):
    ps = [i / 50 for i in range(48)]
    ones = torch.ones(20_000, dtype=torch.float64)
    drawn = [float(dropout(ones, p, True, seeded(1)).var()) for p in ps]
    return {"p / (1 - p)": (ps, [p / (1 - p) for p in ps]), "of 20000 draws": (ps, drawn)}


@gpu
def bench_activations_of_a_transformer(dropout, race):
    race(
        dropout,
        torch=lambda x, p, training, generator: torch.nn.functional.dropout(x, p, training),
        # Zeros: the result is known, whatever is lost, and the time doesn't depend on it.
        inputs=lambda draw, n, d: (0 * draw.normal(n, d), 0.1, True, draw.generator),
        small=(64, 512),
        large=(8192, 4096),
        forward=lambda x, p, training, generator: {"bytes": 2 * x.nbytes, "flops": 2 * x.numel()},
    )
