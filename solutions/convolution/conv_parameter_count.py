"""Convolution: how many numbers a layer learns."""


def conv_parameter_count(
    in_channels: int,
    out_channels: int,
    kernel: int | tuple[int, int],
    groups: int = 1,
    bias: bool = True,
) -> int:
    """Number of parameters of a two-dimensional convolution, as torch's Conv2d has it.

    `kernel` is the side of a square, or a pair (height, width). The channels are split into
    `groups` of equal size, and each group of outputs sees its own group of inputs only. With
    `bias`, each output channel has a bias. The result is a plain int.

    Raises:
        ValueError: naming `groups` and its value, if it is below 1, or doesn't divide both
            `in_channels` and `out_channels`.

    Not allowed: torch.nn.

    Notes: model evaluation notes, parameters of conv2d, and the listing on dilated convolution.

    >>> conv_parameter_count(3, 10, 5), conv_parameter_count(8, 16, (3, 1), groups=4, bias=False)
    (760, 96)
    """
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(f"groups is {groups}, but must divide {in_channels} and {out_channels}")
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    # Every output channel has its own kernel for each input channel of its group.
    return out_channels * (in_channels // groups * height * width + bias)
