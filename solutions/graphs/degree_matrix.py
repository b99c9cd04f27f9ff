"""Graphs: matrices that hold a graph, and what their spectra say about it."""

from jaxtyping import Num
from torch import Tensor


def degree_matrix(adjacency: Num[Tensor, "n n"], kind: str = "undirected") -> Num[Tensor, "n n"]:
    """The diagonal matrix of the degrees of a graph's vertices.

    `adjacency[i, j]` is the weight of the edge from vertex i to vertex j, 0 where there is none;
    a self-loop's weight stands once on its diagonal. The degree of a vertex depends on `kind`:

        "out"         the weights of the edges that leave it, added up
        "in"          the weights of the edges that enter it, added up
        "undirected"  the weights of the edges at it, added up, where a self-loop counts twice,
                      as both of its ends are there

    Both "out" and "in" count a self-loop once. The result has the dtype of `adjacency`, integers
    included; gradients flow back through "out" and "in".

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix; naming `kind`
            and its value, if it is none of the three, or is "undirected" though `adjacency` isn't
            symmetric.

    Notes: interview notes, Laplacian matrix.

    >>> import torch
    >>> degree_matrix(torch.tensor([[0, 1], [0, 0]]), kind="in")
    tensor([[0, 0],
            [0, 1]])
    """
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, but must be square")
    if kind not in ("out", "in", "undirected"):
        raise ValueError(f"kind is {kind!r}, but must be 'out', 'in' or 'undirected'")
    if kind == "undirected" and not adjacency.equal(adjacency.mT):
        raise ValueError(f"kind is {kind!r}, but adjacency isn't symmetric")
    degrees = adjacency.sum(0 if kind == "in" else 1, dtype=adjacency.dtype)
    if kind == "undirected":
        # A row meets a self-loop once, though it ends at the vertex twice.
        degrees = degrees + adjacency.diagonal()
    return degrees.diag()
