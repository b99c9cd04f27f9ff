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
    raise NotImplementedError
