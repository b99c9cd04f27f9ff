"""L = D - A."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("degree_matrix",),
    forbid=("scipy.sparse",),
    instead="write it with a sum",
    hints=(
        "Which sums of L are 0 if D holds the column sums of A?",
        "A self-loop stands once in D and once on A's diagonal.",
        "A.sum(0).diag() - A, or A.sum(1) with use_out_degree.",
    ),
)

NOTES_EXAMPLE = [
    [0, 1, 0, 0, 1, 0],
    [1, 0, 1, 0, 1, 0],
    [0, 1, 0, 1, 0, 0],
    [0, 0, 1, 0, 1, 1],
    [1, 1, 0, 1, 0, 0],
    [0, 0, 0, 1, 0, 0],
]


def test_a_case_worked_by_hand(laplacian):
    adjacency = torch.tensor([[0.0, 2, 0], [2, 0, 5], [0, 5, 0]])
    check(laplacian, adjacency, want=torch.tensor([[2.0, -2, 0], [-2, 7, -5], [0, -5, 5]]))


@claim("S0-106", "S0-111")
def test_the_notes_example_has_the_printed_laplacian(laplacian):
    want = torch.tensor(
        [
            [2.0, -1, 0, 0, -1, 0],
            [-1, 3, -1, 0, -1, 0],
            [0, -1, 2, -1, 0, 0],
            [0, 0, -1, 3, -1, -1],
            [-1, -1, 0, -1, 3, 0],
            [0, 0, 0, -1, 0, 1],
        ]
    )
    check(laplacian, torch.tensor(NOTES_EXAMPLE).float(), want=want)


@claim("S0-106", "S0-112")
def test_a_directed_graph_needs_a_choice_of_degrees(laplacian):
    adjacency = torch.tensor([[0.0, 1, 4], [0, 0, 2], [0, 0, 0]])
    entering = torch.tensor([[0.0, -1, -4], [0, 1, -2], [0, 0, 6]])
    leaving = torch.tensor([[5.0, -1, -4], [0, 2, -2], [0, 0, 0]])
    check(laplacian, adjacency, want=entering)
    check(laplacian, adjacency, use_out_degree=False, want=entering)
    check(laplacian, adjacency, use_out_degree=True, want=leaving)


@claim("S0-106")
def test_a_self_loop_cancels(laplacian):
    adjacency = torch.tensor([[7.0, 3], [3, 0]])
    check(laplacian, adjacency, want=torch.tensor([[3.0, -3], [-3, 3]]))
    check(laplacian, torch.tensor([[4.0]]), want=torch.zeros(1, 1))


@claim("S0-106")
@given(st.integers(1, 5).flatmap(lambda n: inputs.tensors(n, n, low=0, high=3)), st.booleans())
def test_agrees_with_scipy(laplacian, adjacency, use_out_degree):
    from scipy.sparse import csgraph

    want = csgraph.laplacian(adjacency.numpy(), use_out_degree=use_out_degree)
    check(laplacian, adjacency, use_out_degree, want=torch.from_numpy(want))


@claim("S0-106", "S0-112")
@given(inputs.graphs(weighted=True, loops=True))
def test_of_an_undirected_graph_is_symmetric_and_positive_semidefinite(laplacian, adjacency):
    def holds(got):
        rows = (got.sum(1) == 0).all()
        return bool((got == got.mT).all() and rows and torch.linalg.eigvalsh(got).min() > -1e-12)

    told = "a symmetric matrix without negative eigenvalues, whose rows sum to 0"
    check(laplacian, adjacency, want=such_that(told, holds))


def test_no_edges_and_no_vertices(laplacian):
    for n in (3, 1, 0):
        check(laplacian, torch.zeros(n, n), want=torch.zeros(n, n))


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.bfloat16], ids=str)
def test_keeps_the_dtype(laplacian, dtype):
    adjacency = torch.tensor([[0, 2], [3, 0]], dtype=dtype)
    check(laplacian, adjacency, want=torch.tensor([[3, -2], [-3, 2]], dtype=dtype))
    check(laplacian, adjacency, True, want=torch.tensor([[2, -2], [-3, 3]], dtype=dtype))


def test_large_whole_numbers_stay_exact(laplacian):
    many = 2**60 + 1  # more digits than float64 has
    adjacency = torch.tensor([[0, many], [many, 0]])
    check(laplacian, adjacency, want=torch.tensor([[many, -many], [-many, many]]))


@pytest.mark.parametrize("use_out_degree", [False, True])
def test_gradients_flow_back_through_both_terms(laplacian, use_out_degree):
    adjacency = torch.tensor([[1.0, 2, 0], [3, 0, 5], [1, 7, 0]], dtype=torch.float64)

    def by_definition(a, use_out_degree):
        return torch.diag(a.sum(1) if use_out_degree else a.sum(0)) - a

    check_gradient(laplacian, adjacency, use_out_degree=use_out_degree, like=by_definition)


def test_refuses_what_is_not_square(laplacian):
    check(laplacian, torch.zeros(2, 3), raises=ValueError, naming={"adjacency": [2, 3]})
    check(laplacian, torch.zeros(4), raises=ValueError, naming={"adjacency": [4]})
    check(laplacian, torch.zeros(2, 2, 2), raises=ValueError, naming={"adjacency": [2, 2, 2]})


def minus(degrees, adjacency):
    """Give D - A for these degrees."""
    return degrees.to(adjacency.dtype).diag() - adjacency


@wrong("add up the columns whatever `use_out_degree` says")
def columns(adjacency, use_out_degree=False):
    return minus(adjacency.sum(0), adjacency)


@wrong(
    "swap rows and columns: what enters a vertex is in its column",
    right_for="matrices in which [i, j] is the edge from j to i; here it goes from i to j",
)
def swapped(adjacency, use_out_degree=False):
    return minus(adjacency.sum(0 if use_out_degree else 1), adjacency)


@wrong(
    "take A - D: the sign is flipped",
    right_for="the sign of calculus, where the Laplacian is negative; here it is D - A",
)
def negative(adjacency, use_out_degree=False):
    return -minus(adjacency.sum(1 if use_out_degree else 0), adjacency)


@wrong(
    "take D + A: that is the signless Laplacian",
    right_for="the signless Laplacian; here it is D - A",
)
def signless(adjacency, use_out_degree=False):
    return adjacency.sum(1 if use_out_degree else 0).to(adjacency.dtype).diag() + adjacency


@wrong("count the neighbours in D: the weights stand in A only")
def neighbours(adjacency, use_out_degree=False):
    return minus((adjacency != 0).sum(1 if use_out_degree else 0), adjacency)


@wrong("ignore the weights, in D and in A")
def unweighted(adjacency, use_out_degree=False):
    there = (adjacency != 0).to(adjacency.dtype)
    return minus(there.sum(1 if use_out_degree else 0), there)


@wrong("let a self-loop stay: counted twice in D, or left out of A, it doesn't cancel")
def loops_lost(adjacency, use_out_degree=False):
    degrees = adjacency.sum(1 if use_out_degree else 0).to(adjacency.dtype)
    off = adjacency - adjacency.diagonal().diag()
    return degrees.diag() - off


@wrong("detach the degrees: the gradient loses its first term")
def detached_degrees(adjacency, use_out_degree=False):
    return minus(adjacency.sum(1 if use_out_degree else 0).detach(), adjacency)


@wrong("return float32 whatever the dtype of the adjacency matrix")
def always_float32(adjacency, use_out_degree=False):
    return minus(adjacency.float().sum(1 if use_out_degree else 0), adjacency.float())


@wrong("write the result into the adjacency matrix")
def in_place(adjacency, use_out_degree=False):
    with torch.no_grad():
        adjacency.copy_(minus(adjacency.sum(1 if use_out_degree else 0), adjacency))
    return adjacency


@wrong("make a directed graph undirected first")
def symmetrised(adjacency, use_out_degree=False):
    both = torch.maximum(adjacency, adjacency.mT)
    return minus(both.sum(0), both)


@right("row by row")
def row_by_row(adjacency, use_out_degree=False):
    if adjacency.dim() != 2 or adjacency.size(0) != adjacency.size(1):
        raise ValueError(f"adjacency must be square, and has shape {tuple(adjacency.shape)}")
    a = adjacency if use_out_degree else adjacency.T
    made = torch.zeros_like(a)
    for i in range(len(a)):
        unit = torch.zeros(len(a), dtype=a.dtype)
        unit[i] = 1
        made[i] = unit * a[i].sum() - a[i]
    return made if use_out_degree else made.T.contiguous()
