"""Losses: the content of one image in the style of another, with little noise."""

import torch
from jaxtyping import Float
from torch import Tensor


def style_transfer_loss(
    image: Float[Tensor, "1 channels height width"],
    content: Float[Tensor, "1 c h w"],
    content_target: Float[Tensor, "1 c h w"],
    style: Float[Tensor, "1 k p q"],
    style_target: Float[Tensor, "1 k s t"],
    weights: tuple[float, float, float] = (1.0, 1e3, 10.0),
) -> Float[Tensor, ""]:
    """Weighted sum of content, style and total-variation loss of a synthesised image.

        weights[0] * mean (content - content_target)^2
      + weights[1] * mean (G(style) - G(style_target))^2,   G(x)_ij = sum x_i x_j / (number of entries)
      + weights[2] * (mean |differences along the height| + mean |... along the width|) / 2

    `content` and `style` are features of the image, the targets those of the content image and of
    the style image, which may be of another size: G, the Gram matrix [k, k] of the channels, is a
    sum over an image's own pixels. All means are over all entries. Gradients flow back to
    `image`, `content` and `style`, and none to the targets. No height or width is below 2.

    Raises:
        ValueError: naming `content_target` or `style_target` and its shape, if the first isn't of
            the shape of `content`, or the second has not as many channels as `style`; naming
            `weights` and their value, if one is negative or nan.

    Not allowed: torch's mse_loss, l1_loss.

    Notes: PyTorch study, style transfer.

    >>> one, two = torch.ones(1, 1, 2, 2), 2 * torch.ones(1, 1, 3, 3)
    >>> style_transfer_loss(one, one, 3 * one, one, two, weights=(1.0, 10.0, 1.0))
    tensor(94.)
    """
    raise NotImplementedError
