"""Graphs: matrices that hold a graph, and what their spectra say about it."""

import torch
from jaxtyping import Float
from torch import Tensor


def adjacency_matrix(
    n: int, edges: list[tuple[int, int]], directed: bool = False
) -> Float[Tensor, "n n"]:
    """The adjacency matrix of the graph with the vertices 1, 2, ..., n and these edges.

        A[i - 1, j - 1] = 1 if there is an edge (i, j), else 0

    An edge (i, j) of an undirected graph is also the edge (j, i); of a directed graph it leads
    from i to j only. An edge counts once, however often it is listed, and in whichever order if
    undirected; a self-loop (i, i) is a single 1 on the diagonal. A vertex without an edge is a row
    and a column of zeros; n = 0 gives a matrix of shape [0, 0]. The result has dtype float32.

    Raises:
        ValueError: naming `n` and its value, if it is negative; naming `edges` and the edge, if
            one of its two vertices isn't among 1, ..., n.

    Notes: interview notes, Laplacian matrix, the example graph.

    >>> adjacency_matrix(3, [(1, 2)])
    tensor([[0., 1., 0.],
            [1., 0., 0.],
            [0., 0., 0.]])
    """
    if n < 0:
        raise ValueError(f"n is {n}, but must not be negative")
    adjacency = torch.zeros(n, n)
    for i, j in edges:
        # Python's indices would take vertex 0 for the last one, without a word.
        if not (1 <= i <= n and 1 <= j <= n):
            raise ValueError(f"edges has ({i}, {j}), but the vertices are 1 to {n}")
        adjacency[i - 1, j - 1] = 1
        if not directed:
            adjacency[j - 1, i - 1] = 1
    return adjacency
