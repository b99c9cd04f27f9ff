"""With Adam an L2 penalty and weight decay can move a parameter in opposite directions."""

import torch
from torch.optim.adam import adam as torchs_adam

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("adam_w_step", "sgd_weight_decay_step"),
    hints=(
        "How long is Adam's first step, and what does its direction depend on?",
        "It is lr times a sign: of grad + weight_decay * theta with the penalty, of grad without.",
        "Let grad point away from 0, weaker than the penalty, and the decay weaker than the step.",
    ),
)


def step(theta, grad, weight_decay, decoupled):
    """The parameter after torch's own first step."""
    new, m, v = (torch.tensor(x, dtype=torch.float64) for x in (theta, 0.0, 0.0))
    torchs_adam(
        [new], [torch.tensor(grad, dtype=torch.float64)], [m], [v], [], [torch.tensor(0.0)],
        amsgrad=False, beta1=0.9, beta2=0.999, lr=0.1, weight_decay=weight_decay, eps=1e-8,
        maximize=False, decoupled_weight_decay=decoupled,
    )  # fmt: skip
    return float(new)


@claim("S0-356", "S1-064", "S2-088", "S2-103", "S4-024")
def test_the_statement_fails_on_it(decay_is_no_penalty):
    def refutes(answer):
        theta, grad, weight_decay = map(float, answer)
        penalised = step(theta, grad, weight_decay, decoupled=False)
        decayed = step(theta, grad, weight_decay, decoupled=True)
        return 0 < weight_decay <= 1 and abs(penalised) < abs(theta) < abs(decayed)

    told = "(theta, grad, weight_decay), nearer to 0 with the penalty, and farther with the decay"
    check(decay_is_no_penalty, want=such_that(told, refutes))


@wrong("take a gradient that points to 0 as well: both steps go there, the decayed one farther")
def same_direction():
    return 1.0, 10.0, 0.1


@wrong("take a gradient that outweighs the penalty: both steps lead away from 0")
def strong_gradient():
    return 1.0, -0.5, 0.1


@wrong("take a parameter so large that it decays by more than Adam's step")
def large_parameter():
    return 100.0, -0.5, 0.1


@wrong("take no gradient at all: then the decay shrinks theta too")
def no_gradient():
    return 1.0, 0.0, 0.1


@right("on the negative side")
def negative():
    return -2, 0.25, 0.25
