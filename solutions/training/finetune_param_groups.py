"""Training: two parameter groups, for the new head of a network and for all the rest."""

from jaxtyping import Float
from torch import Tensor


def finetune_param_groups(
    parameters: dict[str, Float[Tensor, "..."]], head: str, base_lr: float, head_lr: float
) -> list[dict]:
    """The parameter groups that fine-tune a network with a rate of its own for its head.

    `parameters` are named as by model.named_parameters(): those of the module `head` are called
    "<head>.<anything>", where `head` may be a path like "blocks.2.fc". The result has the groups of
    the base and of the head, in this order, as torch's optimizers take them:

        [{"params": [...], "lr": base_lr}, {"params": [...], "lr": head_lr}]

    Each list has the tensors themselves, no copies, in their order. Every parameter is in one group,
    but for frozen ones (whose requires_grad is False): they are in none. The base may be empty.

    Raises:
        ValueError: naming `head` and its value, if no parameter that is trained belongs to it;
            naming `base_lr` or `head_lr` and its value, if it is negative or nan.

    Notes: interview notes, fine-tuning; PyTorch study, transfer learning.

    >>> import torch
    >>> layers = {"conv.weight": torch.ones(1), "fc.weight": torch.zeros(2)}
    >>> _ = [p.requires_grad_() for p in layers.values()]
    >>> base, head = finetune_param_groups(layers, "fc", base_lr=0.01, head_lr=0.1)
    >>> [p is layers["fc.weight"] for p in head["params"]], head["lr"]
    ([True], 0.1)
    """
    for name, lr in (("base_lr", base_lr), ("head_lr", head_lr)):
        if not lr >= 0:
            raise ValueError(f"{name} is {lr}, but must not be negative")
    trained = {name: p for name, p in parameters.items() if p.requires_grad}
    # Lists, not iterators: those would be empty for a second optimizer. The dot ends the name.
    inside = [p for name, p in trained.items() if name.startswith(f"{head}.")]
    outside = [p for name, p in trained.items() if not name.startswith(f"{head}.")]
    if not inside:
        raise ValueError(f"head is {head!r}, but no parameter that is trained belongs to it")
    return [{"params": outside, "lr": base_lr}, {"params": inside, "lr": head_lr}]
