"""The slopes in the logit are -D and -(1 - D)."""

from fractions import Fraction

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="derive",
    after=("generator_loss",),
    hints=(
        "What is dD/ds in terms of D?",
        "dD/ds = D (1 - D); then the chain rule.",
        "-D (1 - D) / (1 - D), and -D (1 - D) / D.",
    ),
)


@claim("S3-389")
def test_at_one_percent_the_second_is_99_times_as_steep(generator_gradient):
    def holds(got):
        import sympy

        point = sympy.Rational(1, 100)
        values = [g.subs({s: point for s in sympy.sympify(g).free_symbols}) for g in got]
        return values == [Fraction(-1, 100), Fraction(-99, 100), 99]

    told = "-1/100, -99/100 and 99 for D = 1/100"
    check(generator_gradient, want=such_that(told, holds))


@claim("S3-389")
def test_the_slopes_are_minus_d_and_d_minus_1(generator_gradient):
    import sympy

    d = sympy.Symbol("D")
    check(generator_gradient, want=(-d, d - 1, (1 - d) / d))


@claim("S3-389")
def test_autograd_finds_the_same_slopes(generator_gradient):
    import sympy
    import torch
    from torch.nn.functional import softplus

    def holds(got):
        for s in (-4.0, -0.5, 0.0, 1.25):
            logit = torch.tensor(s, dtype=torch.float64, requires_grad=True)
            slopes = [
                torch.autograd.grad(loss(logit), logit)[0].item()
                for loss in (lambda t: -softplus(t), lambda t: softplus(-t))
            ]
            d = torch.sigmoid(logit).item()
            mine = [float(g.subs({v: d for v in sympy.sympify(g).free_symbols})) for g in got[:2]]
            if any(abs(a - b) > 1e-9 for a, b in zip(slopes, mine, strict=True)):
                return False
        return True

    check(generator_gradient, want=such_that("the slopes that autograd finds", holds))


def symbol():
    """Give D."""
    import sympy

    return sympy.Symbol("D")


@wrong("differentiate with respect to D and not to the logit")
def by_the_probability():
    d = symbol()
    return -1 / (1 - d), -1 / d, (1 - d) / d


@wrong("swap the two losses")
def swapped():
    d = symbol()
    return d - 1, -d, d / (1 - d)


@wrong("lose the minus sign of log(1 - D)")
def lost_sign():
    d = symbol()
    return d, d - 1, (d - 1) / d


@wrong("divide the first by the second")
def turned_over():
    d = symbol()
    return -d, d - 1, d / (1 - d)


@wrong("forget to divide by D in the chain rule")
def half_a_chain_rule():
    d = symbol()
    return -d * (1 - d), -d * (1 - d), d / d


@right("by the chain rule, unsimplified")
def by_the_chain_rule():
    d = symbol()
    inner = d * (1 - d)
    return -inner / (1 - d), -inner / d, (inner / d) / (inner / (1 - d))
