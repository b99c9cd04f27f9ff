"""Claims on learning rate schedules that are verified and not exercised."""

import inspect
import warnings

import pytest
import torch
from torch.optim import lr_scheduler

from grader import claim, counterexample


def near(value):
    """The value, to rounding."""
    return pytest.approx(value, rel=1e-9)


def sgd(*rates):
    """An optimizer with a group of one parameter for each rate."""
    return torch.optim.SGD(
        [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in rates], lr=1.0
    )


def follow(optimizer, scheduler, epochs, *metric):
    """The rates of all groups, epoch by epoch."""
    rates = []
    for _ in range(epochs):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step(*metric)
    return rates


def signature(scheduler):
    """A scheduler's arguments and their defaults, in order."""
    parameters = inspect.signature(scheduler).parameters.values()
    return [(p.name, p.default) for p in parameters]


NONE = inspect.Parameter.empty


@claim("S0-247", "S0-248", "S0-249", "S0-250", "S0-254", "S3-374")
@pytest.mark.parametrize(
    ("scheduler", "own"),
    [
        (lr_scheduler.StepLR, [("step_size", NONE), ("gamma", 0.1)]),
        (lr_scheduler.MultiStepLR, [("milestones", NONE), ("gamma", 0.1)]),
        (lr_scheduler.ExponentialLR, [("gamma", NONE)]),
        (lr_scheduler.CosineAnnealingLR, [("T_max", NONE), ("eta_min", 0)]),
        (lr_scheduler.LambdaLR, [("lr_lambda", NONE)]),
    ],
    ids=["step", "multi_step", "exponential", "cosine", "lambda"],
)
def test_the_signatures_of_the_notes_are_todays(scheduler, own):
    assert signature(scheduler) == [("optimizer", NONE), *own, ("last_epoch", -1)]


@claim("S0-251")
def test_warm_restarts_have_the_other_arguments_of_the_notes():
    own = [("T_0", NONE), ("T_mult", 1), ("eta_min", 0)]
    found = signature(lr_scheduler.CosineAnnealingWarmRestarts)
    assert found == [("optimizer", NONE), *own, ("last_epoch", -1)]
    with pytest.raises(ValueError, match="T_mult"):
        lr_scheduler.CosineAnnealingWarmRestarts(sgd(0.1), 3, 1.5)


@counterexample("S0-251")
def test_warm_restarts_know_no_verbose():
    options = {"T_0": 3, "T_mult": 1, "eta_min": 0, "last_epoch": -1}
    with pytest.raises(TypeError, match="verbose"):
        lr_scheduler.CosineAnnealingWarmRestarts(sgd(0.1), **options, verbose=False)


PLATEAU = {
    "mode": "min", "factor": 0.1, "patience": 10, "threshold": 0.0001, "threshold_mode": "rel",
    "cooldown": 0, "min_lr": 0, "eps": 1e-08,
}  # fmt: skip


@claim("S0-252")
def test_the_plateau_has_the_other_arguments_of_the_notes():
    assert signature(lr_scheduler.ReduceLROnPlateau) == [("optimizer", NONE), *PLATEAU.items()]


@counterexample("S0-252")
def test_a_verbose_by_position_becomes_the_plateaus_threshold():
    scheduler = lr_scheduler.ReduceLROnPlateau(sgd(0.1), "min", 0.1, 10, False)
    assert scheduler.threshold == 0
    with pytest.raises(TypeError, match="verbose"):
        lr_scheduler.ReduceLROnPlateau(sgd(0.1), **PLATEAU, verbose=False)


@claim("S0-253")
def test_a_constant_metric_lowers_the_rate_every_patience_plus_one_epochs():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    rates = follow(optimizer, scheduler, 8, 5.0)
    assert [lr for (lr,) in rates] == near([1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.01])


@counterexample("S0-253")
def test_a_metric_that_improves_by_too_little_is_a_plateau():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    for epoch in range(4):
        optimizer.step()
        scheduler.step(1 - 1e-5 * epoch)
    assert scheduler.get_last_lr() == near([0.1])


@counterexample("S0-253")
def test_after_patience_epochs_without_improvement_the_rate_still_stands():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    assert follow(optimizer, scheduler, 4, 5.0)[3] == [1.0]  # seen before the fourth metric


@claim("S0-254")
def test_each_group_has_its_own_function():
    optimizer = sgd(1.0, 0.5)
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda e: 0.5**e, lambda e: 1 / (1 + e)])
    rates = follow(optimizer, scheduler, 3)
    assert rates == [[1.0, 0.5], [0.5, 0.25], near([0.25, 0.5 / 3])]
    with pytest.raises(ValueError, match="lr_lambda"):
        lr_scheduler.LambdaLR(sgd(1.0, 0.5), [lambda e: 1.0])


@claim("S0-255", "S0-250")
def test_cosine_annealing_rises_again_after_t_max():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, 10, 0.2)
    rates = [lr for (lr,) in follow(optimizer, scheduler, 26)]
    assert [rates[t] for t in (0, 5, 10, 15, 20, 25)] == near([1.0, 0.6, 0.2, 0.6, 1.0, 0.6])


@claim("S0-256")
def test_cycles_of_three_epochs_that_double_restart_at_3_9_and_21():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, 2)
    rates = [lr for (lr,) in follow(optimizer, scheduler, 30)]
    assert [t for t, lr in enumerate(rates) if lr == 1.0] == [0, 3, 9, 21]


@claim("S0-245", "S0-248", "S0-249")
def test_steps_milestones_and_powers():
    made = {
        lr_scheduler.StepLR: {"step_size": 30},
        lr_scheduler.MultiStepLR: {"milestones": [30, 80]},
        lr_scheduler.ExponentialLR: {"gamma": 0.9},
    }
    want = {29: (1.0, 1.0, 0.9**29), 30: (0.1, 0.1, 0.9**30), 80: (0.01, 0.01, 0.9**80)}
    rates = []
    for scheduler, options in made.items():
        optimizer = sgd(1.0)
        rates.append(follow(optimizer, scheduler(optimizer, **options), 81))
    for epoch, expected in want.items():
        assert [path[epoch][0] for path in rates] == near(list(expected))


@claim("S3-373")
def test_one_schedule_after_another():
    optimizer = sgd(0.1)
    parts = [
        lr_scheduler.ConstantLR(optimizer, 0.1, 2),
        lr_scheduler.ExponentialLR(optimizer, 0.9),
    ]
    scheduler = lr_scheduler.SequentialLR(optimizer, parts, milestones=[3])
    rates = [lr for (lr,) in follow(optimizer, scheduler, 6)]
    assert rates == near([0.01, 0.01, 0.1, 0.1, 0.09, 0.081])


@claim("S3-373")
def test_a_sequence_needs_one_milestone_less_than_schedules():
    optimizer = sgd(0.1)
    parts = [lr_scheduler.ExponentialLR(optimizer, gamma) for gamma in (0.9, 0.5)]
    with pytest.raises(ValueError, match="milestone"):
        lr_scheduler.SequentialLR(optimizer, parts, milestones=[2, 4])


@claim("S3-374")
def test_every_scheduler_takes_the_optimizer_first():
    names = [name for name in dir(lr_scheduler) if name.endswith(("LR", "Plateau", "Restarts"))]
    found = {name: signature(getattr(lr_scheduler, name))[0][0] for name in names}
    # ChainedScheduler, which takes schedulers, isn't named like a schedule.
    assert len(found) >= 14
    assert {first for name, first in found.items() if not name.startswith("_")} == {"optimizer"}


def resumed(scheduler, last_epoch):
    """The rates of a scheduler that starts in the middle, of an optimizer with the rate 0.1."""
    optimizer = sgd(0.1)
    optimizer.param_groups[0]["initial_lr"] = 0.1
    made = scheduler(optimizer, last_epoch=last_epoch)
    return made.last_epoch, [lr for (lr,) in follow(optimizer, made, 3)]


@claim("S3-375")
def test_a_schedule_of_the_initial_rate_starts_at_last_epoch_plus_one():
    def inverse(optimizer, last_epoch):
        return lr_scheduler.LambdaLR(optimizer, lambda e: 1 / (e + 1), last_epoch=last_epoch)

    assert resumed(inverse, 3) == (4, near([0.1 / 5, 0.1 / 6, 0.1 / 7]))
    assert resumed(inverse, -1) == (0, near([0.1, 0.1 / 2, 0.1 / 3]))


@counterexample("S3-375")
def test_a_schedule_that_multiplies_starts_with_the_rate_at_hand():
    def halved(optimizer, last_epoch):
        return lr_scheduler.ExponentialLR(optimizer, 0.5, last_epoch=last_epoch)

    epoch, rates = resumed(halved, 3)
    assert epoch == 4
    assert rates[0] != pytest.approx(0.1 * 0.5**4)
    assert rates == near([0.1, 0.05, 0.025])


@counterexample("S3-375")
def test_a_resumed_schedule_needs_the_initial_rate():
    with pytest.raises(KeyError, match="initial_lr"):
        lr_scheduler.StepLR(sgd(0.1), 2, last_epoch=3)


@claim("S3-376")
def test_a_step_of_the_schedule_after_the_optimizers_sets_the_next_rate():
    optimizer = sgd(0.1)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    assert follow(optimizer, scheduler, 3) == [[0.1], near([0.05]), near([0.025])]


@counterexample("S3-376")
def test_a_step_of_the_schedule_before_the_optimizers_skips_the_first_rate():
    optimizer = sgd(0.1)
    theta = optimizer.param_groups[0]["params"][0]
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    with pytest.warns(UserWarning, match="before"):
        scheduler.step()
    theta.grad = torch.ones(1)
    optimizer.step()
    assert float(theta.detach()) == pytest.approx(-0.05)


@counterexample("S3-376")
def test_a_plateau_doesnt_step_without_a_metric():
    with pytest.raises(TypeError, match="metrics"):
        lr_scheduler.ReduceLROnPlateau(sgd(0.1)).step()


def three_layers():
    return torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(3)))


@counterexample("S3-377")
def test_three_layers_in_one_group_have_one_last_rate():
    optimizer = torch.optim.SGD(three_layers().parameters(), lr=0.1)
    rates = lr_scheduler.ExponentialLR(optimizer, 0.5).get_last_lr()
    assert len(rates) != 3
    assert rates == [0.1]


@claim("S3-377")
def test_there_is_one_last_rate_for_each_group():
    first, second, third = three_layers()
    groups = [{"params": [*first.parameters(), *second.parameters()]}]
    groups += [{"params": third.parameters(), "lr": 0.01}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    assert scheduler.get_last_lr() == [0.1, 0.01]
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == near([0.05, 0.005])


@claim("S3-378")
def test_groups_keep_their_ratio_under_one_factor():
    optimizer = sgd(0.1, 0.01)
    rates = follow(optimizer, lr_scheduler.ExponentialLR(optimizer, 0.5), 3)
    assert [pair[1] / pair[0] for pair in rates] == near([0.1] * 3)


@counterexample("S3-378")
def test_groups_meet_at_a_floor():
    optimizer = sgd(0.1, 0.02)
    annealed = follow(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 4, 0.001), 5)
    assert annealed[4] == near([0.001, 0.001])
    optimizer = sgd(0.1, 0.02)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=0.01)
    assert follow(optimizer, plateau, 3, 1.0)[2] == near([0.01, 0.01])


@counterexample("S3-378")
def test_one_cycle_sets_all_groups_alike():
    optimizer = sgd(0.1, 0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    first, second = scheduler.get_last_lr()
    assert first == second
