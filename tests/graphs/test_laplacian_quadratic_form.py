"""x^T L x = sum over the edges of w_ij (x_i - x_j)^2."""

from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("laplacian",),
    hints=(
        "What becomes of x^T L x in float32 if a large constant is added to all of x?",
        "Write x^T D x and x^T A x as sums over pairs (i, j), and complete the square.",
        "sum_ij A_ij (x_i - x_j)^2 / 2: the matrix has each edge twice.",
    ),
)


@st.composite
def graphs_with_values(draw):
    adjacency = draw(inputs.graphs(weighted=True, loops=True))
    return adjacency, draw(inputs.tensors(len(adjacency)))


@claim("S0-106")
def test_a_case_worked_by_hand(laplacian_quadratic_form):
    # 2 (1 - 4)^2 + 5 (4 - 6)^2
    adjacency = torch.tensor([[0.0, 2, 0], [2, 0, 5], [0, 5, 0]])
    check(laplacian_quadratic_form, adjacency, torch.tensor([1.0, 4, 6]), want=torch.tensor(38.0))


@claim("S0-106")
@given(graphs_with_values())
def test_equals_the_exact_product_with_the_laplacian(laplacian_quadratic_form, case):
    adjacency, x = case
    values = [Fraction(v) for v in x.tolist()]
    total = Fraction(0)
    for i, row in enumerate(adjacency.tolist()):
        for j, weight in enumerate(row):
            entry = (Fraction(sum(row)) if i == j else 0) - Fraction(weight)
            total += values[i] * entry * values[j]
    want = torch.tensor(float(total), dtype=torch.float64)
    check(laplacian_quadratic_form, adjacency, x, want=want)


@claim("S0-106")
@given(graphs_with_values())
def test_is_never_negative_for_weights_that_are_not(laplacian_quadratic_form, case):
    want = such_that("no negative number", lambda got: got.item() >= 0)
    check(laplacian_quadratic_form, *case, want=want)


def test_is_zero_where_each_component_has_one_value(laplacian_quadratic_form):
    adjacency = torch.tensor([[0.0, 3, 0, 0], [3, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0]])
    x = torch.tensor([0.1, 0.1, -7.3, -7.3])
    check(laplacian_quadratic_form, adjacency, x, want=torch.tensor(0.0))


def test_self_loops_have_no_share(laplacian_quadratic_form):
    adjacency = torch.tensor([[9.0, 2], [2, 4]])
    x = torch.tensor([3.0, -1])
    check(laplacian_quadratic_form, adjacency, x, want=torch.tensor(32.0))


def test_a_negative_weight_counts_negatively(laplacian_quadratic_form):
    adjacency = torch.tensor([[0.0, -2, 1], [-2, 0, 0], [1, 0, 0]])
    x = torch.tensor([1.0, 4, 3])
    check(laplacian_quadratic_form, adjacency, x, want=torch.tensor(-14.0))


def test_one_vertex_and_none(laplacian_quadratic_form):
    check(laplacian_quadratic_form, torch.ones(1, 1), torch.ones(1), want=torch.tensor(0.0))
    check(laplacian_quadratic_form, torch.zeros(0, 0), torch.zeros(0), want=torch.tensor(0.0))


@pytest.mark.parametrize(("dtype", "far"), [(torch.float32, 2.0**20), (torch.float64, 2.0**48)])
def test_a_constant_added_to_all_values_changes_nothing(laplacian_quadratic_form, dtype, far):
    adjacency = torch.tensor([[0, 2, 1], [2, 0, 5], [1, 5, 0]], dtype=dtype)
    x = torch.tensor([0.125, 1.5, -0.25], dtype=dtype) + far
    want = 2 * 1.375**2 + 0.375**2 + 5 * 1.75**2
    check(laplacian_quadratic_form, adjacency, x, want=torch.tensor(want, dtype=dtype))


def test_parts_far_from_each_other_keep_their_small_differences(laplacian_quadratic_form):
    # No one constant, taken off all of x, brings both parts near 0.
    far, edge = 2.0**20, torch.tensor([[0.0, 1], [1, 0]])
    adjacency = torch.block_diag(5 * edge, 7 * edge)
    x = torch.tensor([far + 0.125, far + 0.75, -far, 0.375 - far])
    want = torch.tensor(5 * 0.625**2 + 7 * 0.375**2)
    check(laplacian_quadratic_form, adjacency, x, want=want)


@claim("S0-106")
@given(graphs_with_values())
def test_its_gradient_is_twice_the_laplacian_times_x(laplacian_quadratic_form, case):
    adjacency, x = case
    assume(bool(adjacency.triu(1).any()))  # without an edge a sum over the edges is a constant
    want = 2 * (adjacency.sum(1) * x - adjacency @ x)
    up = torch.tensor(1.75, dtype=torch.float64)
    check_gradient(
        laplacian_quadratic_form, adjacency, x, wrt=(1,), upstream=up, want=(1.75 * want,)
    )


def test_refuses_what_is_not_square(laplacian_quadratic_form):
    for shape in ([2, 3], [2], [2, 2, 2]):
        expected = {"raises": ValueError, "naming": {"adjacency": shape}}
        check(laplacian_quadratic_form, torch.zeros(shape), torch.zeros(2), **expected)


def test_refuses_a_directed_graph(laplacian_quadratic_form):
    check(
        laplacian_quadratic_form,
        torch.tensor([[0.0, 1], [0, 0]]),
        torch.zeros(2),
        raises=ValueError,
        naming={"adjacency": ""},
    )


@pytest.mark.parametrize("shape", [(2,), (1,), (4,), (3, 1)], ids=str)
def test_refuses_values_that_are_not_one_for_each_vertex(laplacian_quadratic_form, shape):
    x, naming = torch.zeros(shape), {"x": list(shape)}
    check(laplacian_quadratic_form, torch.zeros(3, 3), x, raises=ValueError, naming=naming)


def squares(adjacency, x):
    """Give all A_ij (x_i - x_j)^2."""
    return adjacency * (x[:, None] - x) ** 2


@wrong("multiply x^T L x out: far from 0 the difference of large numbers is lost")
def by_products(adjacency, x):
    return x @ (adjacency.sum(1).diag() - adjacency) @ x


@wrong("take the mean off x and multiply out: parts of the graph may lie far from each other")
def centred(adjacency, x):
    near = x - x.mean() if len(x) else x
    return near @ (adjacency.sum(1).diag() - adjacency) @ near


@wrong(
    "count each edge twice, once from each end",
    right_for="sums over ordered pairs; here each edge counts once",
)
def twice(adjacency, x):
    return squares(adjacency, x).sum()


@wrong("take the distance |x_i - x_j| and not its square")
def distances(adjacency, x):
    return (adjacency * (x[:, None] - x).abs()).sum() / 2


@wrong("ignore the weights")
def unweighted(adjacency, x):
    return squares((adjacency != 0).to(x.dtype), x).sum() / 2


@wrong("square the weights as well")
def squared_weights(adjacency, x):
    return squares(adjacency**2, x).sum() / 2


@wrong("take the mean over the pairs of vertices and not the sum over the edges")
def mean(adjacency, x):
    return squares(adjacency, x).mean() / 2 if len(x) else x.sum()


@wrong("use A in place of L: x^T A x")
def of_the_adjacency(adjacency, x):
    return x @ adjacency @ x


@wrong("use the signless Laplacian: (x_i + x_j)^2")
def signless(adjacency, x):
    off = adjacency - adjacency.diagonal().diag()
    return (off * (x[:, None] + x) ** 2).sum() / 2


@wrong("detach the second of the two values: half of the gradient is missing")
def detached_values(adjacency, x):
    return (adjacency * (x[:, None] - x.detach()) ** 2).sum() / 2


@wrong("take the absolute value of negative weights")
def absolute(adjacency, x):
    return squares(adjacency.abs(), x).sum() / 2


@right("over the edges of the upper triangle, one by one")
def edge_by_edge(adjacency, x):
    if adjacency.dim() != 2 or adjacency.size(0) != adjacency.size(1):
        raise ValueError(f"adjacency: shape {tuple(adjacency.shape)} isn't square")
    if bool((adjacency != adjacency.T).any()):
        raise ValueError("adjacency must be symmetric")
    if tuple(x.shape) != (len(adjacency),):
        raise ValueError(f"x: shape {tuple(x.shape)}, not {(len(adjacency),)}")
    total = (x * 0).sum()
    for i in range(len(x)):
        for j in range(i):
            total = total + adjacency[i, j] * (x[i] - x[j]) ** 2
    return total


@right("by the incidence of the edges")
def by_incidence(adjacency, x):
    if adjacency.ndim != 2 or len(set(adjacency.shape)) != 1:
        raise ValueError(f"`adjacency` isn't square: {list(adjacency.shape)}")
    if not torch.equal(adjacency, adjacency.T):
        raise ValueError("`adjacency` isn't symmetric")
    if x.shape != (adjacency.shape[0],):
        raise ValueError(f"`x` has shape {list(x.shape)}")
    i, j = torch.triu_indices(len(x), len(x), 1)
    steps = x[i] - x[j]
    return torch.dot(adjacency[i, j], steps * steps)
