"""Refute that KL is a distance: half way between p and r is a detour that is shorter."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("kl_divergence",),
    hints=(
        "Near its zero, KL grows with the square of the step: two half steps are how long?",
        "KL(p || q) is convex in each argument. Try a mixture of p and r.",
    ),
)


def kl(p, q):
    """Infinite where q rules out what p doesn't."""
    if any(a > 0 and b == 0 for a, b in zip(p, q, strict=True)):
        return math.inf
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def shorter(p, r):
    """Accept a distribution through which the way is shorter."""
    whole = kl(p, r)

    def holds(q):
        fits = len(q) == len(p) and min(q) >= 0 and abs(math.fsum(q) - 1) <= 1e-9
        return fits and kl(p, q) + kl(q, r) < 0.99 * whole

    told = f"a distribution q with KL(p || q) + KL(q || r) < 0.99 * {whole:.6g}"
    return such_that(told, holds)


@claim("S3-394")
@pytest.mark.parametrize(
    ("p", "r"),
    [
        ([0.125, 0.25, 0.625], [0.25, 0.5, 0.25]),
        ([0.5, 0.5], [0.99, 0.01]),
        ([0.99, 0.01], [0.5, 0.5]),
        ([0.999, 0.0005, 0.0005], [0.0005, 0.0005, 0.999]),
        ([1 - 2.0**-30, 2.0**-30], [0.5, 0.5]),
    ],
)
def test_a_detour_is_shorter(refute_kl_triangle, p, r):
    check(refute_kl_triangle, p, r, want=shorter(p, r))


@claim("S3-394")
@given(
    st.integers(2, 5).flatmap(lambda n: st.tuples(inputs.distributions(n), inputs.distributions(n)))
)
def test_there_is_one_between_any_two(refute_kl_triangle, pair):
    p, r = pair
    assume((p - r).abs().max() > 1e-3)
    check(refute_kl_triangle, p.tolist(), r.tolist(), want=shorter(p.tolist(), r.tolist()))


@wrong("return p: then the two ways are equally long")
def p_itself(p, r):
    return list(p)


@wrong("return r: then the two ways are equally long")
def r_itself(p, r):
    return list(r)


@wrong("return the uniform distribution: it needn't lie between the two")
def uniform(p, r):
    return [1 / len(p)] * len(p)


@wrong("take the root of the product and forget to divide by the sum")
def not_rescaled(p, r):
    return [math.sqrt(a * b) for a, b in zip(p, r, strict=True)]


@wrong("give the notes' example whatever p and r are")
def the_example(p, r):
    return [0.9, 0.1] if len(p) == 2 else [0.9, 0.1] + [0.0] * (len(p) - 2)


@wrong("go beyond r and not between the two")
def beyond(p, r):
    q = [max(1.5 * b - 0.5 * a, 1e-6) for a, b in zip(p, r, strict=True)]
    return [x / sum(q) for x in q]


@wrong("take the root of the product, rescaled: beside a nearly certain p that gains nothing")
def between_the_logarithms(p, r):
    roots = [math.sqrt(a * b) for a, b in zip(p, r, strict=True)]
    return [x / math.fsum(roots) for x in roots]


@right("a third of the way")
def a_third_of_the_way(p, r):
    return [a + (b - a) / 3 for a, b in zip(p, r, strict=True)]
