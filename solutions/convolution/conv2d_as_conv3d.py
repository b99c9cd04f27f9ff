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
    (c_out, c, _, _), c_in = weight.shape, x.shape[1]
    if groups < 1 or c_in % groups or c_out % groups:
        raise ValueError(f"groups is {groups}, but must divide {c_in} and {c_out} channels")
    if c * groups != c_in:
        raise ValueError(f"weight has shape {list(weight.shape)}, but must see {c_in} / {groups}")
    # One channel a group, as deep as the kernel: no room to slide along the channels.
    volumes = x.unflatten(1, (groups, c))
    return torch.nn.functional.conv3d(volumes, weight.unsqueeze(1), groups=groups).squeeze(2)
