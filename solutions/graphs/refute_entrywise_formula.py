"""Graphs: matrices that hold a graph, and what their spectra say about it."""

import torch
from jaxtyping import Float
from torch import Tensor


def refute_entrywise_formula() -> Float[Tensor, "n n"]:
    """The adjacency matrix of a graph that refutes the notes' formula for the entries of L_sym.

        L_sym = D^(-1/2) (D - A) D^(-1/2)
              = 1                            if i = j and deg(v_i) != 0
                -1 / sqrt(deg(v_i) deg(v_j)) if i != j and v_i is adjacent to v_j
                0                            else

    D holds the sums of A's rows. The graph is undirected and has no self-loops, its weights are
    at least 0 (0 where there is no edge), and no vertex is isolated. Some entry of the formula is
    off by at least 0.01 however deg(v_i) is read: as the sum of the weights at v_i (it is D_ii),
    or as the number of its neighbours. The dtype is a floating point one, the weights are at most
    1000.

    Notes: interview notes, Laplacian matrix, the normalised form.

    >>> refute_entrywise_formula().dim()
    2
    """
    # Equal weights cancel in D^(-1/2) A D^(-1/2), so two different ones are needed.
    return torch.tensor([[0.0, 4.0, 1.0], [4.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
