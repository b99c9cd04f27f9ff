"""Graphs: matrices that hold a graph, and what their spectra say about it."""

from jaxtyping import Float
from torch import Tensor


def laplacian_quadratic_form(
    adjacency: Float[Tensor, "n n"], x: Float[Tensor, " n"]
) -> Float[Tensor, ""]:
    """The quadratic form x^T L x of a graph's Laplacian L = D - A: how uneven x is over the edges.

    The graph is undirected; weights may be negative, and self-loops have no share in the result.
    The result has the dtype of `x`, which is that of `adjacency`. It is exact to rounding of the
    differences between entries of x that an edge connects: adding a constant to all of x, or to
    one component, as 2^20 in float32 to multiples of 1/8, doesn't change it. Gradients flow back
    to x.

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix; naming
            `adjacency`, if it isn't symmetric; naming `x` and its shape, if that isn't [n].

    Notes: interview notes, Laplacian matrix; the identity shows that L is positive semidefinite.

    >>> import torch
    >>> laplacian_quadratic_form(torch.tensor([[0.0, 2.0], [2.0, 0.0]]), torch.tensor([1.0, 4.0]))
    tensor(18.)
    """
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"adjacency has shape {list(adjacency.shape)}, but must be square")
    if not adjacency.equal(adjacency.mT):
        raise ValueError("adjacency isn't symmetric: the graph would be directed")
    if x.shape != adjacency.shape[:1]:
        raise ValueError(f"x has shape {list(x.shape)}, but adjacency {list(adjacency.shape)}")
    # A matrix has each edge twice, (i, j) and (j, i): hence the half.
    return (adjacency * (x[:, None] - x) ** 2).sum() / 2
