"""Batch normalization standardises; what features have in common stays."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("batch_norm_train",),
    hints=(
        "Which entries of the covariance matrix does dividing each feature by a number make 0?",
        "None. The covariance of two standardised features is their correlation.",
        "Take one feature, and a second one that is almost a multiple of it.",
    ),
)


def is_admissible(x):
    """Whether it is a batch of the size and the range that is asked for."""
    kind = type(x) is torch.Tensor and x.is_floating_point() and x.dim() == 2
    return kind and 3 <= len(x) <= 100 and 2 <= x.shape[1] <= 8 and bool((x.abs() <= 1000).all())


def covariance_after(x):
    """Return the covariance matrix of the normalised batch."""
    y = torch.nn.functional.batch_norm(x.double(), None, None, training=True)
    return y.mT @ y / len(y)


@claim("S4-066")
def test_is_a_batch_whose_features_have_a_variance(refute_bn_whitens):
    def holds(x):
        return is_admissible(x) and bool((covariance_after(x).diagonal() >= 0.99).all())

    told = "a batch of 3 to 100 samples, of 2 to 8 features with variance 1 after normalization"
    check(refute_bn_whitens, want=such_that(told, holds))


@claim("S4-066")
@counterexample("S4-066")
def test_two_normalised_features_still_have_a_covariance(refute_bn_whitens):
    def holds(x):
        return bool((covariance_after(x).triu(1).abs() >= 0.5).any())

    told = "two features with a covariance of at least 0.5 in size after normalization"
    check(refute_bn_whitens, want=such_that(told, holds))


@wrong("take features that are independent of each other: these come out white")
def independent():
    return torch.tensor([[0.0, 1.0], [0.0, 5.0], [4.0, 1.0], [4.0, 5.0]])


@wrong("take constant features: after normalization they are 0, and have no variance")
def constant():
    return torch.tensor([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])


@wrong("take features so small that eps is all that is left of their variance")
def tiny():
    return 1e-3 * torch.tensor([[0.0, 1.0], [2.0, 4.0], [4.0, 9.0], [6.0, 10.0]])


@wrong("take a single feature: it has no other to vary with")
def one_feature():
    return torch.tensor([[0.0], [2.0], [4.0], [6.0]])


@wrong("take features with a large covariance before and a small one after normalization")
def large_before():
    return torch.tensor([[0.0, 100.0], [0.0, 500.0], [400.0, 100.0], [400.0, 580.0]])


@right("a feature and its opposite, among others")
def opposite():
    z = torch.tensor([[1.0], [2.0], [-5.0], [0.5], [9.0]], dtype=torch.float64)
    return torch.cat([z, z**2, 3 - z], 1)
