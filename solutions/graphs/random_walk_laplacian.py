"""Graphs: matrices that hold a graph, and what their spectra say about it."""

from jaxtyping import Float
from torch import Tensor


def random_walk_laplacian(adjacency: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """The random-walk Laplacian of a graph with weights >= 0, which may be directed.

        L_rw = D^(-1) (D - A),   D_ii = sum_j A_ij: the sum of row i

    where 0^(-1) is taken to be 0, so that the whole row of a vertex that no edge leaves is 0, its
    diagonal entry included. Off that, L_rw = I - P, where P[i, j] is the probability that a walk
    steps from vertex i to vertex j. A self-loop counts once in D. The result has the dtype of
    `adjacency`; gradients flow back, are finite, and are 0 for the entries in the row of a vertex
    that no edge leaves.

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix; naming
            `adjacency` and its smallest entry, if that is negative.

    Notes: interview notes, Laplacian matrix, which has the symmetric normalised form only.

    >>> import torch
    >>> random_walk_laplacian(torch.tensor([[0.0, 1.0, 3.0], [5.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    tensor([[ 1.0000, -0.2500, -0.7500],
            [-1.0000,  1.0000,  0.0000],
            [ 0.0000,  0.0000,  0.0000]])
    """
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, but must be square")
    if (adjacency < 0).any():
        raise ValueError(f"adjacency has the entry {adjacency.min().item()}, but must be >= 0")
    degrees = adjacency.sum(1)
    # A vertex without a way out has nothing to divide: its row of D - A is 0 already.
    divisors = degrees.masked_fill(degrees == 0, 1)
    reachable = (degrees != 0).to(adjacency.dtype)
    return reachable.diag() - adjacency / divisors[:, None] * reachable[:, None]
