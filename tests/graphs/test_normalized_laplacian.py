"""L_sym = D^(-1/2) (D - A) D^(-1/2), with 0^(-1/2) = 0."""

import pytest
import torch
from hypothesis import given

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("laplacian",),
    forbid=("scipy.sparse",),
    instead="scale the rows and the columns of D - A yourself",
    hints=(
        "What is 0^(-1/2) * 0 in floating point, and what should an isolated vertex get?",
        "A product with a diagonal matrix scales rows or columns: no matrix product is needed.",
        "Masking the infinite roots leaves nan in the gradient: replace the 0 before the power too.",
    ),
)


@claim("S0-114")
def test_a_case_worked_by_hand(normalized_laplacian):
    # The degrees are 1, 16, 15: off the diagonal -1/4 and -15/sqrt(240).
    adjacency = torch.tensor([[0.0, 1, 0], [1, 0, 15], [0, 15, 0]], dtype=torch.float64)
    last = -(15**0.5) / 4
    want = torch.tensor([[1, -0.25, 0], [-0.25, 1, last], [0, last, 1]], dtype=torch.float64)
    check(normalized_laplacian, adjacency, want=want)


@claim("S0-114", "S0-115", "S0-116")
def test_an_isolated_vertex_has_zeros_even_on_the_diagonal(normalized_laplacian):
    adjacency = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]])
    want = torch.tensor([[1.0, -1, 0], [-1, 1, 0], [0, 0, 0]])
    check(normalized_laplacian, adjacency, want=want)


@claim("S0-114", "S0-115")
def test_without_edges_it_is_the_zero_matrix(normalized_laplacian):
    for n in (4, 1, 0):
        check(normalized_laplacian, torch.zeros(n, n), want=torch.zeros(n, n))


@claim("S0-114", "S0-116")
def test_a_weight_stands_over_the_root_of_the_degrees(normalized_laplacian):
    # The notes' formula for the entries has 1 in place of the weight 4: -0.224.
    adjacency = torch.tensor([[0.0, 4, 1], [4, 0, 0], [1, 0, 0]], dtype=torch.float64)
    a, b = -4 / 20**0.5, -1 / 5**0.5
    want = torch.tensor([[1, a, b], [a, 1, 0], [b, 0, 1]], dtype=torch.float64)
    check(normalized_laplacian, adjacency, want=want)


@claim("S0-114", "S0-116")
def test_a_self_loop_counts_once_in_the_degree(normalized_laplacian):
    adjacency = torch.tensor([[1.0, 1], [1, 0]], dtype=torch.float64)
    off = -(0.5**0.5)
    want = torch.tensor([[0.5, off], [off, 1]], dtype=torch.float64)
    check(normalized_laplacian, adjacency, want=want)
    check(normalized_laplacian, torch.tensor([[3.0]]), want=torch.zeros(1, 1))


@claim("S0-114", "S0-115")
@given(inputs.graphs(weighted=True))
def test_agrees_with_scipy_without_self_loops(normalized_laplacian, adjacency):
    from scipy.sparse import csgraph

    want = torch.from_numpy(csgraph.laplacian(adjacency.numpy(), normed=True))
    check(normalized_laplacian, adjacency, want=want + 0.0)


@claim("S0-114", "S0-116")
@given(inputs.graphs(weighted=True, loops=True))
def test_equals_the_formula_with_50_digits(normalized_laplacian, adjacency):
    import mpmath

    rows = adjacency.tolist()
    degrees = [mpmath.mpf(sum(row)) for row in rows]

    def entry(i, j):
        if not degrees[i] or not degrees[j]:
            return 0.0
        mine = (degrees[i] if i == j else 0) - mpmath.mpf(rows[i][j])
        return float(mine / mpmath.sqrt(degrees[i] * degrees[j]))

    with mpmath.workdps(50):
        every = range(len(rows))
        want = [[entry(i, j) for j in every] for i in every]
    check(normalized_laplacian, adjacency, want=torch.tensor(want, dtype=torch.float64))


@claim("S0-114")
@given(inputs.graphs(weighted=True, loops=True))
def test_eigenvalues_lie_between_0_and_2_and_roots_of_degrees_have_0(
    normalized_laplacian, adjacency
):
    def holds(got):
        eigenvalues = torch.linalg.eigvalsh(got)
        inside = eigenvalues.min() > -1e-12 and eigenvalues.max() < 2 + 1e-12
        return bool(inside and (got @ adjacency.sum(1).sqrt()).abs().max() < 1e-12)

    told = "eigenvalues in [0, 2], and 0 for the vector of the roots of the degrees"
    check(normalized_laplacian, adjacency, want=such_that(told, holds))


@claim("S0-114")
@pytest.mark.parametrize(("length", "has_two"), [(4, True), (5, False), (6, True), (7, False)])
def test_two_is_an_eigenvalue_of_even_cycles_only(normalized_laplacian, length, has_two):
    step = torch.eye(length, dtype=torch.float64).roll(1, 0)
    told = f"{'' if has_two else 'not '}the eigenvalue 2 for a cycle of {length}"
    want = such_that(told, lambda got: (torch.linalg.eigvalsh(got)[-1] > 2 - 1e-9) == has_two)
    check(normalized_laplacian, step + step.mT, want=want)


@claim("S0-114")
@given(inputs.graphs(weighted=True))
def test_gradients_flow_back_through_the_degrees(normalized_laplacian, adjacency):
    def by_definition(a):
        d = a.sum(1)
        return (d.diag() - a) / (d[:, None] * d).sqrt()

    looped = adjacency + torch.eye(len(adjacency), dtype=torch.float64)  # nobody is isolated
    check_gradient(normalized_laplacian, looped, like=by_definition)


@claim("S0-114")
def test_no_nan_flows_back_from_an_isolated_vertex(normalized_laplacian):
    pair = torch.zeros(3, 3, dtype=torch.float64)
    pair[0, 1] = pair[1, 0] = 4.0

    def of_the_pair(a):
        d = a[:2].sum(1)  # an edge to the third vertex would count
        inner = (d.diag() - a[:2, :2]) / (d[:, None] * d).sqrt()
        return torch.nn.functional.pad(inner, (0, 1, 0, 1))

    check_gradient(normalized_laplacian, pair, like=of_the_pair)


@claim("S0-114")
@pytest.mark.parametrize("weight", [1e-30, 1e-9, 1e9, 1e30])
def test_a_common_factor_of_all_weights_cancels(normalized_laplacian, weight):
    adjacency = torch.tensor([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]], dtype=torch.float64)
    off = -(0.5**0.5)
    want = torch.tensor([[1, off, off], [off, 1, 0], [off, 0, 1]], dtype=torch.float64)
    check(normalized_laplacian, adjacency * weight, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(normalized_laplacian, dtype):
    adjacency = torch.tensor([[0.0, 4, 0], [4, 0, 12], [0, 12, 0]], dtype=dtype)
    off = -(0.75**0.5)
    want = torch.tensor([[1, -0.5, 0], [-0.5, 1, off], [0, off, 1]], dtype=dtype)
    check(normalized_laplacian, adjacency, want=want)


def test_refuses_what_is_not_square(normalized_laplacian):
    check(normalized_laplacian, torch.zeros(2, 3), raises=ValueError, naming={"adjacency": [2, 3]})
    check(normalized_laplacian, torch.zeros(3), raises=ValueError, naming={"adjacency": [3]})
    naming = {"adjacency": [2, 2, 2]}
    check(normalized_laplacian, torch.zeros(2, 2, 2), raises=ValueError, naming=naming)


@claim("S0-114")
def test_refuses_negative_weights(normalized_laplacian):
    adjacency = torch.tensor([[0.0, 3, -0.5], [3, 0, 0], [-0.5, 0, 0]])
    check(normalized_laplacian, adjacency, raises=ValueError, naming={"adjacency": -0.5})


def test_refuses_a_directed_graph(normalized_laplacian):
    naming = {"adjacency": ""}  # no one entry is to blame
    directed = torch.tensor([[0.0, 1], [0, 0]])
    check(normalized_laplacian, directed, raises=ValueError, naming=naming)


def scaled(adjacency, degrees, diagonal, guarded=True):
    """Give D^(-1/2) (diag(diagonal) - A) D^(-1/2) for these degrees."""
    scale = degrees.rsqrt()
    if guarded:
        scale = torch.where(degrees > 0, torch.where(degrees > 0, degrees, 1).rsqrt(), 0)
    return scale[:, None] * (diagonal.diag() - adjacency) * scale


@wrong("divide by the root of degree 0: the row of an isolated vertex is nan")
def naive(adjacency):
    return scaled(adjacency, adjacency.sum(1), adjacency.sum(1), guarded=False)


@wrong("write I - D^(-1/2) A D^(-1/2): an isolated vertex gets 1 on the diagonal")
def identity_minus(adjacency):
    inner = scaled(adjacency, adjacency.sum(1), torch.zeros_like(adjacency[:, :1].sum(1)))
    return torch.eye(len(adjacency), dtype=adjacency.dtype) + inner


@wrong("use the formula of the notes for the entries: the weights are lost over the root")
def entrywise(adjacency):
    degrees, there = adjacency.sum(1), (adjacency > 0).to(adjacency.dtype)
    there = there - there.diagonal().diag()
    return scaled(there, degrees, degrees)


@wrong("take 1 for the diagonal of a vertex that has a self-loop")
def ones_on_the_diagonal(adjacency):
    degrees = adjacency.sum(1)
    return scaled(adjacency - adjacency.diagonal().diag(), degrees, degrees)


@wrong("count the neighbours in D^(-1/2), not the weights")
def by_neighbours(adjacency):
    return scaled(adjacency, (adjacency > 0).to(adjacency.dtype).sum(1), adjacency.sum(1))


@wrong(
    "leave self-loops out of the degree, as scipy does",
    right_for="scipy's degrees, without self-loops; here D holds the row sums",
)
def without_loops(adjacency):
    off = adjacency - adjacency.diagonal().diag()
    return scaled(off, off.sum(1), off.sum(1))


@wrong(
    "count a self-loop twice in the degree: with row sums it counts once",
    right_for="degrees that count both ends of a self-loop; here D holds the row sums",
)
def loops_twice(adjacency):
    degrees = adjacency.sum(1) + adjacency.diagonal()
    return scaled(adjacency, degrees, degrees)


@wrong("add a small number to the degrees: the diagonal is no longer 1")
def with_epsilon(adjacency):
    degrees = adjacency.sum(1)
    return scaled(adjacency, degrees + 1e-6, degrees)


@wrong(
    "scale the rows only, by 1/D: that is the random-walk form",
    right_for="the random-walk form; here both sides are scaled",
)
def random_walk(adjacency):
    degrees = adjacency.sum(1)
    scale = torch.where(degrees > 0, 1 / degrees.clamp_min(1e-45), 0)
    return scale[:, None] * (degrees.diag() - adjacency)


@wrong("detach the degrees under the root: the gradient loses a term")
def detached(adjacency):
    return scaled(adjacency, adjacency.sum(1).detach(), adjacency.sum(1))


@wrong("take the sums of the columns for D: the same numbers, but other gradients")
def of_the_columns(adjacency):
    return scaled(adjacency, adjacency.sum(0), adjacency.sum(0))


@wrong("clamp the degrees at 1e-12: a huge gradient reaches an isolated vertex")
def with_a_floor(adjacency):
    degrees = adjacency.sum(1)
    return scaled(adjacency, degrees.clamp_min(1e-12), degrees)


@wrong("set the infinite roots to 0 afterwards: the gradient of an isolated vertex is nan")
def masked_afterwards(adjacency):
    degrees = adjacency.sum(1)
    scale = degrees.rsqrt()
    scale = torch.where(scale.isinf(), 0, scale)
    return scale[:, None] * (degrees.diag() - adjacency) * scale


@wrong("multiply by D^(1/2) where D^(-1/2) belongs")
def wrong_power(adjacency):
    degrees = adjacency.sum(1)
    return degrees.sqrt()[:, None] * (degrees.diag() - adjacency) * degrees.sqrt()


@wrong("drop the isolated vertices from the matrix")
def dropped(adjacency):
    keep = adjacency.sum(1) > 0
    return naive(adjacency[keep][:, keep])


@wrong("accept negative weights and directed graphs", accepts_bad_input=True)
def careless(adjacency):
    return scaled(adjacency, adjacency.sum(1), adjacency.sum(1))


def checked(adjacency):
    """Raise the documented errors, as two right answers do."""
    if adjacency.ndim != 2 or adjacency.size(0) != adjacency.size(1):
        raise ValueError(f"adjacency isn't square: {tuple(adjacency.shape)}")
    if adjacency.numel() and adjacency.min() < 0:
        raise ValueError(f"adjacency has a negative entry, {float(adjacency.min())}")
    if not bool((adjacency == adjacency.T).all()):
        raise ValueError("adjacency is not symmetric")


@right("by matrix products")
def by_products(adjacency):
    checked(adjacency)
    d = adjacency.sum(dim=1)
    safe = torch.where(d > 0, d, torch.ones_like(d))
    root = torch.diag(torch.where(d > 0, safe**-0.5, torch.zeros_like(d)))
    return root @ (torch.diag(d) - adjacency) @ root


@right("with a 0/1 diagonal in place of I")
def zero_one_diagonal(adjacency):
    checked(adjacency)
    d = adjacency.sum(1)
    has_edges = d > 0
    root = torch.where(has_edges, d, 1.0).sqrt()
    kept = has_edges.to(d.dtype)
    return kept.diag() - kept[:, None] * adjacency * kept / root / root.unsqueeze(1)


@gpu
def bench_a_dense_graph(normalized_laplacian, race):
    def shortest(adjacency):
        # torch has no such operation: this is the formula in as few of its operations as it takes.
        scale = adjacency.sum(1).rsqrt()
        ones = torch.eye(len(adjacency), dtype=adjacency.dtype, device=adjacency.device)
        return ones - adjacency * torch.outer(scale, scale)

    race(
        normalized_laplacian,
        torch=shortest,
        inputs=lambda draw, n: (draw.adjacency(n, density=0.25),),  # nobody is isolated
        small=(100,),
        large=(8192,),
        # An entry: the sum of its row, two factors, the difference.
        forward=lambda adjacency: {
            "bytes": 2 * adjacency.nbytes,
            "flops": 4 * adjacency.numel(),
        },
        # An entry: two factors; its share in the degrees of row and column: a product, two sums,
        # and one more to hand the degree's gradient back.
        backward=lambda adjacency: {
            "bytes": 3 * adjacency.nbytes,
            "flops": 6 * adjacency.numel(),
        },
    )
