"""Regularization: a network with dropout on its hidden layer."""

import torch
from jaxtyping import Float
from torch import Tensor


def mlp_dropout_forward(
    x: Float[Tensor, "n d"],
    layers: tuple[
        Float[Tensor, "d h"], Float[Tensor, " h"], Float[Tensor, "h k"], Float[Tensor, " k"]
    ],
    p: float,
    training: bool,
    generator: torch.Generator,
) -> Float[Tensor, "n k"]:
    """Class probabilities of a network with one hidden layer, whose outputs dropout thins out.

        h = sigmoid(x W_1 + b_1),  h' = dropout(h),  o = h' W_2 + b_2,  y = softmax(o)

    `layers` is (W_1, b_1, W_2, b_2). In training each entry of h, of each row on its own, is lost
    with probability `p`, and otherwise divided by 1 - p; with p = 1 all are lost. If not
    `training`, nothing is lost, nothing scaled and nothing drawn. All randomness comes from
    `generator`. Gradients flow back to x and to all layers.

    Raises:
        ValueError: naming `p` and its value, if it isn't from 0 to 1 (nan isn't), in training or
            not.

    Not allowed: torch's dropout, in all its forms.

    Notes: PyTorch basics, using dropout.

    >>> layers = (torch.zeros(3, 2), torch.zeros(2), torch.ones(2, 4), torch.zeros(4))
    >>> mlp_dropout_forward(torch.ones(1, 3), layers, 0.5, True, torch.Generator())
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, but must be from 0 to 1")
    weight1, bias1, weight2, bias2 = layers
    hidden = (x @ weight1 + bias1).sigmoid()
    if training:
        # Behind the activation, whose value at 0 isn't 0, and never on the outputs.
        keep = torch.rand(hidden.shape, generator=generator, device=x.device) >= p
        hidden = torch.where(keep, hidden, 0) / (1 - p if p < 1 else 1)
    return (hidden @ weight2 + bias2).softmax(1)
