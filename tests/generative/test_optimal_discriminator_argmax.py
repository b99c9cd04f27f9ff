"""a log y + b log(1 - y) is largest at y = a / (a + b)."""

from fractions import Fraction

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("optimal_discriminator",),
    hints=(
        "Where is the derivative 0, and which sign has the second one there?",
        "a/y - b/(1 - y) = 0, and -a/y^2 - b/(1 - y)^2.",
        "sympy.solve finds y; put it into the second derivative and into f, and simplify.",
    ),
)


def at(expression, a, b):
    """Evaluate exactly; symbols are found by name."""
    import sympy

    values = {"a": sympy.Rational(a), "b": sympy.Rational(b)}
    return expression.subs({s: values[s.name] for s in expression.free_symbols})


@claim("S3-400")
def test_for_a_3_and_b_1_the_maximum_is_at_three_quarters(optimal_discriminator_argmax):
    def holds(got):
        y, curvature, value = got
        by_hand = at(y, 3, 1) == Fraction(3, 4) and at(curvature, 3, 1) == Fraction(-64, 3)
        return by_hand and abs(float(at(value, 3, 1)) + 2.2493405784752336) < 1e-12

    told = "y = 3/4, f'' = -64/3 and f = 3 log(3/4) + log(1/4) for a = 3, b = 1"
    check(optimal_discriminator_argmax, want=such_that(told, holds))


@claim("S3-400")
def test_y_is_the_share_of_a(optimal_discriminator_argmax):
    import sympy

    a, b = sympy.symbols("a b", positive=True)
    y = a / (a + b)
    want = y, -((a + b) ** 3) / (a * b), a * sympy.log(y) + b * sympy.log(b / (a + b))
    check(optimal_discriminator_argmax, want=want)


@claim("S3-400")
def test_no_other_y_gives_more(optimal_discriminator_argmax):
    def holds(got):
        import math

        for a, b in ((1, 1), (3, 1), (1, 7), (0.25, 0.5)):
            best = float(at(got[2], a, b))
            points = (k / 64 for k in range(1, 64))
            if any(a * math.log(y) + b * math.log(1 - y) > best + 1e-12 for y in points):
                return False
        return True

    told = "a maximum that no y = k/64 exceeds"
    check(optimal_discriminator_argmax, want=such_that(told, holds))


def answers(y, curvature=None):
    """Give the three expressions for one y; the second derivative is that at this y."""
    import sympy

    a, b = sympy.symbols("a b", positive=True)
    y = y(a, b)
    second = -a / y**2 - b / (1 - y) ** 2 if curvature is None else curvature(a, b, y)
    return y, second, a * sympy.log(y) + b * sympy.log(1 - y)


@wrong("take the share of b: that is 1 - y")
def share_of_b():
    return answers(lambda a, b: b / (a + b))


@wrong("return y = 1/2, which is right only for a = b")
def one_half():
    return answers(lambda a, b: (a + b) / (2 * (a + b)))


@wrong("forget the minus sign of the second derivative")
def convex():
    return answers(lambda a, b: a / (a + b), lambda a, b, y: a / y**2 + b / (1 - y) ** 2)


@wrong("lose the inner derivative of log(1 - y): -a/y^2 + b/(1 - y)^2")
def lost_inner_derivative():
    return answers(lambda a, b: a / (a + b), lambda a, b, y: -a / y**2 + b / (1 - y) ** 2)


@wrong("return the first derivative at the maximum, which is 0")
def first_derivative():
    return answers(lambda a, b: a / (a + b), lambda a, b, y: a / y - b / (1 - y))


@right("on paper")
def on_paper():
    import sympy

    a, b = sympy.symbols("a b", positive=True)
    total = a + b
    value = a * sympy.log(a) + b * sympy.log(b) - total * sympy.log(total)
    return 1 / (1 + b / a), -(total**2) / a - total**2 / b, value
