"""lr * gamma^(epoch // step_size), as torch's StepLR has it at every epoch."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("torch.optim",),
    instead="count the steps that lie behind an epoch",
    hints=(
        "How often has the rate been multiplied by gamma in epoch step_size - 1, and how often one later?",
        "The number of whole steps that are over is an integer division.",
        "lr * gamma ** (epoch // step_size).",
    ),
)


def torchs(lr, epochs, schedule, **options):
    """The rates that a scheduler of torch sets, epoch by epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = schedule(optimizer, **options), []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@claim("S0-245", "S0-247")
@pytest.mark.parametrize(
    ("epoch", "want"), [(0, 8.0), (1, 8.0), (2, 8.0), (3, 2.0), (5, 2.0), (6, 0.5), (9, 0.125)]
)
def test_a_case_worked_by_hand(step_lr, epoch, want):
    check(step_lr, 8.0, epoch, 3, 0.25, want=want)


@claim("S0-245")
@pytest.mark.parametrize(("epoch", "want"), [(29, 0.1), (30, 0.01), (59, 0.01), (60, 0.001)])
def test_the_default_divides_by_ten(step_lr, epoch, want):
    check(step_lr, 0.1, epoch, step_size=30, want=want)


@claim("S0-245", "S0-247")
@pytest.mark.parametrize(("step_size", "gamma"), [(1, 0.5), (4, 0.1), (7, 0.9), (3, 1.5)])
def test_equals_torchs_step_lr_at_every_epoch(step_lr, step_size, gamma):
    schedule = torch.optim.lr_scheduler.StepLR
    rates = torchs(0.3, 30, schedule, step_size=step_size, gamma=gamma)
    for epoch, want in enumerate(rates):
        check(step_lr, 0.3, epoch, step_size, gamma, want=want)


@claim("S0-249")
@pytest.mark.parametrize("gamma", [0.9, 0.5, 1.0])
def test_steps_of_one_epoch_are_torchs_exponential_decay(step_lr, gamma):
    rates = torchs(0.3, 40, torch.optim.lr_scheduler.ExponentialLR, gamma=gamma)
    for epoch, want in enumerate(rates):
        check(step_lr, 0.3, epoch, 1, gamma, want=want)


@claim("S0-245")
@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 40), st.integers(0, 8))
def test_one_step_later_the_rate_is_gamma_times_as_large(step_lr, lr, step_size, epoch, gamma):
    rate, start = lr / 8, epoch % step_size
    for _ in range(epoch // step_size):
        rate *= gamma / 4
    check(step_lr, lr / 8, epoch, step_size, gamma / 4, want=rate)
    check(step_lr, lr / 8, start, step_size, gamma / 4, want=lr / 8)


def test_a_factor_of_0_stops_the_training_after_the_first_step(step_lr):
    check(step_lr, 2.0, 4, 5, 0.0, want=2.0)
    check(step_lr, 2.0, 5, 5, 0.0, want=0.0)
    check(step_lr, 0.0, 5, 5, want=0.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": -0.5}, {"lr": math.nan}, {"lr": math.inf}, {"epoch": -1}, {"step_size": 0},
        {"step_size": -2}, {"gamma": -0.5}, {"gamma": math.inf}, {"gamma": math.nan},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_what_makes_no_schedule(step_lr, bad):
    options = {"lr": 0.5, "epoch": 3, "step_size": 2, "gamma": 0.25} | bad
    check(step_lr, **options, raises=ValueError, naming=bad)


@wrong("let the rate fall within a step too: the exponent is a fraction")
def smooth(lr, epoch, step_size, gamma=0.1):
    return lr * gamma ** (epoch / step_size)


@wrong("multiply one epoch too early: epochs count from 0")
def early(lr, epoch, step_size, gamma=0.1):
    return lr * gamma ** ((epoch + 1) // step_size)


@wrong("multiply one epoch too late")
def late(lr, epoch, step_size, gamma=0.1):
    return lr * gamma ** (max(epoch - 1, 0) // step_size)


@wrong("round the number of steps: the rate changes in the middle of a step")
def rounded(lr, epoch, step_size, gamma=0.1):
    return lr * gamma ** round(epoch / step_size)


@wrong("multiply once and never again")
def once(lr, epoch, step_size, gamma=0.1):
    return lr * gamma if epoch >= step_size else lr


@wrong("multiply in every epoch, whatever `step_size` says")
def every_epoch(lr, epoch, step_size, gamma=0.1):
    return lr * gamma**epoch


@wrong("multiply in the epochs that `step_size` divides, and go back in between")
def back_again(lr, epoch, step_size, gamma=0.1):
    return lr * gamma if epoch and epoch % step_size == 0 else lr


@wrong("divide by ten, whatever `gamma` says")
def by_ten(lr, epoch, step_size, gamma=0.1):
    return lr * 0.1 ** (epoch // step_size)


@wrong("divide by gamma and don't multiply")
def growing(lr, epoch, step_size, gamma=0.1):
    return lr / gamma ** (epoch // step_size) if gamma else lr


@wrong("take gamma times the number of steps, and not its power")
def linear(lr, epoch, step_size, gamma=0.1):
    return lr * gamma * (epoch // step_size) if epoch >= step_size else lr


@wrong("take `gamma` off at each step: that is a line, not a decay")
def subtracted(lr, epoch, step_size, gamma=0.1):
    return lr * max(1 - (1 - gamma) * (epoch // step_size), 0.0)


@right("epoch after epoch, as a training loop does")
def in_a_loop(lr, epoch, step_size, gamma=0.1):
    for name, value in (("lr", lr), ("epoch", epoch), ("gamma", gamma)):
        if value < 0 or not math.isfinite(value):
            raise ValueError(f"`{name}` can't be {value}")
    if step_size <= 0:
        raise ValueError(f"`step_size` can't be {step_size}")
    for passed in range(1, epoch + 1):
        if passed % step_size == 0:
            lr *= gamma
    return lr


@plot(x="epoch", y="learning rate")
def plot_steps_and_an_exponential_decay(step_lr):
    epochs = range(90)
    return {
        "step_size = 30, gamma = 0.1": (epochs, [step_lr(0.1, e, 30) for e in epochs]),
        "step_size = 10, gamma = 0.5": (epochs, [step_lr(0.1, e, 10, 0.5) for e in epochs]),
        "step_size = 1, gamma = 0.95": (epochs, [step_lr(0.1, e, 1, 0.95) for e in epochs]),
    }
