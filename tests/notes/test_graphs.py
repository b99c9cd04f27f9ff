"""Claims of the notes on graphs, with networkx as the judge, and counterexamples."""

from itertools import product

import networkx
import numpy as np
import pytest
import sympy
import torch

from grader import claim, counterexample

EDGES = [(1, 2), (1, 5), (2, 3), (2, 5), (3, 4), (4, 5), (4, 6)]
EXAMPLE = networkx.Graph(EDGES)
ORDER = range(1, 7)
PRINTED_A = """
    0 1 0 0 1 0
    1 0 1 0 1 0
    0 1 0 1 0 0
    0 0 1 0 1 1
    1 1 0 1 0 0
    0 0 0 1 0 0
"""
PRINTED_L = """
     2 -1  0  0 -1  0
    -1  3 -1  0 -1  0
     0 -1  2 -1  0  0
     0  0 -1  3 -1 -1
    -1 -1  0 -1  3  0
     0  0  0 -1  0  1
"""
ONE_ISOLATED = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]])


def printed(text):
    return np.array(text.split(), dtype=int).reshape(6, 6)


def root_of_inverse(degrees):
    """Give D^(-1/2), with 0^(-1/2) = 0."""
    return np.diag([d**-0.5 if d else 0.0 for d in degrees])


def sym(adjacency):
    """Give D^(-1/2) (D - A) D^(-1/2)."""
    degrees = adjacency.sum(1)
    root = root_of_inverse(degrees)
    return root @ (np.diag(degrees) - adjacency) @ root


def entrywise(adjacency):
    """Give the notes' formula for the entries of L_sym, with row sums for degrees."""
    degrees = adjacency.sum(1)
    made = np.zeros_like(adjacency)
    for i, j in product(range(len(adjacency)), repeat=2):
        if i == j and degrees[i] != 0:
            made[i, j] = 1
        elif i != j and adjacency[i, j] != 0:
            made[i, j] = -1 / np.sqrt(degrees[i] * degrees[j])
    return made


@claim("S0-107", "S0-109", "S0-111")
def test_networkx_has_the_printed_matrices():
    adjacency = networkx.to_numpy_array(EXAMPLE, nodelist=ORDER, dtype=int)
    assert (adjacency == printed(PRINTED_A)).all()
    assert [EXAMPLE.degree[v] for v in ORDER] == [2, 3, 2, 3, 3, 1]
    assert sum(dict(EXAMPLE.degree).values()) == 14 == 2 * len(EDGES)
    laplacian = networkx.laplacian_matrix(EXAMPLE, nodelist=ORDER).toarray()
    assert (laplacian == printed(PRINTED_L)).all()


@claim("S0-106", "S0-111")
def test_the_example_has_these_eigenvalues_and_every_cofactor_is_11():
    laplacian = printed(PRINTED_L)
    want = [0, 0.7216, 1.6826, 3, 3.7046, 4.8912]
    np.testing.assert_allclose(np.linalg.eigvalsh(laplacian), want, atol=1e-4)
    exact = sympy.Matrix(laplacian)
    assert {exact.cofactor(i, j) for i, j in product(range(6), repeat=2)} == {11}


@claim("S0-106", "S0-114")
@pytest.mark.parametrize("graph", [EXAMPLE, networkx.cycle_graph(6), networkx.petersen_graph()])
def test_the_normalised_form_is_networkxs(graph):
    want = networkx.normalized_laplacian_matrix(graph).toarray()
    np.testing.assert_allclose(sym(networkx.to_numpy_array(graph)), want, atol=1e-14)


@claim("S0-114")
def test_networkx_gives_isolated_vertices_and_self_loops_the_same():
    for adjacency in (ONE_ISOLATED, np.array([[1.0, 1], [1, 0]])):
        want = networkx.normalized_laplacian_matrix(networkx.Graph(adjacency)).toarray()
        np.testing.assert_allclose(sym(adjacency), want, atol=1e-14)


@claim("S0-114")
def test_two_is_an_eigenvalue_exactly_if_a_component_with_edges_is_bipartite():
    for seed in range(30):
        graph = networkx.gnp_random_graph(7, 0.25, seed=seed)
        parts = [graph.subgraph(c) for c in networkx.connected_components(graph) if len(c) > 1]
        largest = np.linalg.eigvalsh(sym(networkx.to_numpy_array(graph)))[-1]
        assert (largest > 2 - 1e-9) == any(map(networkx.is_bipartite, parts))


@counterexample("S0-108", "S0-110")
def test_columns_of_a_directed_graph_hold_what_enters():
    graph = networkx.DiGraph([(1, 2)])
    columns = networkx.to_numpy_array(graph, nodelist=[1, 2]).sum(0).tolist()
    assert columns == [0, 1]
    assert columns == [graph.in_degree[v] for v in (1, 2)]
    assert [graph.out_degree[v] for v in (1, 2)] == [1, 0]  # the edges that leave


@counterexample("S0-108", "S0-110")
def test_columns_count_a_self_loop_once_and_weights_in_full():
    looped = networkx.Graph([(1, 1), (1, 2)])
    assert networkx.to_numpy_array(looped, nodelist=[1, 2]).sum(0).tolist() == [2, 1]
    assert [looped.degree[v] for v in (1, 2)] == [3, 1]
    heavy = networkx.Graph([(1, 2, {"weight": 4})])
    assert networkx.to_numpy_array(heavy, nodelist=[1, 2]).sum(0).tolist() == [4, 4]
    assert [heavy.degree[v] for v in (1, 2)] == [1, 1]  # one edge at each


@counterexample("S0-112")
def test_the_laplacian_of_one_directed_edge_is_not_symmetric():
    adjacency = np.array([[0, 1], [0, 0]])
    laplacian = np.diag(adjacency.sum(0)) - adjacency
    assert laplacian.tolist() == [[0, -1], [0, 1]]
    assert (laplacian != laplacian.T).any()


@claim("S0-112")
def test_symmetry_of_the_laplacian_is_symmetry_of_the_graph():
    for bits in product((0, 1), repeat=6):  # all graphs on 3 vertices without self-loops
        adjacency = np.zeros((3, 3), dtype=int)
        adjacency[~np.eye(3, dtype=bool)] = bits
        laplacian = np.diag(adjacency.sum(0)) - adjacency
        assert (laplacian == laplacian.T).all() == (adjacency == adjacency.T).all()


@counterexample("S0-114")
def test_the_naive_form_is_nan_at_an_isolated_vertex():
    adjacency = torch.from_numpy(ONE_ISOLATED)
    degrees = adjacency.sum(1)
    root = (degrees**-0.5).diag()
    naive = root @ (degrees.diag() - adjacency) @ root
    assert naive[2].isnan().all()
    assert naive[:, 2].isnan().all()


@counterexample("S0-115")
def test_the_identity_has_1_where_an_isolated_vertex_has_0():
    root = root_of_inverse(ONE_ISOLATED.sum(1))
    right = np.eye(3) - root @ ONE_ISOLATED @ root
    assert sym(ONE_ISOLATED).diagonal().tolist() == [1, 1, 0]
    assert right.diagonal().tolist() == [1, 1, 1]


@claim("S0-115")
def test_the_identity_holds_for_positive_degrees():
    a, b, c = sympy.symbols("a b c", positive=True)  # the weights of a triangle
    adjacency = sympy.Matrix([[0, a, b], [a, 0, c], [b, c, 0]])
    degrees = [a + b, a + c, b + c]
    root = sympy.diag(*(1 / sympy.sqrt(d) for d in degrees))
    left = root * (sympy.diag(*degrees) - adjacency) * root
    assert (
        (left - (sympy.eye(3) - root * adjacency * root)).applyfunc(sympy.simplify).is_zero_matrix
    )


@counterexample("S0-116")
def test_the_entries_are_wrong_with_weights_and_with_self_loops():
    weighted = np.array([[0.0, 4, 1], [4, 0, 0], [1, 0, 0]])
    assert sym(weighted)[0, 1] == pytest.approx(-0.894, abs=1e-3)
    assert entrywise(weighted)[0, 1] == pytest.approx(-0.224, abs=1e-3)
    looped = np.array([[1.0, 1], [1, 0]])
    assert sym(looped)[0, 0] == pytest.approx(0.5)
    assert entrywise(looped)[0, 0] == 1


@claim("S0-116")
def test_the_entries_are_right_for_all_simple_graphs_on_4_vertices():
    for bits in product((0.0, 1.0), repeat=6):
        adjacency = np.zeros((4, 4))
        adjacency[np.triu_indices(4, 1)] = bits
        adjacency += adjacency.T
        np.testing.assert_allclose(entrywise(adjacency), sym(adjacency), atol=1e-14)
