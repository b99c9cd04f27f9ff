"""Schedules one after another, each with its own epoch 0, as torch's SequentialLR has them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("group_lrs", "multi_step_lr"),
    forbid=("torch.optim",),
    instead="find the schedule whose turn it is",
    hints=(
        "How many milestones lie behind, if that of this very epoch counts?",
        "Which epoch is it for a schedule that took over three epochs ago?",
        "factors[k](epoch - milestones[k - 1]), with 0 for the first one.",
    ),
)


def warms_up(epoch):
    return (epoch + 1) / 8


def halves(epoch):
    return 0.5**epoch


def falls(epoch):
    return 1 / (2 + epoch)


ALL = [warms_up, halves, falls]


def torchs(base_lr, factors, milestones, epochs):
    """The rates that torch sets, epoch by epoch."""
    schedulers = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base_lr)
    parts = [schedulers.LambdaLR(optimizer, factor) for factor in factors]
    scheduler, rates = schedulers.SequentialLR(optimizer, parts, milestones), []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


@claim("S3-373")
def test_a_case_worked_by_hand(sequential_lr):
    # Milestones 2 and 5: epoch 1 is the first one's, 3 is epoch 1 of the second, 6 of the third.
    for epoch, want in ((1, 4.0), (3, 8.0), (6, 16 / 3)):
        check(sequential_lr, 16.0, ALL, [2, 5], epoch, want=want)


@claim("S3-373")
def test_in_the_epoch_of_a_milestone_the_new_one_runs_already(sequential_lr):
    for epoch, want in ((0, 2.0), (1, 4.0), (2, 16.0), (4, 4.0), (5, 8.0)):
        check(sequential_lr, 16.0, ALL, [2, 5], epoch, want=want)


@claim("S3-373")
@pytest.mark.parametrize("milestones", [[1, 2], [3, 4], [2, 9]], ids=str)
def test_equals_torchs_epoch_by_epoch(sequential_lr, milestones):
    for epoch, want in enumerate(torchs(0.75, ALL, milestones, 12)):
        check(sequential_lr, 0.75, ALL, milestones, epoch, want=want)


@claim("S3-373")
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True).map(sorted),
    st.integers(0, 12),
)
def test_equals_the_schedules_written_out_one_by_one(sequential_lr, milestones, epoch):
    factors = [ALL[k % 3] for k in range(len(milestones) + 1)]
    ends = [*milestones, 99]
    written = [
        factor(own)
        for factor, start, end in zip(factors, [0, *milestones], ends, strict=True)
        for own in range(end - start)
    ]
    check(sequential_lr, 0.5, factors, milestones, epoch, want=0.5 * written[epoch])


def test_a_single_schedule_needs_no_milestone(sequential_lr):
    check(sequential_lr, 4.0, [halves], [], 3, want=0.5)
    check(sequential_lr, 0.0, [halves], [], 3, want=0.0)


def test_refuses_milestones_that_do_not_part_the_schedules(sequential_lr):
    for milestones in ([], [2], [2, 5, 7], [5, 2], [3, 3], [0, 4], [-1, 4]):
        naming = {"milestones": milestones}
        check(sequential_lr, 1.0, ALL, milestones, 3, raises=ValueError, naming=naming)


def test_refuses_rates_and_epochs_that_are_none(sequential_lr):
    for base_lr in (-0.5, math.inf, math.nan):
        check(
            sequential_lr, base_lr, ALL, [2, 5], 3, raises=ValueError, naming={"base_lr": base_lr}
        )
    check(sequential_lr, 1.0, ALL, [2, 5], -1, raises=ValueError, naming={"epoch": -1})


def turn(milestones, epoch):
    return sum(m <= epoch for m in milestones)


@wrong("count on through all schedules: each has its own epoch 0")
def counts_on(base_lr, factors, milestones, epoch):
    return base_lr * factors[turn(milestones, epoch)](epoch)


@wrong("leave the epoch of a milestone to the schedule before")
def one_epoch_late(base_lr, factors, milestones, epoch):
    which = sum(m < epoch for m in milestones)
    return base_lr * factors[which](epoch - [0, *milestones][which])


@wrong("take the milestones for lengths, and not for epochs")
def lengths(base_lr, factors, milestones, epoch):
    ends = [sum(milestones[: k + 1]) for k in range(len(milestones))]
    which = turn(ends, epoch)
    return base_lr * factors[which](epoch - [0, *ends][which])


@wrong(
    "multiply what all schedules say",
    right_for="torch's ChainedScheduler; here one runs at a time",
)
def chained(base_lr, factors, milestones, epoch):
    return base_lr * math.prod(factor(epoch) for factor in factors)


@wrong("start a schedule from the rate that the one before ended with")
def from_the_last_rate(base_lr, factors, milestones, epoch):
    for k, (start, end) in enumerate(zip([0, *milestones], [*milestones, epoch + 1], strict=True)):
        if epoch < end:
            return base_lr * factors[k](epoch - start)
        base_lr = base_lr * factors[k](end - 1 - start)
    return base_lr


@wrong("begin each schedule after the first with its epoch 1")
def begins_with_1(base_lr, factors, milestones, epoch):
    which = turn(milestones, epoch)
    return base_lr * factors[which](epoch - [0, *milestones][which] + (which > 0))


@wrong("measure every schedule's time from the first milestone")
def from_the_first(base_lr, factors, milestones, epoch):
    which = turn(milestones, epoch)
    return base_lr * factors[which](epoch - (milestones[0] if which else 0))


@wrong("stay with the second schedule, however many there are")
def two_at_most(base_lr, factors, milestones, epoch):
    which = min(turn(milestones, epoch), 1)
    return base_lr * factors[which](epoch - [0, *milestones][which])


@wrong("give the factor, without the rate that it multiplies")
def factor_alone(base_lr, factors, milestones, epoch):
    which = turn(milestones, epoch)
    return factors[which](epoch - [0, *milestones][which])


@wrong("sort the milestones by yourself: who mixed them up isn't told", accepts_bad_input=True)
def sorts(base_lr, factors, milestones, epoch):
    places = sorted(milestones)
    refuse(base_lr, factors, places, epoch)
    which = turn(places, epoch)
    return base_lr * factors[which](epoch - [0, *places][which])


@wrong("let two milestones be the same: a schedule never runs", accepts_bad_input=True)
def same_milestones(base_lr, factors, milestones, epoch):
    unlike = [m + k / 100 for k, m in enumerate(milestones)]
    refuse(base_lr, factors, unlike, epoch)
    which = turn(milestones, epoch)
    return base_lr * factors[which](epoch - [0, *milestones][which])


def refuse(base_lr, factors, milestones, epoch):
    if base_lr < 0 or not math.isfinite(base_lr):
        raise ValueError(f"`base_lr` = {base_lr}")
    before = 0
    for milestone in milestones:
        if milestone <= before:
            raise ValueError(f"`milestones` = {milestones}")
        before = milestone
    if len(factors) != len(milestones) + 1:
        raise ValueError(f"`milestones` = {milestones}, but {len(factors)} schedules")
    if epoch < 0:
        raise ValueError(f"`epoch` = {epoch}")


@right("from the last schedule back to the first")
def from_the_end(base_lr, factors, milestones, epoch):
    refuse(base_lr, factors, milestones, epoch)
    for factor, start in reversed(list(zip(factors, [0, *milestones], strict=True))):
        if epoch >= start:
            return factor(epoch - start) * base_lr
    raise AssertionError


@plot(x="epoch", y="learning rate")
def plot_a_warm_up_before_a_decay(sequential_lr):
    def grows(epoch):
        return (epoch + 1) / 10

    def decays(epoch):
        return 0.93**epoch

    epochs = range(60)
    rates = [sequential_lr(0.1, [grows, decays], [10], epoch) for epoch in epochs]
    alone = [sequential_lr(0.1, [decays], [], epoch) for epoch in epochs]
    return {"warm-up, then decay": (epochs, rates), "decay alone": (epochs, alone)}
