"""The rate that torch's ReduceLROnPlateau sets, epoch by epoch."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, wrong

EXERCISE = Exercise(
    level="hard",
    after=("early_stopping", "step_lr"),
    forbid=("torch.optim",),
    instead="keep the best metric and the counts",
    hints=(
        "Four things outlive an epoch: the rate, the best metric, and two counts. What do they count?",
        "patience = 0 lowers the rate in the first epoch that doesn't improve.",
        "In the cooldown the best metric is still followed, and the bad epochs are set back to 0.",
    ),
)
METRICS = (8.0, 6.0, 7.0, 6.0, 5.999, 9.0, 4.0, 4.0, 4.5, 4.25, 4.0, 3.0, 3.5, 3.5, 3.5, 3.5, 3.5)


class Torchs:
    """The same by torch's own scheduler."""

    def __init__(self, lr, **options):
        self.optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer, **options)

    def step(self, metric):
        self.scheduler.step(metric)
        return self.optimizer.param_groups[0]["lr"]


def follow(plateau_lr, metrics, lr=1.0, **options):
    """Check every epoch against torch's."""
    mine, torchs = plateau_lr(lr, **options), Torchs(lr, **options)
    for metric in metrics:
        check(mine.step, float(metric), want=float(torchs.step(metric)))


@claim("S0-253")
def test_a_case_worked_by_hand(plateau_lr):
    # Three that improve, three in a row that don't, and three that don't with others between them:
    # whoever counts the wrong epochs shows at another place each.
    plateau = plateau_lr(8.0, factor=0.25, patience=2)
    epochs = [(6.0, 8.0), (5.0, 8.0), (4.0, 8.0), (4.5, 8.0), (4.25, 8.0), (4.0, 2.0)]
    epochs += [(3.0, 2.0), (3.5, 2.0), (2.0, 2.0), (9.0, 2.0), (1.0, 2.0), (1.0, 2.0)]
    for metric, want in epochs:
        check(plateau.step, metric, want=want)


@counterexample("S0-253")  # several epochs without improvement
def test_a_constant_metric_lowers_the_rate_in_the_epoch_after_patience_bad_ones(plateau_lr):
    plateau = plateau_lr(1.0, factor=0.5, patience=2)
    for want in (1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25):
        check(plateau.step, 5.0, want=want)


@claim("S0-253", "S0-252")
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("patience", [0, 1, 3])
def test_follows_torch_in_both_modes(plateau_lr, mode, patience):
    follow(plateau_lr, METRICS, mode=mode, patience=patience, factor=0.5)
    rising = [10 - metric for metric in METRICS]
    follow(plateau_lr, rising, mode=mode, patience=patience, factor=0.5)


@claim("S0-252", "S0-253")
def test_the_defaults_wait_for_eleven_bad_epochs_and_divide_by_ten(plateau_lr):
    follow(plateau_lr, [2.0] * 25 + [1.9999] * 13 + [1.0] * 3)


@claim("S0-253")
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("threshold", [0.0, 0.125, 0.25, 0.5])
def test_a_gain_of_no_more_than_the_threshold_is_none(plateau_lr, mode, threshold_mode, threshold):
    options = {"mode": mode, "threshold_mode": threshold_mode, "threshold": threshold}
    for metrics in ((8.0, 7.75, 7.5, 6.0, 5.0, 4.0), (2.0, 2.25, 2.5, 3.0, 4.0, 5.5)):
        follow(plateau_lr, metrics, factor=0.5, patience=0, **options)


@claim("S0-253")
@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_relative_threshold_goes_the_other_way_below_0(plateau_lr, mode):
    # -8 * (1 - 1/8) = -7 is above -8: each of these counts as better than the one before.
    metrics = (-8.0, -7.5, -7.5, -7.0, -7.5, -8.0, -9.0, -9.0, -8.5)
    follow(plateau_lr, metrics, mode=mode, patience=0, factor=0.5, threshold=0.125)


@claim("S0-253")
@pytest.mark.parametrize("cooldown", [1, 2, 4])
def test_nothing_is_counted_during_the_cooldown(plateau_lr, cooldown):
    follow(plateau_lr, METRICS, patience=1, cooldown=cooldown, factor=0.5)
    follow(plateau_lr, [5.0] * 20, patience=0, cooldown=cooldown, factor=0.5)


def test_the_best_metric_is_followed_during_the_cooldown(plateau_lr):
    metrics = [5.0, 5.0, 3.0, 4.0, 4.0, 4.0, 4.0]
    follow(plateau_lr, metrics, patience=0, cooldown=2, factor=0.5)


def test_stops_at_the_smallest_rate(plateau_lr):
    follow(plateau_lr, [5.0] * 9, patience=0, factor=0.5, min_lr=0.3)
    follow(plateau_lr, [5.0] * 4, lr=0.25, patience=0, factor=0.5, min_lr=0.5)


def test_a_fall_of_no_more_than_eps_is_left_out(plateau_lr):
    follow(plateau_lr, [5.0] * 9, patience=0, factor=0.5, eps=0.125)
    follow(plateau_lr, [5.0] * 9, lr=1e-7, patience=0, factor=0.5, cooldown=1)


def test_nan_never_improves_and_is_never_the_best(plateau_lr):
    follow(plateau_lr, [math.nan, 5.0, math.nan, 4.0, 4.5, math.nan], patience=0, factor=0.5)
    follow(plateau_lr, [math.inf, math.inf, -math.inf, -math.inf], patience=0, factor=0.5)
    follow(plateau_lr, [math.nan] * 4, patience=1)
    follow(plateau_lr, [math.inf] * 3 + [1.0], patience=1)


def test_a_factor_of_0_ends_the_training(plateau_lr):
    follow(plateau_lr, [5.0] * 4, patience=0, factor=0.0)


def test_two_schedules_know_nothing_of_each_other(plateau_lr):
    one, other = (plateau_lr(1.0, factor=0.5, patience=0) for _ in range(2))
    check(one.step, 2.0, want=1.0)
    check(other.step, 3.0, want=1.0)
    check(one.step, 2.5, want=0.5)
    check(other.step, 2.5, want=1.0)


@claim("S0-253")
@given(
    st.lists(st.integers(0, 12), min_size=3, max_size=14),
    st.sampled_from(["min", "max"]),
    st.sampled_from(["rel", "abs"]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 4),
)
def test_follows_torch_for_any_metrics(plateau_lr, metrics, mode, kind, patience, cooldown, eighth):
    counts = {"patience": patience, "cooldown": cooldown}
    options = {"mode": mode, "threshold_mode": kind, "threshold": eighth / 8, **counts}
    follow(plateau_lr, [m / 4 for m in metrics], lr=0.5, factor=0.25, min_lr=1 / 64, **options)


@pytest.mark.parametrize(
    "bad",
    [
        {"mode": "least"}, {"mode": "MIN"}, {"threshold_mode": "relative"},
        {"threshold_mode": "ABS"}, {"factor": 1.0}, {"factor": -0.5},
        {"factor": math.nan}, {"patience": -1}, {"cooldown": -2},
        {"lr": -0.5}, {"lr": math.inf}, {"threshold": -0.5}, {"threshold": math.nan},
        {"min_lr": -0.25}, {"eps": -0.5}, {"eps": math.inf},
    ],
    ids=str,
)  # fmt: skip
def test_refuses_what_makes_no_schedule(plateau_lr, bad):
    check(plateau_lr, **({"lr": 1.0} | bad), raises=ValueError, naming=bad)


class Mended:
    """The rules of the docstring; the wrong answers below break one each."""

    def __init__(
        self, lr, mode="min", factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel",
        cooldown=0, min_lr=0.0, eps=1e-8,
    ):  # fmt: skip
        self.lr, self.mode, self.factor, self.patience = lr, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown = threshold, threshold_mode, cooldown
        self.min_lr, self.eps, self.bad, self.rest = min_lr, eps, 0, 0
        self.best = math.inf if mode == "min" else -math.inf

    def improves(self, metric):
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "rel":
            bar = self.best * (1 + sign * self.threshold)
        else:
            bar = self.best + sign * self.threshold
        return metric < bar if self.mode == "min" else metric > bar

    def step(self, metric):
        if self.improves(metric):
            self.best, self.bad = metric, 0
        else:
            self.bad += 1
        if self.rest > 0:
            self.rest -= 1
            self.bad = 0
        if self.is_over():
            self.lower()
        return self.lr

    def is_over(self):
        return self.bad > self.patience

    def lower(self):
        lower = max(self.lr * self.factor, self.min_lr)
        if self.lr - lower > self.eps:
            self.lr = lower
        self.bad, self.rest = 0, self.cooldown


@wrong("lower the rate in the `patience`-th bad epoch: it is the one after that",
       right_for="Keras' patience; here it takes patience + 1 bad epochs, as in torch")  # fmt: skip
class OneEarly(Mended):
    def is_over(self):
        return self.bad >= self.patience and self.bad > 0


@wrong("count bad epochs in all, and not in a row")
class InAll(Mended):
    def step(self, metric):
        before = self.bad
        if self.improves(metric):
            self.best, bad = metric, before
        else:
            bad = before + 1
        self.bad = bad
        if self.rest > 0:
            self.rest -= 1
            self.bad = 0
        if self.is_over():
            self.lower()
        return self.lr


@wrong("compare with the metric before, and not with the best one")
class WithTheLast(Mended):
    def step(self, metric):
        rate = super().step(metric)
        self.best = metric
        return rate


@wrong("ignore the threshold: any gain counts")
class AnyGain(Mended):
    def improves(self, metric):
        return metric < self.best if self.mode == "min" else metric > self.best


@wrong("take the threshold as absolute, whatever `threshold_mode` says")
class AlwaysAbsolute(Mended):
    def improves(self, metric):
        if self.mode == "min":
            return metric < self.best - self.threshold
        return metric > self.best + self.threshold


@wrong("look for the smallest metric, whatever `mode` says")
class AlwaysSmallest(Mended):
    def __init__(self, lr, mode="min", *args, **options):
        super().__init__(lr, "min", *args, **options)


@wrong("count a metric that just equals the bar as better")
class WithEquals(Mended):
    def improves(self, metric):
        sign = -1 if self.mode == "min" else 1
        is_relative = self.threshold_mode == "rel"
        bar = (
            self.best * (1 + sign * self.threshold)
            if is_relative
            else self.best + sign * self.threshold
        )
        return metric <= bar if self.mode == "min" else metric >= bar


@wrong("take the threshold relative to the size of the best: below 0 torch goes the other way",
       right_for="a bar that is always harder; here it is best * (1 - threshold)")  # fmt: skip
class OfTheSize(Mended):
    def improves(self, metric):
        scale = abs(self.best) if self.threshold_mode == "rel" else 1.0
        if math.isinf(self.best):
            return super().improves(metric)
        if self.mode == "min":
            return metric < self.best - self.threshold * scale
        return metric > self.best + self.threshold * scale


@wrong("forget to start the count anew after the rate is lowered")
class KeepsTheCount(Mended):
    def lower(self):
        bad = self.bad
        super().lower()
        self.bad = bad


@wrong("ignore the cooldown")
class WithoutRest(Mended):
    def lower(self):
        super().lower()
        self.rest = 0


@wrong("sleep through the cooldown: the best metric isn't followed there")
class Asleep(Mended):
    def step(self, metric):
        if self.rest > 0:
            self.rest -= 1
            return self.lr
        return super().step(metric)


@wrong("fall below the smallest rate")
class WithoutFloor(Mended):
    def lower(self):
        if self.lr - self.lr * self.factor > self.eps:
            self.lr *= self.factor
        self.bad, self.rest = 0, self.cooldown


@wrong("raise a rate that is below the smallest one up to it")
class LiftsToTheFloor(Mended):
    def lower(self):
        before = self.lr
        super().lower()
        self.lr = self.min_lr if before < self.min_lr else self.lr


@wrong("lower the rate by less than `eps` too")
class WithoutEps(Mended):
    def lower(self):
        self.lr = min(self.lr, max(self.lr * self.factor, self.min_lr))
        self.bad, self.rest = 0, self.cooldown


@wrong("count epochs that improve as well: the rate falls every patience + 1 epochs")
class NeverResets(Mended):
    def step(self, metric):
        self.bad += 1
        if self.improves(metric):
            self.best = metric
        if self.rest > 0:
            self.rest, self.bad = self.rest - 1, 0
        if self.is_over():
            self.lower()
        return self.lr


@right("rule by rule, with a method for each")
class RuleByRule(Mended):
    def __init__(
        self, lr, mode="min", factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel",
        cooldown=0, min_lr=0.0, eps=1e-8,
    ):  # fmt: skip
        if mode != "min" and mode != "max":
            raise ValueError(f"`mode` can't be {mode}")
        if threshold_mode != "rel" and threshold_mode != "abs":
            raise ValueError(f"`threshold_mode` can't be {threshold_mode}")
        if factor < 0 or factor >= 1 or math.isnan(factor):
            raise ValueError(f"`factor` can't be {factor}")
        sizes = {"lr": lr, "patience": patience, "threshold": threshold, "cooldown": cooldown}
        for name, size in [*sizes.items(), ("min_lr", min_lr), ("eps", eps)]:
            if size < 0 or not math.isfinite(size):
                raise ValueError(f"`{name}` can't be {size}")
        super().__init__(
            lr, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps
        )


@plot(x="epoch", y="learning rate", yscale="log")
def plot_a_noisy_metric_that_levels_off(plateau_lr):
    noise = torch.randn(120, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    metrics = [0.9**t + 0.02 * float(e) + 1 for t, e in enumerate(noise)]
    curves = {}
    for patience, cooldown in ((5, 0), (10, 0), (5, 10)):
        schedule = plateau_lr(0.1, factor=0.5, patience=patience, cooldown=cooldown)
        label = f"patience = {patience}, cooldown = {cooldown}"
        curves[label] = (range(120), [schedule.step(metric) for metric in metrics])
    return curves
