"""Losses: which channels of an image are active together, wherever that is."""

import torch
from jaxtyping import Float
from torch import Tensor


def gram_matrix(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c c"]:
    """Gram matrix of the channels of each image, the style of neural style transfer.

        G_ij = (1 / (c h w)) sum over the h w pixels of x_i x_j

    for the channels i and j of one image. The dtype is kept, and gradients flow back.

    Raises:
        ValueError: naming `features` and their shape, if an image has no entries.

    Notes: PyTorch study, style transfer.

    >>> gram_matrix(torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]]))
    tensor([[[2.5000, 1.5000],
             [1.5000, 1.0000]]])
    """
    raise NotImplementedError
