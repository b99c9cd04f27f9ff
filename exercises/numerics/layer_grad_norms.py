"""Numerics: how large the gradient of each layer's weights is, from the bottom to the top."""

import torch
from jaxtyping import Float
from torch import Tensor


def layer_grad_norms(
    weights: Float[Tensor, "d n n"],
    x: Float[Tensor, " n"],
    activation: str = "tanh",
    residual: bool = False,
) -> Float[Tensor, " d"]:
    """Frobenius norms of dl/dW_1, ..., dl/dW_d, the weight gradients of a deep network.

        h_0 = x,   h_t = phi(W_t h_{t-1}),   l = |h_d|^2 / 2

    and h_t = h_{t-1} + phi(W_t h_{t-1}) with `residual`. W_1 = weights[0] is next to the input. The
    activation phi is "sigmoid", "tanh", "relu" (with slope 0 at 0) or "identity". The result has
    the dtype of `x`, which is that of the weights.

    Raises:
        ValueError: naming `activation` and its value, if it is none of these; naming `weights` and
            `x` and their shapes, if they are not [d, n, n] with d at least 1, and [n].

    Not allowed: automatic differentiation.

    Notes: PyTorch basics, numerical stability; supplements to D2L, numerical stability.

    >>> layer_grad_norms(torch.full((2, 1, 1), 3.0), torch.ones(1), "identity")
    tensor([27., 27.])
    """
    raise NotImplementedError
