"""Graphs: matrices that hold a graph, and what their spectra say about it."""

from jaxtyping import Float
from torch import Tensor


def normalized_laplacian(adjacency: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """The symmetric normalised Laplacian of an undirected graph with weights >= 0.

        L_sym = D^(-1/2) (D - A) D^(-1/2),   D_ii = sum_j A_ij: the sum of row i

    where 0^(-1/2) is taken to be 0, so that the row and the column of an isolated vertex are 0,
    its diagonal entry included. A self-loop counts once in the degree, as the row sum has it. The
    result has the dtype of `adjacency`. Gradients flow back, each entry of `adjacency` a variable
    of its own; they are finite, and 0 for the entries in an isolated vertex's row.

    Raises:
        ValueError: naming `adjacency` and its shape, if it isn't a square matrix; naming
            `adjacency` and its smallest entry, if that is negative; naming `adjacency`, if it
            isn't symmetric.

    Not allowed: scipy.sparse.

    Notes: interview notes, Laplacian matrix, the normalised form.

    >>> import torch
    >>> normalized_laplacian(torch.tensor([[0.0, 4.0, 0.0], [4.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    tensor([[ 1., -1.,  0.],
            [-1.,  1.,  0.],
            [ 0.,  0.,  0.]])
    """
    raise NotImplementedError
