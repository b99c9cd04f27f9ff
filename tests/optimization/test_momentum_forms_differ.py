"""Momentum with the learning rate inside the velocity isn't momentum with it outside."""

import torch
from torch.optim.sgd import sgd as torchs_sgd

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("momentum_step", "momentum_step_torch"),
    hints=(
        "Unroll both velocities. Which sum has each gradient's own learning rate in it?",
        "For one constant rate they agree. Let the rate change.",
        "Build the velocity up with a large rate; then brake, and see which of the two notices.",
    ),
)


def is_admissible(grads, rates):
    numbers = all(type(x) in (int, float) for x in [*grads, *rates])
    few = len(grads) == len(rates) <= 4
    return numbers and few and all(-1 <= g <= 1 for g in grads) and all(0 < r <= 0.1 for r in rates)


def ends(grads, rates):
    """Where the notes' form and torch's own code bring theta = 0."""
    theta = velocity = 0.0
    torchs, buffers = torch.zeros((), dtype=torch.float64), [None]
    for g, lr in zip(grads, rates, strict=True):
        velocity = 0.9 * velocity + lr * g
        theta -= velocity
        torchs_sgd(
            [torchs], [torch.tensor(float(g), dtype=torch.float64)], buffers, weight_decay=0.0,
            momentum=0.9, lr=lr, dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip
    return theta, float(torchs)


@claim("S0-359", "S1-204")
def test_the_statement_fails_on_it(momentum_forms_differ):
    def refutes(answer):
        grads, rates = answer
        notes, torchs = ends(grads, rates) if is_admissible(grads, rates) else (0, 0)
        return abs(notes - torchs) > 0.1

    told = "at most 4 gradients and rates in range, after which the thetas are over 0.1 apart"
    check(momentum_forms_differ, want=such_that(told, refutes))


@wrong("keep the learning rate constant: then the two forms agree, whatever the gradients")
def constant_rate():
    return [1.0, -1.0, 0.5, 1.0], [0.1, 0.1, 0.1, 0.1]


@wrong("change the rate while the velocity is still 0: neither form has anything to carry over")
def no_velocity_yet():
    return [0.0, 1.0, 1.0, 1.0], [0.001, 0.1, 0.1, 0.1]


@wrong("let the gradients alternate: they cancel in both velocities, and too little is left")
def cancelled():
    return [1.0, -1.0, 1.0, -1.0], [0.1, 0.1, 0.1, 0.001]


@right("let the rate grow: torch speeds the old velocity up as well")
def growing():
    return [1, 1, 1, 1], [0.001, 0.001, 0.001, 0.1]
