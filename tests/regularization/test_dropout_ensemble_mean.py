"""Scaling the weights by `keep` is exactly the geometric mean of all models, not the arithmetic."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("num_subnetworks", "dropout_moments"),
    hints=(
        "Go through all masks; the probability of one is a product over the inputs.",
        "The logarithm of a geometric mean is the mean of the logarithms. What is log softmax?",
        "The normalisers cancel: softmax of the mean logits, W (keep x) + b.",
    ),
)
WEIGHT = vector([1.0, 3.0], [0.5, 2.0], [4.0, 1.0]).log()
BIAS = vector(1.0, 2.0, 1.0).log()
ONES = vector(1.0, 1.0)


def over_all_masks(weight, bias, x, keep, mean):
    """Add up the 2^d models, or their logarithms."""
    total = 0
    for mask in itertools.product([0, 1], repeat=len(x)):
        chance = keep ** mask.count(1) * (1 - keep) ** mask.count(0)
        scores = torch.log_softmax(weight @ (torch.tensor(mask) * x) + bias, 0)
        total = total + chance * (scores if mean == "geometric" else scores.exp())
    return torch.softmax(total, 0) if mean == "geometric" else total


@claim("S4-051", "S4-169")
def test_two_models_worked_by_hand(dropout_ensemble_mean):
    # One input: with it the classes have 9 : 1, without it 1 : 1. The roots of 9 and 1 are 3 and 1.
    weight, bias, x = vector([3.0], [1.0]).log(), vector(0.0, 0.0), vector(2.0)
    for mean in ("geometric", "arithmetic"):  # if it always stays, there is one model
        check(dropout_ensemble_mean, weight, bias, x, 1.0, mean, want=vector(0.9, 0.1))
    want = vector(0.7, 0.3)
    check(dropout_ensemble_mean, weight, bias, x, 0.5, mean="arithmetic", want=want)
    want = vector(0.8, 0.2)
    check(dropout_ensemble_mean, weight, bias, x, keep=0.75, mean="arithmetic", want=want)
    want = vector(0.75, 0.25)
    check(dropout_ensemble_mean, weight, bias, x, 0.5, "geometric", want=want)


@claim("S4-051", "S4-169")
def test_three_classes_and_two_inputs(dropout_ensemble_mean):
    # Models of no input, of either and of both: (1, 2, 1), (1, 1, 4), (3, 4, 1), (3, 2, 4).
    models = vector([1.0, 2.0, 1.0], [1.0, 1.0, 4.0], [3.0, 4.0, 1.0], [3.0, 2.0, 4.0])
    chances = vector(1.0, 3.0, 3.0, 9.0) / 16
    want = chances @ (models / models.sum(1, keepdim=True))
    check(dropout_ensemble_mean, WEIGHT, BIAS, ONES, 0.75, "arithmetic", want=want)
    powers = models.prod(0, keepdim=True)[0] ** 0.25
    want = powers / powers.sum()
    check(dropout_ensemble_mean, WEIGHT, BIAS, ONES, 0.5, "geometric", want=want)


@claim("S4-051", "S4-169")
@given(
    inputs.tensors(inputs.sizes(2, 4), 3),
    inputs.tensors(3),
    st.sampled_from([0.25, 0.5, 0.8]),
    st.sampled_from(["arithmetic", "geometric"]),
)
def test_equals_the_sum_over_all_masks(dropout_ensemble_mean, weight, x, keep, mean):
    bias = torch.arange(len(weight)).double() / 4
    want = over_all_masks(weight, bias, x, keep, mean)
    check(dropout_ensemble_mean, weight, bias, x, keep, mean, want=want)


@claim("S4-051")
@given(inputs.tensors(4, 5), inputs.tensors(4), inputs.tensors(5), st.sampled_from([0.3, 0.5]))
def test_the_geometric_mean_is_weight_scaling(dropout_ensemble_mean, weight, bias, x, keep):
    want = torch.nn.functional.linear(x, keep * weight, bias).softmax(0)
    check(dropout_ensemble_mean, weight, bias, x, keep, "geometric", want=want)


@claim("S4-051", "S4-169")
@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_where_all_stays_or_all_goes_there_is_one_model(dropout_ensemble_mean, mean):
    want = vector(3.0, 2.0, 4.0) / 9
    check(dropout_ensemble_mean, WEIGHT, BIAS, ONES, 1.0, mean, want=want)
    want = vector(1.0, 2.0, 1.0) / 4
    check(dropout_ensemble_mean, WEIGHT, BIAS, ONES, 0.0, mean, want=want)


@claim("S4-051")
@given(inputs.tensors(3, 2), inputs.tensors(3), inputs.tensors(2), st.sampled_from([0.25, 0.8]))
@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_gradients_flow_back_to_all_three(dropout_ensemble_mean, mean, weight, bias, x, keep):
    # scale=1: where one class takes all, terms of that size cancel.
    call = {"keep": keep, "mean": mean, "scale": 1.0}
    check_gradient(dropout_ensemble_mean, weight, bias, x, **call, like=over_all_masks)


@claim("S4-051")
@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_large_logits_stay_finite(dropout_ensemble_mean, mean):
    # The mean logits are 1000 each; of two of the four models one is 2000 and the other 0.
    weight = vector([2000.0, 0.0], [0.0, 2000.0])
    want = vector(0.5, 0.5)
    check(dropout_ensemble_mean, weight, vector(0.0, 0.0), ONES, 0.5, mean, want=want)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_keeps_the_dtype(dropout_ensemble_mean, mean):
    call = [t.float() for t in (WEIGHT, BIAS, ONES)]
    want = over_all_masks(WEIGHT, BIAS, ONES, 0.75, mean).float()
    check(dropout_ensemble_mean, *call, 0.75, mean, want=want)


def test_refuses_what_is_no_probability_and_no_mean(dropout_ensemble_mean):
    for keep in (-0.5, 1.5, math.nan):
        call, naming = (WEIGHT, BIAS, ONES, keep, "geometric"), {"keep": keep}
        check(dropout_ensemble_mean, *call, raises=ValueError, naming=naming)
    call = (WEIGHT, BIAS, ONES, 0.5, "harmonic")
    check(dropout_ensemble_mean, *call, raises=ValueError, naming={"mean": "harmonic"})
    for x in (vector(1.0), vector(1.0, 2.0, 3.0)):
        call, naming = (WEIGHT, BIAS, x, 0.5, "geometric"), {"x": tuple(x.shape)}
        check(dropout_ensemble_mean, *call, raises=ValueError, naming=naming)
    for bias in (ONES, vector(1.0)):
        call, naming = (WEIGHT, bias, ONES, 0.5, "arithmetic"), {"bias": tuple(bias.shape)}
        check(dropout_ensemble_mean, *call, raises=ValueError, naming=naming)


@wrong("scale the weights for the arithmetic mean as well")
def scaled_for_both(weight, bias, x, keep, mean):
    return (weight @ (keep * x) + bias).softmax(0)


@wrong("average the probabilities for the geometric mean as well")
def arithmetic_for_both(weight, bias, x, keep, mean):
    return over_all_masks(weight, bias, x, keep, "arithmetic")


@wrong("exchange the two means")
def exchanged(weight, bias, x, keep, mean):
    other = {"arithmetic": "geometric", "geometric": "arithmetic"}[mean]
    return over_all_masks(weight, bias, x, keep, other)


@wrong("weigh all masks alike, whatever `keep` is")
def ignores_keep(weight, bias, x, keep, mean):
    return over_all_masks(weight, bias, x, 0.5 if 0 < keep < 1 else keep, mean)


@wrong("take `keep` for the probability to lose an input")
def as_loss(weight, bias, x, keep, mean):
    return over_all_masks(weight, bias, x, 1 - keep, mean)


@wrong(
    "scale what stays by 1 / keep",
    right_for="inverted dropout; here the models are those of the first form, and nothing is scaled",
)
def inverted(weight, bias, x, keep, mean):
    return over_all_masks(weight, bias, x / keep if keep else x, keep, mean)


@wrong("forget to divide the geometric means by their sum")
def unnormalised(weight, bias, x, keep, mean):
    if mean == "arithmetic":
        return over_all_masks(weight, bias, x, keep, mean)
    total = 0
    for mask in itertools.product([0, 1], repeat=len(x)):
        chance = keep ** mask.count(1) * (1 - keep) ** mask.count(0)
        total = total + chance * torch.log_softmax(weight @ (torch.tensor(mask) * x) + bias, 0)
    return total.exp()


@wrong("lose the bias with the inputs, as if it were a weight of one more")
def bias_scaled(weight, bias, x, keep, mean):
    if mean == "arithmetic":
        return over_all_masks(weight, bias, x, keep, mean)
    return (keep * (weight @ x + bias)).softmax(0)


@wrong("average probabilities through exp() of the logits: large ones overflow")
def overflowing(weight, bias, x, keep, mean):
    if mean == "geometric":
        powers = (weight @ (keep * x) + bias).exp()
        return powers / powers.sum()
    total = 0
    for mask in itertools.product([0, 1], repeat=len(x)):
        chance = keep ** mask.count(1) * (1 - keep) ** mask.count(0)
        powers = (weight @ (torch.tensor(mask) * x) + bias).exp()
        total = total + chance * powers / powers.sum()
    return total


@wrong("leave out the model that has lost all inputs")
def without_the_empty_model(weight, bias, x, keep, mean):
    whole = over_all_masks(weight, bias, x, keep, "arithmetic")
    if mean == "geometric" or keep == 0:
        return over_all_masks(weight, bias, x, keep, mean)
    chance = (1 - keep) ** len(x)
    return (whole - chance * bias.softmax(0)) / (1 - chance)


@wrong("detach the models' normalisers")
def detached(weight, bias, x, keep, mean):
    if mean == "geometric":
        return over_all_masks(weight, bias, x, keep, mean)
    total = 0
    for mask in itertools.product([0, 1], repeat=len(x)):
        chance = keep ** mask.count(1) * (1 - keep) ** mask.count(0)
        logits = weight @ (torch.tensor(mask) * x) + bias
        total = total + chance * (logits - logits.logsumexp(0).detach()).exp()
    return total


@right("all masks as the rows of one matrix, for both means")
def in_one_matrix(weight, bias, x, keep, mean):
    if not (keep >= 0 and keep <= 1):
        raise ValueError(f"keep={keep}")
    if mean != "arithmetic" and mean != "geometric":
        raise ValueError(f"mean={mean!r}")
    k, d = weight.shape
    if x.shape != (d,):
        raise ValueError(f"x: {tuple(x.shape)}")
    if bias.shape != (k,):
        raise ValueError(f"bias: {tuple(bias.shape)}")
    masks = (torch.arange(2**d)[:, None] >> torch.arange(d) & 1).to(x.dtype)
    chances = (masks * keep + (1 - masks) * (1 - keep)).prod(1)
    scores = torch.log_softmax((masks * x) @ weight.T + bias, 1)
    if mean == "arithmetic":
        return chances @ scores.exp()
    powers = (chances @ scores).exp()
    return powers / powers.sum()
