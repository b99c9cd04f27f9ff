"""Optimization: momentum on a quadratic, along its eigenvectors."""

import torch
from jaxtyping import Float
from torch import Tensor


def momentum_in_eigenbasis(
    O: Float[Tensor, "n n"],
    eigenvalues: Float[Tensor, " n"],
    c: Float[Tensor, " n"],
    x0: Float[Tensor, " n"],
    lr: float,
    momentum: float,
    steps: int,
) -> Float[Tensor, "t n"]:
    """The path of descent with momentum on a quadratic, as its eigenvectors see it.

        h(x) = 1/2 x^T Q x + c^T x,   Q = O^T diag(eigenvalues) O
        v_{t+1} = momentum * v_t + Q x_t + c,   x_{t+1} = x_t - lr * v_{t+1},   from x_0 and v_0 = 0
        z_t = O (x_t + Q^-1 c)

    O is orthogonal; its rows are the eigenvectors. The result has z_0, z_1, ..., z_steps as its
    rows. z is 0 where h has its minimum, or, with a negative eigenvalue, its saddle. The result has
    the dtype of the tensors, and gradients flow back to c, x0 and the eigenvalues.

    Raises:
        ValueError: naming `eigenvalues`, if one is 0: Q has no inverse; naming `O`, `c` or `x0` and
            its shape, if it is not [n, n], [n] or [n] for n eigenvalues; naming `steps` and its
            value, if it is negative.

    Not allowed: torch.optim.

    Notes: supplements to D2L, momentum, correction.

    >>> O, c, x0 = torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.zeros(2), torch.ones(2)
    >>> momentum_in_eigenbasis(O, torch.tensor([4.0, 1.0]), c, x0, lr=0.5, momentum=0.5, steps=1)
    tensor([[-1.0000,  1.0000],
            [ 1.0000,  0.5000]])
    """
    raise NotImplementedError
