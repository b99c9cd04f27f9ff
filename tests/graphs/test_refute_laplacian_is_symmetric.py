"""A directed graph's Laplacian need not be symmetric."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("laplacian",),
    hints=(
        "When is A symmetric, and what does D change about that?",
        "An edge that can be walked one way only; now make the degrees agree at every vertex.",
    ),
)


def is_simple(adjacency):
    """Whether it is a square matrix of 0 and 1, floating point, without self-loops."""
    square = adjacency.dim() == 2 and adjacency.shape[0] == adjacency.shape[1]
    zeros_and_ones = bool(((adjacency == 0) | (adjacency == 1)).all())
    kind = type(adjacency) is torch.Tensor and adjacency.is_floating_point()
    return kind and square and zeros_and_ones and not adjacency.diagonal().any()


@claim("S0-112")
def test_is_a_graph_without_weights_and_self_loops(refute_laplacian_is_symmetric):
    told = "a square floating point matrix of 0 and 1, with 0 on the diagonal"
    check(refute_laplacian_is_symmetric, want=such_that(told, is_simple))


@claim("S0-112")
def test_as_many_edges_enter_each_vertex_as_leave_it(refute_laplacian_is_symmetric):
    told = "the same sums of rows and of columns"
    balanced = such_that(told, lambda a: is_simple(a) and bool((a.sum(0) == a.sum(1)).all()))
    check(refute_laplacian_is_symmetric, want=balanced)


@claim("S0-112")
@counterexample("S0-112")
def test_its_laplacian_is_not_symmetric(refute_laplacian_is_symmetric):
    def refutes(adjacency):
        laplacian = adjacency.sum(0).diag() - adjacency
        return is_simple(adjacency) and not laplacian.equal(laplacian.mT)

    told = "a graph whose Laplacian D - A isn't symmetric"
    check(refute_laplacian_is_symmetric, want=such_that(told, refutes))


@wrong("take an undirected graph: its Laplacian is symmetric, as the notes say")
def undirected():
    return torch.tensor([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]])


@wrong("take one edge of one direction: what enters a vertex isn't what leaves it")
def one_edge():
    return torch.tensor([[0.0, 1], [0, 0]])


@wrong("take a cycle of two: its edges go both ways")
def two_cycle():
    return torch.eye(2).roll(1, 0)


@wrong("put different weights on the two directions: weights aren't allowed here")
def weighted():
    return torch.tensor([[0.0, 1, 2], [2, 0, 1], [1, 2, 0]])


@right("two cycles that share a vertex")
def figure_of_eight():
    adjacency = torch.zeros(5, 5, dtype=torch.float64)
    for i, j in [(0, 1), (1, 2), (2, 0), (0, 3), (3, 4), (4, 0)]:
        adjacency[i, j] = 1
    return adjacency
