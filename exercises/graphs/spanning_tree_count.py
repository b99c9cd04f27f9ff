"""Graphs: matrices that hold a graph, and what their spectra say about it."""

from fractions import Fraction

from jaxtyping import Int
from torch import Tensor


def spanning_tree_count(adjacency: Int[Tensor, "n n"]) -> int:
    """The number of spanning trees of an undirected graph, as an exact int of any size.

    `adjacency[i, j]` is the number of edges between the vertices i and j, which may be more than
    one; parallel edges make different trees. Self-loops are in no tree. A graph that isn't
    connected has no spanning tree, and one with a single vertex has one. By the matrix-tree
    theorem every cofactor of the Laplacian is this number. It is exact for the complete graph of
    20 vertices, which has 20^18 of them.

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix with at least
            one row; naming `adjacency` and its smallest entry, if that is negative; naming
            `adjacency`, if it isn't symmetric.

    Notes: interview notes, Laplacian matrix; the example graph has 11.

    >>> import torch
    >>> spanning_tree_count(torch.tensor([[0, 1, 1], [1, 0, 1], [1, 1, 0]]))
    3
    """
    raise NotImplementedError
