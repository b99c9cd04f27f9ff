"""Losses: which pairs of loss and output learn slowly when they are badly wrong."""

import torch
from jaxtyping import Float
from torch import Tensor


def output_delta(
    logits: Float[Tensor, "*dims"],
    labels: Float[Tensor, "*dims"],
    loss: str,
    activation: str,
) -> Float[Tensor, "*dims"]:
    """Derivative of the loss by the logit z, entry by entry, for one output a = activation(z).

    `loss` is "ce" for the binary cross-entropy -(y log a + (1 - y) log(1 - a)), or "mse" for the
    quadratic cost (a - y)^2 / 2; `activation` is "sigmoid", or "linear" for a = z. Nothing is
    averaged. Labels have the dtype of `logits`, and so has the result; it is finite for logits from
    -1e4 to 1e4.

    Raises:
        ValueError: naming `loss` and its value, or `activation` and its value, if it is none of the
            two; naming both, each with its value, for "ce" with "linear": z is no probability;
            naming `labels` and their shape, if it is not that of `logits`.

    Not allowed: automatic differentiation. torch's sigmoid is allowed.

    Notes: model evaluation notes, loss functions, and question 23.

    >>> z, y = torch.tensor([4.0]), torch.tensor([0.0])
    >>> output_delta(z, y, loss="ce", activation="sigmoid")
    tensor([0.9820])
    >>> output_delta(z, y, loss="mse", activation="sigmoid")
    tensor([0.0173])
    """
    if loss not in ("ce", "mse"):
        raise ValueError(f"loss is {loss!r}, but must be 'ce' or 'mse'")
    if activation not in ("sigmoid", "linear"):
        raise ValueError(f"activation is {activation!r}, but must be 'sigmoid' or 'linear'")
    if (loss, activation) == ("ce", "linear"):
        raise ValueError(f"loss is {loss!r}, but activation {activation!r} gives no probability")
    if labels.shape != logits.shape:
        raise ValueError(f"labels has shape {list(labels.shape)}, not {list(logits.shape)}")
    if activation == "linear":
        return logits - labels
    a = torch.sigmoid(logits)
    # Cross-entropy divides by a (1 - a), and so cancels the slope of the sigmoid; mse keeps it.
    return a - labels if loss == "ce" else (a - labels) * a * (1 - a)
