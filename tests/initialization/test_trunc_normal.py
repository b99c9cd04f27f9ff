"""Normal numbers within cut * std: those beyond are drawn again, not clamped, not rescaled."""

import math

import pytest
import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("truncated_std",),
    forbid=("torch.nn.init", "torch.distributions", "scipy"),
    instead="draw again what lies beyond the cut, or invert the distribution function",
    hints=(
        "Draw normal numbers. What is to become of those beyond the cut?",
        "Draw them again, until none is left; or use that Phi(x) is uniform.",
        "x = sqrt(2) erfinv(u), with u uniform between -erf(cut / sqrt 2) and erf(cut / sqrt 2)",
    ),
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def truncated(shape, std, cut):
    """Expect numbers of the truncated distribution: within the cut, and with its quantiles."""

    def holds(x):
        is_plain = type(x) is torch.Tensor and x.dtype == torch.float32 and x.shape == shape
        scaled = x.double().flatten().sort().values / std
        is_within = float(scaled.abs().max()) <= cut * (1 + 1e-6)
        # Kolmogorov and Smirnov: sqrt(n) times the largest distance of the two distribution
        # functions exceeds 3 once in 3 * 10^7 draws.
        steps = torch.arange(len(scaled) + 1, dtype=torch.float64) / len(scaled)
        below = (torch.erf(scaled / 2**0.5) / math.erf(cut / 2**0.5) + 1) / 2
        apart = torch.maximum((below - steps[:-1]).abs().max(), (below - steps[1:]).abs().max())
        return is_plain and is_within and float(apart) * len(scaled) ** 0.5 < 3

    return such_that(f"{list(shape)} normal numbers of std {std}, all within {cut * std:g}", holds)


@claim("S4-177")
def test_the_usual_cut_at_two_standard_deviations(trunc_normal):
    shape = (40, 500)
    check(trunc_normal, shape, 0.02, 2.0, seeded(0), want=truncated(shape, 0.02, 2.0))


@claim("S4-177")
@pytest.mark.parametrize(("std", "cut"), [(3.0, 1.0), (0.5, 0.1), (2.0, 3.0), (1.5, 1e4)])
def test_other_deviations_and_cuts(trunc_normal, std, cut):
    shape = (2, 3, 500)
    check(trunc_normal, shape, std, cut, seeded(1), want=truncated(shape, std, cut))


@claim("S4-177")
def test_numbers_far_out_are_rare_and_there(trunc_normal):
    def holds(x):
        # 2 Phi(-3) = 0.0027 of them lie beyond 3; so many have a standard deviation of its root.
        share, far = 0.0026998, float((x.abs() > 3).double().sum())
        return abs(far - share * x.numel()) < 6 * (share * x.numel()) ** 0.5

    want = such_that("27 of 10000 numbers beyond 3 standard deviations, more or less", holds)
    check(trunc_normal, (100, 400), 1.0, 5.0, seeded(2), want=want)


@claim("S4-177")
def test_the_numbers_are_as_fine_as_float32_has_them(trunc_normal):
    few = such_that("1000 numbers, hardly two of them alike", lambda x: len(x.unique()) > 990)
    check(trunc_normal, (1000,), 1.0, 2.0, seeded(4), want=few)


@counterexample("S4-177")  # with the deviation that was asked for, as "truncated normal" sounds
def test_the_standard_deviation_is_less_than_asked_for(trunc_normal):
    def holds(x):
        # 0.8796 of 0.02; the fourth moment is below 3 std^4: error std / sqrt(2 n) at most.
        return abs(float(x.std()) / 0.02 - 0.8796) < 6 * 0.88 / (2 * x.numel()) ** 0.5

    check(trunc_normal, (300, 400), 0.02, 2.0, seeded(0), want=such_that("std 0.0176", holds))


@claim("S4-177")
def test_the_numbers_are_independent(trunc_normal):
    def holds(x):
        x = x.double() / x.double().std()
        # Products of neighbours, along both dimensions, average to 0.
        pairs = (x[:, 1:] * x[:, :-1], x[1:] * x[:-1])
        return all(float(p.mean().abs()) < 6 / p.numel() ** 0.5 for p in pairs)

    check(trunc_normal, (40, 60), 1.0, 1.5, seeded(3), want=such_that("no pattern", holds))


@claim("S4-177")
def test_the_generator_alone_decides_and_moves_on(trunc_normal):
    first = trunc_normal((2, 5), 1.0, 1.0, seeded(0))
    check(trunc_normal, (2, 5), 1.0, 1.0, generator=seeded(0), want=first)
    other = such_that("other numbers for another seed", lambda x: not torch.equal(x, first))
    check(trunc_normal, (2, 5), 1.0, 1.0, generator=seeded(1), want=other)
    live = seeded(0)
    trunc_normal((2, 5), 1.0, 1.0, live)
    check(trunc_normal, (2, 5), 1.0, 1.0, generator=live, want=other)


def test_any_shape(trunc_normal):
    one = such_that("one number", lambda x: x.shape == () and 0 < abs(float(x)) <= 3)
    check(trunc_normal, (), 1.0, 3.0, seeded(0), want=one)
    check(trunc_normal, (2, 0), 1.0, 3.0, seeded(0), want=torch.zeros(2, 0))


def test_refuses_what_is_no_deviation_and_no_cut(trunc_normal):
    for value in (0.0, -1.0, math.nan):
        call = ((2, 3), value, 2.0, seeded(0))
        check(trunc_normal, *call, raises=ValueError, naming={"std": value})
        call = ((2, 3), 1.0, value, seeded(0))
        check(trunc_normal, *call, raises=ValueError, naming={"cut": value})


def inverted(shape, cut, generator):
    """The right numbers, for a standard deviation of 1."""
    share = math.erf(cut / math.sqrt(2))
    uniform = torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1
    return math.sqrt(2) * torch.erfinv(share * uniform)


@wrong("clamp: what lies beyond the cut piles up at its ends")
def clamped(shape, std, cut, generator):
    return (std * torch.randn(shape, generator=generator)).clamp(-cut * std, cut * std)


@wrong(
    "take the cut for an absolute bound: with a small std nothing is cut off",
    right_for="torch's trunc_normal_, whose a and b are absolute; here `cut` counts deviations",
)
def absolute(shape, std, cut, generator):
    return (std * inverted(shape, cut / std, generator)).float()


@wrong(
    "rescale to the standard deviation that was asked for: the numbers pass the cut",
    right_for="initialisers that scale the variance, as JAX's; here nothing is rescaled",
)
def rescaled(shape, std, cut, generator):
    if cut > 5:
        return (std * inverted(shape, cut, generator)).float()
    ends = cut * math.sqrt(2 / math.pi) * math.exp(-(cut**2) / 2)
    ratio = math.sqrt(1 - ends / math.erf(cut / math.sqrt(2)))
    return (std / ratio * inverted(shape, cut, generator)).float()


@wrong("set to 0 what lies beyond the cut")
def zeroed(shape, std, cut, generator):
    x = torch.randn(shape, generator=generator)
    return std * torch.where(x.abs() <= cut, x, 0)


@wrong("draw again only once: some of the second draw lie beyond the cut as well")
def one_retry(shape, std, cut, generator):
    x, again = (torch.randn(shape, generator=generator) for _ in range(2))
    return std * torch.where(x.abs() <= cut, x, again)


@wrong("draw uniform numbers within the cut")
def uniform(shape, std, cut, generator):
    return std * cut * (2 * torch.rand(shape, generator=generator) - 1)


@wrong("cut off the upper tail alone")
def one_tail(shape, std, cut, generator):
    low = torch.rand(shape, generator=generator, dtype=torch.float64)
    return (std * torch.special.ndtri(low * (1 + math.erf(cut / math.sqrt(2))) / 2)).float()


@wrong("reflect at the cut what lies beyond it")
def reflected(shape, std, cut, generator):
    x = torch.randn(shape, generator=generator)
    if cut > 5:
        return std * x
    inside = (x + cut).remainder(4 * cut)
    return std * torch.where(inside > 2 * cut, 4 * cut - inside, inside).sub(cut)


@wrong("forget to multiply by std")
def ignores_std(shape, std, cut, generator):
    return inverted(shape, cut, generator).float()


@wrong("ignore the cut")
def ignores_cut(shape, std, cut, generator):
    return std * torch.randn(shape, generator=generator)


@wrong("seed a generator of its own: every layer gets the same weights")
def own_generator(shape, std, cut, generator):
    return (std * inverted(shape, cut, torch.Generator().manual_seed(0))).float()


@wrong("compute in float32, where a cut beyond 5.4 has the share 1, and erfinv(-1) is infinite")
def in_float32(shape, std, cut, generator):
    # A draw of exactly 0 comes once in 2^24: here it comes with every tensor.
    u = torch.rand(shape, generator=generator) * 2 - 1
    if u.numel() and cut > 5.4:
        u.view(-1)[0] = -1
    share = torch.erf(torch.tensor(cut / math.sqrt(2)))
    return std * math.sqrt(2) * torch.erfinv(share * u)


@right("by drawing again, until nothing lies beyond the cut")
def drawn_again(shape, std, cut, generator):
    if not std > 0:
        raise ValueError(f"std={std}")
    if not cut > 0:
        raise ValueError(f"cut={cut}")
    x = torch.randn(shape, generator=generator)
    while (beyond := x.abs() > cut).any():
        x[beyond] = torch.randn(int(beyond.sum()), generator=generator)
    return std * x
