"""Batch normalization fixes two moments, and no distribution."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("batch_norm_train",),
    hints=(
        "Which properties of a batch does a shift and a scale leave alone?",
        "Its shape: whether it is skew, how many peaks it has, how long its tails are.",
        "A batch with one large value, and its mirror image.",
    ),
)


def normalised(values):
    y = torch.nn.functional.batch_norm(values.double()[:, None], None, None, training=True)
    return y[:, 0]


def is_admissible(pair):
    """Whether it is a pair of batches as asked for."""
    first, second = pair
    kinds = [type(x) is torch.Tensor and x.is_floating_point() and x.dim() == 1 for x in pair]
    fine = type(pair) is tuple and all(kinds) and len(first) == len(second)
    return fine and 4 <= len(first) <= 1000 and bool((torch.cat(pair).abs() <= 1000).all())


@claim("S4-061", "S4-079", "S4-089")
def test_both_batches_come_to_mean_0_and_variance_1(refute_bn_same_distribution):
    def holds(pair):
        variances = [float(normalised(x).var(correction=0)) for x in pair]
        return is_admissible(pair) and min(variances) >= 0.99

    told = "two batches of 4 to 1000 samples, equally many, with variance 1 after normalization"
    check(refute_bn_same_distribution, want=such_that(told, holds))


@claim("S4-061", "S4-079", "S4-089")
@counterexample("S4-061", "S4-079", "S4-089")
def test_their_distributions_differ(refute_bn_same_distribution):
    def holds(pair):
        first, second = (float((normalised(x) > 0).double().mean()) for x in pair)
        return abs(first - second) >= 0.2

    told = "shares of samples above the mean that differ by 0.2 or more after normalization"
    check(refute_bn_same_distribution, want=such_that(told, holds))


@wrong("take two batches that differ by a shift and a scale: these become equal")
def shifted_and_scaled():
    x = torch.tensor([0.0, 1.0, 5.0, 2.0])
    return x, 7 * x + 3


@wrong("take the same values in another order: that is the same distribution")
def reordered():
    x = torch.tensor([0.0, 1.0, 5.0, 2.0])
    return x, x.flip(0)


@wrong("take a constant batch: it has no variance after normalization")
def constant():
    return torch.full((5,), 3.0), torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0])


@wrong("take distributions whose shares above the mean are equal: both are symmetric")
def symmetric():
    x = torch.linspace(-3, 3, 100)
    return x, x + 0.1 * x.sin()


@right("a symmetric batch of two values, and one with a long tail")
def two_values_and_a_tail():
    pair = torch.tensor([[-1.0, 1.0] * 4, [0.0, 0, 0, 0, 0, 0, 0, 9.0]], dtype=torch.float64)
    return pair[0], pair[1]
