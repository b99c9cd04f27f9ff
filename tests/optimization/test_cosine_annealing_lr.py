"""eta_min + (lr - eta_min)(1 + cos(pi epoch / t_max)) / 2, as torch's CosineAnnealingLR has it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("torch.optim",),
    instead="write the cosine of the docstring",
    hints=(
        "What are cos(0), cos(pi / 2), cos(pi) and cos(2 pi)?",
        "(1 + cos) / 2 runs from 1 to 0: it is the share of lr - eta_min that is left.",
    ),
)


def torchs(lr, epochs, t_max, eta_min):
    """The rates that torch sets, epoch by epoch: it multiplies the rate before, with no closed form."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, t_max, eta_min)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@claim("S0-250", "S0-255")
@pytest.mark.parametrize(
    ("epoch", "want"), [(0, 5.0), (2, 4.0), (3, 3.0), (4, 2.0), (6, 1.0), (8, 2.0), (12, 5.0)]
)
def test_a_case_worked_by_hand(cosine_annealing_lr, epoch, want):
    check(cosine_annealing_lr, 5.0, epoch, 6, 1.0, want=want)


@claim("S0-255")
def test_the_default_falls_to_0(cosine_annealing_lr):
    check(cosine_annealing_lr, 4.0, 1, 3, want=3.0)
    check(cosine_annealing_lr, 4.0, 3, t_max=3, want=0.0)


@claim("S0-250", "S0-255")
@pytest.mark.parametrize(("t_max", "eta_min"), [(10, 0.0), (7, 0.05), (1, 0.1), (40, 0.02)])
def test_equals_torch_beyond_t_max_too(cosine_annealing_lr, t_max, eta_min):
    # scale: torch's products start from the rate before, and keep its rounding near 0.
    for epoch, want in enumerate(torchs(0.3, 26, t_max, eta_min)):
        check(cosine_annealing_lr, 0.3, epoch, t_max, eta_min, want=want, scale=10.0)


@claim("S0-255")
@given(st.integers(0, 16), st.integers(0, 16), st.integers(0, 60), st.integers(1, 12))
def test_equals_the_real_part_of_a_rotation(cosine_annealing_lr, high, low, epoch, t_max):
    import mpmath

    with mpmath.workdps(30):
        turn = mpmath.expjpi(mpmath.mpf(epoch) / t_max).real
        want = float(mpmath.mpf(low) / 8 + (mpmath.mpf(high) - low) / 8 * (1 + turn) / 2)
    check(cosine_annealing_lr, high / 8, epoch, t_max, low / 8, want=want, scale=2.0)


@claim("S0-255")
def test_a_whole_period_gives_the_rate_again(cosine_annealing_lr):
    for periods in (1, 2, 5):
        check(cosine_annealing_lr, 0.5, 18 * periods, 9, 0.125, want=0.5)
        check(cosine_annealing_lr, 0.5, 18 * periods - 9, 9, 0.125, want=0.125)


def test_rises_where_the_smallest_rate_is_the_larger(cosine_annealing_lr):
    check(cosine_annealing_lr, 1.0, 2, 6, 5.0, want=2.0)
    check(cosine_annealing_lr, 0.0, 3, 6, 1.0, want=0.5)


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": -0.5}, {"lr": math.nan}, {"lr": math.inf}, {"epoch": -1}, {"t_max": 0}, {"t_max": -3},
        {"eta_min": -0.5}, {"eta_min": math.inf}, {"eta_min": math.nan},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_what_makes_no_schedule(cosine_annealing_lr, bad):
    options = {"lr": 0.5, "epoch": 3, "t_max": 7, "eta_min": 0.25} | bad
    check(cosine_annealing_lr, **options, raises=ValueError, naming=bad)


def wave(lr, t, t_max, eta_min):
    return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * t / t_max)) / 2


@wrong("stay at eta_min after t_max: the formula rises again",
       right_for="schedules that end at t_max; here the wave goes on as in torch")  # fmt: skip
def stays_low(lr, epoch, t_max, eta_min=0.0):
    return wave(lr, min(epoch, t_max), t_max, eta_min)


@wrong("restart after t_max: that is annealing with warm restarts")
def restarts(lr, epoch, t_max, eta_min=0.0):
    return wave(lr, epoch % t_max, t_max, eta_min)


@wrong("add eta_min to a wave of the whole height lr: it starts above lr")
def lifted(lr, epoch, t_max, eta_min=0.0):
    return eta_min + lr * (1 + math.cos(math.pi * epoch / t_max)) / 2


@wrong("cut a wave that falls to 0 off at eta_min")
def floored(lr, epoch, t_max, eta_min=0.0):
    return max(wave(lr, epoch, t_max, 0.0), eta_min)


@wrong("ignore eta_min")
def to_nothing(lr, epoch, t_max, eta_min=0.0):
    return wave(lr, epoch, t_max, 0.0)


@wrong("put a whole wave into t_max epochs: in the middle the rate is at its lowest")
def twice_as_fast(lr, epoch, t_max, eta_min=0.0):
    return wave(lr, 2 * epoch, t_max, eta_min)


@wrong("count epochs from 1: the first one has a smaller rate than lr")
def from_one(lr, epoch, t_max, eta_min=0.0):
    return wave(lr, epoch + 1, t_max, eta_min)


@wrong("reach eta_min one epoch before t_max",
       right_for="a last epoch t_max - 1 with the smallest rate; here that is epoch t_max")  # fmt: skip
def one_early(lr, epoch, t_max, eta_min=0.0):
    return wave(lr, epoch, max(t_max - 1, 1), eta_min)


@wrong("forget the half: the rate starts at twice the difference")
def without_the_half(lr, epoch, t_max, eta_min=0.0):
    return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * epoch / t_max))


@wrong("leave out the 1: the rate becomes negative")
def without_the_one(lr, epoch, t_max, eta_min=0.0):
    return eta_min + (lr - eta_min) * math.cos(math.pi * epoch / t_max)


@wrong("fall along a straight line")
def straight(lr, epoch, t_max, eta_min=0.0):
    distance = abs((epoch + t_max) % (2 * t_max) - t_max)
    return eta_min + (lr - eta_min) * (1 - distance / t_max)


@wrong("give the angle in degrees")
def in_degrees(lr, epoch, t_max, eta_min=0.0):
    return eta_min + (lr - eta_min) * (1 + math.cos(180 * epoch / t_max)) / 2


@right("by the half angle: (1 + cos a) / 2 is the square of cos(a / 2)")
def by_the_half_angle(lr, epoch, t_max, eta_min=0.0):
    for name, value in (("lr", lr), ("epoch", epoch), ("eta_min", eta_min)):
        if value < 0 or not math.isfinite(value):
            raise ValueError(f"`{name}` can't be {value}")
    if t_max <= 0:
        raise ValueError(f"`t_max` can't be {t_max}")
    share = math.cos(math.pi * epoch / (2 * t_max)) ** 2
    return share * lr + (1 - share) * eta_min


@plot(x="epoch", y="learning rate")
def plot_the_wave_goes_on_after_t_max(cosine_annealing_lr):
    epochs = range(101)
    return {
        "t_max = 100": (epochs, [cosine_annealing_lr(0.1, e, 100) for e in epochs]),
        "t_max = 25, eta_min = 0.02": (
            epochs,
            [cosine_annealing_lr(0.1, e, 25, 0.02) for e in epochs],
        ),
    }
