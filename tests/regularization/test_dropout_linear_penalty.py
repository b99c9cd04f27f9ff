"""The penalty is p / (1 - p) mean_i sum_j x_ij^2 w_j^2."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, plot, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("dropout_moments",),
    hints=(
        "A square's mean is the squared mean plus the variance. Which of the two does dropout move?",
        "The variance of x'_i . w is that of a sum of independent terms.",
        "p / (1 - p) mean_i sum_j x_ij^2 w_j^2",
    ),
)
FEATURES = vector([1.0, 2.0, -1.0], [3.0, 0.0, 2.0])
WEIGHTS = vector(1.0, -1.0, 2.0)


def expected_excess(features, weights, p, targets):
    """Add up all masks of each row, with their probabilities."""
    excess = 0.0
    for x, y in zip(features, targets, strict=True):
        for mask in itertools.product([0, 1], repeat=len(weights)):
            chance = p ** mask.count(0) * (1 - p) ** mask.count(1)
            output = (x * torch.tensor(mask) / (1 - p)) @ weights
            excess += chance * (y - output) ** 2
        excess -= (y - x @ weights) ** 2
    return excess / len(features)


@claim("S1-069", "S2-112")
def test_a_case_worked_by_hand(dropout_linear_penalty):
    # Squares times squared weights: 1 + 4 + 4 in the first row, 9 + 0 + 16 in the second.
    want = torch.tensor(17.0, dtype=torch.float64)
    check(dropout_linear_penalty, FEATURES, WEIGHTS, 0.5, want=want)
    check(dropout_linear_penalty, FEATURES, weights=WEIGHTS, p=0.75, want=3 * want)
    check(dropout_linear_penalty, FEATURES, WEIGHTS, 0.2, want=want / 4)


@claim("S1-069")
@given(
    inputs.tensors(inputs.sizes(1, 2), 3),
    inputs.tensors(3),
    st.sampled_from([0.125, 0.4, 0.875]),
    inputs.tensors(2),
)
def test_is_what_all_masks_add_on_average_whatever_the_targets(
    dropout_linear_penalty, features, weights, p, targets
):
    want = expected_excess(features, weights, p, targets[: len(features)])
    # The oracle cancels squares of up to (5 + 75 / (1 - p))^2.
    check(dropout_linear_penalty, features, weights, p, want=want, scale=1e6)


@claim("S1-069")
def test_without_loss_there_is_no_penalty(dropout_linear_penalty):
    check(dropout_linear_penalty, FEATURES, WEIGHTS, 0.0, want=torch.tensor(0.0).double())


@claim("S1-069")
@pytest.mark.parametrize("p", [0.9, 0.999])
def test_it_grows_without_bound_as_p_nears_1(dropout_linear_penalty, p):
    want = torch.tensor(17 * p / (1 - p), dtype=torch.float64)
    check(dropout_linear_penalty, FEATURES, WEIGHTS, p, want=want)


@claim("S1-069", "S2-110")
@given(inputs.tensors(inputs.sizes(1, 4), 3), inputs.tensors(3), st.sampled_from([0.25, 0.8]))
def test_gradients_flow_back_to_weights_and_features(dropout_linear_penalty, features, weights, p):
    def like(features, weights, p):
        return (features * weights).square().sum(1).mean() / (1 / p - 1)

    check_gradient(dropout_linear_penalty, features, weights, p=p, like=like)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(dropout_linear_penalty, dtype):
    want = torch.tensor(17.0, dtype=dtype)
    check(dropout_linear_penalty, FEATURES.to(dtype), WEIGHTS.to(dtype), 0.5, want=want)


def test_reads_by_strides_and_takes_one_row(dropout_linear_penalty):
    turned = FEATURES.mT.contiguous().mT
    want = torch.tensor(17.0, dtype=torch.float64)
    check(dropout_linear_penalty, turned, WEIGHTS, 0.5, want=want)
    check(dropout_linear_penalty, FEATURES[:1], WEIGHTS, 0.5, want=want - 8)


def test_refuses_what_is_no_probability_and_shapes_that_differ(dropout_linear_penalty):
    for p in (-0.5, 1.0, 1.5, math.nan):
        check(dropout_linear_penalty, FEATURES, WEIGHTS, p, raises=ValueError, naming={"p": p})
    for weights in (WEIGHTS[:2], WEIGHTS[:1], WEIGHTS[:, None]):
        naming = {"weights": tuple(weights.shape)}
        check(dropout_linear_penalty, FEATURES, weights, 0.5, raises=ValueError, naming=naming)
    for features, value in ((FEATURES.long(), torch.int64), (FEATURES[:0], (0, 3))):
        naming = {"features": value}
        check(dropout_linear_penalty, features, WEIGHTS, 0.5, raises=ValueError, naming=naming)


def penalty(features, weights, factor):
    return factor * (features**2 @ weights**2).mean()


@wrong(
    "add up the rows and not take their mean",
    right_for="a loss that is the sum over the rows; here it is their mean",
)
def summed(features, weights, p):
    return penalty(features, weights, p / (1 - p)) * len(features)


@wrong("penalise the weights alone: features of different size count alike")
def plain_ridge(features, weights, p):
    return p / (1 - p) * weights.square().sum() + 0 * features.sum()


@wrong("square the sum x . w: the features would be lost all at once")
def lost_together(features, weights, p):
    return p / (1 - p) * (features @ weights).square().mean()


@wrong("take the variance of a coin, p (1 - p): that is dropout without its factor 1 / (1 - p)")
def without_scaling(features, weights, p):
    return penalty(features, weights, p * (1 - p))


@wrong("take p for the probability to stay", right_for="p that is to stay; here it is to go")
def keep_probability(features, weights, p):
    return penalty(features, weights, (1 - p) / p if p else 0.0)


@wrong("divide by 2: the loss here is the square, not its half")
def halved(features, weights, p):
    return penalty(features, weights, p / (1 - p)) / 2


@wrong("average the features before squaring them")
def square_of_means(features, weights, p):
    return p / (1 - p) * (features.mean(0) * weights).square().sum()


@wrong("forget to divide by 1 - p")
def only_p(features, weights, p):
    return penalty(features, weights, p)


@wrong("take the mean over the features as well")
def mean_over_all(features, weights, p):
    return penalty(features, weights, p / (1 - p)) / len(weights)


@wrong("detach the weights")
def detached(features, weights, p):
    return penalty(features, weights.detach(), p / (1 - p))


@right("as the mean square of the scaled features' terms")
def of_the_terms(features, weights, p):
    if not p >= 0 or p >= 1:
        raise ValueError(f"p: {p}")
    if tuple(weights.shape) != (features.shape[1],):
        raise ValueError(f"weights: {tuple(weights.shape)}")
    if not features.is_floating_point():
        raise ValueError(f"features: {features.dtype}")
    if len(features) == 0:
        raise ValueError(f"features: {tuple(features.shape)}")
    return (features * weights).square().sum(1).mean() * (p / (1 - p))


@plot(x="p", y="penalty", yscale="log")
def plot_the_penalty_of_a_weight_of_1(dropout_linear_penalty):
    ps = [i / 50 for i in range(1, 50)]
    one = torch.ones(1, dtype=torch.float64)
    sizes = {f"feature of size {size:g}": size * torch.ones(1, 1).double() for size in (0.5, 1, 2)}
    return {
        label: (ps, [dropout_linear_penalty(x, one, p) for p in ps]) for label, x in sizes.items()
    }
