"""An outlier of a batch: its own size is bounded, and the others are crushed."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("batch_norm_train",),
    hints=(
        "By what are all values divided, and which of them decides how large that is?",
        "An outlier of size s among n values makes the deviation about s / sqrt(n).",
    ),
)


def normalised(values):
    y = torch.nn.functional.batch_norm(values.double()[:, None], None, None, training=True)
    return y[:, 0]


def spread(values):
    return float(values.max() - values.min())


def is_admissible(x):
    """Whether it is a list of values as asked for, whose outlier lies beyond all others."""
    kind = type(x) is torch.Tensor and x.is_floating_point() and x.dim() == 1
    return kind and 4 <= len(x) <= 20 and bool((x.abs() <= 1e6).all())


@claim("S0-279")
def test_without_the_outlier_the_others_are_told_apart(refute_bn_removes_outliers):
    def holds(x):
        return is_admissible(x) and spread(normalised(x[:-1])) >= 1

    told = "4 to 20 values that, the last left out, spread over 1 or more after normalization"
    check(refute_bn_removes_outliers, want=such_that(told, holds))


@claim("S0-279")
@counterexample("S0-279")
def test_with_the_outlier_the_others_are_crushed(refute_bn_removes_outliers):
    def holds(x):
        return spread(normalised(x)[:-1]) < 0.01

    told = "values that, normalised with the last, spread over less than 0.01 without it"
    check(refute_bn_removes_outliers, want=such_that(told, holds))


@wrong("take an outlier that is not far enough away")
def too_close():
    return torch.tensor([0.0, 1.0, 2.0, 3.0, 30.0])


@wrong("put the outlier first: the last value is taken for it")
def first():
    return torch.tensor([1000.0, 0.0, 1.0, 2.0, 3.0])


@wrong("let the others be equal: they are 0 without the outlier too")
def all_equal():
    return torch.tensor([2.0, 2.0, 2.0, 2.0, 1000.0])


@wrong("take an outlier larger than is allowed")
def too_large():
    return torch.tensor([0.0, 1.0, 2.0, 3.0, 1e9])


@wrong("take others that hold outliers themselves: beside the last they spread all the same")
def two_outliers():
    return torch.tensor([0.0, 1.0, 2.0, 3.0, 1000.0, 1000.0, 1e5])


@right("an outlier on the other side, among values that come in pairs")
def negative():
    return torch.tensor([5.0, 6.0, 5.0, 6.0, 5.0, 6.0, -1e5], dtype=torch.float64)
