"""D holds the degrees: the edges that leave, that enter, or that end at each vertex."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("adjacency_matrix",),
    hints=(
        "Does row i of A hold the edges that leave vertex i, or those that enter it?",
        "The sum of a row counts an undirected self-loop once, but it has two ends.",
        "out: A.sum(1); in: A.sum(0); undirected: A.sum(1) + A.diagonal(); then diag().",
    ),
)

NOTES_EDGES = [(1, 2), (1, 5), (2, 3), (2, 5), (3, 4), (4, 5), (4, 6)]
SYMMETRIC = torch.tensor([[1, 2, 0], [2, 0, 5], [0, 5, 4]])


def test_a_case_worked_by_hand(degree_matrix):
    adjacency = torch.tensor([[0.0, 2, 0], [2, 0, 5], [0, 5, 0]])
    check(degree_matrix, adjacency, want=torch.tensor([[2.0, 0, 0], [0, 7, 0], [0, 0, 5]]))


@claim("S0-109")
def test_the_notes_example_has_the_degrees_2_3_2_3_3_1(degree_matrix):
    adjacency = torch.zeros(6, 6)
    for i, j in NOTES_EDGES:
        adjacency[i - 1, j - 1] = adjacency[j - 1, i - 1] = 1
    want = torch.diag(torch.tensor([2.0, 3, 2, 3, 3, 1]))
    for kind in ("undirected", "in", "out"):
        check(degree_matrix, adjacency, kind=kind, want=want)


@claim("S0-108", "S0-110")
def test_columns_hold_what_enters_and_rows_what_leaves(degree_matrix):
    adjacency = torch.tensor([[0.0, 1, 4], [0, 0, 2], [0, 0, 0]])
    check(degree_matrix, adjacency, kind="in", want=torch.diag(torch.tensor([0.0, 1, 6])))
    check(degree_matrix, adjacency, "out", want=torch.diag(torch.tensor([5.0, 2, 0])))


@claim("S0-108", "S0-110")
def test_a_self_loop_has_two_ends_but_leaves_and_enters_once(degree_matrix):
    adjacency = torch.tensor([[1.0, 1], [1, 0]])
    check(degree_matrix, adjacency, want=torch.diag(torch.tensor([3.0, 1])))
    for kind in ("in", "out"):
        check(degree_matrix, adjacency, kind=kind, want=torch.diag(torch.tensor([2.0, 1])))


@claim("S0-110")
@given(inputs.graphs(weighted=True, loops=True))
def test_a_degree_is_the_weight_of_the_ends_at_a_vertex(degree_matrix, adjacency):
    degrees = [0.0] * len(adjacency)
    for i, row in enumerate(adjacency.tolist()):
        for j, weight in enumerate(row[: i + 1]):
            degrees[i] += weight
            degrees[j] += weight
    check(degree_matrix, adjacency, want=torch.tensor(degrees, dtype=torch.float64).diag())


@claim("S0-108", "S0-110")
@given(st.integers(1, 5).flatmap(lambda n: inputs.tensors(n, n, low=-2, high=2)))
def test_turning_all_edges_round_swaps_in_and_out(degree_matrix, adjacency):
    want = torch.tensor([sum(row) for row in adjacency.tolist()], dtype=torch.float64).diag()
    check(degree_matrix, adjacency, kind="out", want=want)
    check(degree_matrix, adjacency.mT.contiguous(), kind="in", want=want)


def test_no_edges_and_no_vertices(degree_matrix):
    for n in (3, 1, 0):
        for kind in ("undirected", "in", "out"):
            check(degree_matrix, torch.zeros(n, n), kind=kind, want=torch.zeros(n, n))


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.float64], ids=str)
def test_keeps_the_dtype(degree_matrix, dtype):
    adjacency = SYMMETRIC.to(dtype)
    for kind, want in (("undirected", [4, 7, 13]), ("in", [3, 7, 9]), ("out", [3, 7, 9])):
        check(degree_matrix, adjacency, kind, want=torch.tensor(want, dtype=dtype).diag())


def test_large_whole_numbers_stay_exact(degree_matrix):
    many = 2**60 + 1  # more digits than float64 has
    adjacency = torch.tensor([[0, many], [many, 0]])
    for kind in ("undirected", "in", "out"):
        check(degree_matrix, adjacency, kind, want=torch.tensor([[many, 0], [0, many]]))


@pytest.mark.parametrize(("kind", "dim"), [("out", 1), ("in", 0)])
def test_gradients_flow_back_to_the_weights(degree_matrix, kind, dim):
    adjacency = torch.tensor([[0.0, 2, 0], [3, 0, 5], [1, 7, 0]], dtype=torch.float64)
    check_gradient(degree_matrix, adjacency, kind=kind, like=lambda a, kind: a.sum(dim).diag())


def test_refuses_what_is_not_square(degree_matrix):
    bad = {"adjacency": [2, 3]}
    check(degree_matrix, torch.zeros(2, 3), raises=ValueError, naming=bad)
    check(degree_matrix, torch.zeros(2, 3), "in", raises=ValueError, naming=bad)
    check(degree_matrix, torch.zeros(3), "out", raises=ValueError, naming={"adjacency": [3]})
    bad = {"adjacency": [2, 2, 2]}
    check(degree_matrix, torch.zeros(2, 2, 2), "out", raises=ValueError, naming=bad)


@pytest.mark.parametrize("kind", ["both", "incoming", "OUT"])
def test_refuses_another_kind(degree_matrix, kind):
    check(degree_matrix, torch.zeros(2, 2), kind, raises=ValueError, naming={"kind": kind})


def test_refuses_to_take_a_directed_graph_for_undirected(degree_matrix):
    directed, naming = torch.tensor([[0.0, 1], [0, 0]]), {"kind": "undirected"}
    check(degree_matrix, directed, raises=ValueError, naming=naming)
    check(degree_matrix, directed, kind="undirected", raises=ValueError, naming=naming)


def summed(adjacency, kind, loops=1):
    """Give the diagonal matrix of the degrees, whatever it is asked."""
    degrees = adjacency.sum(0 if kind == "in" else 1, dtype=adjacency.dtype)
    if kind == "undirected":
        degrees = degrees + loops * adjacency.diagonal()
    return degrees.diag()


@wrong("add up the columns whatever `kind` says, as the notes do")
def columns(adjacency, kind="undirected"):
    return summed(adjacency, "in")


@wrong("add up the rows whatever `kind` says")
def rows(adjacency, kind="undirected"):
    return summed(adjacency, "out")


@wrong(
    "swap rows and columns: what enters a vertex is in its column",
    right_for="matrices in which [i, j] is the edge from j to i; here it goes from i to j",
)
def swapped(adjacency, kind="undirected"):
    return summed(adjacency, {"in": "out", "out": "in"}.get(kind, kind))


@wrong("count an undirected self-loop once, though both of its ends are at the vertex")
def loops_once(adjacency, kind="undirected"):
    return summed(adjacency, kind, loops=0)


@wrong("leave self-loops out of the degree")
def without_loops(adjacency, kind="undirected"):
    return summed(adjacency - adjacency.diagonal().diag(), kind)


@wrong("count self-loops twice for directed graphs as well")
def loops_always_twice(adjacency, kind="undirected"):
    loops = adjacency.diagonal().diag()
    return summed(adjacency, kind) + (loops if kind in ("in", "out") else 0)


@wrong("add what enters and what leaves: an undirected edge is in both sums")
def both_ways(adjacency, kind="undirected"):
    if kind == "undirected":
        return summed(adjacency, "in") + summed(adjacency, "out")
    return summed(adjacency, kind)


@wrong("count the neighbours: the weights have no effect")
def neighbours(adjacency, kind="undirected"):
    return summed((adjacency != 0).to(adjacency.dtype), kind)


@wrong(
    "return the degrees as a vector and not as a diagonal matrix",
    right_for="degrees as a vector; here they stand on the diagonal of a matrix",
)
def vector(adjacency, kind="undirected"):
    return summed(adjacency, kind).diagonal().clone()


@wrong("return float32 whatever the dtype of the adjacency matrix")
def always_float32(adjacency, kind="undirected"):
    return summed(adjacency.float(), kind)


@wrong("detach the degrees: no gradient reaches the weights")
def detached(adjacency, kind="undirected"):
    return summed(adjacency.detach(), kind)


@wrong("accept anything: a directed graph, another kind", accepts_bad_input=True)
def careless(adjacency, kind="undirected"):
    return summed(adjacency, kind)


@right("by a product with a vector of ones")
def by_a_product(adjacency, kind="undirected"):
    if adjacency.ndim != 2 or len(set(adjacency.shape)) != 1:
        raise ValueError(f"`adjacency` isn't square: {tuple(adjacency.shape)}")
    if kind not in {"in", "out", "undirected"}:
        raise ValueError(f"there is no kind {kind!r}")
    if kind == "undirected" and bool((adjacency != adjacency.T).any()):
        raise ValueError("kind='undirected' needs a symmetric matrix")
    ones = torch.ones(len(adjacency), dtype=adjacency.dtype)
    degrees = adjacency.T @ ones if kind == "in" else adjacency @ ones
    if kind == "undirected":
        degrees = degrees + torch.einsum("ii->i", adjacency)
    return torch.diag_embed(degrees)
