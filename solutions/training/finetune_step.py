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
    for name, value in (("lr", lr), ("weight_decay", weight_decay)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value}, but must be finite and not negative")
    trained = {name: p for name, p in parameters.items() if p.requires_grad}
    if not trained:
        raise ValueError("parameters are all frozen: there is nothing to train")
    hidden = (features @ parameters["body.weight"].mT + parameters["body.bias"]).relu()
    scores = hidden @ parameters["head.weight"].mT + parameters["head.bias"]
    loss = torch.nn.functional.cross_entropy(scores, labels)
    # Asked for the trained ones only, yet through all layers: frozen isn't the same as no_grad.
    grads = torch.autograd.grad(loss, list(trained.values()))
    after = dict(parameters)
    for (name, p), grad in zip(trained.items(), grads, strict=True):
        after[name] = (p.detach() - lr * (grad + weight_decay * p.detach())).requires_grad_()
    return after
