"""Convolution: enlarging an image without parameters."""

import torch
from jaxtyping import Float
from torch import Tensor


def upsample_bilinear(
    x: Float[Tensor, "n c h w"], scale: int, align_corners: bool = False
) -> Float[Tensor, "n c scale_h scale_w"]:
    """The images made `scale` times as high and as wide, by linear interpolation along both axes.

    Pixel i of scale * h new ones in a column stands at the position s(i) among the h old ones,
    0 to h - 1:

        align_corners=True:   s(i) = i (h - 1) / (scale h - 1)      the outermost centres coincide
        align_corners=False:  s(i) = (i + 1/2) / scale - 1/2        the outermost edges coincide

    where a position outside is moved to the nearest old pixel, and s(i) = 0 if there is one new
    pixel. Its value is that of its two neighbours, weighted linearly with their nearness; rows
    likewise. The result has the dtype of `x`, and gradients flow back to it.

    Raises:
        ValueError: naming `scale` and its value, if it is smaller than 1.

    Not allowed: torch's interpolate, Upsample, grid_sample.

    Notes: dilated convolution, upsampling.

    >>> upsample_bilinear(torch.tensor([[[[0.0, 4.0]]]]), 2)
    tensor([[[[0., 1., 3., 4.],
              [0., 1., 3., 4.]]]])
    """
    raise NotImplementedError
