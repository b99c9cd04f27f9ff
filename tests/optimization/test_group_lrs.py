"""Each group's initial rate times its function of the epoch, as torch's LambdaLR has it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("step_lr",),
    forbid=("torch.optim",),
    instead="multiply each group's initial rate",
    hints=(
        "Is what the function returns a rate, or a factor?",
        "Which rate is multiplied: that of the epoch before, or the first one?",
    ),
)


def halves(epoch):
    return 0.5**epoch


def falls(epoch):
    return 1 / (1 + epoch)


def warms_up(epoch):
    return min((epoch + 1) / 4, 1.0)


def torchs(lrs, factor, epochs):
    """The rates of all groups that torch sets, epoch by epoch."""
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    scheduler, rates = torch.optim.lr_scheduler.LambdaLR(optimizer, factor), []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr())
        optimizer.step()
        scheduler.step()
    return rates


@claim("S0-254", "S3-378")
def test_a_case_worked_by_hand(group_lrs):
    check(group_lrs, [8.0, 1.0, 6.0], [halves, warms_up, falls], 2, want=[2.0, 0.75, 2.0])
    check(group_lrs, [8.0, 1.0, 6.0], [halves, warms_up, falls], 0, want=[8.0, 0.25, 6.0])


@claim("S3-378")
@pytest.mark.parametrize("epoch", [0, 1, 3, 6])
def test_groups_under_one_function_keep_their_ratio(group_lrs, epoch):
    check(group_lrs, [0.5, 0.125], halves, epoch, want=[0.5 / 2**epoch, 0.125 / 2**epoch])


@claim("S0-254", "S3-377")
@pytest.mark.parametrize(
    ("lrs", "factor"),
    [([0.3], warms_up), ([0.1, 0.02], falls), ([0.3, 0.1, 0.2], [warms_up, halves, falls])],
    ids=["one group", "one function", "three functions"],
)
def test_equals_torch_at_every_epoch(group_lrs, lrs, factor):
    for epoch, want in enumerate(torchs(lrs, factor, 9)):
        check(group_lrs, lrs, factor, epoch, want=want)


@counterexample("S3-377")  # a rate for each layer
def test_three_layers_in_one_group_have_one_rate(group_lrs):
    model = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(3)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    lrs = [group["lr"] for group in optimizer.param_groups]
    check(group_lrs, lrs, halves, 1, want=[0.05])


@given(st.lists(st.integers(0, 16), min_size=1, max_size=4), st.integers(0, 12))
def test_equals_the_product_for_any_rates(group_lrs, eighths, epoch):
    functions = [halves, falls, warms_up, halves][: len(eighths)]
    want = [e / 8 * f(epoch) for e, f in zip(eighths, functions, strict=True)]
    check(group_lrs, [e / 8 for e in eighths], functions, epoch, want=want)
    check(
        group_lrs,
        [e / 8 for e in eighths],
        falls,
        epoch,
        want=[e / 8 / (1 + epoch) for e in eighths],
    )


def test_refuses_as_many_functions_as_there_arent_groups(group_lrs):
    for functions in ([halves], [halves, falls, warms_up], []):
        args = ([0.1, 0.2], functions, 1)
        check(group_lrs, *args, raises=ValueError, naming={"factor": len(functions)})


@pytest.mark.parametrize(
    "bad",
    [
        {"lrs": []},
        {"lrs": [0.5, -0.25]},
        {"lrs": [math.nan, 0.5]},
        {"lrs": [math.inf]},
        {"epoch": -1},
    ],
    ids=str,
)
def test_refuses_what_makes_no_schedule(group_lrs, bad):
    options = {"lrs": [0.5, 0.25], "factor": halves, "epoch": 3} | bad
    check(group_lrs, **options, raises=ValueError, naming=bad)


def each(lrs, factor):
    return factor if isinstance(factor, list) else [factor] * len(lrs)


@wrong("return what the function gives as the rate: it is a factor")
def absolute(lrs, factor, epoch):
    return [f(epoch) for f in each(lrs, factor)]


@wrong("multiply the rate of the epoch before, and not the initial one",
       right_for="torch's MultiplicativeLR; here the factor belongs to the initial rate")  # fmt: skip
def multiplied_up(lrs, factor, epoch):
    rates = list(lrs)
    for passed in range(1, epoch + 1):
        rates = [lr * f(passed) for lr, f in zip(rates, each(lrs, factor), strict=True)]
    return rates


@wrong("give every group the rate of the first")
def first_for_all(lrs, factor, epoch):
    return [lrs[0] * f(epoch) for f in each(lrs, factor)]


@wrong("use the first function for all groups")
def first_function(lrs, factor, epoch):
    return [lr * each(lrs, factor)[0](epoch) for lr in lrs]


@wrong("count epochs from 1")
def from_one(lrs, factor, epoch):
    return [lr * f(epoch + 1) for lr, f in zip(lrs, each(lrs, factor), strict=True)]


@wrong("return one rate, that of the first group")
def one_rate(lrs, factor, epoch):
    return [lrs[0] * each(lrs, factor)[0](epoch)]


@wrong("add the factor to the rate")
def added(lrs, factor, epoch):
    return [lr + f(epoch) for lr, f in zip(lrs, each(lrs, factor), strict=True)]


@wrong("count on a list of functions: one for all is allowed")
def lists_only(lrs, factor, epoch):
    return [lr * f(epoch) for lr, f in zip(lrs, factor, strict=True)]


@wrong("multiply in place: the caller's initial rates change")
def in_place(lrs, factor, epoch):
    for group, f in enumerate(each(lrs, factor)):
        lrs[group] *= f(epoch)
    return lrs


@wrong("leave out the groups beyond the functions", accepts_bad_input=True)
def cut_short(lrs, factor, epoch):
    if not lrs or min(lrs) < 0 or epoch < 0 or not all(map(math.isfinite, lrs)):
        raise ValueError(f"lrs is {lrs}, epoch is {epoch}")
    return [lr * f(epoch) for lr, f in zip(lrs, each(lrs, factor), strict=False)]


@right("group after group")
def in_a_loop(lrs, factor, epoch):
    if len(lrs) == 0:
        raise ValueError(f"`lrs` can't be {lrs}")
    for lr in lrs:
        if lr < 0 or not math.isfinite(lr):
            raise ValueError(f"`lrs` can't be {lrs}")
    if epoch <= -1:
        raise ValueError(f"`epoch` can't be {epoch}")
    if isinstance(factor, list) and len(factor) != len(lrs):
        raise ValueError(f"`factor` can't have {len(factor)} functions")
    rates = []
    for group, lr in enumerate(lrs):
        function = factor[group] if isinstance(factor, list) else factor
        rates.append(function(epoch) * lr)
    return rates


@plot(x="epoch", y="learning rate")
def plot_two_groups_with_functions_of_their_own(group_lrs):
    epochs = range(31)
    rates = [group_lrs([0.1, 0.05], [lambda e: 0.9**e, lambda e: 1 / (1 + e)], e) for e in epochs]
    return {
        "group 1: 0.9^epoch": (epochs, [pair[0] for pair in rates]),
        "group 2: 1 / (1 + epoch)": (epochs, [pair[1] for pair in rates]),
    }
