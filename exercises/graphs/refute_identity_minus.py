"""Graphs: matrices that hold a graph, and what their spectra say about it."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_identity_minus() -> Float[Tensor, "n n"]:
    """The adjacency matrix of a graph that refutes an identity of the notes.

        D^(-1/2) (D - A) D^(-1/2) = I - D^(-1/2) A D^(-1/2)

    where 0^(-1/2) is taken to be 0, so that both sides are defined for all graphs. The graph is
    as simple as can be: undirected, without weights and self-loops (A is symmetric, with entries
    0 and 1, and 0 on the diagonal). It has at least one edge, and at most one vertex at which the
    two sides differ. The dtype is a floating point one.

    Notes: interview notes, Laplacian matrix, the normalised form.

    >>> refute_identity_minus().dim()
    2
    """
    raise NotImplementedError
