"""noise^2 / scale^2 for a Gaussian prior, noise^2 / scale for Laplace's; over n for a mean."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("log_prior", "ridge"),
    hints=(
        "Write minus the logarithm of the posterior: the data's part and the prior's.",
        "The data's part is sum_i (x_i . w - y_i)^2 / (2 noise_std^2). Make it the loss.",
        "Multiplied by noise_std^2, the prior's part is noise_std^2 / scale^2 * ||w||^2 / 2.",
    ),
)


@claim("S3-199", "S4-045", "S4-300")
def test_a_gaussian_prior_worked_by_hand(lam_of_prior):
    check(lam_of_prior, "gaussian", 2.0, 3.0, 6, "sum", want=2.25)
    check(lam_of_prior, "gaussian", 2.0, noise_std=3.0, n=6, want=0.375)
    check(lam_of_prior, "gaussian", 0.5, 0.25, 5, reduction="mean", want=0.05)


@claim("S3-201", "S4-045", "S4-316")
def test_a_laplace_prior_worked_by_hand(lam_of_prior):
    check(lam_of_prior, "laplace", 2.0, 3.0, 6, "sum", want=4.5)
    check(lam_of_prior, "laplace", 2.0, 3.0, 6, want=0.75)


@claim("S4-045", "S4-300")
@given(
    inputs.tensors(inputs.sizes(1, 4), 2),
    inputs.tensors(4),
    *(st.sampled_from([0.5, 1.0, 3.0]),) * 2,
    st.sampled_from(["mean", "sum"]),
)
def test_ridge_with_it_is_the_gaussian_posterior(
    lam_of_prior, features, targets, scale, noise, reduction
):
    n, targets = len(features), targets[: len(features)]
    # By conditioning the joint normal distribution of weights and targets: no penalty in sight.
    cov = scale**2 * features @ features.mT + noise**2 * torch.eye(n).double()
    want = scale**2 * features.mT @ torch.linalg.solve(cov, targets)

    def leads_there(lam):
        price = lam * (n if reduction == "mean" else 1)
        gram = features.mT @ features + price * torch.eye(2).double()
        return torch.allclose(torch.linalg.solve(gram, features.mT @ targets), want, atol=1e-9)

    told = "the lam whose ridge is the mean of the posterior"
    args = ("gaussian", scale, noise, n, reduction)
    check(lam_of_prior, *args, want=such_that(told, leads_there))


@claim("S3-201", "S4-316")
@pytest.mark.parametrize(("b", "noise", "n"), [(0.75, 0.5, 3), (2.0, 1.5, 7)])
def test_the_laplace_posterior_is_highest_where_the_penalised_loss_is_least(
    lam_of_prior, b, noise, n
):
    w = torch.linspace(-2, 2, 4001, dtype=torch.float64)[:, None]
    x, y = inputs.numbers(n), 0.4 * inputs.numbers(n) + vector(*range(n)) / 4
    data = torch.distributions.Normal(w * x, vector(noise)).log_prob(y).sum(1)
    posterior = data + torch.distributions.Laplace(vector(0.0), vector(b)).log_prob(w)[:, 0]

    def differs_by_a_constant(lam):
        loss = (w * x - y).square().mean(1) / 2 + lam * w[:, 0].abs()
        rest = posterior + loss * n / noise**2
        return float(rest.max() - rest.min()) < 1e-9 * (1 + float(posterior.abs().max()))

    told = "the lam for which the penalised loss is minus the log posterior, times a constant"
    want = such_that(told, differs_by_a_constant)
    check(lam_of_prior, "laplace", b, noise, n, want=want)


@claim("S3-199", "S3-201")
@counterexample("S3-199", "S3-201")  # "the constant is 1 / sigma^2", or 1 / b
def test_the_noise_counts_too(lam_of_prior):
    check(lam_of_prior, "gaussian", 0.7, 0.5, 30, want=0.25 / 0.49 / 30)  # not 2.04
    check(lam_of_prior, "laplace", 0.7, 0.5, 30, want=0.25 / 0.7 / 30)  # not 1.43
    # They are right for a sum, with a noise of 1.
    check(lam_of_prior, "gaussian", 0.7, 1.0, 30, "sum", want=1 / 0.49)
    check(lam_of_prior, "laplace", 0.7, 1.0, 30, "sum", want=1 / 0.7)


@claim("S4-300")
def test_a_flat_prior_penalises_next_to_nothing(lam_of_prior):
    check(lam_of_prior, "gaussian", 1e6, 0.5, 1, want=0.25e-12, scale=0.0)


def test_refuses_spreads_that_are_none(lam_of_prior):
    for bad in (0.0, -1.0, math.inf, math.nan):
        args = ("gaussian", bad, 1.0, 2)
        check(lam_of_prior, *args, raises=ValueError, naming={"scale": bad})
        args = ("gaussian", 1.0, bad, 2)
        check(lam_of_prior, *args, raises=ValueError, naming={"noise_std": bad})


def test_refuses_no_examples_and_other_names(lam_of_prior):
    for n in (0, -1):
        check(lam_of_prior, "laplace", 1.0, 1.0, n, raises=ValueError, naming={"n": n})
        args = ("gaussian", 1.0, 1.0, n, "sum")
        check(lam_of_prior, *args, raises=ValueError, naming={"n": n})
    args = ("uniform", 1.0, 1.0, 2)
    check(lam_of_prior, *args, raises=ValueError, naming={"prior": "uniform"})
    args = ("laplace", 1.0, 1.0, 2, "none")
    check(lam_of_prior, *args, raises=ValueError, naming={"reduction": "none"})


def strength(prior, scale, noise_std, n, reduction):
    spread = scale**2 if prior == "gaussian" else scale
    return noise_std**2 / spread / (n if reduction == "mean" else 1)


@wrong(
    "leave out the noise: 1 / scale^2, as the notes write it",
    right_for="noise of standard deviation 1; here it is another",
)
def without_noise(prior, scale, noise_std, n, reduction="mean"):
    return strength(prior, scale, 1.0, n, reduction)


@wrong("forget that the loss is a mean: the data count n times less there")
def always_sum(prior, scale, noise_std, n, reduction="mean"):
    return strength(prior, scale, noise_std, n, "sum")


@wrong("divide by n for the sum as well")
def always_mean(prior, scale, noise_std, n, reduction="mean"):
    return strength(prior, scale, noise_std, n, "mean")


@wrong("multiply by n instead of dividing")
def times_n(prior, scale, noise_std, n, reduction="mean"):
    return strength(prior, scale, noise_std, n, "sum") * (n if reduction == "mean" else 1)


@wrong("square Laplace's scale")
def laplace_squared(prior, scale, noise_std, n, reduction="mean"):
    return strength("gaussian", scale, noise_std, n, reduction)


@wrong("forget to square the Gaussian's scale")
def gaussian_not_squared(prior, scale, noise_std, n, reduction="mean"):
    return strength("laplace", scale, noise_std, n, reduction)


@wrong("forget to square the noise")
def noise_not_squared(prior, scale, noise_std, n, reduction="mean"):
    return strength(prior, scale, noise_std**0.5, n, reduction)


@wrong(
    "halve the Gaussian's",
    right_for="a penalty of lam * ||w||^2; here it is half of that",
)
def halved(prior, scale, noise_std, n, reduction="mean"):
    lam = strength(prior, scale, noise_std, n, reduction)
    return lam / 2 if prior == "gaussian" else lam


@wrong("turn the ratio over")
def turned_over(prior, scale, noise_std, n, reduction="mean"):
    return 1 / strength(prior, scale, noise_std, 1, "sum") / (n if reduction == "mean" else 1)


@wrong("double Laplace's: its loss has a half, its penalty none, and both stay")
def laplace_doubled(prior, scale, noise_std, n, reduction="mean"):
    lam = strength(prior, scale, noise_std, n, reduction)
    return 2 * lam if prior == "laplace" else lam


@right("from the two parts of the log posterior")
def of_two_parts(prior, scale, noise_std, n, reduction="mean"):
    if not (scale > 0 and math.isfinite(scale)):
        raise ValueError(f"scale: {scale}")
    if not (noise_std > 0 and math.isfinite(noise_std)):
        raise ValueError(f"noise_std: {noise_std}")
    if n <= 0:
        raise ValueError(f"n: {n}")
    if prior not in ("gaussian", "laplace"):
        raise ValueError(f"prior: {prior}")
    if reduction not in ("sum", "mean"):
        raise ValueError(f"reduction: {reduction}")
    of_the_prior = {"gaussian": scale**-2, "laplace": 1 / scale}[prior]
    of_the_loss = {"mean": n, "sum": 1}[reduction] * noise_std**-2
    return of_the_prior / of_the_loss
