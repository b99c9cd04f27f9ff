"""Convolution: the channels as a third axis."""

import torch
from jaxtyping import Float
from torch import Tensor


def conv2d_as_conv3d(
    x: Float[Tensor, "n c_in h w"],
    weight: Float[Tensor, "c_out c_in_of_a_group kh kw"],
    groups: int = 1,
) -> Float[Tensor, "n c_out ho wo"]:
    """The two-dimensional convolution layer, computed by a three-dimensional one.

    The channels of the images become the depth of volumes, and a kernel becomes as deep as the
    channels that it sees: it has room to move along height and width only. Stride and dilation are
    1, there is no padding and no bias. With `groups`, the channels of `x` and those of the result
    are cut into as many blocks of neighbours, and a block of the result sees the same block of `x`
    only. The result has the dtype of `x`, and gradients flow back to both arguments.

    Raises:
        ValueError: naming `groups` and its value, if it is not positive or doesn't divide c_in and
            c_out; else naming `weight` and its shape, if its second size isn't c_in / groups.

    Not allowed: torch's conv1d and conv2d, unfold. Its conv3d is what you are to use.

    Notes: convolutional networks, conv2d and the number of its parameters.

    >>> x = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    >>> weight = torch.tensor([[[[1.0]], [[10.0]]]])
    >>> conv2d_as_conv3d(x, weight)
    tensor([[[[31., 42.]]]])
    """
    raise NotImplementedError
