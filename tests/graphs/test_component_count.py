"""The multiplicity of the Laplacian's eigenvalue 0 is the number of components."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("laplacian", "laplacian_quadratic_form"),
    forbid=("scipy.sparse",),
    instead="look at the eigenvalues of the Laplacian",
    hints=(
        "For which x is sum w_ij (x_i - x_j)^2 zero? How many of them are independent?",
        "An eigenvalue that is 0 comes out as 1e-17 or so: how small is small, if the weights are?",
        "Count the eigenvalues (torch.linalg.eigvalsh, float64) up to 1e-11 of the largest one.",
    ),
)


def path(n, weight=1.0, dtype=torch.float64):
    """Give the adjacency matrix of a path with n vertices."""
    step = torch.diag(torch.full((n - 1,), weight, dtype=dtype), 1)
    return step + step.mT


def test_a_case_worked_by_hand(component_count):
    adjacency = torch.zeros(5, 5)
    adjacency[0, 2] = adjacency[2, 0] = adjacency[1, 4] = adjacency[4, 1] = 1
    check(component_count, adjacency, want=3)


@claim("S0-106", "S0-111")
def test_the_notes_example_is_connected(component_count):
    adjacency = torch.zeros(6, 6)
    for i, j in [(1, 2), (1, 5), (2, 3), (2, 5), (3, 4), (4, 5), (4, 6)]:
        adjacency[i - 1, j - 1] = adjacency[j - 1, i - 1] = 1
    check(component_count, adjacency, want=1)


@claim("S0-106")
@given(inputs.graphs(inputs.sizes(1, 8), weighted=True, loops=True))
def test_agrees_with_scipys_search(component_count, adjacency):
    from scipy.sparse import csgraph

    count, _ = csgraph.connected_components(adjacency.numpy(), directed=False)
    check(component_count, adjacency, want=int(count))


def test_isolated_vertices_are_components(component_count):
    check(component_count, torch.zeros(4, 4), want=4)
    check(component_count, torch.zeros(1, 1), want=1)
    check(component_count, torch.zeros(0, 0), want=0)


def test_a_self_loop_connects_nothing(component_count):
    check(component_count, torch.diag(torch.tensor([3.0, 0, 1])), want=3)
    check(component_count, torch.tensor([[2.0, 1, 0], [1, 0, 0], [0, 0, 1000]]), want=2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_long_paths_are_connected(component_count, dtype):
    check(component_count, path(50, dtype=dtype), want=1)
    check(component_count, torch.block_diag(path(30, dtype=dtype), path(20, dtype=dtype)), want=2)


@pytest.mark.parametrize("weight", [1e-6, 1e-3, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_an_edge_connects_whatever_its_weight(component_count, weight, dtype):
    check(component_count, path(50, weight, dtype), want=1)
    full = weight * (torch.ones(20, 20, dtype=dtype) - torch.eye(20, dtype=dtype))
    check(component_count, torch.block_diag(full, full), want=2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_weak_edge_connects_two_strong_parts(component_count, dtype):
    parts = torch.full((40, 40), 1000.0, dtype=dtype) - 1000 * torch.eye(40, dtype=dtype)
    parts[:20, 20:] = parts[20:, :20] = 0
    check(component_count, parts, want=2)
    parts[0, 39] = parts[39, 0] = 1
    check(component_count, parts, want=1)
    # A long tail of weight 1: the second eigenvalue is 1e-7 of the largest.
    tail = path(50, dtype=dtype)
    tail[:25, :25] = 1000 - 1000 * torch.eye(25, dtype=dtype)
    check(component_count, tail, want=1)


def test_triangles_side_by_side(component_count):
    triangle = torch.ones(3, 3) - torch.eye(3)
    check(component_count, torch.block_diag(*[triangle] * 6), want=6)


def test_refuses_what_is_not_square(component_count):
    for shape in ([2, 3], [3], [2, 2, 2]):
        check(component_count, torch.zeros(shape), raises=ValueError, naming={"adjacency": shape})


def test_refuses_negative_weights(component_count):
    adjacency = torch.tensor([[0.0, -0.5], [-0.5, 0]])
    check(component_count, adjacency, raises=ValueError, naming={"adjacency": -0.5})


def test_refuses_a_directed_graph(component_count):
    naming = {"adjacency": ""}
    check(component_count, torch.tensor([[0.0, 1], [0, 0]]), raises=ValueError, naming=naming)


def spectrum(adjacency):
    """Give the eigenvalues of the Laplacian in the dtype of the adjacency matrix."""
    weights = adjacency - adjacency.diagonal().diag()
    return torch.linalg.eigvalsh(weights.sum(1).diag() - weights)


@wrong("compare the eigenvalues with 0 exactly: rounding hides some")
def exactly_zero(adjacency):
    return int((spectrum(adjacency) == 0).sum())


@wrong("call an eigenvalue 0 below a fixed 1e-4: light or long graphs fall apart")
def fixed_threshold(adjacency):
    return int((spectrum(adjacency.double()) < 1e-4).sum())


@wrong("call an eigenvalue 0 below 1e-9 of the dtype given: float32 isn't that exact")
def in_its_own_dtype(adjacency):
    found = spectrum(adjacency)
    return int((found <= 1e-9 * found.max()).sum()) if len(found) else 0


@wrong("take the rank of the Laplacian in place of its defect")
def rank(adjacency):
    found = spectrum(adjacency.double())
    return int((found > 1e-11 * found.max()).sum()) if len(found) else 0


@wrong("count the zero eigenvalues of A and not of L")
def of_the_adjacency(adjacency):
    found = torch.linalg.eigvalsh(adjacency.double())
    return int((found.abs() <= 1e-11 * found.abs().max()).sum()) if len(found) else 0


@wrong("count the components that have an edge: isolated vertices are left out")
def without_isolated(adjacency):
    off = adjacency.double() - adjacency.double().diagonal().diag()
    keep = off.sum(1) > 0
    found = spectrum(off[keep][:, keep])
    return int((found <= 1e-11 * found.max()).sum()) if len(found) else 0


@wrong("count the diagonal blocks of the matrix: the numbering of the vertices matters")
def diagonal_blocks(adjacency):
    ends = range(1, len(adjacency))
    return int(len(adjacency) > 0) + sum(not adjacency[:k, k:].any() for k in ends)


@wrong("use vertices minus edges: right for trees only")
def vertices_minus_edges(adjacency):
    return len(adjacency) - int((adjacency.triu(1) > 0).sum())


@wrong("return a tensor and not an int")
def as_a_tensor(adjacency):
    found = spectrum(adjacency.double())
    return (found <= 1e-11 * found.max()).sum() if len(found) else torch.tensor(0)


@right("by a search from vertex to vertex")
def by_search(adjacency):
    if adjacency.ndim != 2 or adjacency.size(0) != adjacency.size(1):
        raise ValueError(f"adjacency isn't square: {tuple(adjacency.shape)}")
    if bool((adjacency < 0).any()):
        raise ValueError(f"adjacency has a weight of {float(adjacency.min())}")
    if bool((adjacency != adjacency.T).any()):
        raise ValueError("adjacency isn't symmetric")
    left, count = set(range(len(adjacency))), 0
    while left:
        count += 1
        waiting = [left.pop()]
        while waiting:
            near = set(adjacency[waiting.pop()].nonzero().flatten().tolist()) & left
            left -= near
            waiting += near
    return count


@right("by the rank of the Laplacian of the graph without its weights")
def by_rank(adjacency):
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"`adjacency`: {list(adjacency.shape)}")
    if adjacency.numel() and adjacency.min() < 0:
        raise ValueError(f"`adjacency`: {adjacency.min().item()} < 0")
    if not torch.equal(adjacency, adjacency.T):
        raise ValueError("`adjacency`: directed")
    there = (adjacency > 0).double()
    made = torch.diag(there.sum(0)) - there
    return len(made) - (int(torch.linalg.matrix_rank(made)) if len(made) else 0)
