"""Adam's steps aren't bounded by its learning rate."""

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("adam_step",),
    hints=(
        "The step is lr * mhat / sqrt(vhat). Which of the two moments answers faster to news?",
        "A new gradient g counts (1 - beta1) * g in m, and (1 - beta2) * g^2 in v.",
        "Let long silence (both corrections have faded) be followed by a single gradient.",
    ),
)


def last_step(grads):
    """The length of Adam's last step."""
    m = v = 0.0
    for g in grads:
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    t = len(grads)
    return abs(0.1 * m / (1 - 0.9**t) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8))


@claim("S0-369", "S0-365")
def test_the_statement_fails_on_it(adam_exceeds_lr):
    def refutes(answer):
        few = 0 < len(answer) <= 3000
        return few and all(abs(g) <= 1000 for g in answer) and last_step(answer) > 0.2

    told = "at most 3000 gradients between -1000 and 1000, the last step longer than 0.2"
    check(adam_exceeds_lr, want=such_that(told, refutes))


@wrong("take one huge gradient: the first step is as long as the rate, whatever the gradient")
def one_huge():
    return [1000.0]


@wrong("take gradients that are all alike: mhat is g and vhat its square, at every step")
def constant():
    return [5.0] * 2000


@wrong("let the spike come too early: the bias correction still magnifies vhat more than mhat")
def too_early():
    return [0.0] * 20 + [1.0]


@wrong("let small gradients follow the spike: it is the last step that counts, and v remembers")
def followed():
    return [0.0] * 1500 + [1.0] + [0.0] * 50


@wrong("let the gradients alternate: the first moment cancels")
def alternating():
    return [1000.0, -1000.0] * 1000


@right("a spike after small gradients, as in the notes' figures")
def spike():
    return [1.0] * 1000 + [1000.0]


@right("several gradients of one sign after silence")
def burst():
    return [0] * 2000 + [-3, -3, -3]
