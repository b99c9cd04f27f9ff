"""Cosine annealing in cycles, each t_mult times as long as the one before."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("cosine_annealing_lr",),
    forbid=("torch.optim",),
    instead="find the cycle that the epoch is in",
    hints=(
        "Which two numbers does the formula need of an epoch? Find them first.",
        "Take whole cycles off the epoch, as long as it isn't inside of one.",
        "The epoch at which a cycle ends belongs to the next.",
    ),
)


def torchs(lr, epochs, t_0, t_mult, eta_min):
    """The rates that torch sets, epoch by epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
    scheduler, rates = schedule(optimizer, t_0, t_mult, eta_min), []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@claim("S0-256", "S0-251")
@pytest.mark.parametrize(
    ("epoch", "want"), [(0, 5.0), (1, 4.0), (2, 2.0), (3, 5.0), (5, 4.0), (6, 3.0), (9, 5.0)]
)
def test_a_case_worked_by_hand(cosine_warm_restarts, epoch, want):
    check(cosine_warm_restarts, 5.0, float(epoch), 3, 2, 1.0, want=want)


@claim("S0-256")
@pytest.mark.parametrize("restart", [0, 3, 9, 21, 45, 93])
def test_cycles_of_3_that_double_restart_at_3_9_21(cosine_warm_restarts, restart):
    check(cosine_warm_restarts, 0.75, float(restart), 3, 2, 0.125, want=0.75)


@claim("S0-256")
@pytest.mark.parametrize(("restart", "t_0", "t_mult"), [(242, 2, 3), (111, 1, 10), (468, 3, 5)])
def test_cycles_of_other_growth_restart_as_sharply(cosine_warm_restarts, restart, t_0, t_mult):
    check(cosine_warm_restarts, 0.75, float(restart), t_0, t_mult, 0.125, want=0.75)


@claim("S0-251", "S0-256")
@pytest.mark.parametrize(
    ("t_0", "t_mult", "eta_min"),
    [(4, 1, 0.0), (3, 2, 0.05), (1, 2, 0.02), (2, 3, 0.0), (1, 1, 0.1)],
)
def test_equals_torch_at_every_epoch(cosine_warm_restarts, t_0, t_mult, eta_min):
    for epoch, want in enumerate(torchs(0.3, 30, t_0, t_mult, eta_min)):
        check(cosine_warm_restarts, 0.3, float(epoch), t_0, t_mult, eta_min, want=want)


@claim("S0-256")
@pytest.mark.parametrize(("t_0", "t_mult"), [(4, 1), (3, 2), (2, 3)])
def test_equals_torch_between_epochs(cosine_warm_restarts, t_0, t_mult):
    # 1/8 + k/4: never a restart, where torch's logarithm may round to the wrong cycle.
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
    scheduler = schedule(optimizer, t_0, t_mult, 0.05)
    optimizer.step()
    for quarter in range(50):
        epoch = 0.125 + quarter / 4
        scheduler.step(epoch)
        want = optimizer.param_groups[0]["lr"]
        check(cosine_warm_restarts, 0.3, epoch, t_0, t_mult, 0.05, want=want)


@claim("S0-256")
@given(st.integers(0, 400), st.integers(1, 5), st.integers(1, 4), st.integers(0, 8))
def test_equals_a_table_of_all_cycles(cosine_warm_restarts, eighths, t_0, t_mult, low):
    begin, length = 0, t_0
    while eighths >= 8 * (begin + length):
        begin, length = begin + length, length * t_mult
    angle = math.pi * (eighths / 8 - begin) / length
    want = low / 8 + (2 - low / 8) * math.cos(angle / 2) ** 2
    check(cosine_warm_restarts, 2.0, eighths / 8, t_0, t_mult, low / 8, want=want, scale=1.0)


@claim("S0-251")
def test_the_defaults_repeat_one_cycle_that_falls_to_0(cosine_warm_restarts):
    check(cosine_warm_restarts, 4.0, 6.5, 6, want=2 + 2 * math.cos(math.pi / 12))
    check(cosine_warm_restarts, 4.0, 6002.0, 6, want=3.0)


def test_just_before_a_restart_the_rate_is_near_eta_min(cosine_warm_restarts):
    want = 0.25 + 0.75 * math.sin(math.pi / 256) ** 2
    check(cosine_warm_restarts, 1.0, 9 - 6 / 128, 3, 2, 0.25, want=want)


def test_rises_where_the_smallest_rate_is_the_larger(cosine_warm_restarts):
    check(cosine_warm_restarts, 0.0, 4.0, 3, 3, 4.0, want=2 - 2 * math.cos(math.pi / 9))


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": -0.5}, {"lr": math.nan}, {"lr": math.inf}, {"epoch": -0.5}, {"epoch": math.nan},
        {"epoch": math.inf}, {"t_0": 0}, {"t_0": -3}, {"t_mult": 0}, {"t_mult": -2},
        {"eta_min": -0.5}, {"eta_min": math.inf}, {"eta_min": math.nan},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_what_makes_no_schedule(cosine_warm_restarts, bad):
    options = {"lr": 0.5, "epoch": 3.5, "t_0": 7, "t_mult": 2, "eta_min": 0.25} | bad
    check(cosine_warm_restarts, **options, raises=ValueError, naming=bad)


def wave(lr, share, eta_min):
    return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * share)) / 2


def place(epoch, t_0, t_mult, is_over=lambda t, length: t >= length):
    """How far into its cycle an epoch is, and how long that is."""
    refused(epoch, t_0, t_mult)
    t, length, cycle = epoch, t_0, 1
    while is_over(t, length):
        t, length, cycle = t - length, length * t_mult, cycle + 1
    return t, length, cycle


def refused(epoch, t_0, t_mult):
    """Refuse what would never end."""
    if not math.isfinite(epoch) or min(t_0, t_mult) < 1:
        raise ValueError(f"epoch is {epoch}, t_0 is {t_0}, t_mult is {t_mult}")


@wrong("never restart: the rate rises along the wave")
def without_restarts(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    return wave(lr, epoch / t_0, eta_min)


@wrong("keep the first cycle's length, whatever `t_mult` says")
def same_length(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    return wave(lr, epoch % t_0 / t_0, eta_min)


@wrong("add t_0 * (t_mult - 1) to the length, and don't multiply it")
def linear_growth(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    refused(epoch, t_0, t_mult)
    t, length = epoch, t_0
    while t >= length:
        t, length = t - length, length + t_0 * (t_mult - 1)
    return wave(lr, t / length, eta_min)


@wrong("double the length whatever `t_mult` says")
def doubles(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, length, _ = place(epoch, t_0, 2)
    return wave(lr, t / length, eta_min)


@wrong("give a cycle's last moment the rate eta_min: there the next one begins")
def reaches_the_end(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, length, _ = place(epoch, t_0, t_mult, lambda t, length: t > length)
    return wave(lr, t / length, eta_min)


@wrong("cut the fraction of an epoch off")
def whole_epochs(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, length, _ = place(math.floor(epoch), t_0, t_mult)
    return wave(lr, t / length, eta_min)


@wrong("ignore eta_min")
def to_nothing(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, length, _ = place(epoch, t_0, t_mult)
    return wave(lr, t / length, 0.0)


@wrong("restart at half of the rate before",
       right_for="cycles whose peaks fall; here each one starts at lr")  # fmt: skip
def falling_peaks(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, length, cycle = place(epoch, t_0, t_mult)
    return wave(lr / 2 ** (cycle - 1), t / length, eta_min)


@wrong("keep t_0 below the fraction: a longer cycle rises again")
def angle_of_the_first(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, _, _ = place(epoch, t_0, t_mult)
    return wave(lr, t / t_0, eta_min)


@wrong("put a whole wave into a cycle: it is at its lowest in the middle")
def whole_wave(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    t, length, _ = place(epoch, t_0, t_mult)
    return wave(lr, 2 * t / length, eta_min)


@wrong("take the length of the cycle for its end: later cycles are too short")
def lengths_for_ends(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    refused(epoch, t_0, t_mult)
    begin, end = 0, t_0
    while epoch >= end:
        begin, end = end, max(end * t_mult, end + t_0)
    return wave(lr, (epoch - begin) / (end - begin), eta_min)


@wrong("round the logarithm that counts the cycles down: log(243, 3) comes out below 5")
def by_the_logarithm(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    if t_mult == 1:
        return wave(lr, epoch % t_0 / t_0, eta_min)
    cycle = math.floor(math.log(epoch / t_0 * (t_mult - 1) + 1, t_mult))
    begin = t_0 * (t_mult**cycle - 1) / (t_mult - 1)
    return wave(lr, (epoch - begin) / (t_0 * t_mult**cycle), eta_min)


@wrong("divide by t_mult - 1, which is 0 for cycles of one length")
def closed_form_only(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    cycle = math.floor(math.log(epoch / t_0 * (t_mult - 1) + 1, t_mult) + 1e-9)
    begin = t_0 * (t_mult**cycle - 1) / (t_mult - 1)
    return wave(lr, (epoch - begin) / (t_0 * t_mult**cycle), eta_min)


@right("by the end of each cycle, from the first on")
def by_the_ends(lr, epoch, t_0, t_mult=1, eta_min=0.0):
    for name, value in (("lr", lr), ("epoch", epoch), ("eta_min", eta_min)):
        if value < 0 or not math.isfinite(value):
            raise ValueError(f"`{name}` can't be {value}")
    for name, value in (("t_0", t_0), ("t_mult", t_mult)):
        if value <= 0:
            raise ValueError(f"`{name}` can't be {value}")
    begin, end = 0, t_0
    while end <= epoch:
        begin, end = end, end + (end - begin) * t_mult
    share = math.cos(math.pi * (epoch - begin) / (end - begin) / 2) ** 2
    return lr * share + eta_min * (1 - share)


@plot(x="epoch", y="learning rate")
def plot_cycles_of_one_length_and_cycles_that_double(cosine_warm_restarts):
    epochs = [k / 10 for k in range(700)]
    return {
        "t_mult = 1": (epochs, [cosine_warm_restarts(0.1, e, 10) for e in epochs]),
        "t_mult = 2": (epochs, [cosine_warm_restarts(0.1, e, 10, 2) for e in epochs]),
    }
