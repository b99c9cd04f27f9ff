"""lr * gamma^(number of milestones that are reached), as torch's MultiStepLR has it."""

import math
from bisect import bisect_right

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("step_lr",),
    forbid=("torch.optim",),
    instead="count the milestones that are reached",
    hints=(
        "What has to be known of an epoch: which milestones are behind it, or only how many?",
        "An epoch that is a milestone has reached it.",
        "gamma to the number of milestones that are at most `epoch`.",
    ),
)


def torchs(lr, epochs, milestones, gamma):
    """The rates that torch sets, epoch by epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma), []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@claim("S0-248")
@pytest.mark.parametrize(
    ("epoch", "want"), [(0, 8.0), (1, 8.0), (2, 2.0), (4, 2.0), (5, 0.5), (6, 0.5), (90, 0.125)]
)
def test_a_case_worked_by_hand(multi_step_lr, epoch, want):
    check(multi_step_lr, 8.0, epoch, [2, 5, 7], 0.25, want=want)


@claim("S0-248")
@pytest.mark.parametrize(("epoch", "want"), [(29, 1.0), (30, 0.1), (79, 0.1), (80, 0.01)])
def test_the_default_divides_by_ten(multi_step_lr, epoch, want):
    check(multi_step_lr, 1.0, epoch, [30, 80], want=want)


@claim("S0-248")
@pytest.mark.parametrize(
    "milestones", [[3, 4, 11], [11, 3, 4], [5, 5, 9], [0, 6], [2, 0, 2, 2], [30], []], ids=str
)
def test_equals_torch_at_every_epoch(multi_step_lr, milestones):
    for epoch, want in enumerate(torchs(0.3, 15, milestones, 0.7)):
        check(multi_step_lr, 0.3, epoch, milestones, 0.7, want=want)


@claim("S0-248")
@given(st.lists(st.integers(0, 9), max_size=5), st.integers(0, 12), st.integers(0, 8))
def test_equals_the_place_in_the_sorted_milestones(multi_step_lr, milestones, epoch, gamma):
    want = 3.0 * (gamma / 4) ** bisect_right(sorted(milestones), epoch)
    check(multi_step_lr, 3.0, epoch, milestones, gamma / 4, want=want)


@claim("S0-248")
def test_leaves_the_order_of_the_milestones_alone(multi_step_lr):
    check(multi_step_lr, 4.0, 6, [9, 2, 5], 0.5, want=1.0)


def test_a_rate_or_a_factor_of_0(multi_step_lr):
    check(multi_step_lr, 0.0, 3, [2], 0.5, want=0.0)
    check(multi_step_lr, 2.0, 3, [4], 0.0, want=2.0)
    check(multi_step_lr, 2.0, 4, [4], 0.0, want=0.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": -0.5}, {"lr": math.nan}, {"lr": math.inf}, {"epoch": -1}, {"gamma": -0.5},
        {"gamma": math.inf}, {"gamma": math.nan}, {"milestones": [3, -1]},
        {"milestones": [-1, 3]}, {"milestones": [-2]},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_what_makes_no_schedule(multi_step_lr, bad):
    options = {"lr": 0.5, "epoch": 3, "milestones": [2, 4], "gamma": 0.25} | bad
    check(multi_step_lr, **options, raises=ValueError, naming=bad)


def power(lr, gamma, count):
    return lr * gamma**count


@wrong("multiply one epoch after the milestone, and not in it")
def late(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, sum(m < epoch for m in milestones))


@wrong("multiply one epoch before the milestone")
def early(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, sum(m <= epoch + 1 for m in milestones))


@wrong("multiply in the milestone's epoch alone, and go back after it")
def back_again(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, milestones.count(epoch))


@wrong("multiply once, however many milestones are reached")
def once(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, int(any(m <= epoch for m in milestones)))


@wrong("count a milestone that is listed twice only once")
def as_a_set(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, sum(m <= epoch for m in set(milestones)))


@wrong("stop at the first milestone that isn't reached: they may stand in any order")
def takes_them_sorted(lr, epoch, milestones, gamma=0.1):
    count = 0
    for milestone in milestones:
        if milestone > epoch:
            break
        count += 1
    return power(lr, gamma, count)


@wrong("search the milestones by halves: they may stand in any order")
def searches(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, bisect_right(milestones, epoch))


@wrong("sort the milestones in place: the caller's list changes")
def sorts(lr, epoch, milestones, gamma=0.1):
    milestones.sort()
    return power(lr, gamma, bisect_right(milestones, epoch))


@wrong("divide by ten, whatever `gamma` says")
def by_ten(lr, epoch, milestones, gamma=0.1):
    return power(lr, 0.1, sum(m <= epoch for m in milestones))


@wrong("take the milestones for the lengths of the steps")
def as_lengths(lr, epoch, milestones, gamma=0.1):
    ends = [sum(milestones[: i + 1]) for i in range(len(milestones))]
    return power(lr, gamma, sum(end <= epoch for end in ends))


@wrong("forget that epoch 0 may be a milestone")
def never_at_the_start(lr, epoch, milestones, gamma=0.1):
    return power(lr, gamma, sum(0 < m <= epoch for m in milestones))


@wrong("break down without milestones: the rate just stays as it is")
def needs_one(lr, epoch, milestones, gamma=0.1):
    if max(milestones) <= epoch:
        return power(lr, gamma, len(milestones))
    return power(lr, gamma, sum(m <= epoch for m in milestones))


@right("epoch after epoch, as a training loop does")
def in_a_loop(lr, epoch, milestones, gamma=0.1):
    for name, value in (("lr", lr), ("epoch", epoch), ("gamma", gamma)):
        if value < 0 or not math.isfinite(value):
            raise ValueError(f"`{name}` can't be {value}")
    if any(m < 0 for m in milestones):
        raise ValueError(f"`milestones` can't be {milestones}")
    for passed in range(epoch + 1):
        lr *= gamma ** milestones.count(passed)
    return lr


@plot(x="epoch", y="learning rate")
def plot_two_and_three_milestones(multi_step_lr):
    epochs = range(100)
    return {
        "milestones 30, 80": (epochs, [multi_step_lr(0.1, e, [30, 80]) for e in epochs]),
        "milestones 20, 40, 60, gamma = 0.5": (
            epochs,
            [multi_step_lr(0.1, e, [20, 40, 60], 0.5) for e in epochs],
        ),
    }
