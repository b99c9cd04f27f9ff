"""How much longer Adam's steps are if both moments are divided by 1 - beta1^t."""

import pytest

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="derive",
    after=("adam_step",),
    hints=(
        "Write both steps down with the same m and v, and divide. What cancels?",
        "Only the two corrections of v are left: where does v stand in the step?",
        "sqrt(v / (1 - beta2^t)) / sqrt(v / (1 - beta1^t)).",
    ),
)


def simulated(beta1, beta2, grads):
    """The ratio of the two steps after these gradients, in floating point."""
    m = v = 0.0
    for g in grads:
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
    one, two = 1 - beta1 ** len(grads), 1 - beta2 ** len(grads)
    return (m / one / (v / one) ** 0.5) / (m / one / (v / two) ** 0.5)


@claim("S3-372")
def test_a_case_worked_by_hand(shared_correction):
    import sympy as sp

    beta1, beta2 = sp.Rational(3, 5), sp.Rational(4, 5)
    check(shared_correction, beta1, beta2, sp.Integer(2), want=sp.Rational(4, 3))
    # With the usual betas the first step is ten times as long.
    beta1, beta2 = sp.Rational(9, 10), sp.Rational(999, 1000)
    check(shared_correction, beta1, beta2, sp.Integer(1), want=sp.Integer(10))


@claim("S3-372")
@pytest.mark.parametrize(("eighths1", "eighths2"), [(7, 2), (1, 6), (4, 7)])
@pytest.mark.parametrize("t", [1, 2, 5])
def test_is_the_ratio_of_simulated_steps(shared_correction, eighths1, eighths2, t):
    import sympy as sp

    want = simulated(eighths1 / 8, eighths2 / 8, [2.0, -0.5, 3.0, 1.0, -4.0][:t])
    betas = sp.Rational(eighths1, 8), sp.Rational(eighths2, 8)
    told = f"a number within rounding of {want:.10g}"
    near = such_that(told, lambda got: abs(float(got) - want) < 1e-9 * want)
    check(shared_correction, *betas, sp.Integer(t), want=near)


@claim("S3-372")
def test_holds_for_all_betas_and_steps(shared_correction):
    import sympy as sp

    beta1, beta2, t = sp.symbols("beta1 beta2 t", positive=True)

    def holds(got):
        points = ((0.3, 0.8, 1), (0.8, 0.3, 2), (0.9, 0.999, 40), (0.5, 0.5, 7))
        pairs = [
            (
                float(sp.sympify(got).subs({beta1: b1, beta2: b2, t: n})),
                simulated(b1, b2, [1.0] * n),
            )
            for b1, b2, n in points
        ]
        return all(abs(mine - right) < 1e-9 * right for mine, right in pairs)

    told = "an expression in beta1, beta2, t that is the ratio for all betas in (0, 1)"
    check(shared_correction, beta1, beta2, t, want=such_that(told, holds))


@wrong("turn the fraction around: this is how much shorter the right step is")
def inverse(beta1, beta2, t):
    return 1 / written(beta1, beta2, t)


@wrong("leave out the root: the second moment stands under one in the step")
def no_root(beta1, beta2, t):
    return written(beta1, beta2, t) ** 2


@wrong("take the first step for all of them: 1 - beta and not 1 - beta^t")
def first_step(beta1, beta2, t):
    return written(beta1, beta2, 1)


@wrong("take the root of one of the corrections only")
def half_root(beta1, beta2, t):
    return written(beta1, beta2, t) ** 2 * (1 - beta2**t) ** (beta2 / beta2 / 2)


@wrong("compare with the step that has no corrections at all")
def against_none(beta1, beta2, t):
    return (1 - beta1**t) ** (-beta1 / beta1 / 2)


@right("as the ratio of the two roots")
def written(beta1, beta2, t):
    return (1 - beta1**t) ** (beta1 / beta1 / 2) * (1 - beta2**t) ** (-beta2 / beta2 / 2)
