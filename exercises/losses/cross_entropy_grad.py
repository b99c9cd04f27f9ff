"""Losses: the gradient of the softmax cross-entropy, in closed form."""

import torch
from jaxtyping import Float
from torch import Tensor


def cross_entropy_grad(
    logits: Float[Tensor, "n k"], labels: Float[Tensor, "n k"], reduction: str = "mean"
) -> Float[Tensor, "n k"]:
    """Gradient of the softmax cross-entropy with soft labels, with respect to the logits.

        L_i = -sum_c y_ic log softmax(z_i)_c,   where 0 log 0 = 0

    It is the gradient of the mean of the L_i over the n rows, or of their sum if `reduction` is
    "sum". The labels are any weights: a row need not sum to 1, and the gradient is that of the
    formula all the same. Labels have the dtype of `logits`, and so has the result. It is finite for
    logits from -1e4 to 1e4, and 0 at a logit of -inf with label 0 (if the row has a finite logit).
    Without rows it is empty.

    Raises:
        ValueError: naming `reduction` and its value, if it is neither "mean" nor "sum"; naming
            `logits` and their shape, if it is not [n, k], or their dtype, if they are not floating
            point numbers; naming `labels` and their shape, if it is not that of `logits`.

    Not allowed: automatic differentiation, torch's cross_entropy. Its softmax is allowed.

    Notes: interview notes, derivative of the cross-entropy; PyTorch notes, softmax regression.

    >>> cross_entropy_grad(torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    tensor([[-0.5000,  0.5000]])
    """
    raise NotImplementedError
