"""A[i - 1, j - 1] = 1 where there is an edge (i, j)."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "What does Python do with index 0 - 1, and what with an edge that is listed twice?",
        "Set the entry to 1, don't add 1 to it; for an undirected graph set the mirrored one too.",
    ),
)

NOTES_EXAMPLE = [(1, 2), (1, 5), (2, 3), (2, 5), (3, 4), (4, 5), (4, 6)]


def test_a_case_worked_by_hand(adjacency_matrix):
    want = torch.tensor([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]])
    check(adjacency_matrix, 3, [(1, 3), (3, 2)], want=want)


@claim("S0-107")
def test_the_notes_example_has_the_printed_matrix(adjacency_matrix):
    want = torch.tensor(
        [
            [0.0, 1, 0, 0, 1, 0],
            [1, 0, 1, 0, 1, 0],
            [0, 1, 0, 1, 0, 0],
            [0, 0, 1, 0, 1, 1],
            [1, 1, 0, 1, 0, 0],
            [0, 0, 0, 1, 0, 0],
        ]
    )
    check(adjacency_matrix, 6, NOTES_EXAMPLE, want=want)


def test_a_directed_edge_goes_one_way(adjacency_matrix):
    want = torch.tensor([[0.0, 1, 0], [0, 0, 0], [1, 0, 0]])
    check(adjacency_matrix, 3, [(1, 2), (3, 1)], directed=True, want=want)


def test_an_edge_counts_once_however_often_it_is_listed(adjacency_matrix):
    want = torch.tensor([[0.0, 1], [1, 0]])
    check(adjacency_matrix, 2, [(1, 2), (1, 2)], want=want)
    check(adjacency_matrix, 2, [(1, 2), (2, 1)], want=want, why="the order makes no difference")
    check(adjacency_matrix, 2, [(1, 2), (2, 1), (1, 2)], True, want=want)


def test_a_self_loop_is_a_single_one(adjacency_matrix):
    want = torch.tensor([[0.0, 0], [0, 1]])
    check(adjacency_matrix, 2, [(2, 2)], want=want)
    check(adjacency_matrix, 2, [(2, 2)], directed=True, want=want)


def test_vertices_without_edges_have_rows_of_zeros(adjacency_matrix):
    want = torch.zeros(4, 4)
    want[0, 1] = want[1, 0] = 1
    check(adjacency_matrix, 4, [(2, 1)], want=want)
    check(adjacency_matrix, 3, [], want=torch.zeros(3, 3))
    check(adjacency_matrix, 1, [], want=torch.zeros(1, 1))
    check(adjacency_matrix, 0, [], want=torch.zeros(0, 0))


@claim("S0-107")
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(1, n), st.integers(1, n)), max_size=8)
        )
    ),
    st.booleans(),
)
def test_an_entry_is_one_exactly_where_its_edge_is_listed(adjacency_matrix, graph, directed):
    n, edges = graph
    there = {*edges} if directed else {*edges} | {(j, i) for i, j in edges}
    every = range(1, n + 1)
    want = torch.tensor([[float((i, j) in there) for j in every] for i in every])
    check(adjacency_matrix, n, edges, directed, want=want)


@pytest.mark.parametrize("edge", [(0, 2), (2, 0), (4, 1), (3, 4), (-1, 2)], ids=str)
@pytest.mark.parametrize("directed", [False, True], ids=["undirected", "directed"])
def test_refuses_a_vertex_that_is_not_there(adjacency_matrix, edge, directed):
    bad = [(1, 2), edge]
    check(adjacency_matrix, 3, bad, directed, raises=ValueError, naming={"edges": edge})


def test_refuses_a_negative_number_of_vertices(adjacency_matrix):
    for n in (-1, -2):
        check(adjacency_matrix, n, [], raises=ValueError, naming={"n": n})


def filled(n, edges, directed, first=1, entry=1.0, loop=None):
    """Fill a matrix without a look at the labels; mistakes are made by its arguments."""
    adjacency = torch.zeros(n, n)
    for i, j in edges:
        adjacency[i - first, j - first] = entry if loop is None or i != j else loop
        if not directed:
            adjacency[j - first, i - first] = entry if loop is None or i != j else loop
    return adjacency


@wrong("set only the entry [i, j] of an undirected edge: the matrix isn't symmetric")
def one_direction(n, edges, directed=False):
    return filled(n, edges, directed=True)


@wrong("ignore `directed`: every edge goes both ways")
def always_undirected(n, edges, directed=False):
    return filled(n, edges, directed=False)


@wrong("turn the direction round: [j, i] in place of [i, j]")
def turned_round(n, edges, directed=False):
    return filled(n, edges, directed).mT.contiguous()


@wrong(
    "use the labels as indices that begin at 0",
    right_for="labels that begin at 0; here they begin at 1",
)
def from_zero(n, edges, directed=False):
    return filled(n, edges, directed, first=0)


@wrong(
    "let the label 0 through, which Python's indices take for the last vertex",
    accepts_bad_input=True,
)
def last_vertex(n, edges, directed=False):
    return filled(n, edges, directed)


@wrong(
    "add 1 for each time that an edge is listed",
    right_for="a multigraph; here an edge that is listed twice counts once",
)
def multigraph(n, edges, directed=False):
    adjacency = torch.zeros(n, n)
    for i, j in edges:
        adjacency[i - 1, j - 1] += 1
        if not directed and i != j:
            adjacency[j - 1, i - 1] += 1
    return adjacency


@wrong("add the transposed matrix: an edge listed both ways, or a self-loop, becomes 2")
def transpose_added(n, edges, directed=False):
    adjacency = filled(n, edges, directed=True)
    return adjacency if directed else adjacency + adjacency.mT


@wrong(
    "put 2 on the diagonal for a self-loop, as both of its ends are there",
    right_for="matrices that count both ends of a self-loop; here it counts once",
)
def loops_twice(n, edges, directed=False):
    return filled(n, edges, directed, loop=2.0)


@wrong("leave self-loops out")
def without_loops(n, edges, directed=False):
    return filled(n, edges, directed, loop=0.0)


@wrong("take the largest label for the number of vertices: the last ones are lost")
def largest_label(n, edges, directed=False):
    return filled(max((max(e) for e in edges), default=0), edges, directed)


@right("from the set of the edges, entry by entry")
def from_a_set(n, edges, directed=False):
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    for edge in edges:
        if min(edge) < 1 or max(edge) > n:
            raise ValueError(f"edges: {edge} has a vertex outside 1..{n}")
    there = set(edges)
    if not directed:
        there |= {(j, i) for i, j in there}
    rows = [[(i, j) in there for j in range(1, n + 1)] for i in range(1, n + 1)]
    return torch.tensor(rows, dtype=torch.float32).reshape(n, n)


@right("with one indexed assignment")
def at_once(n, edges, directed=False):
    if n < 0:
        raise ValueError(f"n = {n} < 0")
    bad = [e for e in edges if not {*e} <= {*range(1, n + 1)}]
    if bad:
        raise ValueError(f"no such vertex in `edges`: {bad[0]}")
    adjacency = torch.zeros((n, n), dtype=torch.float32)
    if edges:
        i, j = torch.tensor(edges).T - 1
        adjacency[i, j] = 1.0
    return adjacency if directed else torch.maximum(adjacency, adjacency.T)
