"""Refute that dropout keeps the mean behind a relu: relu of the mean isn't the mean of relu."""

import itertools
import math

import pytest

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("dropout_moments",),
    hints=(
        "Where all sums have the same sign, relu is linear, and the mean stays.",
        "Let the sum be 0 without dropout, and see which masks make it positive.",
        "Two inputs that cancel, c and -c: what is c to be, for a small p?",
    ),
)


def mean_output(x, b, p):
    """Add up all masks, with their probabilities."""
    return math.fsum(
        p ** mask.count(0)
        * (1 - p) ** mask.count(1)
        * max(math.fsum(m * v / (1 - p) for m, v in zip(mask, x, strict=True)) + b, 0.0)
        for mask in itertools.product([0, 1], repeat=len(x))
    )


def moved(p):
    def holds(returned):
        x, b = returned
        is_short = isinstance(x, list) and len(x) <= 8
        if not is_short or not all(abs(v) <= 1e6 for v in x) or not math.isfinite(b):
            return False
        return mean_output(x, b, p) > max(math.fsum(x) + b, 0.0) + 0.25

    return such_that(
        f"a list x and a number b, of a unit whose mean grows by more than 0.25 for p = {p}", holds
    )


@claim("S2-106", "S3-210")
@counterexample("S2-106")  # E f(x') = f(x), for a f that isn't linear
@pytest.mark.parametrize("p", [0.5, 0.25, 0.75, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999])
def test_the_mean_output_grows(refute_dropout_keeps_mean, p):
    check(refute_dropout_keeps_mean, p, want=moved(p))


@wrong("take a single input: relu(x') is x' or 0, as x is")
def single(p):
    return [1 / p], 0.0


@wrong("take positive inputs and no bias: relu is linear there")
def positive(p):
    return [1 / p, 2 / p, 4 / p], 0.0


@wrong("take inputs whose sum is so negative that no mask lets it through")
def all_negative(p):
    return [-1 / p, -2 / p], 0.0


@wrong("give the example for p = 0.5 whatever p is")
def the_example(p):
    return [1.0, 1.0], -1.5


@wrong("take 1 and -1: the mean grows by p, which may be less than 0.25")
def ones(p):
    return [1.0, -1.0], 0.0


@wrong("let them grow with 1 / (1 - p), where it is a small p that needs large ones")
def other_end(p):
    return [1 / (1 - p), -1 / (1 - p)], 0.0


@wrong("take a bias that lifts all sums above 0: relu is linear there")
def lifted(p):
    return [1 / p, -1 / p], 3 / (p * (1 - p))


@right("with two equal inputs, and a bias that takes their sum to 0")
def with_a_bias(p):
    return [3 / (p * (1 - p))] * 2, -6 / (p * (1 - p))


@right("with one input, that the bias cancels")
def one_and_its_bias(p):
    return [1 / p], -1 / p
