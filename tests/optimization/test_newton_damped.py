"""A step is halved until |f| is smaller: what the notes say of every step is true of these."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("newton", "refute_newton_shrinks"),
    forbid=("scipy.optimize",),
    instead="write the loop yourself",
    hints=(
        "The whole step comes first. When is it too long, and what is tried then?",
        "Two loops: one over the steps, one over the halvings of a step.",
        "for k in range(51): z = x - f(x) / df(x) / 2**k; take the first with |f(z)| < |f(x)|.",
    ),
)


def square_less(a):
    """x^2 - a and its derivative."""
    return lambda x: x * x - a, lambda x: 2 * x


def slope_of_atan(x):
    return 1 / (1 + x * x)


def cube_root(x):
    return math.copysign(abs(x) ** (1 / 3), x)


def slope_of_cube_root(x):
    return abs(x) ** (-2 / 3) / 3 if x else math.inf


@claim("S0-122")
def test_a_case_worked_by_hand(newton_damped):
    # x^2 - 16 at 1 is -15: the step 7.5 leads to 56.25, its half to 4.75, where f is 6.5625.
    f, df = square_less(16.0)
    check(newton_damped, f, df, 1.0, tol=6.75, max_iter=10, want=(4.75, 1, "root"))


@claim("S0-122")
def test_a_whole_step_is_made_where_it_is_good(newton_damped):
    f, df = square_less(4.0)
    check(newton_damped, f, df, 4.0, 0.25, 10, want=(2.05, 2, "root"))
    check(newton_damped, f, df, -4.0, 0.25, 10, want=(-2.05, 2, "root"))
    check(newton_damped, lambda x: -f(x), lambda x: -df(x), 4.0, 0.25, 10, want=(2.05, 2, "root"))


@claim("S0-122")
def test_any_gain_is_enough(newton_damped):
    # |f| is 1 but for a point that lies lower by a millionth: the whole step leads there.
    want = (-1.0, 1, "out of steps")
    check(newton_damped, lambda x: 1 - 2.0**-20 * (x == -1), lambda x: 1.0, 0.0, 0.5, 1, want=want)


@claim("S0-122")
def test_each_step_begins_with_the_whole_one_again(newton_damped):
    # From 1 the step is halved; from 4.75 it isn't.
    f, df = square_less(16.0)
    want = (4.75 - 6.5625 / 9.5, 2, "out of steps")
    check(newton_damped, f, df, 1.0, 1e-9, 2, want=want)


@claim("S0-122")
def test_a_step_may_be_halved_many_times(newton_damped):
    # At 1/64 the step is 63.99: the fourth half of it, 4.00, is the first below 16.
    f, df = square_less(16.0)
    x0 = 1 / 64
    want = (x0 - f(x0) / df(x0) / 2**7, 1, "out of steps")
    check(newton_damped, f, df, x0, 1e-9, 1, want=want)


@claim("S0-122")
@given(
    st.integers(1, 40).map(lambda k: Fraction(k, 4)),
    st.integers(1, 40).map(lambda k: Fraction(k, 16)),
    st.integers(0, 6),
)
def test_equals_steps_in_fractions(newton_damped, a, x0, max_iter):
    x, step = x0, 0
    while abs(x * x - a) > Fraction(1, 1000) and step < max_iter:
        whole = (x * x - a) / (2 * x)
        k = next(k for k in range(51) if abs((x - whole / 2**k) ** 2 - a) < abs(x * x - a))
        x, step = x - whole / 2**k, step + 1
    how = "root" if abs(x * x - a) <= Fraction(1, 1000) else "out of steps"
    f, df = square_less(float(a))
    check(newton_damped, f, df, float(x0), 0.001, max_iter, want=(float(x), step, how))


@claim("S0-122")
def test_finds_the_root_that_whole_steps_run_away_from(newton_damped):
    def near_zero(answer):
        x, _, how = answer
        return how == "root" and abs(x) <= 1e-8

    found = such_that('a point within 1e-8 of 0, "root"', near_zero)
    for x0 in (1.5, -3.0, 20.0):
        check(newton_damped, math.atan, slope_of_atan, x0, 1e-9, 30, want=found)


@claim("S0-122")
def test_the_cube_root_wants_half_a_step(newton_damped):
    # Whole steps lead from x to -2 x, halves to -x / 2.
    for steps in range(4):
        want = (8 * (-0.5) ** steps, steps, "out of steps")
        check(newton_damped, cube_root, slope_of_cube_root, 8.0, 1e-9, steps, want=want)


def test_a_step_into_nowhere_is_halved(newton_damped):
    def log(x):
        return math.log(x) if x > 0 else math.nan

    # From 3 the whole step leads to -0.296, half of it to 1.352.
    want = (3 - 1.5 * math.log(3), 1, "out of steps")
    check(newton_damped, log, lambda x: 1 / x, 3.0, 1e-9, 1, want=want)
    # From 100 it takes 3 halvings: 100 - 460.5 / 8 = 42.4.
    want = (100 - 12.5 * math.log(100), 1, "out of steps")
    check(newton_damped, log, lambda x: 1 / x, 100.0, 1e-9, 1, want=want)


def test_a_flat_tangent_ends_it(newton_damped):
    f, df = square_less(2.0)
    check(newton_damped, f, df, 0.0, 1e-9, 9, want=(0.0, 0, "flat"))
    f, df = square_less(-1.0)  # no root; from 1 a whole step leads to 0
    check(newton_damped, f, df, 1.0, 1e-9, 9, want=(0.0, 1, "flat"))
    check(newton_damped, f, df, 1.0, 1e-9, 1, want=(0.0, 1, "flat"))
    check(newton_damped, lambda x: x**3, lambda x: 3 * x**2, 0.0, 0.0, 9, want=(0.0, 0, "root"))


def test_a_slope_is_flat_only_if_it_is_0(newton_damped):
    f, df = (lambda x: 2.0**-44 * (x - 1)), (lambda x: 2.0**-44)
    check(newton_damped, f, df, 3.0, 0.0, 5, want=(1.0, 1, "root"))


@claim("S0-122")
def test_huge_and_tiny_values_are_compared_as_well(newton_damped):
    # x^2 - 1 from 3: the whole step, 8 / 6, leads from 8 to 1.78.
    for size in (2.0**700, 2.0**-700):
        f, df = (lambda x, a=size: a * (x * x - 1)), (lambda x, a=size: 2 * a * x)
        check(newton_damped, f, df, 3.0, 0.0, 1, want=(3 - 8 / 6, 1, "out of steps"))


def test_says_when_no_step_helps(newton_damped):
    # The slope given points the wrong way, or |f| is 1 everywhere.
    check(newton_damped, lambda x: x, lambda x: -1.0, 2.0, 0.5, 9, want=(2.0, 0, "stuck"))
    check(newton_damped, lambda x: 1.0, lambda x: 2.0, 2.0, 0.5, 9, want=(2.0, 0, "stuck"))
    check(newton_damped, lambda x: 1.0, lambda x: 2.0, 2.0, 0.5, 0, want=(2.0, 0, "out of steps"))

    def one_above_0(x):
        return 1.0 if x >= 0 else math.nan

    # Even the shortest step leads from 0 to -1024, where there is no value.
    check(newton_damped, one_above_0, lambda x: 2.0**-60, 0.0, 0.5, 9, want=(0.0, 0, "stuck"))


def pit(depth):
    """A function that is smaller only in a narrow pit, 2^-depth away from 0."""
    return lambda x: 0.5 if x == -(2.0**-depth) else 1.0


def test_fifty_halvings_are_the_last(newton_damped):
    want = (-(2.0**-50), 1, "root")
    check(newton_damped, pit(50), lambda x: 1.0, 0.0, 0.5, 9, want=want, scale=0.0)
    check(newton_damped, pit(51), lambda x: 1.0, 0.0, 0.5, 9, want=(0.0, 0, "stuck"))


def test_a_limit_of_no_steps_and_an_exact_tolerance(newton_damped):
    f, df = square_less(4.0)
    check(newton_damped, f, df, 4.0, 0.25, 0, want=(4.0, 0, "out of steps"))
    check(newton_damped, f, df, -4.0, 0.25, 1, want=(-2.5, 1, "out of steps"))
    check(newton_damped, f, df, 2.5, 2.25, 0, want=(2.5, 0, "root"))
    check(newton_damped, f, df, -2.0, 0.0, 0, want=(-2.0, 0, "root"))


def test_refuses_tolerances_and_limits_that_make_no_sense(newton_damped):
    f, df = square_less(2.0)
    for tol in (-0.5, math.nan):
        check(newton_damped, f, df, 1.0, tol, 5, raises=ValueError, naming={"tol": tol})
    check(newton_damped, f, df, 1.0, 0.5, -1, raises=ValueError, naming={"max_iter": -1})


def run(f, df, x0, tol, max_iter, halvings=50, better=lambda new, old: abs(new) < abs(old),
        shrink=0.5, first=None):  # fmt: skip
    """The right course of things, if nothing else is said."""
    x, n, factor = x0, 0, 1.0
    while abs(f(x)) > tol:
        if df(x) == 0:
            return x, n, "flat"
        if n == max_iter:
            return x, n, "out of steps"
        factor = 1.0 if first is None else first * factor
        whole, k = f(x) / df(x), 0
        while not better(f(x - factor * whole), f(x)):
            factor, k = factor * shrink, k + 1
            if k > halvings:
                return x, n, "stuck"
        x, n = x - factor * whole, n + 1
    return x, n, "root"


@wrong("make whole steps only: |f| may grow")
def undamped(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, better=lambda new, old: True)


@wrong("halve every step: near the root the digits no longer double")
def always_half(f, df, x0, tol, max_iter):
    return run(f, lambda x: 2 * df(x), x0, tol, max_iter)


@wrong("go on with the shortened step: near the root it should be whole again")
def keeps_the_factor(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, first=1.0)


@wrong("compare f itself and not its size")
def without_size(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, better=lambda new, old: new < old)


@wrong("divide the step by ten and not by two")
def tenths(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, shrink=0.1)


@wrong("ask for a share of the gain that the slope promises",
       right_for="Armijo's rule; here any gain is enough")  # fmt: skip
def sufficient_gain(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, better=lambda new, old: abs(new) < (1 - 1e-4) * abs(old))


@wrong("take a step that leaves |f| as it is")
def not_worse(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, better=lambda new, old: abs(new) <= abs(old))


@wrong("refuse a step only where |f| grows: that of nan doesn't")
def takes_nan(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, better=lambda new, old: not abs(new) >= abs(old))


@wrong("give up after 10 halvings")
def ten_halvings(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, halvings=10)


@wrong("halve once more than 50 times")
def one_halving_more(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, halvings=51)


@wrong("halve once at most")
def one_halving(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter, halvings=1)
    return x, n, how


@wrong("make the last step tried when none helps, and go on")
def never_stuck(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return (x, max_iter, "out of steps") if how == "stuck" else (x, n, how)


@wrong("return the last point that was tried where none helps")
def returns_the_last_trial(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return (x - 2.0**-50 * f(x) / df(x), n, how) if how == "stuck" else (x, n, how)


@wrong("call a slope below 1e-12 flat")
def nearly_flat(f, df, x0, tol, max_iter):
    return run(f, lambda x: df(x) if abs(df(x)) >= 1e-12 else 0.0, x0, tol, max_iter)


@wrong("compare the squares: they overflow where |f| is large, and vanish where it is small")
def compares_squares(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, better=lambda new, old: new * new < old * old)


@wrong("look for a root before each step only: the one that the last step reached is missed")
def misses_the_last(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return x, n, "out of steps" if n == max_iter else how


@wrong("count the halvings as steps")
def counts_halvings(f, df, x0, tol, max_iter):
    x, n, how, count = x0, 0, "root", 0
    while abs(f(x)) > tol:
        z, m, how = run(f, df, x, tol, min(1, max_iter - n))
        if how in ("flat", "stuck") or not m:
            return x, count, how
        whole = abs(f(x) / df(x))
        count += 1 + round(math.log2(whole / abs(z - x)))
        x, n = z, n + 1
    return x, count, "root"


@wrong("ask whether |f| is smaller than tol, or the slope is flat, only after the first step")
def steps_first(f, df, x0, tol, max_iter):
    if max_iter == 0:
        return x0, 0, "out of steps"
    whole = f(x0) / (df(x0) or 1e-300)
    x, n, how = run(f, df, x0 - whole, tol, max_iter - 1)
    return x, n + 1, how


@right("with the factor in a loop of its own")
def factor_in_a_loop(f, df, x0, tol, max_iter):
    if tol < 0 or math.isnan(tol):
        raise ValueError(f"`tol` can't be {tol}")
    if max_iter < 0:
        raise ValueError(f"`max_iter` can't be {max_iter}")
    x = x0
    for n in range(max_iter + 1):
        y = f(x)
        if abs(y) <= tol:
            return x, n, "root"
        m = df(x)
        if m == 0:
            return x, n, "flat"
        if n == max_iter:
            break
        factor = 2.0
        for _ in range(51):
            factor /= 2
            if abs(f(x - factor * (y / m))) < abs(y):
                break
        else:
            return x, n, "stuck"
        x -= factor * (y / m)
    return x, max_iter, "out of steps"


@plot(x="iteration", y="|f|", yscale="log")
def plot_atan_from_afar(newton_damped):
    def sizes(x0):
        ends = (newton_damped(math.atan, slope_of_atan, x0, 0.0, n)[0] for n in range(9))
        return range(9), [max(abs(math.atan(x)), 1e-16) for x in ends]

    return {f"from {x0:g}": sizes(x0) for x0 in (1.3, 1.5, 5.0, 20.0)}
