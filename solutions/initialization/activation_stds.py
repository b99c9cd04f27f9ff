"""Initialization: how wide the activations are in each layer of a deep network."""

import torch
from jaxtyping import Float
from torch import Tensor


def activation_stds(
    weights: Float[Tensor, "d n n"], x: Float[Tensor, "m n"], activation: str = "relu"
) -> Float[Tensor, " d"]:
    """Standard deviations of the activations h_1, ..., h_d behind each layer, over a batch of rows.

        h_0 = x,   h_t = phi(h_{t-1} W_t^T)

    W_1 = weights[0] is next to the input: each row of a weight is one unit's. The activation phi is
    "relu", "tanh", "sigmoid" or "identity". A standard deviation is that of all m * n entries of a
    layer's output about their mean, and divides by m * n; far from 0 its digits aren't lost. The
    result has the dtype of `x`, which is that of the weights.

    Raises:
        ValueError: naming `activation` and its value, if it is none of these; naming `weights` and
            `x` and their shapes, if they are not [d, n, n] and [m, n], or `x` has no entries.

    Notes: PyTorch study, model selection; model evaluation notes, initialization, and question 36;
    PyTorch basics, numerical stability.

    >>> activation_stds(torch.eye(2).repeat(3, 1, 1) / 2, torch.tensor([[4.0, 0.0]]))
    tensor([1.0000, 0.5000, 0.2500])
    """
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but must be in {list(_ACTIVATIONS)}")
    if x.dim() != 2 or weights.shape[1:] != 2 * x.shape[1:] or not x.numel():
        shapes = f"weights has shape {list(weights.shape)}, and x has shape {list(x.shape)}"
        raise ValueError(f"{shapes}, but they must be [d, n, n] and [m, n], and x not empty")
    h, stds = x, x.new_zeros(len(weights))
    for t, weight in enumerate(weights):
        # A unit's weights are a row: h W^T, so that each layer multiplies the variance by n s^2.
        h = _ACTIVATIONS[activation](h @ weight.T)
        stds[t] = h.std(correction=0)
    return stds


_ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}
