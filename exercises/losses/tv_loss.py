"""Losses: how noisy an image is."""

import torch
from jaxtyping import Float
from torch import Tensor


def tv_loss(image: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """Total-variation loss: how much neighbouring pixels differ, in the mean.

        (1/2) (mean |x[i + 1, j] - x[i, j]| + mean |x[i, j + 1] - x[i, j]|)

    Each mean is over all images, channels and pairs of neighbours along one axis (the image doesn't
    wrap around); an axis of one pixel has no pairs, and its mean counts as 0. The dtype is kept,
    and gradients flow back; between equal neighbours they are 0.

    Raises:
        ValueError: naming `image` and its shape, if it has no entries.

    Notes: PyTorch study, style transfer.

    >>> tv_loss(torch.tensor([[[[0.0, 4.0], [0.0, 2.0]]]]))
    tensor(2.)
    """
    raise NotImplementedError
