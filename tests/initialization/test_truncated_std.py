"""The variance of x given |x| <= c is 1 - 2 c phi(c) / (2 Phi(c) - 1)."""

import math

import pytest
import torch

from grader import Exercise, check, claim, counterexample, plot, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("scipy", "statistics", "torch.distributions"),
    instead="integrate by parts, and use math.erf",
    hints=(
        "Which density has x given |x| <= c? Its variance is an integral of x^2 times it.",
        "phi'(x) = -x phi(x), so x^2 phi(x) can be integrated by parts.",
        "1 - 2 c phi(c) / (2 Phi(c) - 1), where 2 Phi(c) - 1 = erf(c / sqrt 2)",
    ),
)


def exact(cut):
    """The quotient of the two integrals, with 20 digits."""
    import mpmath

    with mpmath.workdps(20):
        c = mpmath.mpf(cut)
        places = mpmath.linspace(-c, c, 5)
        second = mpmath.quad(lambda x: x**2 * mpmath.npdf(x), places)
        return float(mpmath.sqrt(second / mpmath.quad(mpmath.npdf, places)))


@claim("S4-177")
def test_known_values(truncated_std):
    check(truncated_std, 2.0, want=0.8796256610342398)
    check(truncated_std, 1.0, want=0.539560093754897)


@claim("S4-177")
@pytest.mark.parametrize("cut", [0.125, 0.7, 1.5, 3.25, 4.75, 5.5, 6.25, 7.0])
def test_equals_the_integral(truncated_std, cut):
    check(truncated_std, cut, want=exact(cut))


@claim("S4-177")
def test_agrees_with_normal_numbers_of_which_the_large_are_thrown_away(truncated_std):
    x = torch.randn(50_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    kept = x[x.abs() <= 1.5]

    def near(std):
        # The error of a mean of squares that lie between 0 and 1.5^2.
        error = float(kept.square().std()) / len(kept) ** 0.5
        return abs(float(kept.square().mean()) - std**2) < 6 * error

    want = such_that(f"about {kept.square().mean() ** 0.5:.3f}, as of 50000 numbers", near)
    check(truncated_std, 1.5, want=want)


@claim("S4-177")
def test_a_narrow_cut_leaves_a_uniform_number(truncated_std):
    # c / sqrt(3) times 1 - c^2 / 15 + ...: by the formula, from numbers that cancel to 3e-5.
    check(truncated_std, 0.01, want=exact(0.01))


@claim("S4-177")
def test_a_cut_far_out_leaves_it_as_it_is(truncated_std):
    check(truncated_std, 40.0, want=1.0)
    check(truncated_std, 1e200, want=1.0)
    check(truncated_std, math.inf, want=1.0)


@counterexample("S4-177")  # "truncated normal" with the deviation that was asked for
def test_the_usual_cut_at_two_loses_an_eighth(truncated_std):
    want = such_that("12 % less than the deviation asked for", lambda s: 0.879 < s < 0.880)
    check(truncated_std, 2.0, want=want)


def test_refuses_a_cut_that_leaves_nothing(truncated_std):
    for cut in (0.0, -2.0, math.nan):
        check(truncated_std, cut, raises=ValueError, naming={"cut": cut})


def ends(cut):
    return cut * math.sqrt(2 / math.pi) * math.exp(-(cut**2) / 2)


def share(cut):
    return math.erf(cut / math.sqrt(2))


@wrong("return the variance and not its root")
def variance(cut):
    return 1.0 if math.isinf(cut) else 1 - ends(cut) / share(cut)


@wrong("forget to divide by the probability of what is kept")
def not_normalised(cut):
    return 1.0 if math.isinf(cut) else math.sqrt(max(0.0, share(cut) - ends(cut)))


@wrong("divide both terms by the share that is kept")
def divides_both(cut):
    return 1.0 if math.isinf(cut) else math.sqrt(max(0.0, 1 - ends(cut)) / share(cut))


@wrong("cut off one tail and not both")
def one_tail(cut):
    if math.isinf(cut):
        return 1.0
    phi, below = ends(cut) / 2 / cut, (1 + share(cut)) / 2
    return math.sqrt(1 - cut * phi / below - (phi / below) ** 2)


@wrong("take erf(c) for the share within c: its argument is c / sqrt 2")
def erf_of_c(cut):
    return 1.0 if math.isinf(cut) else math.sqrt(max(0.0, 1 - ends(cut) / math.erf(cut)))


@wrong("move what is cut off to the ends, as clamping does")
def clamped(cut):
    if math.isinf(cut):
        return 1.0
    # 0 for an infinite square that nothing is left at
    tails = cut**2 * math.erfc(cut / math.sqrt(2)) if cut < 40 else 0.0
    return math.sqrt(share(cut) - ends(cut) + tails)


@wrong("multiply infinity by 0: an infinite cut makes it nan")
def nan_at_infinity(cut):
    return math.sqrt(1 - cut * math.sqrt(2 / math.pi) * math.exp(-cut * cut / 2) / share(cut))


@wrong("return 0.8796 whatever the cut")
def constant(cut):
    return 0.8796256610342398


@right("by the incomplete gamma function: x^2 / 2 has a gamma distribution")
def by_gamma(cut):
    import mpmath

    if math.isnan(cut) or cut <= 0:
        raise ValueError(f"cut: {cut}")
    if cut > 40:
        return 1.0
    with mpmath.workdps(30):
        half = mpmath.mpf(cut) ** 2 / 2
        below = [mpmath.gammainc(a, 0, half, regularized=True) for a in (1.5, 0.5)]
        return float(mpmath.sqrt(below[0] / below[1]))


@plot(x="cut", y="standard deviation")
def plot_what_a_cut_leaves(truncated_std):
    cuts = [k / 20 for k in range(1, 101)]
    uniform = [c / math.sqrt(3) for c in cuts if c < 1.8]
    return {
        "normal within the cut": (cuts, [truncated_std(c) for c in cuts]),
        "uniform within the cut": (cuts[: len(uniform)], uniform),
    }
