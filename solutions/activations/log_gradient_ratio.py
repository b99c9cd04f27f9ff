"""Activations: how much of a gradient is left below a deep network, however little."""

import torch
from jaxtyping import Float
from torch import Tensor


def log_gradient_ratio(
    weights: Float[Tensor, "d n n"],
    x: Float[Tensor, " n"],
    upstream: Float[Tensor, " n"],
    activation: str = "relu",
) -> Float[Tensor, ""]:
    """Decimal logarithm of the gradient's norm at the input of a network, over that at its output.

        h_0 = x,   h_t = phi(W_t h_{t-1}),   g = dl/dh_0 for dl/dh_d = upstream,
        log10(|g| / |upstream|)

    W_1 = weights[0] is next to the input. The activation phi is "relu" (with slope 0 at 0), "tanh",
    "sigmoid" or "identity". Activations stay finite, and tanh and sigmoid away from their limits,
    where rounding takes their slopes. The squares of |upstream| and of the factor of each layer are
    numbers of the dtype; the ratio need not be: of hundreds of layers it may be 1e-400. The result
    is -inf where no gradient is left, and has the dtype of `x`, which is that of the weights and of
    `upstream`.

    Raises:
        ValueError: naming `activation` and its value, if it is none of these; naming `weights` and
            `x` and their shapes, if they are not [d, n, n] and [n]; naming `upstream` and its shape,
            if that is not [n], or `upstream` itself, if all of it is 0.

    Notes: interview notes, exploding and vanishing gradients; model evaluation notes, activation
    functions; supplements to D2L, multilayer perceptron.

    >>> weights, ones = torch.eye(2).repeat(50, 1, 1) / 10, torch.ones(2)
    >>> log_gradient_ratio(weights, ones, ones, "identity")
    tensor(-50.)
    """
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but must be in {list(_ACTIVATIONS)}")
    if x.dim() != 1 or weights.shape[1:] != 2 * x.shape:
        raise ValueError(f"weights: {list(weights.shape)}, x: {list(x.shape)}: not [d, n, n], [n]")
    if upstream.shape != x.shape or not upstream.any():
        raise ValueError(f"upstream must be [n] and not 0: {list(upstream.shape)}, {upstream}")
    slopes = []
    for weight in weights:
        x, slope = _ACTIVATIONS[activation](weight @ x)
        slopes.append(slope)
    grad, logs = upstream / upstream.norm(), [x.new_zeros(())]
    for weight, slope in zip(weights.flip(0), reversed(slopes), strict=True):
        grad = weight.T @ (slope * grad)
        norm = grad.norm()
        logs.append(norm.log10())
        # The product of all factors would underflow; of gradients of length 1 no step does.
        grad = grad / norm if norm else grad
    return torch.stack(logs).sum()


_ACTIVATIONS = {
    "relu": lambda z: (z.relu(), (z > 0).to(z.dtype)),
    "tanh": lambda z: (z.tanh(), 1 - z.tanh() ** 2),
    "sigmoid": lambda z: (z.sigmoid(), z.sigmoid() * (-z).sigmoid()),
    "identity": lambda z: (z, torch.ones_like(z)),
}
