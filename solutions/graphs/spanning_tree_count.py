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
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1] or not len(adjacency):
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, but must be square")
    if (adjacency < 0).any():
        raise ValueError(f"adjacency has the entry {adjacency.min().item()}, but must be >= 0")
    if not adjacency.equal(adjacency.mT):
        raise ValueError("adjacency isn't symmetric: the graph would be directed")
    minor = [[Fraction(w) for w in row] for row in (adjacency.sum(1).diag() - adjacency).tolist()]
    count = Fraction(1)
    for k in range(1, len(minor)):
        if minor[k][k] == 0:  # the matrix stays positive semidefinite: all of row k is 0
            return 0
        count *= minor[k][k]
        for row in minor[k + 1 :]:
            factor = row[k] / minor[k][k]
            row[k:] = [a - factor * b for a, b in zip(row[k:], minor[k][k:], strict=True)]
    return int(count)
