"""Training: a step in which some layers are frozen."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def finetune_step(
    parameters: dict[str, Float[Tensor, "..."]],
    features: Float[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    lr: float,
    weight_decay: float = 0.0,
) -> dict[str, Float[Tensor, "..."]]:
    """The parameters of a small network after a step of SGD on some of them.

        scores = head.weight relu(body.weight features_i + body.bias) + head.bias
        loss   = mean over the rows of -log softmax(scores)[labels_i]
        p'     = p - lr * (dloss/dp + weight_decay * p)   for each p that is trained

    `parameters` has the four of the formula by these names. Those that require a gradient are
    trained; the others are frozen, and stay as they are. The result has the same names; its tensors
    require a gradient where the given ones did, and hang on no graph of this step. Gradients pass
    through a frozen layer to those below it. What the given tensors have in .grad is neither used
    nor changed.

    Raises:
        ValueError: naming `parameters`, if all are frozen; naming `lr` or `weight_decay` and its
            value, if it is negative, infinite or nan.

    Not allowed: torch.optim.

    Notes: interview notes, fine-tuning; PyTorch study, model selection.

    >>> parameters = {
    ...     "body.weight": torch.ones(1, 1),
    ...     "body.bias": torch.zeros(1),
    ...     "head.weight": torch.zeros(2, 1, requires_grad=True),
    ...     "head.bias": torch.zeros(2, requires_grad=True),
    ... }
    >>> after = finetune_step(parameters, torch.tensor([[3.0]]), torch.tensor([1]), lr=1.0)
    >>> after["body.weight"], after["head.weight"]
    (tensor([[1.]]), tensor([[-1.5000],
            [ 1.5000]], requires_grad=True))
    """
    raise NotImplementedError
