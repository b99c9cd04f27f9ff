"""The mean minimises squares, a median absolute values."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, claim, inputs, plot, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("mse", "mae"),
    hints=(
        "Where is the derivative of each loss by c equal to 0?",
        "That of sum |c - y_i| is the number of targets below c, less the number above.",
        "torch.median takes the lower of two middle values: here it is their midpoint.",
    ),
)


def mean_loss(c, targets, loss):
    errors = c - targets.double()
    return float((errors.square() if loss == "mse" else errors.abs()).mean())


@claim("S4-004")
def test_one_outlier_worked_by_hand(best_constant):
    targets = torch.tensor([3.0, 1.0, 22.0, 2.0, 2.0])
    check(best_constant, targets, "mse", want=torch.tensor(6.0))
    check(best_constant, targets, "mae", want=torch.tensor(2.0))


@claim("S4-004")
def test_the_midpoint_of_two_middle_targets(best_constant):
    targets = torch.tensor([7.0, 1.0, 4.0, 30.0], dtype=torch.float64)
    check(best_constant, targets, "mae", want=torch.tensor(5.5, dtype=torch.float64))
    check(best_constant, targets, "mse", want=torch.tensor(10.5, dtype=torch.float64))


@claim("S4-004")
@pytest.mark.parametrize("loss", ["mse", "mae"])
@given(inputs.tensors(inputs.sizes(1, 7)))
def test_no_number_of_a_grid_is_better(best_constant, loss, targets):
    grid = torch.arange(-5, 5.001, 1 / 16, dtype=torch.float64)
    least = min(mean_loss(c, targets, loss) for c in [*grid, *targets])

    def holds(c):
        return mean_loss(c, targets, loss) <= least + 1e-12

    want = such_that(f"a number of a mean loss of at most {least:.6g}", holds)
    check(best_constant, targets, loss, want=want)


@claim("S4-004")
@given(inputs.tensors(inputs.sizes(1, 7)))
def test_equals_the_statistics_of_pythons_library(best_constant, targets):
    import statistics

    mean, median = (f(targets.tolist()) for f in (statistics.fmean, statistics.median))
    check(best_constant, targets, "mse", want=torch.tensor(mean, dtype=torch.float64), scale=1.0)
    check(best_constant, targets, "mae", want=torch.tensor(median, dtype=torch.float64))


@claim("S4-004")
def test_an_outlier_moves_the_mean_and_leaves_the_median(best_constant):
    targets = torch.tensor([1.0, 2.0, 3.0, 1e6 + 1])
    check(best_constant, targets, "mae", want=torch.tensor(2.5))
    check(best_constant, targets, "mse", want=torch.tensor(250001.75))


def test_one_target(best_constant):
    for loss in ("mse", "mae"):
        check(best_constant, torch.tensor([-3.5]), loss, want=torch.tensor(-3.5))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64], ids=str)
def test_keeps_the_dtype(best_constant, dtype):
    targets = torch.tensor([2.0, -1.0, 4.0, 0.5], dtype=dtype)
    check(best_constant, targets, "mae", want=torch.tensor(1.25, dtype=dtype))
    check(best_constant, targets, "mse", want=torch.tensor(1.375, dtype=dtype))


def test_refuses_other_losses(best_constant):
    for loss in ("huber", "", "MSE"):
        call = torch.tensor([1.0, 2.0]), loss
        check(best_constant, *call, raises=ValueError, naming={"loss": loss})


def test_refuses_no_targets(best_constant):
    for loss in ("mse", "mae"):
        call = torch.zeros(0), loss
        check(best_constant, *call, raises=ValueError, naming={"targets": (0,)})


def middle(targets):
    ordered, n = targets.sort().values, len(targets)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


@wrong("exchange the two: the mean minimises squares")
def exchanged(targets, loss):
    return middle(targets) if loss == "mse" else targets.mean()


@wrong("take the lower of two middle targets, as torch.median does")
def lower(targets, loss):
    return targets.mean() if loss == "mse" else targets.median()


@wrong("take the upper of two middle targets")
def upper(targets, loss):
    return targets.mean() if loss == "mse" else targets.sort().values[len(targets) // 2]


@wrong("forget to sort: the middle of the list is not that of the values")
def unsorted(targets, loss):
    n = len(targets)
    return targets.mean() if loss == "mse" else (targets[(n - 1) // 2] + targets[n // 2]) / 2


@wrong("take the midpoint of the smallest and the largest: that minimises the largest error")
def midrange(targets, loss):
    return targets.mean() if loss == "mse" else (targets.amin() + targets.amax()) / 2


@wrong("predict the mean for either loss")
def mean_for_both(targets, loss):
    return targets.mean()


@wrong("predict the commonest target")
def mode(targets, loss):
    return targets.mean() if loss == "mse" else targets.mode().values


@wrong("return the least loss, and not where it is")
def least_loss(targets, loss):
    errors = (targets.mean() if loss == "mse" else middle(targets)) - targets
    return (errors.square() if loss == "mse" else errors.abs()).mean()


@wrong("sort the caller's targets in place")
def sorts_in_place(targets, loss):
    targets.copy_(targets.sort().values)
    return targets.mean() if loss == "mse" else middle(targets)


@right("with the quantile in the middle")
def by_quantile(targets, loss):
    if loss not in {"mse", "mae"}:
        raise ValueError(f"loss: {loss}")
    if targets.numel() == 0:
        raise ValueError(f"targets: {tuple(targets.shape)}")
    if loss == "mse":
        return targets.sum() / len(targets)
    return torch.quantile(targets.double(), 0.5).to(targets.dtype)


@plot(x="c", y="mean loss")
def plot_the_losses_of_five_targets(best_constant):
    targets = torch.tensor([0.0, 1.0, 1.5, 2.0, 6.0])
    grid = [k / 20 for k in range(-10, 81)]
    curves = {loss: (grid, [mean_loss(c, targets, loss) for c in grid]) for loss in ("mse", "mae")}
    for loss in ("mse", "mae"):
        c = float(best_constant(targets, loss))
        curves[f"best by {loss}"] = ([c, c], [0, mean_loss(c, targets, loss)])
    return curves
