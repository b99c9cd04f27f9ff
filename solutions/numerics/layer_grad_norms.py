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
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but must be in {list(_ACTIVATIONS)}")
    if x.dim() != 1 or weights.shape[1:] != 2 * x.shape or not len(weights):
        shapes = f"weights has shape {list(weights.shape)}, and x has shape {list(x.shape)}"
        raise ValueError(f"{shapes}, but they must be [d, n, n] with d >= 1, and [n]")
    h, layers = x, []
    for weight in weights:
        a, slope = _ACTIVATIONS[activation](weight @ h)
        layers.append((weight, h, slope))
        h = h + a if residual else a
    grad, norms = h, []
    for weight, below, slope in reversed(layers):
        # dl/dW_t is an outer product, (signal from above) (activation from below)^T: norms multiply.
        norms.append((grad * slope).norm() * below.norm())
        grad = weight.T @ (grad * slope) + (grad if residual else 0)
    return torch.stack(norms[::-1])


def _sigmoid(z: Tensor) -> tuple[Tensor, Tensor]:
    a = z.sigmoid()
    return a, a * (1 - a)


_ACTIVATIONS = {
    "sigmoid": _sigmoid,
    "tanh": lambda z: (z.tanh(), 1 - z.tanh() ** 2),
    "relu": lambda z: (z.relu(), (z > 0).to(z.dtype)),
    "identity": lambda z: (z, torch.ones_like(z)),
}
