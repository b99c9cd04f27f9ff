"""Which of the rates k^-p * log(k + 1)^-q are summable, and which square summable."""

from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    hints=(
        "Begin with q = 0. For which p is the sum of k^-p finite?",
        "A power of k beats every power of the logarithm; only at k^-1 does the latter decide.",
        "The squares are rates of the same kind, with 2p and 2q.",
    ),
)

EIGHTHS = st.integers(-24, 8).map(lambda k: 1 + k / 8)


def is_summable(p, q):
    """By condensation: the sum of f(k) is finite just where that of 2^n f(2^n) is."""
    growth = 2.0 ** (1 - p)  # 2^n * 2^(-np) * (about n)^-q
    return growth < 1 or (growth == 1 and q > 1)


@claim("S4-323")
def test_powers_of_k(robbins_monro):
    rates = (
        (0.75, 0.0, (True, True)),
        (0.0, 0.0, (True, False)),  # constant
        (0.5, 0.0, (True, False)),
        (1.0, 0.0, (True, True)),
        (1.25, 0.0, (False, True)),
        (2.0, 0.0, (False, True)),
        (1.001, 0.0, (False, True)),
        (0.501, 0.0, (True, True)),
        (0.499, 0.0, (True, False)),
    )
    for p, q, want in rates:
        check(robbins_monro, p, q, want=want)


@claim("S4-323")
def test_the_logarithm_decides_at_the_edges(robbins_monro):
    rates = (
        (1.0, -3.0, (True, True)),
        (1.0, 1.0, (True, True)),  # the integral is log log k
        (1.0, 1.125, (False, True)),
        (0.5, -1.0, (True, False)),
        (0.5, 2.0, (True, True)),
        (0.5, 0.625, (True, True)),
        (0.5, 0.5, (True, False)),  # the squares are 1 / (k log k)
    )
    for p, q, want in rates:
        check(robbins_monro, p, q, want=want)


@claim("S4-323")
def test_elsewhere_the_logarithm_doesnt_matter(robbins_monro):
    rates = (
        (0.375, 9.0, (True, False)),
        (0.875, 9.0, (True, True)),
        (1.125, -9.0, (False, True)),
        (0.625, -9.0, (True, True)),
        (-1.0, 2.0, (True, False)),
        (0.0, 5.0, (True, False)),
    )
    for p, q, want in rates:
        check(robbins_monro, p, q, want=want)


@claim("S4-323")
def test_right_beside_an_edge_the_power_decides(robbins_monro):
    small = 2.0**-20
    rates = (
        (1 + small, 0.0, (False, True)),
        (1 - small, 2.0, (True, True)),
        (0.5 + small, 0.0, (True, True)),
        (0.5 - small, 1.0, (True, False)),
    )
    for p, q, want in rates:
        check(robbins_monro, p, q, want=want)


@claim("S4-323")
@given(EIGHTHS, EIGHTHS)
def test_agrees_with_condensation(robbins_monro, p, q):
    check(robbins_monro, p, q, want=(not is_summable(p, q), is_summable(2 * p, 2 * q)))


@wrong("forget the logarithm")
def no_logarithm(p, q):
    return p <= 1, 2 * p > 1


@wrong("take 1 / (k log k) to be summable")
def edge_of_the_sum(p, q):
    return p < 1 or (p == 1 and q < 1), 2 * p > 1 or (2 * p == 1 and 2 * q > 1)


@wrong("let the logarithm count as a power of k: p + q stands in for p")
def added(p, q):
    return p + q <= 1, 2 * (p + q) > 1


@wrong("compare p with a tolerance: beside an edge the logarithm has no say")
def with_tolerance(p, q):
    p = next((edge for edge in (0.5, 1.0) if abs(p - edge) < 1e-5), p)
    return not is_summable(p, q), is_summable(2 * p, 2 * q)


@wrong("square the power of k and not that of the logarithm")
def half_squared(p, q):
    return not is_summable(p, q), is_summable(2 * p, q)


@wrong("ask whether the sum converges in the first place too")
def both_converge(p, q):
    return is_summable(p, q), is_summable(2 * p, 2 * q)


@wrong("take the squares of 1 / sqrt(k) to be summable: they are the harmonic series")
def edge_of_the_squares(p, q):
    return not is_summable(p, q), 2 * p >= 1


@wrong("require that the rates fall for the sum to be infinite")
def must_fall(p, q):
    return (p, q) > (0, 0) and not is_summable(p, q), is_summable(2 * p, 2 * q)


@right("by comparing pairs in lexicographic order")
def lexicographic(p, q):
    return (p, q) <= (1, 1), (p, q) > (1 / 2, 1 / 2)
