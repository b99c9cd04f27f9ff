"""Graphs: matrices that hold a graph, and what their spectra say about it."""

from jaxtyping import Num
from torch import Tensor


def laplacian(adjacency: Num[Tensor, "n n"], use_out_degree: bool = False) -> Num[Tensor, "n n"]:
    """The Laplacian of a graph, which may be directed, weighted, and have self-loops.

        L = D - A,   D_jj = sum_i A_ij: the sum of column j, as in the notes

    `adjacency[i, j]` is the weight of the edge from vertex i to vertex j. With `use_out_degree`,
    D holds the sums of the rows in place of the columns; for an undirected graph they are the
    same. A self-loop stands once in D and once in A, and so cancels. The result has the dtype of
    `adjacency`, integers included, and gradients flow back through it.

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix.

    Not allowed: scipy.sparse.

    Notes: interview notes, Laplacian matrix.

    >>> import torch
    >>> laplacian(torch.tensor([[0, 3], [3, 0]]))
    tensor([[ 3, -3],
            [-3,  3]])
    """
    raise NotImplementedError
