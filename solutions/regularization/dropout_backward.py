"""Regularization: what flows back through dropout."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def dropout_backward(
    grad_output: Float[Tensor, "*dims"], keep: Bool[Tensor, "*dims"], p: float
) -> Float[Tensor, "*dims"]:
    """The gradient of a loss with respect to the input of dropout, from that of its output.

    `keep` is the mask that the forward pass drew: True where x'_j = x_j / (1 - p), False where
    x'_j = 0; `p` is the probability of False. No new mask is drawn. A lost entry gets the gradient
    0, even where that of the output is infinite or nan. With p = 1 all of the result is 0.

    Raises:
        ValueError: naming `p` and its value, if it isn't from 0 to 1; naming `keep` and its shape,
            if that isn't the shape of `grad_output`, or its dtype, if it isn't bool.

    Not allowed: autograd, and torch's dropout and its backward pass.

    Notes: PyTorch basics, using dropout; D2L notes, model selection.

    >>> keep = torch.tensor([True, False, True, False])
    >>> dropout_backward(torch.tensor([3.0, 6.0, 9.0, 12.0]), keep, p=0.25)
    tensor([ 4.,  0., 12.,  0.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, but must be from 0 to 1")
    if keep.dtype != torch.bool:
        raise ValueError(f"keep has dtype {keep.dtype}, but must be bool")
    if keep.shape != grad_output.shape:
        raise ValueError(f"keep has shape {list(keep.shape)}, grad_output {grad_output.shape}")
    if p == 1:
        return torch.zeros_like(grad_output)
    # Forward, the entry was multiplied by keep / (1 - p): the same factor is its derivative.
    return torch.where(keep, grad_output, 0) / (1 - p)
