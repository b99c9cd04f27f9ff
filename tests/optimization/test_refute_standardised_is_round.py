"""Normalised features whose contours are a narrow valley."""

import torch

from grader import Exercise, check, counterexample, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("gd_iterations",),
    hints=(
        "Normalising sees to the diagonal of X^T X / n: to ones. What about the rest?",
        "The Hessian of two normalised features is [[1, r], [r, 1]]. What are its eigenvalues?",
        "1 + r and 1 - r: let the second feature be nearly the first.",
    ),
)


def refutes(features):
    """Accept normalised features whose Hessian is ill-conditioned."""
    x = features.double()
    n, d = x.shape
    few = 0 < n <= 100 and 0 < d <= 100 and bool(x.isfinite().all())
    normalised = (
        max(float(x.mean(0).abs().max()), float((x.square().mean(0) - 1).abs().max())) < 1e-6
    )
    values = torch.linalg.eigvalsh(x.mT @ x / n)
    return few and normalised and float(values[0]) > 1e-6 and float(values[-1] / values[0]) > 1000


@counterexample("S4-184")
def test_the_statement_fails_on_it(refute_standardised_is_round):
    told = "columns of mean 0 and mean square 1, whose Hessian has a condition number above 1000"
    check(refute_standardised_is_round, want=such_that(told, refutes))


def standardised(x):
    centred = x - x.mean(0)
    return centred / centred.square().mean(0).sqrt()


@wrong("take features of different sizes: they aren't normalised")
def of_different_sizes():
    return torch.tensor([[1.0, 100.0], [1.0, -100.0], [-1.0, 100.0], [-1.0, -100.0]])


@wrong("take features that have nothing to do with each other: normalised, these are round")
def uncorrelated():
    return torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


@wrong("take the same feature twice: then there is no single minimum, the smallest eigenvalue is 0")
def twice_the_same():
    column = torch.tensor([1.0, -1.0, 1.0, -1.0])
    return torch.stack([column, column], 1)


@wrong("correlate them too little: a correlation of 0.9 has a condition number of 19")
def too_little():
    a, b = torch.tensor([1.0, 1.0, -1.0, -1.0]), torch.tensor([1.0, -1.0, 1.0, -1.0])
    return torch.stack([a, 0.9 * a + 0.19**0.5 * b], 1)


@wrong("forget to subtract the means: a large one makes a large eigenvalue")
def with_means():
    return standardised(inputs.numbers(9, 2)) + 100


@right("with two columns that nearly cancel")
def nearly_cancelling():
    steps = torch.linspace(-1, 1, 11, dtype=torch.float64)
    return standardised(torch.stack([steps, -steps + 0.01 * steps**2], 1))


@right("with the powers of a number")
def powers():
    t = torch.linspace(0.5, 1.0, 20, dtype=torch.float64)
    return standardised(torch.stack([t, t**2, t**3], 1))
