"""Convolution: how the weights of a convolution and of a transposed one lie in memory."""


def conv_transpose_weight_shape(
    in_channels: int,
    out_channels: int,
    kernel: tuple[int, int],
    groups: int = 1,
    transposed: bool = True,
) -> tuple[int, int, int, int]:
    """Shape of the weight of torch's ConvTranspose2d, or of Conv2d if not `transposed`.

    `in_channels` and `out_channels` are those of the layer itself: what it takes, and what it
    gives. `kernel` is (height, width). The result is a tuple of four ints.

    Raises:
        ValueError: naming `groups` and its value, if it is below 1, or doesn't divide both
            `in_channels` and `out_channels`.

    Not allowed: torch.nn.

    Notes: model evaluation notes, the listing on dilated convolution.

    >>> conv_transpose_weight_shape(4, 6, (3, 3))
    (4, 6, 3, 3)
    """
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(f"groups is {groups}, but must divide {in_channels} and {out_channels}")
    # A transposed layer runs a convolution backwards: that one's outputs are its inputs.
    first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
    return (first, second // groups, *kernel)
