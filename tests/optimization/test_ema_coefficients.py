"""M_t = beta^n M_{t-n} + (1 - beta) (beta^{n-1} y_{t-n+1} + ... + beta^0 y_t), in exact fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("ema",),
    hints=(
        "Put M_{t-1} = beta M_{t-2} + (1 - beta) y_{t-1} into the recursion, and look at M_{t-2}.",
        "How often has a value been multiplied by beta since it came in?",
        "beta^n for M_{t-n}, (1 - beta) beta^i for y_{t-i}; the oldest has i = n - 1.",
    ),
)
BETAS = st.fractions(-1, 2, max_denominator=12)


def by_recursion(beta, n):
    """Run the recursion on unit series: a coefficient is what a single 1 comes to."""

    def run(mean, values):
        for value in values:
            mean = beta * mean + (1 - beta) * value
        return Fraction(mean)

    units = [[int(i == j) for j in range(n)] for i in range(n)]
    return run(1, [0] * n), [run(0, unit) for unit in units]


@claim("S3-311")
def test_a_case_worked_by_hand(ema_coefficients):
    want = Fraction(1, 27), [Fraction(2, 27), Fraction(2, 9), Fraction(2, 3)]
    check(ema_coefficients, Fraction(1, 3), 3, want=want)


@claim("S3-311")
def test_two_steps_of_nine_tenths_give_the_older_value_nine_percent(ema_coefficients):
    want = Fraction(81, 100), [Fraction(9, 100), Fraction(1, 10)]
    check(ema_coefficients, Fraction(9, 10), n=2, want=want)


@claim("S3-311")
@given(BETAS, st.integers(0, 6))
def test_they_are_what_the_recursion_makes_of_a_single_one(ema_coefficients, beta, n):
    check(ema_coefficients, beta, n, want=by_recursion(beta, n))


@claim("S3-311")
def test_twenty_steps_are_as_exact(ema_coefficients):
    beta = Fraction(9, 10)
    check(ema_coefficients, beta, 20, want=by_recursion(beta, 20))


@claim("S3-311")
def test_one_step_is_the_recursion_itself(ema_coefficients):
    check(ema_coefficients, Fraction(3, 4), 1, want=(Fraction(3, 4), [Fraction(1, 4)]))


@claim("S3-311")
def test_no_step_leaves_the_average_alone(ema_coefficients):
    check(ema_coefficients, Fraction(3, 4), 0, want=(Fraction(1), []))


@claim("S3-311")
def test_beta_zero_keeps_the_newest_value_alone(ema_coefficients):
    check(ema_coefficients, Fraction(0), 2, want=(Fraction(0), [Fraction(0), Fraction(1)]))


def test_refuses_a_negative_number_of_steps(ema_coefficients):
    check(ema_coefficients, Fraction(1, 2), -1, raises=ValueError, naming={"n": -1})


@wrong("start the exponents at n and not at n - 1: the oldest value loses a factor beta too many")
def from_n(beta, n):
    return beta**n, [(1 - beta) * beta**i for i in range(n, 0, -1)]


@wrong(
    "put the newest value's coefficient first",
    right_for="coefficients from the newest value on; here the oldest comes first",
)
def newest_first(beta, n):
    return beta**n, [(1 - beta) * beta**i for i in range(n)]


@wrong("forget the factor 1 - beta")
def without_the_factor(beta, n):
    return beta**n, [beta**i for i in reversed(range(n))]


@wrong("give M_{t-n} the power n - 1")
def one_power_less(beta, n):
    return beta ** (n - 1), [(1 - beta) * beta**i for i in reversed(range(n))]


@wrong("unroll down to M_0 = 0 whatever n is: nothing is left of M_{t-n}")
def without_the_rest(beta, n):
    return Fraction(0), [(1 - beta) * beta**i for i in reversed(range(n))]


@wrong("compute in floats: the fractions are no longer exact")
def in_floats(beta, n):
    return float(beta) ** n, [float(1 - beta) * float(beta) ** i for i in reversed(range(n))]


@right("step by step, as the recursion unrolls")
def step_by_step(beta, n):
    if n < 0:
        raise ValueError(f"negative n: {n}")
    left, coefficients = Fraction(1), []
    for _ in range(n):
        coefficients.insert(0, left * (1 - beta))
        left *= beta
    return left, coefficients
