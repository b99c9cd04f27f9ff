"""Refute KL(p || q) != KL(q || p): give p != q with both the same."""

import math

import pytest

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("kl_divergence",),
    hints=(
        "For two classes, try p = (0.3, 0.7) and a q made of the same two numbers.",
        "Let q be p in another order. For which orders does exchanging p and q change no sum?",
        "An order that leads back if it is applied twice: exchange pairs, or reverse.",
    ),
)


def kl(p, q):
    """Sum without the rounding of a sum."""
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def refutes(n):
    """Accept what the docstring admits and for which the notes' statement fails."""

    def holds(pair):
        p, q = pair
        rows = all(len(x) == n and min(x) > 0 and abs(math.fsum(x) - 1) <= 1e-9 for x in (p, q))
        steps = [b - a for a, b in zip(sorted(p), sorted(p)[1:], strict=False)]
        apart = max(abs(a - b) for a, b in zip(p, q, strict=True)) > 1e-3
        return rows and apart and min(steps) > 1e-6 and abs(kl(p, q) - kl(q, p)) < 1e-9

    told = f"two lists of {n} probabilities, p's all different, q not p, and the same KL both ways"
    return such_that(told, holds)


@claim("S3-394")
@pytest.mark.parametrize("n", [2, 3, 4, 10])
def test_it_may_be_the_same_both_ways(refute_kl_asymmetry, n):
    check(refute_kl_asymmetry, n, want=refutes(n))


def rising(n):
    """Probabilities 1 : 2 : ... : n."""
    return [2 * (i + 1) / (n * (n + 1)) for i in range(n)]


@wrong("return the same distribution twice: the statement is about different ones")
def the_same(n):
    return rising(n), rising(n)


@wrong("shift p by one place: that is enough for two classes, but not for three")
def shifted(n):
    p = rising(n)
    return p, p[1:] + p[:1]


@wrong("take the uniform distribution for q: the two differ")
def uniform(n):
    return rising(n), [1 / n] * n


@wrong("take two distributions with equal entries: p's must differ")
def equal_entries(n):
    p = [0.5] + [0.5 / (n - 1)] * (n - 1)
    return p, p[::-1]


@wrong("return weights that don't sum to 1")
def unnormalised(n):
    p = [float(i + 1) for i in range(n)]
    return p, p[::-1]


@right("exchanging the first two entries")
def first_two(n):
    p = [2.0**-i for i in range(1, n)]
    p = [0.9 * x for x in p] + [1 - 0.9 * math.fsum(p)]
    return p, [p[1], p[0], *p[2:]]
