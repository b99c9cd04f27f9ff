"""Graphs: matrices that hold a graph, and what their spectra say about it."""

import torch
from jaxtyping import Float
from torch import Tensor


def component_count(adjacency: Float[Tensor, "n n"]) -> int:
    """The number of connected components of an undirected graph with weights >= 0, as an int.

    It equals the multiplicity of the eigenvalue 0 of the graph's Laplacian, and is meant to be
    found that way. An edge connects whatever its weight: the result is right for at most 50
    vertices, weights from 1e-6 to 1e6 whose largest is at most 1000 times the smallest, and
    float32 or float64. An isolated vertex is a component, with or without a self-loop; a graph
    without vertices has none.

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix; naming
            `adjacency` and its smallest entry, if that is negative; naming `adjacency`, if it
            isn't symmetric.

    Not allowed: scipy.sparse.

    Notes: interview notes, Laplacian matrix.

    >>> component_count(torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    2
    """
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, but must be square")
    if (adjacency < 0).any():
        raise ValueError(f"adjacency has the entry {adjacency.min().item()}, but must be >= 0")
    if not adjacency.equal(adjacency.mT):
        raise ValueError("adjacency isn't symmetric: the graph would be directed")
    weights = adjacency.double()
    eigenvalues = torch.linalg.eigvalsh(weights.sum(1).diag() - weights)
    # What is 0 up to rounding depends on the weights: measure against the largest eigenvalue.
    return int((eigenvalues <= 1e-11 * eigenvalues.max()).sum()) if len(eigenvalues) else 0
