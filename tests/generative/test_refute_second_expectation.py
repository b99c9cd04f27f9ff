"""With both expectations under p_data, C(G) falls below its minimum -log 4."""

import math

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="hard",
    kind="refute",
    after=("generator_objective",),
    hints=(
        "Which points make log(p_g / (p_data + p_g)) very negative, and who meets them?",
        "The Jensen-Shannon divergence is bounded: a rare kind of data may be missing altogether.",
        "p_data = (0.99, 0.01), and a p_g that gives the second point next to nothing.",
    ),
)


def is_admissible(got):
    """Whether it is a pair of positive float64 distributions over the same points."""
    if not isinstance(got, tuple) or len(got) != 2 or got[0].shape != got[1].shape:
        return False
    return all(
        p.dtype == torch.float64 and p.dim() == 1 and (p > 0).all() and abs(p.sum() - 1) < 1e-6
        for p in got
    )


def objective(p_data, p_g, second):
    """Give E_p_data log D + E_second log(1 - D), for the best D."""
    total = p_data + p_g
    return ((p_data * (p_data / total).log()).sum() + (second * (p_g / total).log()).sum()).item()


@claim("S3-403")
def test_is_a_pair_of_positive_distributions(refute_second_expectation):
    told = "a pair of float64 vectors of one length, positive, each with the sum 1"
    check(refute_second_expectation, want=such_that(told, is_admissible))


@claim("S3-403")
@counterexample("S3-403")
def test_what_is_written_is_below_the_minimum(refute_second_expectation):
    def refutes(got):
        return is_admissible(got) and objective(*got, second=got[0]) < -math.log(4) - 1

    told = "a pair for which the formula as written is at least 1 below -log 4"
    check(refute_second_expectation, want=such_that(told, refutes))


@claim("S3-403", "S3-406")
def test_what_is_meant_is_next_to_the_minimum(refute_second_expectation):
    def near(got):
        value = objective(*got, second=got[1])
        return is_admissible(got) and -math.log(4) - 1e-5 <= value <= -math.log(4) + 0.01

    told = "a pair for which C(G) is at most 0.01 above -log 4"
    check(refute_second_expectation, want=such_that(told, near))


def pair(p, q):
    """Give two distributions over two points."""
    return torch.tensor([1 - p, p], dtype=torch.float64), torch.tensor(
        [1 - q, q], dtype=torch.float64
    )


@wrong("take equal distributions: there both formulas give -log 4")
def equal():
    return pair(0.5, 0.5)


@wrong("take distributions that are far apart: p_g is no imitation of p_data")
def far_apart():
    return pair(0.1, 0.9)


@wrong("let p_g have a 0: the formula as written is -inf, which proves little")
def with_a_zero():
    return pair(0.25, 0.0)


@wrong("swap the two: the points that p_data all but never meets have no weight")
def swapped():
    p_data, p_g = (torch.tensor(p, dtype=torch.float64) for p in ([1, 1e-100], [0.99, 0.01]))
    return p_data, p_g


@wrong("leave the rare kind of data too much: what is written is less than 1 below")
def not_rare_enough():
    return pair(0.01, 0.001)


@right("over three points")
def three_points():
    p_data = torch.tensor([0.5, 0.495, 0.005], dtype=torch.float64)
    return p_data, torch.tensor([0.5, 0.5, 1e-250], dtype=torch.float64)
