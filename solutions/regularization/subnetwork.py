"""Regularization: the smaller network that dropout leaves of a network."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def subnetwork(
    weight1: Float[Tensor, "h d"],
    bias1: Float[Tensor, " h"],
    weight2: Float[Tensor, "k h"],
    keep: Bool[Tensor, " h"],
) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"], Float[Tensor, "k m"]]:
    """The first layer's weight and bias and the second's weight, of the hidden units that stay.

        outputs = weight2 activation(weight1 x + bias1) + bias2

    The smaller network gives the outputs that the network gives with the hidden activations of all
    other units set to 0. The units keep their order, and their values: nothing is scaled. With no
    unit left the results have 0 of them. Gradients flow back to the network's own parameters.

    Raises:
        ValueError: naming `keep` and its shape, if it hasn't one entry a hidden unit, or its dtype,
            if it isn't bool.

    Notes: model evaluation notes, dropout.

    >>> weight1, bias1 = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([5.0, 6.0])
    >>> subnetwork(weight1, bias1, torch.tensor([[7.0, 8.0]]), torch.tensor([False, True]))
    (tensor([[3., 4.]]), tensor([6.]), tensor([[8.]]))
    """
    if keep.dtype != torch.bool:
        raise ValueError(f"keep has dtype {keep.dtype}, but must be bool")
    if keep.shape != bias1.shape:
        raise ValueError(f"keep has shape {list(keep.shape)}, bias1 {list(bias1.shape)}")
    # A unit is a row of the layer that makes it, and a column of the layer that reads it.
    return weight1[keep], bias1[keep], weight2[:, keep]
