"""LambdaLR counts on from last_epoch; ExponentialLR multiplies the rate that it finds."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("group_lrs", "step_lr"),
    forbid=("torch.optim",),
    instead="say what it would do",
    hints=(
        "Which of the two computes a rate from the epoch, and which from the rate before?",
        'LambdaLR: "initial_lr" times the factor of epoch last_epoch + 1, + 2, ... And ExponentialLR?',
        'It leaves "lr" as it is at first, and multiplies by gamma at each step, whatever last_epoch is.',
    ),
)  # fmt: skip

CHECKPOINT = {"lr": 0.5, "initial_lr": 8.0}


@claim("S3-375")
def test_a_new_schedule_starts_with_the_factor_of_epoch_0(resumed_lrs):
    want = [8.0, 2.0, 0.5]
    check(resumed_lrs, "lambda", {"lr": 8.0}, 0.25, -1, 2, want=want)
    check(resumed_lrs, "exponential", {"lr": 8.0}, 0.25, -1, 2, want=want)


@claim("S3-375")
def test_a_lambda_goes_on_with_the_epoch_after_the_last(resumed_lrs):
    check(resumed_lrs, "lambda", CHECKPOINT, 0.5, 3, 2, want=[0.5, 0.25, 0.125])
    check(resumed_lrs, "lambda", CHECKPOINT, 0.5, 0, 1, want=[4.0, 2.0])


@claim("S3-375")
@counterexample("S3-375")  # "its first value is that of update last_epoch + 1"
def test_an_exponential_goes_on_with_the_rate_that_it_finds(resumed_lrs):
    check(resumed_lrs, "exponential", {"lr": 0.5, "initial_lr": 0.5}, 0.5, 3, 2,
          want=[0.5, 0.25, 0.125])  # fmt: skip
    check(resumed_lrs, "exponential", CHECKPOINT, 0.25, 7, 2, want=[0.5, 0.125, 0.03125])


@claim("S3-375")
def test_an_initial_rate_of_an_earlier_scheduler_stays(resumed_lrs):
    check(resumed_lrs, "lambda", CHECKPOINT, 0.5, -1, 2, want=[8.0, 4.0, 2.0])
    check(resumed_lrs, "exponential", CHECKPOINT, 0.5, -1, 2, want=[0.5, 0.25, 0.125])


def by_torch(kind, group, gamma, last_epoch, steps):
    """Ask torch's own schedulers."""
    schedulers = torch.optim.lr_scheduler
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [parameter], **group}], lr=1.0)
    if kind == "lambda":
        scheduler = schedulers.LambdaLR(optimizer, lambda epoch: gamma**epoch, last_epoch)
    else:
        scheduler = schedulers.ExponentialLR(optimizer, gamma, last_epoch)
    rates = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@claim("S3-375")
@settings(max_examples=30)
@given(
    st.sampled_from(["lambda", "exponential"]),
    st.integers(1, 16).map(lambda k: k / 8),
    st.integers(1, 16).map(lambda k: k / 8),
    st.integers(1, 12).map(lambda k: k / 8),
    st.integers(-1, 4),
    st.integers(0, 4),
)
def test_equals_torchs_schedulers(resumed_lrs, kind, lr, initial, gamma, last_epoch, steps):
    group = {"lr": lr, "initial_lr": initial}
    want = by_torch(kind, group, gamma, last_epoch, steps)
    check(resumed_lrs, kind, group, gamma, last_epoch, steps, want=want)


def test_a_rate_of_0_stays(resumed_lrs):
    for kind, want in (("lambda", [1.0, 0.5]), ("exponential", [0.0, 0.0])):
        check(resumed_lrs, kind, {"lr": 0.0, "initial_lr": 2.0}, 0.5, 0, 1, want=want)
    for kind, want in (("lambda", [0.0, 0.0]), ("exponential", [2.0, 1.0])):
        check(resumed_lrs, kind, {"lr": 2.0, "initial_lr": 0.0}, 0.5, 0, 1, want=want)


@claim("S3-375")
@counterexample("S3-375")
@pytest.mark.parametrize("kind", ["lambda", "exponential"])
def test_without_an_initial_rate_nothing_can_be_resumed(resumed_lrs, kind):
    for last_epoch in (0, 3):
        check(resumed_lrs, kind, {"lr": 0.5}, 0.5, last_epoch, 2, raises=KeyError,
              naming={"initial_lr": ""})  # fmt: skip


def test_refuses_other_kinds_and_counts_that_are_too_small(resumed_lrs):
    for kind in ("linear", ""):
        check(resumed_lrs, kind, CHECKPOINT, 0.5, 3, 2, raises=ValueError, naming={"kind": kind})
    check(resumed_lrs, "lambda", CHECKPOINT, 0.5, -2, 2, raises=ValueError,
          naming={"last_epoch": -2})  # fmt: skip
    check(resumed_lrs, "lambda", CHECKPOINT, 0.5, 3, -1, raises=ValueError, naming={"steps": -1})


def rates(kind, group, gamma, last_epoch, steps):
    initial = group.get("initial_lr", group["lr"])
    first = group["lr"] if kind == "exponential" else initial * gamma ** (last_epoch + 1)
    return [first * gamma**k for k in range(steps + 1)]


@wrong("let the exponential count on from last_epoch too: it multiplies the rate that it finds")
def both_count_on(kind, group, gamma, last_epoch, steps):
    return rates("lambda", group, gamma, last_epoch, steps)


@wrong("let the exponential's first rate be multiplied already: it sets that only with its step")
def multiplied_at_once(kind, group, gamma, last_epoch, steps):
    found = rates(kind, group, gamma, last_epoch, steps)
    return [rate * gamma for rate in found] if kind == "exponential" and last_epoch >= 0 else found


@wrong("begin at the epoch last_epoch itself")
def at_the_last_epoch(kind, group, gamma, last_epoch, steps):
    return rates(kind, group, gamma, max(last_epoch - 1, -1), steps)


@wrong("begin at epoch 0 whatever last_epoch is")
def from_epoch_0(kind, group, gamma, last_epoch, steps):
    return rates(kind, group, gamma, -1, steps)


@wrong("let the lambda multiply the present rate")
def lambda_of_the_present(kind, group, gamma, last_epoch, steps):
    return rates(kind, {"lr": group["lr"]}, gamma, last_epoch, steps)


@wrong("let the lambda go on from the rate that it finds, step by step")
def lambda_steps_on(kind, group, gamma, last_epoch, steps):
    if kind == "lambda" and last_epoch >= 0:
        return [group["lr"] * gamma**k for k in range(steps + 1)]
    return rates(kind, group, gamma, last_epoch, steps)


@wrong("overwrite an earlier initial rate where last_epoch is -1: torch keeps it")
def overwrites_the_initial(kind, group, gamma, last_epoch, steps):
    return rates(kind, {"lr": group["lr"]} if last_epoch == -1 else group, gamma, last_epoch, steps)


@wrong("start the exponential from the initial rate")
def exponential_from_the_initial(kind, group, gamma, last_epoch, steps):
    if kind == "exponential":
        return rates(kind, {"lr": group.get("initial_lr", group["lr"])}, gamma, last_epoch, steps)
    return rates(kind, group, gamma, last_epoch, steps)


@wrong("leave out the rate that the constructor sets")
def without_the_first(kind, group, gamma, last_epoch, steps):
    return rates(kind, group, gamma, last_epoch, steps)[1:]


@wrong("write the initial rate into the group, as torch does: here it stays as it is")
def writes_into_the_group(kind, group, gamma, last_epoch, steps):
    group.setdefault("initial_lr", group["lr"])
    return rates(kind, group, gamma, last_epoch, steps)


@wrong("take the present rate where the initial one is missing", accepts_bad_input=True)
def falls_back(kind, group, gamma, last_epoch, steps):
    if kind not in ("lambda", "exponential"):
        raise ValueError(f"kind is {kind!r}")
    if last_epoch < -1 or steps < 0:
        raise ValueError(f"last_epoch is {last_epoch}, steps is {steps}")
    return rates(kind, group, gamma, last_epoch, steps)


@right("as two small schedulers, each with its own step")
def as_schedulers(kind, group, gamma, last_epoch, steps):
    if kind not in {"lambda", "exponential"}:
        raise ValueError(f"`kind` can't be {kind!r}")
    if last_epoch <= -2:
        raise ValueError(f"`last_epoch` can't be {last_epoch}")
    if steps <= -1:
        raise ValueError(f"`steps` can't be {steps}")
    own = dict(group)
    if last_epoch == -1:
        own.setdefault("initial_lr", own["lr"])
    base, epoch, lr = own["initial_lr"], last_epoch, own["lr"]
    found = []
    for k in range(steps + 1):
        epoch += 1
        if kind == "lambda":
            lr = base * gamma**epoch
        elif k:
            lr = lr * gamma
        found.append(lr)
    return found
