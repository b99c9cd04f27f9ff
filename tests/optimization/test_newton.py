"""x_{n+1} = x_n - f(x_n) / f'(x_n): to a root, into a cycle, onto a flat place, or away."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    forbid=("scipy.optimize",),
    instead="write the loop yourself",
    hints=(
        "The tangent at x is f(x) + f'(x) (z - x). Where does it cross the axis?",
        "Look at the point first, then step: with max_iter steps there are max_iter + 1 points.",
        "Ask in the order of the list, and return from inside the loop.",
    ),
)


def square_less(a):
    """x^2 - a and its derivative."""
    return lambda x: x * x - a, lambda x: 2 * x


def cubic(x):
    return x**3 - 2 * x + 2


def slope_of_cubic(x):
    return 3 * x**2 - 2


def slope_of_atan(x):
    return 1 / (1 + x * x)


@claim("S0-118", "S0-120", "S0-123")
def test_a_case_worked_by_hand(newton):
    # 4 -> 4 - 12/8 = 2.5 -> 2.5 - 2.25/5 = 2.05, where f is 0.2025.
    check(newton, *square_less(4.0), 4.0, tol=0.25, max_iter=10, want=(2.05, 2, "root"))


@claim("S0-118")
def test_a_falling_function_and_a_negative_value_are_no_different(newton):
    # -(x^2 - 4): the same points, f = -0.2025 at the last.
    f, df = square_less(4.0)
    check(newton, lambda x: -f(x), lambda x: -df(x), 4.0, 0.25, 10, want=(2.05, 2, "root"))
    check(newton, lambda x: -f(x), lambda x: -df(x), -4.0, 0.25, 10, want=(-2.05, 2, "root"))


@claim("S0-118", "S0-123")
@given(
    st.integers(1, 40).map(lambda k: Fraction(k, 4)),
    st.integers(1, 40).map(lambda k: Fraction(k, 4)),
)
def test_finds_a_square_root_as_fractions_do(newton, a, x0):
    x, steps = x0, 0
    while abs(x * x - a) > Fraction(1, 10**9):
        x, steps = x - (x * x - a) / (2 * x), steps + 1
    want = (float(x), steps, "root")
    check(newton, *square_less(float(a)), float(x0), 1e-9, 40, want=want)


@claim("S0-123")
def test_near_a_simple_root_the_digits_double(newton):
    points = [1.0, 3 / 2, 17 / 12, 577 / 408, 665857 / 470832]  # off sqrt 2 by .4, .09, .002, 2e-6
    for steps, x in enumerate(points):
        check(newton, *square_less(2.0), 1.0, 0.0, steps, want=(x, steps, "out of steps"))


@claim("S0-120")
@given(st.integers(-20, 20), st.integers(-8, 8).filter(bool), st.integers(-20, 20))
def test_an_affine_function_takes_one_step(newton, root, slope, x0):
    steps = int(root != x0)
    check(newton, lambda x: slope * (x - root), lambda x: float(slope), float(x0), 1e-12, 5,
          want=(float(root), steps, "root"))  # fmt: skip


@counterexample("S0-121")  # "x1 is not a root, because only the linear part is used"
def test_x1_is_a_root_where_f_is_its_linear_part(newton):
    check(newton, lambda x: 3 * x - 6, lambda x: 3.0, 10.0, 0.0, 5, want=(2.0, 1, "root"))


@claim("S0-121")
def test_x1_is_mostly_no_root(newton):
    check(newton, *square_less(4.0), 4.0, 0.0, 1, want=(2.5, 1, "out of steps"))


def test_a_root_is_a_root_even_where_the_tangent_is_flat(newton):
    check(newton, lambda x: x**3, lambda x: 3 * x**2, 0.0, 0.0, 5, want=(0.0, 0, "root"))
    check(newton, *square_less(4.0), -2.0, 0.0, 0, want=(-2.0, 0, "root"))
    # The cube root rises straight up at its root.
    for slope in (math.inf, math.nan):
        check(newton, math.cbrt, lambda x, m=slope: m, 0.0, 0.0, 5, want=(0.0, 0, "root"))


def test_the_tolerance_is_one_of_f_however_long_the_step_is(newton):
    # A thousand times x^2 - 4, and a thousandth of it: the points are the same.
    for size in (2.0**-10, 2.0**10):
        f, df = (lambda x, a=size: a * (x * x - 4)), (lambda x, a=size: a * 2 * x)
        check(newton, f, df, 4.0, 0.25 * size, 10, want=(2.05, 2, "root"))


def test_the_tolerance_itself_is_enough(newton):
    check(newton, *square_less(4.0), 2.5, 2.25, 5, want=(2.5, 0, "root"))
    check(newton, *square_less(4.0), 2.5, 2.0, 5, want=(2.05, 1, "root"))


def test_the_last_step_may_reach_the_root(newton):
    check(newton, lambda x: 2 * x - 8, lambda x: 2.0, 1.0, 0.0, 1, want=(4.0, 1, "root"))
    check(newton, *square_less(4.0), 4.0, 0.25, 2, want=(2.05, 2, "root"))


@counterexample("S0-120")  # x1 = x0 - f(x0) / f'(x0)
def test_a_flat_tangent_has_no_next_point(newton):
    check(newton, *square_less(2.0), 0.0, 1e-9, 9, want=(0.0, 0, "flat"))
    # x^2 + 1 from 1: the first step leads to 0.
    check(newton, *square_less(-1.0), 1.0, 1e-9, 9, want=(0.0, 1, "flat"))
    check(newton, *square_less(-1.0), 1.0, 1e-9, 1, want=(0.0, 1, "flat"))


@claim("S0-120")
def test_a_nearly_flat_tangent_leads_far_away(newton):
    want = (0.125 - (0.125**2 - 2) / 0.25, 1, "out of steps")  # 8.06
    check(newton, *square_less(2.0), 0.125, 1e-9, 1, want=want)
    check(newton, lambda x: 1.0, lambda x: 2.0**-60, 0.0, 0.0, 1,
          want=(-(2.0**60), 1, "out of steps"))  # fmt: skip


@counterexample("S0-123")  # "converges towards a root"
def test_it_may_go_in_a_circle(newton):
    for steps in (6, 7):
        want = (float(steps % 2), steps, "out of steps")
        check(newton, cubic, slope_of_cubic, 0.0, 1e-9, steps, want=want)


@counterexample("S0-123")
def test_it_may_run_away(newton):
    points = [1.5]
    for _ in range(4):
        x = points[-1]
        points.append(x - math.atan(x) * (1 + x * x))  # -1.69, 2.32, -5.11, 32.3
    for steps, x in enumerate(points):
        check(newton, math.atan, slope_of_atan, 1.5, 1e-9, steps, want=(x, steps, "out of steps"))


@claim("S0-123")
def test_it_comes_home_from_nearer_by(newton):
    import mpmath

    with mpmath.workdps(50):
        x, steps = mpmath.mpf(1.25), 0
        while abs(mpmath.atan(x)) > 1e-9:
            x, steps = x - mpmath.atan(x) * (1 + x * x), steps + 1
    # The root is 0: what is left of it is rounding.
    check(newton, math.atan, slope_of_atan, 1.25, 1e-9, 20, want=(0.0, steps, "root"), scale=1e5)


@counterexample("S0-123")
def test_to_a_double_root_the_distance_only_halves(newton):
    def f(x):
        return (x - 1) ** 2

    for steps in range(5):
        want = (1 + 2.0**-steps, steps, "out of steps")
        check(newton, f, lambda x: 2 * (x - 1), 2.0, 0.0, steps, want=want)


@claim("S0-118")
def test_without_a_root_it_ends_all_the_same(newton):
    check(newton, lambda x: 1.0, lambda x: 1.0, 0.5, 1e-9, 50, want=(-49.5, 50, "out of steps"))
    x = Fraction(1, 2)
    for _ in range(3):
        x -= (x * x + 1) / (2 * x)
    check(newton, *square_less(-1.0), 0.5, 1e-9, 3, want=(float(x), 3, "out of steps"))


def test_says_where_a_function_stops_being_a_number(newton):
    def log(x):
        return math.log(x) if x > 0 else math.nan

    end = 3 - 3 * math.log(3)  # -0.296
    check(newton, log, lambda x: 1 / x, 3.0, 1e-9, 9, want=(end, 1, "not finite"))
    check(newton, log, lambda x: 1 / x, 3.0, 1e-9, 1, want=(end, 1, "not finite"))
    check(newton, lambda x: x, lambda x: math.inf, 3.0, 0.5, 9, want=(3.0, 0, "not finite"))
    check(newton, lambda x: x, lambda x: math.nan, 3.0, 0.5, 0, want=(3.0, 0, "not finite"))
    check(newton, lambda x: -math.inf, lambda x: 0.0, 3.0, 0.5, 9, want=(3.0, 0, "not finite"))
    check(newton, lambda x: math.nan, lambda x: 0.0, 3.0, 0.5, 9, want=(3.0, 0, "not finite"))


def test_a_step_that_overflows_ends_it(newton):
    def f(x):
        return 1e300 if math.isfinite(x) else 0.0

    check(newton, f, lambda x: -1e-300, 1.0, 0.5, 9, want=(math.inf, 1, "not finite"))
    check(newton, f, lambda x: 1e-300, 1.0, 0.5, 1, want=(-math.inf, 1, "not finite"))


def test_refuses_tolerances_and_limits_that_make_no_sense(newton):
    for tol in (-0.5, math.nan):
        check(newton, *square_less(2.0), 1.0, tol, 5, raises=ValueError, naming={"tol": tol})
    naming = {"max_iter": -1}
    check(newton, *square_less(2.0), 1.0, 0.5, -1, raises=ValueError, naming=naming)


def run(f, df, x0, tol, max_iter, step=lambda x, value, slope: x - value / slope):
    """The right course of things, with a step of another kind."""
    x, n = x0, 0
    while True:
        value, slope = (f(x), df(x)) if math.isfinite(x) else (math.nan, math.nan)
        if abs(value) <= tol:
            return x, n, "root"
        if not math.isfinite(value + slope):
            return x, n, "not finite"
        if slope == 0:
            return x, n, "flat"
        if n == max_iter:
            return x, n, "out of steps"
        x, n = step(x, value, slope), n + 1


@wrong("compare f(x) itself with tol: any negative value passes for a root")
def without_size(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, 0)
    while how == "out of steps" and n < max_iter and not f(x) <= tol:
        (x, _, how), n = run(f, df, x - f(x) / df(x), tol, 0), n + 1
    return x, n, "root" if f(x) <= tol else how


@wrong("add the quotient: it climbs away from the root")
def adds(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, lambda x, value, slope: x + value / slope)


@wrong("keep the slope at x0 for all steps: that converges, but not by doubling its digits")
def chord(f, df, x0, tol, max_iter):
    first = []

    def step(x, value, slope):
        first.append(slope)
        return x - value / first[0]

    return run(f, df, x0, tol, max_iter, step)


@wrong("multiply by the slope: that is a step of gradient descent with rate 1 on f^2 / 2")
def multiplies(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter, lambda x, value, slope: x - value * slope)


@wrong("take the slope from a small difference and not from df")
def difference(f, df, x0, tol, max_iter):
    def step(x, value, slope):
        return x - value / ((f(x + 1e-6) - value) / 1e-6 or slope)

    return run(f, df, x0, tol, max_iter, step)


@wrong("add a small number to a slope of 0: it leaps to somewhere and never says so")
def patched_slope(f, df, x0, tol, max_iter):
    return run(f, lambda x: df(x) or 1e-12, x0, tol, max_iter)


@wrong("ask for a slope before asking for a root: a root on a flat place isn't seen")
def flat_first(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return x, n, "flat" if math.isfinite(x) and df(x) == 0 and how == "root" else how


@wrong("look for a root before each step only: the one that the last step reached is missed")
def misses_the_last(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return x, n, "out of steps" if n == max_iter else how


@wrong("make one step more than max_iter")
def one_more(f, df, x0, tol, max_iter):
    return run(f, df, x0, tol, max_iter + 1)


@wrong("count the points and not the steps between them")
def counts_points(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return x, n + 1, how


@wrong("ask for |f(x)| < tol: with tol = 0 an exact root is never one")
def strictly_below(f, df, x0, tol, max_iter):
    return run(f, df, x0, math.nextafter(tol, -1.0), max_iter)


@wrong(
    "stop when the step is short: where the slope is steep, f may still be large",
    right_for="a tolerance on x; here it is on f(x)",
)
def short_step(f, df, x0, tol, max_iter):
    last = [math.inf]

    def step(x, value, slope):
        last[0] = value / slope
        return x - last[0]

    x, n, how = run(f, df, x0, 0.0, 0)
    while how == "out of steps" and n < max_iter and abs(last[0]) > tol:
        (x, _, how), n = run(f, df, step(x, f(x), df(x)), 0.0, 0), n + 1
    return x, n, "root" if abs(last[0]) <= tol else how


@wrong("stop where the step is short, too: where the slope is steep, f may still be large")
def short_step_as_well(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, 0)
    while how == "out of steps" and n < max_iter:
        before = x
        (x, m, how) = run(f, df, x, tol, 1)
        n += m
        if how == "out of steps" and abs(x - before) <= tol:
            return x, n, "root"
    return x, n, how


@wrong("ask whether all is finite before asking for a root: an infinite slope at one is no harm")
def finite_first(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return x, n, how if how != "root" or math.isfinite(df(x)) else "not finite"


@wrong("go on with nan until the steps run out")
def ignores_nan(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return (x, n, how) if how != "not finite" else (math.nan, max_iter, "out of steps")


@wrong("take f(x) = inf or a slope of inf for numbers, and look for nan alone")
def only_nan(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    if how == "not finite" and math.isfinite(x) and not math.isnan(f(x) + df(x)):
        return (x, n, "flat") if df(x) == 0 else (x, max_iter, "out of steps")
    return x, n, how


@wrong("ask f at a point that isn't finite, and believe it")
def asks_at_infinity(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return x, n, "root" if math.isinf(x) and abs(f(x)) <= tol else how


@wrong("return the point before the last")
def point_before(f, df, x0, tol, max_iter):
    x, n, how = run(f, df, x0, tol, max_iter)
    return (run(f, df, x0, tol, n - 1)[0] if n else x), n, how


@right("as a loop that breaks")
def breaking(f, df, x0, tol, max_iter):
    if tol < 0 or math.isnan(tol):
        raise ValueError(f"`tol` can't be {tol}")
    if max_iter < 0:
        raise ValueError(f"`max_iter` can't be {max_iter}")
    x, steps = x0, 0
    while True:
        if not math.isfinite(x):
            how = "not finite"
            break
        y = f(x)
        if -tol <= y <= tol:
            how = "root"
            break
        m = df(x)
        if not math.isfinite(y) or not math.isfinite(m):
            how = "not finite"
            break
        if m == 0:
            how = "flat"
            break
        if steps == max_iter:
            how = "out of steps"
            break
        x, steps = x - y / m, steps + 1
    return x, steps, how


@right("by recursion: one step, then the rest")
def by_recursion(f, df, x0, tol, max_iter):
    if math.isnan(tol) or tol < 0:
        raise ValueError(f"tol = {tol}")
    if max_iter <= -1:
        raise ValueError(f"max_iter = {max_iter}")
    if math.isinf(x0) or math.isnan(x0):
        return x0, 0, "not finite"
    y, m = f(x0), df(x0)
    if abs(y) <= tol:
        return x0, 0, "root"
    if math.isinf(y) or math.isnan(y) or math.isinf(m) or math.isnan(m):
        return x0, 0, "not finite"
    if not m:
        return x0, 0, "flat"
    if not max_iter:
        return x0, 0, "out of steps"
    x, steps, how = by_recursion(f, df, x0 - y / m, tol, max_iter - 1)
    return x, steps + 1, how


@plot(x="iteration", y="|x - root|", yscale="log")
def plot_distance_to_the_root(newton):
    steps = range(10)

    def distances(f, df, x0, root):
        ends = (newton(f, df, x0, 0.0, n)[0] for n in steps)
        return steps, [max(abs(x - root), 1e-16) for x in ends]

    return {
        "x^2 - 2 from 1": distances(*square_less(2.0), 1.0, math.sqrt(2)),
        "(x - 1)^2 from 2, a double root": distances(
            lambda x: (x - 1) ** 2, lambda x: 2 * (x - 1), 2.0, 1.0
        ),
        "x^3 - 2x + 2 from 0, a cycle": distances(cubic, slope_of_cubic, 0.0, -1.7692923542386314),
        "atan from 1.375": distances(math.atan, slope_of_atan, 1.375, 0.0),
        "atan from 1.4": distances(math.atan, slope_of_atan, 1.4, 0.0),
    }
