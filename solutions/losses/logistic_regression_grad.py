"""Losses: the gradient that the notes leave unfinished."""

import torch
from jaxtyping import Float
from torch import Tensor


def logistic_regression_grad(
    x: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    weight: Float[Tensor, " d"],
    bias: Float[Tensor, ""],
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """Gradients of the mean binary cross-entropy of a logistic regression: by weight, and by bias.

        L = -(1/n) sum_i (y_i log sigmoid(s_i) + (1 - y_i) log(1 - sigmoid(s_i))),
        s_i = weight . x_i + bias

    Labels may lie anywhere in [0, 1]. All arguments have one floating point dtype, and so have the
    results; they are finite for s from -1e4 to 1e4. n is at least 1. One of the notes breaks the formula off at -(1/n) sum (s).

    Raises:
        ValueError: naming `x` and its shape, if it is not [n, d]; naming `labels` and their shape,
            if it is not [n], or an entry that is not in [0, 1] (nan isn't; with labels -1 and 1 it
            is another formula); naming `weight` and its shape, if it is not [d]; naming `bias` and
            its shape, if it is not []; naming any of the last three and its dtype, if it is not
            that of `x`.

    Not allowed: automatic differentiation, torch's binary_cross_entropy (with logits or without).
    Its sigmoid is allowed.

    Notes: interview notes, derivative of the cross-entropy; model evaluation notes, loss functions.

    >>> x, label = torch.tensor([[1.0]]), torch.tensor([0.0])
    >>> logistic_regression_grad(x, label, torch.tensor([2.0]), torch.tensor(2.0))
    (tensor([0.9820]), tensor(0.9820))
    """
    if x.dim() != 2:
        raise ValueError(f"x has shape {list(x.shape)}, but must be [n, d]")
    n, d = x.shape
    needed = {"labels": (labels, (n,)), "weight": (weight, (d,)), "bias": (bias, ())}
    for name, (given, shape) in needed.items():
        if given.shape != shape or given.dtype != x.dtype:
            told = f"{name} has shape {list(given.shape)} and dtype {given.dtype}"
            raise ValueError(f"{told}, but must have {list(shape)} and {x.dtype}")
    outside = labels[~((labels >= 0) & (labels <= 1))]
    if outside.numel():
        raise ValueError(f"labels has the entry {outside[0].item()}, but must be in [0, 1]")
    # sigmoid' = sigmoid (1 - sigmoid) cancels the denominators of the logarithms' derivatives.
    delta = torch.sigmoid(x @ weight + bias) - labels
    return x.mT @ delta / n, delta.mean()
