"""Convolution: which inputs an output can come from."""


def conv_input_sizes(
    out: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> list[int]:
    """All input sizes, ascending, of which a convolution along one axis makes `out` entries.

    `padding` is per side, and positions at which the kernel sticks out don't count, as in torch's
    layers. A size is at least 1, so the list can be shorter than one expects, and even empty. The
    result is a list of plain ints.

    Raises:
        ValueError: naming the argument and its value, if `out`, `kernel`, `stride` or `dilation`
            is below 1, or `padding` below 0.

    Not allowed: torch's convolutions.

    Notes: model evaluation notes, padding (figures of strided convolutions).

    >>> conv_input_sizes(3, kernel=3, stride=2, padding=1)
    [5, 6]
    """
    raise NotImplementedError
