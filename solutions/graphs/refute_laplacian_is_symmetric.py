"""Graphs: matrices that hold a graph, and what their spectra say about it."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_laplacian_is_symmetric() -> Float[Tensor, "n n"]:
    """The adjacency matrix of a graph that refutes: "Laplacian matrices are obviously symmetric".

    The Laplacian is L = D - A, D the diagonal matrix of the sums of A's columns. The graph has
    no weights and no self-loops: the entries of A are 0 and 1, those on the diagonal 0. Moreover,
    as many edges enter each vertex as leave it, so that it makes no difference whether D holds
    the sums of the columns or of the rows. The dtype is a floating point one.

    Notes: interview notes, Laplacian matrix.

    >>> refute_laplacian_is_symmetric().dim()
    2
    """
    # A cycle that can only be walked one way round: one edge in and one out at each vertex.
    return torch.eye(3).roll(1, dims=1)
