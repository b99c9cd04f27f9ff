"""Convolution: the output shape where padding means all rows and columns that are added."""


def conv_output_size_total(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding_total: tuple[int, int] = (0, 0),
) -> tuple[int, int]:
    """Output shape (h, w) of a convolution whose padding is given as a total of both sides.

    All arguments are pairs (along the height, along the width). `padding_total` counts the rows
    added at the top and at the bottom together, and the columns at the left and the right
    together, so it may be odd. A position counts only if the whole kernel lies within the padded
    input. The result is a tuple of two ints.

    Raises:
        ValueError: naming the argument and its value (the pair), if an entry of `stride` is below
            1 or one of `padding_total` below 0; naming `kernel` and its value, if the kernel is
            larger than the padded input along either axis.

    Not allowed: torch's convolutions.

    Notes: D2L notes, convolutional networks, padding and stride; D2L supplements, transposed
    convolution, shape of the result; model evaluation notes, size of the feature map.

    >>> conv_output_size_total((7, 9), (2, 3), stride=(1, 2), padding_total=(1, 2))
    (7, 5)
    """
    raise NotImplementedError
