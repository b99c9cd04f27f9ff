"""D^(-1/2) (D - A) D^(-1/2) = I - D^(-1/2) A D^(-1/2) fails at isolated vertices."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("normalized_laplacian",),
    hints=(
        "The two sides differ only in D^(-1/2) D D^(-1/2) and I.",
        "Which vertex has 0^(-1/2) * 0 * 0^(-1/2) = 0?",
    ),
)


def is_simple(adjacency):
    """Whether it belongs to an undirected graph without weights and self-loops."""
    square = adjacency.dim() == 2 and adjacency.shape[0] == adjacency.shape[1]
    kind = type(adjacency) is torch.Tensor and adjacency.is_floating_point()
    zeros_and_ones = bool(((adjacency == 0) | (adjacency == 1)).all())
    return (
        kind and square and zeros_and_ones and adjacency.equal(adjacency.mT) and no_loops(adjacency)
    )


def no_loops(adjacency):
    """Whether the diagonal is 0."""
    return not adjacency.diagonal().any()


def sides(adjacency):
    """Give both sides of the identity, with 0^(-1/2) = 0."""
    a = adjacency.double()
    d = a.sum(1)
    root = torch.where(d > 0, torch.where(d > 0, d, 1).rsqrt(), 0).diag()
    return root @ (d.diag() - a) @ root, torch.eye(len(a)).double() - root @ a @ root


@claim("S0-115")
def test_is_a_simple_graph_with_an_edge(refute_identity_minus):
    told = "a symmetric floating point matrix of 0 and 1, with 0 on the diagonal, not all 0"
    simple = such_that(told, lambda a: is_simple(a) and bool(a.any()))
    check(refute_identity_minus, want=simple)


@claim("S0-115")
@counterexample("S0-115")
def test_the_two_sides_differ(refute_identity_minus):
    def refutes(adjacency):
        left, right = sides(adjacency)
        return is_simple(adjacency) and bool((left - right).abs().max() > 1e-6)

    told = "a graph for which the two sides of the identity differ"
    check(refute_identity_minus, want=such_that(told, refutes))


@claim("S0-115")
def test_they_differ_at_one_vertex_at_most(refute_identity_minus):
    def at_one(adjacency):
        left, right = sides(adjacency)
        return is_simple(adjacency) and int(((left - right).abs() > 1e-6).any(1).sum()) <= 1

    told = "two sides that differ at one vertex at most"
    check(refute_identity_minus, want=such_that(told, at_one))


@wrong("take a graph in which every vertex has an edge: there the identity holds")
def connected():
    return torch.tensor([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]])


@wrong("take a graph without any edge")
def empty():
    return torch.zeros(1, 1)


@wrong("leave two vertices isolated")
def two_isolated():
    adjacency = torch.zeros(4, 4)
    adjacency[0, 1] = adjacency[1, 0] = 1
    return adjacency


@wrong("take two parts: every vertex has a neighbour still")
def two_parts():
    return torch.block_diag(*[torch.tensor([[0.0, 1], [1, 0]])] * 2)


@right("a star beside a vertex of its own")
def star():
    adjacency = torch.zeros(5, 5, dtype=torch.float64)
    adjacency[1, 2:] = 1
    return adjacency + adjacency.T
