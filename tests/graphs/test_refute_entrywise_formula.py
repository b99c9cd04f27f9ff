"""The notes' formula for the entries of L_sym is for graphs without weights."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("normalized_laplacian",),
    hints=(
        "What stands over the root in D^(-1/2) A D^(-1/2), and what in the formula?",
        "If all weights are equal, they cancel, and counting neighbours gives the right matrix.",
        "Three vertices are enough: a path whose two edges have different weights.",
    ),
)


def is_admissible(adjacency):
    """Whether it is undirected, without self-loops and isolated vertices, weights in 0..1000."""
    square = adjacency.dim() == 2 and adjacency.shape[0] == adjacency.shape[1] > 0
    kind = type(adjacency) is torch.Tensor and adjacency.is_floating_point()
    weights = bool(((adjacency >= 0) & (adjacency <= 1000)).all()) and adjacency.equal(adjacency.mT)
    alone = bool((adjacency.sum(1) == 0).any())
    return kind and square and weights and not adjacency.diagonal().any() and not alone


def error_of_the_formula(adjacency, degrees):
    """Give the largest difference between the notes' formula, with these degrees, and L_sym."""
    a = adjacency.double()
    d = a.sum(1)
    truth = (d.diag() - a) / (d[:, None] * d).sqrt()
    n = range(len(a))
    formula = torch.zeros_like(a)
    for i in n:
        for j in n:
            if i == j and degrees[i] != 0:
                formula[i, j] = 1
            elif i != j and a[i, j] != 0:
                formula[i, j] = -1 / (degrees[i] * degrees[j]) ** 0.5
    return (formula - truth).abs().max().item()


@claim("S0-116")
def test_is_an_undirected_graph_with_weights(refute_entrywise_formula):
    told = (
        "a symmetric floating point matrix with weights from 0 to 1000, 0 on the diagonal, "
        "and no row of zeros"
    )
    check(refute_entrywise_formula, want=such_that(told, is_admissible))


@claim("S0-116")
@counterexample("S0-116")
def test_the_formula_fails_with_the_sums_of_the_weights(refute_entrywise_formula):
    def refutes(adjacency):
        return error_of_the_formula(adjacency, adjacency.double().sum(1)) >= 0.01

    told = "an entry that is off by 0.01 or more if deg is the sum of the weights"
    check(refute_entrywise_formula, want=such_that(told, refutes))


@claim("S0-116")
@counterexample("S0-116")
def test_the_formula_fails_with_the_numbers_of_neighbours(refute_entrywise_formula):
    def refutes(adjacency):
        return error_of_the_formula(adjacency, (adjacency > 0).double().sum(1)) >= 0.01

    told = "an entry that is off by 0.01 or more if deg is the number of neighbours"
    check(refute_entrywise_formula, want=such_that(told, refutes))


@wrong("take a graph without weights: there the formula is right")
def unweighted():
    return torch.tensor([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]])


@wrong("give all edges the same weight: it cancels, and counting neighbours is right")
def equal_weights():
    return 4 * unweighted()


@wrong("use a self-loop: the graph should have none")
def self_loop():
    return torch.tensor([[1.0, 1], [1, 0]])


@wrong("leave a vertex isolated: the formula gives it the right 0, and the task forbids it")
def isolated():
    adjacency = torch.zeros(4, 4)
    adjacency[:3, :3] = torch.tensor([[0.0, 4, 1], [4, 0, 0], [1, 0, 0]])
    return adjacency


@wrong("take weights so close to 1 that the error is below 0.01")
def almost_equal():
    return torch.tensor([[0.0, 1.001, 1], [1.001, 0, 0], [1, 0, 0]])


@right("a triangle with three weights")
def triangle():
    return torch.tensor([[0.0, 1, 10], [1, 0, 100], [10, 100, 0]], dtype=torch.float64)
