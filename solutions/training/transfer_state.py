"""Training: what a pretrained network hands on to one with another head."""

from jaxtyping import Shaped
from torch import Tensor


def transfer_state(
    source: dict[str, Shaped[Tensor, "..."]], target: dict[str, Shaped[Tensor, "..."]], head: str
) -> dict[str, Shaped[Tensor, "..."]]:
    """The state in which fine-tuning starts: a trained network's, but for the head.

    `source` and `target` are states as model.state_dict() returns them, buffers included, of the
    trained network and of a new one. Entries of the module `head` are called "<head>.<anything>",
    where `head` may be a path like "blocks.2.fc". The result has the entries of `target`: those of
    the head as they are there, all others with the values of `source`. Entries of the source's
    head are ignored, whatever they are. Each entry has the shape and the dtype that it has in
    `target`, requires no gradient, and shares no memory with an argument.

    Raises:
        ValueError: naming `head` and its value, if no entry of `target` belongs to it. Of the
            entries outside the head, naming `source` and one that only `target` has; naming
            `target` and one that only `source` has; naming one whose shapes differ, `source` and
            its shape there.

    Notes: PyTorch study, transfer learning; interview notes, fine-tuning.

    >>> import torch
    >>> trained = {"conv.weight": torch.tensor([5.0]), "fc.weight": torch.ones(3)}
    >>> new = {"conv.weight": torch.tensor([0.25]), "fc.weight": torch.zeros(2)}
    >>> transfer_state(trained, new, "fc")
    {'conv.weight': tensor([5.]), 'fc.weight': tensor([0., 0.])}
    """
    if not any(name.startswith(f"{head}.") for name in target):
        raise ValueError(f"head is {head!r}, but no entry of target belongs to it")
    state = {}
    for name, fresh in target.items():
        # A head of the same shape isn't used either: its rows stand for other classes.
        given = fresh if name.startswith(f"{head}.") else source.get(name)
        if given is None:
            raise ValueError(f"source has no entry {name!r}")
        if given.shape != fresh.shape:
            told = f"source has shape {list(given.shape)} at {name!r}"
            raise ValueError(f"{told}, but target {list(fresh.shape)}")
        state[name] = given.detach().to(fresh, copy=True)
    for name in source:
        if name not in target and not name.startswith(f"{head}."):
            raise ValueError(f"target has no entry {name!r}")
    return state
