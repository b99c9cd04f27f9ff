"""Noise of variance nu on the features adds nu |weights|^2 to the mean squared error."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    hints=(
        "The error with noise is the error without, minus weights . noise. Square it.",
        "The mixed term has mean 0. What is the mean of (weights . noise)^2?",
        "mean_i (y_i - x_i . w)^2 + nu sum_j w_j^2",
    ),
)
WEIGHTS = vector(1.0, -2.0, 0.5)
FEATURES = vector([1.0, 0.0, 2.0], [3.0, 1.0, -2.0])
TARGETS = vector(3.0, -4.0)


def over_all_signs(weights, features, targets, nu):
    """Average over noise of +-sqrt(nu), whose mean is 0 and whose variance is nu."""
    losses = []
    for signs in itertools.product([-1.0, 1.0], repeat=len(weights)):
        noisy = features + math.sqrt(nu) * torch.tensor(signs, dtype=features.dtype)
        losses.append((targets - noisy @ weights).square().mean())
    return torch.stack(losses).mean()


@claim("S0-340", "S4-270", "S4-318")
def test_a_case_worked_by_hand(noise_regularized_loss):
    # Errors 3 - 2 and -4 - 0: a mean square of 8.5. The weights' squares add up to 5.25.
    call = (noise_regularized_loss, WEIGHTS, FEATURES, TARGETS)
    check(*call, 2.0, want=torch.tensor(19.0).double())
    check(*call, nu=4.0, want=torch.tensor(29.5).double())
    check(*call, 0.0, want=torch.tensor(8.5).double())


@claim("S0-340", "S4-270", "S4-318")
@given(
    inputs.tensors(3),
    inputs.tensors(2, 3),
    inputs.tensors(2),
    st.sampled_from([0.0, 0.25, 2.25, 9.0]),
)
def test_is_the_mean_over_noise_that_is_one_of_two_values(
    noise_regularized_loss, weights, features, targets, nu
):
    want = over_all_signs(weights, features, targets, nu)
    check(noise_regularized_loss, weights, features, targets, nu, want=want)


@claim("S4-318", "S0-340")
def test_is_the_mean_over_gaussian_noise(noise_regularized_loss):
    # Two dimensions, integrated by Gauss and Hermite: exact for polynomials.
    import numpy as np

    nodes, shares = np.polynomial.hermite_e.hermegauss(4)
    shares = shares / shares.sum()
    want = 0.0
    for (a, p), (b, q) in itertools.product(zip(nodes, shares, strict=True), repeat=2):
        noisy = FEATURES[:, :2] + math.sqrt(0.75) * vector(a, b)
        want = want + p * q * (TARGETS - noisy @ WEIGHTS[:2]).square().mean()
    check(noise_regularized_loss, WEIGHTS[:2], FEATURES[:, :2], TARGETS, 0.75, want=want)


@claim("S4-318", "S4-270")
@given(
    inputs.tensors(3), inputs.tensors(2, 3), inputs.tensors(2), st.sampled_from([0.0, 0.25, 2.0])
)
def test_gradients_flow_back_to_all_three(noise_regularized_loss, weights, features, targets, nu):
    def like(weights, features, targets, nu):
        errors = targets - (features * weights).sum(1)
        return (errors @ errors) / len(targets) + nu * (weights @ weights)

    check_gradient(noise_regularized_loss, weights, features, targets, nu=nu, like=like)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_keeps_the_dtype(noise_regularized_loss, dtype):
    call = (WEIGHTS.to(dtype), FEATURES.to(dtype), TARGETS.to(dtype))
    check(noise_regularized_loss, *call, 2.0, want=torch.tensor(19.0, dtype=dtype))


def test_reads_by_strides_and_takes_one_row(noise_regularized_loss):
    turned = FEATURES.mT.contiguous().mT
    want = torch.tensor(19.0).double()
    check(noise_regularized_loss, WEIGHTS, turned, TARGETS, 2.0, want=want)
    check(noise_regularized_loss, WEIGHTS, FEATURES[:1], TARGETS[:1], 2.0, want=want - 7.5)


def test_refuses_what_is_no_variance_and_shapes_that_differ(noise_regularized_loss):
    for nu in (-1.0, math.inf, math.nan):
        call = (WEIGHTS, FEATURES, TARGETS, nu)
        check(noise_regularized_loss, *call, raises=ValueError, naming={"nu": nu})
    for weights in (WEIGHTS[:2], WEIGHTS[:1], WEIGHTS[:, None]):
        call, naming = (weights, FEATURES, TARGETS, 1.0), {"weights": tuple(weights.shape)}
        check(noise_regularized_loss, *call, raises=ValueError, naming=naming)
    for targets in (TARGETS[:1], WEIGHTS, TARGETS[:, None]):
        call, naming = (WEIGHTS, FEATURES, targets, 1.0), {"targets": tuple(targets.shape)}
        check(noise_regularized_loss, *call, raises=ValueError, naming=naming)
    call, naming = (WEIGHTS, FEATURES[:0], TARGETS[:0], 1.0), {"features": (0, 3)}
    check(noise_regularized_loss, *call, raises=ValueError, naming=naming)
    call, naming = (WEIGHTS, FEATURES.long(), TARGETS, 1.0), {"features": torch.int64}
    check(noise_regularized_loss, *call, raises=ValueError, naming=naming)


def mse(weights, features, targets):
    return (targets - features @ weights).square().mean()


@wrong("take nu for a standard deviation and square it")
def squared_nu(weights, features, targets, nu):
    return mse(weights, features, targets) + nu**2 * weights.square().sum()


@wrong("take the mean over the weights and not their sum")
def mean_of_weights(weights, features, targets, nu):
    return mse(weights, features, targets) + nu * weights.square().mean()


@wrong("forget to square the norm")
def plain_norm(weights, features, targets, nu):
    return mse(weights, features, targets) + nu * weights.norm()


@wrong("add |w|_1, which is what Laplace's prior adds")
def l1(weights, features, targets, nu):
    return mse(weights, features, targets) + nu * weights.abs().sum()


@wrong("add up the squared errors and not take their mean")
def summed(weights, features, targets, nu):
    return mse(weights, features, targets) * len(targets) + nu * weights.square().sum()


@wrong("divide the penalty by the number of rows: each row has its own noise")
def shared_noise(weights, features, targets, nu):
    return mse(weights, features, targets) + nu * weights.square().sum() / len(targets)


@wrong("halve the penalty")
def halved(weights, features, targets, nu):
    return mse(weights, features, targets) + nu / 2 * weights.square().sum()


@wrong(
    "add the noise to the targets: it adds a constant, that regularises nothing",
    right_for="noise on the labels; here it is on the features",
)
def label_noise(weights, features, targets, nu):
    return mse(weights, features, targets) + nu


@wrong("put the same noise on all features: it adds the square of the weights' sum")
def same_for_all_features(weights, features, targets, nu):
    return mse(weights, features, targets) + nu * weights.sum().square()


@wrong("ignore the noise")
def no_noise(weights, features, targets, nu):
    return mse(weights, features, targets)


@wrong("detach the penalty")
def detached(weights, features, targets, nu):
    return mse(weights, features, targets) + nu * weights.detach().square().sum()


@right("as the regression with d more rows, sqrt(n nu) times the identity, and targets 0")
def with_more_rows(weights, features, targets, nu):
    if not (nu >= 0 and nu < math.inf):
        raise ValueError(f"nu: {nu}")
    if not features.is_floating_point():
        raise ValueError(f"features: {features.dtype}")
    n, d = features.shape
    if n == 0:
        raise ValueError(f"features: {(n, d)}")
    if weights.shape != (d,):
        raise ValueError(f"weights: {tuple(weights.shape)}")
    if targets.shape != (n,):
        raise ValueError(f"targets: {tuple(targets.shape)}")
    more = math.sqrt(n * nu) * torch.eye(d, dtype=features.dtype)
    rows = torch.cat([features, more]) @ weights
    return (torch.cat([targets, targets.new_zeros(d)]) - rows).square().sum() / n
