"""L_rw = D^(-1) (D - A), with 0^(-1) = 0."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("normalized_laplacian",),
    hints=(
        "What does each row of D^(-1) A sum to, and what if no edge leaves the vertex?",
        "Divide row i by its own sum; I isn't the right diagonal for a row of zeros.",
        "Divide D - A by the row sums, with 0 replaced by 1 in the divisor only.",
    ),
)

ASYMMETRIC = st.integers(1, 5).flatmap(lambda n: inputs.tensors(n, n, low=0, high=3, step=1))


def test_a_case_worked_by_hand(random_walk_laplacian):
    adjacency = torch.tensor([[0.0, 1, 3], [1, 0, 1], [3, 1, 0]])
    want = torch.tensor([[1, -0.25, -0.75], [-0.5, 1, -0.5], [-0.75, -0.25, 1]])
    check(random_walk_laplacian, adjacency, want=want)


def test_a_vertex_without_a_way_out_has_a_row_of_zeros(random_walk_laplacian):
    adjacency = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]])
    want = torch.tensor([[1.0, -1, 0], [-1, 1, 0], [0, 0, 0]])
    check(random_walk_laplacian, adjacency, want=want)
    for n in (4, 1, 0):
        check(random_walk_laplacian, torch.zeros(n, n), want=torch.zeros(n, n))


def test_a_directed_graph_is_divided_by_what_leaves(random_walk_laplacian):
    adjacency = torch.tensor([[0.0, 2, 6], [0, 0, 4], [0, 0, 0]])
    want = torch.tensor([[1, -0.25, -0.75], [0, 1, -1], [0, 0, 0]])
    check(random_walk_laplacian, adjacency, want=want)


def test_a_self_loop_counts_once(random_walk_laplacian):
    adjacency = torch.tensor([[1.0, 3], [3, 0]])
    want = torch.tensor([[0.75, -0.75], [-1, 1]])
    check(random_walk_laplacian, adjacency, want=want)
    check(random_walk_laplacian, torch.tensor([[5.0]]), want=torch.zeros(1, 1))


@given(ASYMMETRIC)
def test_equals_the_exact_fractions(random_walk_laplacian, adjacency):
    table = []
    for i, row in enumerate(adjacency.tolist()):
        total = Fraction(sum(row))
        line = [(total if i == j else 0) - Fraction(w) for j, w in enumerate(row)]
        table.append([float(v / total) if total else 0.0 for v in line])
    check(random_walk_laplacian, adjacency, want=torch.tensor(table, dtype=torch.float64))


@claim("S0-114")
@given(inputs.graphs(weighted=True, loops=True))
def test_has_the_eigenvalues_of_the_symmetric_form(random_walk_laplacian, adjacency):
    d = adjacency.sum(1)
    root = torch.where(d > 0, d, 1).rsqrt()
    symmetric = root[:, None] * (d.diag() - adjacency) * root
    eigenvalues = torch.linalg.eigvalsh(symmetric)

    def holds(got):
        mine = torch.linalg.eigvals(got)
        # An eigenvalue of a matrix that isn't symmetric moves by the root of the rounding.
        return bool((mine.real.sort().values - eigenvalues).abs().max() < 1e-6)

    check(
        random_walk_laplacian,
        adjacency,
        want=such_that("the eigenvalues of the symmetric normalised Laplacian", holds),
    )


@given(ASYMMETRIC)
def test_gradients_flow_back_through_the_degrees(random_walk_laplacian, adjacency):
    def by_definition(a):
        d = a.sum(1, keepdim=True)
        return torch.eye(len(a), dtype=a.dtype) - a / d

    looped = adjacency + torch.eye(len(adjacency), dtype=torch.float64)  # all have a way out
    check_gradient(random_walk_laplacian, looped, like=by_definition)


def test_no_nan_flows_back_from_a_vertex_without_a_way_out(random_walk_laplacian):
    adjacency = torch.tensor([[1.0, 3], [0, 0]], dtype=torch.float64)

    def of_the_first(a):
        row = torch.tensor([1.0, 0], dtype=a.dtype) - a[0] / a[0].sum()
        return torch.stack([row, torch.zeros_like(row)])

    check_gradient(random_walk_laplacian, adjacency, like=of_the_first)


@pytest.mark.parametrize("weight", [1e-30, 1e-9, 1e9, 1e30])
def test_a_common_factor_of_all_weights_cancels(random_walk_laplacian, weight):
    adjacency = torch.tensor([[0.0, 1, 3], [1, 0, 0], [3, 0, 0]], dtype=torch.float64)
    want = torch.tensor([[1, -0.25, -0.75], [-1, 1, 0], [-1, 0, 1]], dtype=torch.float64)
    check(random_walk_laplacian, adjacency * weight, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(random_walk_laplacian, dtype):
    adjacency = torch.tensor([[0.0, 2, 6], [1, 0, 1], [0, 0, 0]], dtype=dtype)
    want = torch.tensor([[1, -0.25, -0.75], [-0.5, 1, -0.5], [0, 0, 0]], dtype=dtype)
    check(random_walk_laplacian, adjacency, want=want)


def test_refuses_what_is_not_square(random_walk_laplacian):
    naming = {"adjacency": [2, 3]}
    check(random_walk_laplacian, torch.zeros(2, 3), raises=ValueError, naming=naming)
    check(random_walk_laplacian, torch.zeros(3), raises=ValueError, naming={"adjacency": [3]})
    naming = {"adjacency": [2, 2, 2]}
    check(random_walk_laplacian, torch.zeros(2, 2, 2), raises=ValueError, naming=naming)


def test_refuses_negative_weights(random_walk_laplacian):
    adjacency = torch.tensor([[0.0, 3], [-0.5, 0]])
    check(random_walk_laplacian, adjacency, raises=ValueError, naming={"adjacency": -0.5})


def divided(adjacency, degrees, dim=1):
    """Give (D - A) / D, the divisor along rows (dim 1) or columns, with 0 / 0 = 0."""
    safe = torch.where(degrees > 0, degrees, 1)
    return (degrees.diag() - adjacency) / (safe[:, None] if dim == 1 else safe)


@wrong("divide by the sum of a row of zeros: it is nan")
def naive(adjacency):
    degrees = adjacency.sum(1)
    return (degrees.diag() - adjacency) / degrees[:, None]


@wrong("subtract the steps from I: a vertex without a way out gets 1 on the diagonal")
def identity_minus(adjacency):
    degrees = adjacency.sum(1)
    steps = adjacency / torch.where(degrees > 0, degrees, 1)[:, None]
    return torch.eye(len(adjacency), dtype=adjacency.dtype) - steps


@wrong("divide the columns in place of the rows: (D - A) D^(-1)")
def columns(adjacency):
    return divided(adjacency, adjacency.sum(1), dim=0)


@wrong("divide by what enters a vertex: the sums of the columns")
def entering(adjacency):
    return divided(adjacency, adjacency.sum(0))


@wrong(
    "scale both sides by D^(-1/2): that is the symmetric form",
    right_for="the symmetric form; here the rows alone are scaled",
)
def symmetric(adjacency):
    degrees = adjacency.sum(1)
    safe = torch.where(degrees > 0, degrees, 1)
    return (degrees.diag() - adjacency) / safe.sqrt()[:, None] / safe.sqrt()


@wrong("return the steps D^(-1) A themselves, not I minus them")
def steps_only(adjacency):
    degrees = adjacency.sum(1)
    return adjacency / torch.where(degrees > 0, degrees, 1)[:, None]


@wrong("count the neighbours: every edge is as likely as the next")
def neighbours(adjacency):
    there = (adjacency > 0).to(adjacency.dtype)
    return divided(there, there.sum(1))


@wrong("leave self-loops out")
def without_loops(adjacency):
    off = adjacency - adjacency.diagonal().diag()
    return divided(off, off.sum(1))


@wrong("add a small number to the degrees")
def with_epsilon(adjacency):
    degrees = adjacency.sum(1)
    return (degrees.diag() - adjacency) / (degrees[:, None] + 1e-8)


@wrong("clamp the degrees at 1e-12: a huge gradient reaches a vertex without a way out")
def with_a_floor(adjacency):
    degrees = adjacency.sum(1)
    return (degrees.diag() - adjacency) / degrees.clamp_min(1e-12)[:, None]


@wrong("detach the degrees: the gradient loses a term")
def detached(adjacency):
    return divided(adjacency, adjacency.sum(1).detach())


@wrong("replace nan by 0 afterwards: it still flows back as the gradient")
def nan_to_zero(adjacency):
    return naive(adjacency).nan_to_num(0.0)


@right("row by row")
def row_by_row(adjacency):
    if adjacency.ndim != 2 or adjacency.size(0) != adjacency.size(1):
        raise ValueError(f"adjacency isn't square: {tuple(adjacency.shape)}")
    if adjacency.numel() and float(adjacency.min()) < 0:
        raise ValueError(f"adjacency: {float(adjacency.min())} is negative")
    rows = []
    for i, row in enumerate(adjacency):
        unit = torch.zeros_like(row)
        unit[i] = 1
        rows.append(unit - row / row.sum() if row.any() else row * 0)
    return torch.stack(rows) if rows else adjacency.clone()


@right("by a product with D^(-1)")
def by_a_product(adjacency):
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"`adjacency` of shape {list(adjacency.shape)}")
    if bool((adjacency < 0).any()):
        raise ValueError(f"`adjacency` goes down to {adjacency.min().item()}")
    degrees = adjacency.sum(-1)
    inverse = torch.where(degrees > 0, 1 / torch.where(degrees > 0, degrees, 1.0), 0.0)
    return inverse.diag() @ (degrees.diag() - adjacency)
