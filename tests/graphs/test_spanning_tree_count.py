"""Every cofactor of the Laplacian is the number of spanning trees."""

from itertools import combinations

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="hard",
    after=("laplacian",),
    hints=(
        "How many digits has 20^18, and how many does float64 hold?",
        "Leave out one row and the same column of L; the determinant of the rest is the answer.",
        "Eliminate with fractions.Fraction; a pivot of 0 means that the graph isn't connected.",
    ),
)


def by_enumeration(adjacency):
    """Try every set of n - 1 edges: it is a tree if no edge closes a circle."""
    rows = adjacency.tolist()
    n, total = len(rows), 0
    edges = [(i, j) for i in range(n) for j in range(i) if rows[i][j]]
    for chosen in combinations(edges, n - 1):
        part, trees = list(range(n)), 1
        for i, j in chosen:
            trees *= rows[i][j] if part[i] != part[j] else 0
            part = [part[i] if p == part[j] else p for p in part]
        total += trees
    return total


def complete(n):
    """Give the adjacency matrix of the complete graph."""
    return torch.ones(n, n, dtype=torch.int64) - torch.eye(n, dtype=torch.int64)


def test_a_case_worked_by_hand(spanning_tree_count):
    # A square with one diagonal: 4 trees without the diagonal, 2 * 2 with it.
    adjacency = torch.tensor([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 1], [1, 0, 1, 0]])
    check(spanning_tree_count, adjacency, want=8)


@claim("S0-111")
def test_the_notes_example_has_11(spanning_tree_count):
    adjacency = torch.zeros(6, 6, dtype=torch.int64)
    for i, j in [(1, 2), (1, 5), (2, 3), (2, 5), (3, 4), (4, 5), (4, 6)]:
        adjacency[i - 1, j - 1] = adjacency[j - 1, i - 1] = 1
    check(spanning_tree_count, adjacency, want=11)


@claim("S0-111")
@given(inputs.graphs(inputs.sizes(1, 5), weighted=True, loops=True))
def test_agrees_with_trying_every_set_of_edges(spanning_tree_count, adjacency):
    whole = adjacency.to(torch.int64)
    check(spanning_tree_count, whole, want=by_enumeration(whole))


@pytest.mark.parametrize("n", [2, 3, 7, 12, 16, 19, 20])
def test_the_complete_graph_has_n_to_the_n_minus_2(spanning_tree_count, n):
    check(spanning_tree_count, complete(n), want=n ** (n - 2))


def test_the_complete_bipartite_graph(spanning_tree_count):
    adjacency = torch.zeros(14, 14, dtype=torch.int64)
    adjacency[:5, 5:] = adjacency[5:, :5] = 1
    check(spanning_tree_count, adjacency, want=5**8 * 9**4)


def test_a_cycle_has_one_tree_for_each_edge(spanning_tree_count):
    step = torch.eye(9, dtype=torch.int64).roll(1, 0)
    check(spanning_tree_count, step + step.mT, want=9)


def test_parallel_edges_make_different_trees(spanning_tree_count):
    adjacency = torch.tensor([[0, 3, 0], [3, 0, 5], [0, 5, 0]])
    check(spanning_tree_count, adjacency, want=15)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64], ids=str)
def test_any_dtype_of_whole_numbers_will_do(spanning_tree_count, dtype):
    # The vertex in the middle has the degree 200, which int8 doesn't hold.
    adjacency = torch.tensor([[0, 100, 0], [100, 0, 100], [0, 100, 0]], dtype=dtype)
    check(spanning_tree_count, adjacency, want=10000)


def test_self_loops_are_in_no_tree(spanning_tree_count):
    check(spanning_tree_count, torch.tensor([[4, 3], [3, 2]]), want=3)
    check(spanning_tree_count, torch.tensor([[2]]), want=1)


def test_one_vertex_is_a_tree_and_two_apart_have_none(spanning_tree_count):
    check(spanning_tree_count, torch.zeros(1, 1, dtype=torch.int64), want=1)
    check(spanning_tree_count, torch.zeros(2, 2, dtype=torch.int64), want=0)
    parts = torch.block_diag(complete(3), complete(4)).to(torch.int64)
    check(spanning_tree_count, parts, want=0)
    check(spanning_tree_count, torch.block_diag(torch.zeros(1, 1).long(), complete(3)), want=0)


def test_refuses_what_is_not_square_or_empty(spanning_tree_count):
    for shape in ([2, 3], [0, 0], [3], [2, 2, 2]):
        adjacency = torch.zeros(shape, dtype=torch.int64)
        check(spanning_tree_count, adjacency, raises=ValueError, naming={"adjacency": shape})


def test_refuses_a_negative_number_of_edges(spanning_tree_count):
    adjacency = torch.tensor([[0, -1], [-1, 0]])
    check(spanning_tree_count, adjacency, raises=ValueError, naming={"adjacency": -1})


def test_refuses_a_directed_graph(spanning_tree_count):
    naming = {"adjacency": ""}
    check(spanning_tree_count, torch.tensor([[0, 1], [0, 0]]), raises=ValueError, naming=naming)


def minor(adjacency, dtype=torch.float64):
    """Give the Laplacian without its first row and column."""
    weights = adjacency.to(dtype)
    return (weights.sum(1).diag() - weights)[1:, 1:]


@wrong("round a determinant in float64: 20^18 has more digits than that")
def in_float64(adjacency):
    return round(torch.linalg.det(minor(adjacency)).item())


@wrong("cut the determinant off and don't round it")
def cut_off(adjacency):
    return int(torch.linalg.det(minor(adjacency, torch.float32)).item())


@wrong("take the determinant of the whole Laplacian: it is always 0")
def whole(adjacency):
    weights = adjacency.double()
    return round(torch.linalg.det(weights.sum(1).diag() - weights).item())


@wrong("multiply the eigenvalues and forget to divide by n")
def eigenvalues(adjacency):
    weights = adjacency.double()
    found = torch.linalg.eigvalsh(weights.sum(1).diag() - weights)
    return round(found[1:].prod().item())


@wrong("take the minor of A and not of L")
def of_the_adjacency(adjacency):
    return round(torch.linalg.det(adjacency.double()[1:, 1:]).item())


@wrong("let a self-loop add to the degree: it no longer cancels")
def with_loops(adjacency):
    import sympy

    off = adjacency - adjacency.diagonal().diag()
    made = (adjacency.sum(1).diag() - off)[1:, 1:]
    return int(sympy.Matrix(len(made), len(made), made.flatten().tolist()).det())


@wrong("count parallel edges once")
def simple(adjacency):
    import sympy

    there = (adjacency > 0).to(torch.int64)
    made = (there.sum(1).diag() - there)[1:, 1:]
    return int(sympy.Matrix(len(made), len(made), made.flatten().tolist()).det())


@wrong("use Cayley's n^(n - 2), which is for the complete graph")
def cayley(adjacency):
    return len(adjacency) ** max(len(adjacency) - 2, 0)


@right("by sympy's exact determinant of the last minor")
def by_sympy(adjacency):
    import sympy

    if adjacency.dim() != 2 or adjacency.size(0) != adjacency.size(1) or adjacency.numel() == 0:
        raise ValueError(f"adjacency: {tuple(adjacency.shape)} isn't square, or empty")
    if adjacency.min() < 0:
        raise ValueError(f"adjacency: {adjacency.min().item()} is negative")
    if bool((adjacency != adjacency.T).any()):
        raise ValueError("adjacency isn't symmetric")
    made = (torch.diag(adjacency.sum(0)) - adjacency)[:-1, :-1]
    return int(sympy.Matrix(len(made), len(made), made.flatten().tolist()).det(method="bareiss"))


@right("by elimination without fractions, after Bareiss")
def by_bareiss(adjacency):
    if adjacency.ndim != 2 or len(set(adjacency.shape)) != 1 or not adjacency.shape[0]:
        raise ValueError(f"`adjacency` has shape {list(adjacency.shape)}")
    if bool((adjacency < 0).any()):
        raise ValueError(f"`adjacency` has {int(adjacency.min())}")
    if not torch.equal(adjacency, adjacency.T):
        raise ValueError("`adjacency` is of a directed graph")
    rows = (adjacency.sum(1).diag() - adjacency)[1:, 1:].tolist()
    last = 1
    for k in range(len(rows)):
        if rows[k][k] == 0:
            return 0
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                cross = rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]
                rows[i][j] = cross // last
        last = rows[k][k]
    return last
