"""Optimization: a batch that is too large for the memory, in parts."""

import torch
from jaxtyping import Float
from torch import Tensor


def accumulate_gradients(
    grads: list[Float[Tensor, "*dims"]], sizes: list[int]
) -> Float[Tensor, "*dims"]:
    """The gradient of the mean loss over a whole batch, from the gradients of its parts.

    `grads` has, for each part, the gradient of the mean loss over that part's rows, and `sizes` the
    number of its rows, which may differ. Part and whole are means over rows, each of which counts
    the same. The result has the dtype of the gradients.

    Raises:
        ValueError: naming `grads` and its length, if there are none; the dtype of one, if that isn't
            floating point; the shape of one, if that isn't the first one's;
            naming `sizes` and its length, if that isn't the number of gradients, or one of its
            values, if that is below 1.

    Notes: PyTorch basics, linear regression; exam notes, notebook cells, class Network.

    >>> accumulate_gradients([torch.tensor([1.0, 2.0]), torch.tensor([5.0, -2.0])], sizes=[3, 1])
    tensor([2., 1.])
    """
    if not grads:
        raise ValueError(f"grads has length {len(grads)}: there is nothing to accumulate")
    for g in grads:
        if g.shape != grads[0].shape or not g.is_floating_point():
            raise ValueError(f"grads has shape {list(g.shape)} and dtype {g.dtype} in it")
    if len(sizes) != len(grads):
        raise ValueError(f"sizes has length {len(sizes)}, but there are {len(grads)} gradients")
    if min(sizes) < 1:
        raise ValueError(f"sizes has the value {min(sizes)}, but a part has at least one row")
    # Each part stands for its rows: a mean of the means would make a small part's rows count more.
    weighted = [g * (size / sum(sizes)) for g, size in zip(grads, sizes, strict=True)]
    return torch.stack(weighted).sum(0)
