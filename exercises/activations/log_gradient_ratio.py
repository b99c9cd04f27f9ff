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
    raise NotImplementedError
