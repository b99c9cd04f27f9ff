"""'none', 'sum' and 'mean', where a weighted mean divides by the sum of the weights."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import nll_loss

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "What is the mean of the losses 1 and 4, if the first stands for three examples?",
        "Divide by the sum of the weights, and not by n.",
    ),
)

REDUCTIONS = ("none", "sum", "mean")
WEIGHTED = inputs.sizes(1, 6).flatmap(
    lambda n: st.tuples(inputs.tensors(n), inputs.tensors(n, low=0.125, high=4))
)


def torchs(losses, reduction, weight=None):
    """As many classes as examples, each with the loss of one example and its weight."""
    return nll_loss(torch.diag(-losses), torch.arange(len(losses)), weight, reduction=reduction)


@claim("S3-171")
def test_losses_worked_by_hand(reduce_loss):
    losses, weight = torch.tensor([1.0, 4.0, 7.0]), torch.tensor([5.0, 2.0, 1.0])
    check(reduce_loss, losses, "mean", weight, want=torch.tensor(2.5))
    check(reduce_loss, losses, "sum", weight, want=torch.tensor(20.0))
    check(reduce_loss, losses, "none", weight, want=torch.tensor([5.0, 8.0, 7.0]))


@claim("S3-171")
def test_without_weights_all_examples_count_alike(reduce_loss):
    losses = torch.tensor([1.0, 4.0, 10.0])
    check(reduce_loss, losses, "mean", want=torch.tensor(5.0))
    check(reduce_loss, losses, "sum", want=torch.tensor(15.0))
    check(reduce_loss, losses, "none", want=losses.clone())


@claim("S3-171")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(WEIGHTED)
def test_equals_torchs_loss_of_weighted_classes(reduce_loss, reduction, drawn):
    losses, weight = drawn
    want = torchs(losses, reduction, weight)
    check(reduce_loss, losses, reduction, weight=weight, want=want, scale=10.0)
    check(reduce_loss, losses, reduction, want=torchs(losses, reduction), scale=10.0)


@claim("S3-171")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(WEIGHTED)
def test_gradients_are_the_shares_of_the_examples(reduce_loss, reduction, drawn):
    losses, weight = drawn
    check_gradient(reduce_loss, losses, reduction, weight, wrt=(0,), like=torchs)
    check_gradient(reduce_loss, losses, reduction, like=torchs)


@claim("S3-171")
def test_a_weight_of_zero_leaves_an_example_out(reduce_loss):
    losses, weight = torch.tensor([1.0, 4.0, 6.0]), torch.tensor([1.0, 0.0, 1.0])
    check(reduce_loss, losses, "mean", weight, want=torch.tensor(3.5))
    check(reduce_loss, losses, "none", weight, want=torch.tensor([1.0, 0.0, 6.0]))


@claim("S3-171")
def test_a_mean_over_nothing_is_nan(reduce_loss):
    nan = torch.tensor(torch.nan)
    check(reduce_loss, torch.ones(0), "mean", want=nan)
    check(reduce_loss, torch.ones(2), "mean", torch.zeros(2), want=nan)
    check(reduce_loss, torch.ones(0), "sum", want=torch.tensor(0.0))
    check(reduce_loss, torch.ones(0), "none", want=torch.ones(0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(reduce_loss, dtype):
    losses, weight = torch.tensor([1.0, 4.0], dtype=dtype), torch.tensor([3.0, 1.0], dtype=dtype)
    check(reduce_loss, losses, "mean", weight, want=torch.tensor(1.75, dtype=dtype))
    check(reduce_loss, losses, "mean", want=torch.tensor(2.5, dtype=dtype))


def test_refuses_other_reductions(reduce_loss):
    for reduction in ("average", "", "Mean", "batchmean"):
        naming = {"reduction": reduction}
        check(reduce_loss, torch.ones(2), reduction, raises=ValueError, naming=naming)


def test_refuses_weights_of_another_shape(reduce_loss):
    for shape in ((3,), (1,), (4, 1), ()):
        for reduction in REDUCTIONS:
            call = torch.ones(4), reduction, torch.ones(shape)
            check(reduce_loss, *call, raises=ValueError, naming={"weight": shape})


def ones_for_none(losses, weight):
    return torch.ones_like(losses) if weight is None else weight


@wrong("divide by n and not by the sum of the weights")
def by_count(losses, reduction, weight=None):
    weighted = ones_for_none(losses, weight) * losses
    return {"none": lambda: weighted, "sum": weighted.sum, "mean": weighted.mean}[reduction]()


@wrong("ignore the weights")
def ignores_weight(losses, reduction, weight=None):
    return {"none": losses.clone, "sum": losses.sum, "mean": losses.mean}[reduction]()


@wrong("leave the weights out of the sum")
def unweighted_sum(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    if reduction == "mean":
        return (weight * losses).sum() / weight.sum()
    return losses.sum() if reduction == "sum" else weight * losses


@wrong("leave the weights out where nothing is reduced")
def unweighted_none(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    if reduction == "none":
        return losses.clone()
    total = (weight * losses).sum()
    return total / weight.sum() if reduction == "mean" else total


@wrong("scale the weights to sum to 1 for the sum as well")
def normalised_sum(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    if reduction == "none":
        return weight * losses
    return (weight * losses).sum() / (
        1 if weight.equal(torch.ones_like(weight)) and reduction == "sum" else weight.sum()
    )


@wrong("exchange 'sum' and 'mean'")
def exchanged(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    total = (weight * losses).sum()
    if reduction == "none":
        return weight * losses
    return total if reduction == "mean" else total / weight.sum()


@wrong("return one number for 'none' too")
def always_a_number(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    total = (weight * losses).sum()
    return total / weight.sum() if reduction == "mean" else total


@wrong("guard the division: a mean over nothing becomes 0")
def guarded(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    if reduction == "none":
        return weight * losses
    total = (weight * losses).sum()
    return total / weight.sum().clamp(min=1e-3) if reduction == "mean" else total


@wrong("divide by the number of weights that aren't 0")
def by_nonzero(losses, reduction, weight=None):
    weight = ones_for_none(losses, weight)
    if reduction == "none":
        return weight * losses
    total = (weight * losses).sum()
    return total / weight.count_nonzero() if reduction == "mean" else total


@wrong("take any other name for 'mean'", accepts_bad_input=True)
def accepts_any_name(losses, reduction, weight=None):
    if weight is not None and weight.shape != losses.shape:
        raise ValueError(f"weight {tuple(weight.shape)}")
    weight = ones_for_none(losses, weight)
    total = (weight * losses).sum()
    return {"none": weight * losses, "sum": total}.get(reduction, total / weight.sum())


@right("case by case")
def case_by_case(losses, reduction, weight=None):
    if weight is not None and tuple(weight.shape) != tuple(losses.shape):
        raise ValueError(f"weight: {tuple(weight.shape)}")
    weighted = losses.clone() if weight is None else losses * weight
    match reduction:
        case "none":
            return weighted
        case "sum":
            return weighted.sum()
        case "mean":
            return weighted.mean() if weight is None else weighted.sum() / weight.sum()
    raise ValueError(f"reduction: {reduction}")
