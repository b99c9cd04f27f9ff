"""Convolution: the checkerboard of the transposed one."""


def overlap_counts(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> list[int]:
    """How many inputs reach each entry of a one-dimensional transposed convolution's result.

    The input has `size` entries, and each adds a copy of the kernel to the result, at a distance
    of `stride` from its neighbour's copy; `padding` entries are cut off from each side of what
    comes out. Where the counts are uneven, a constant input leaves a pattern in the result.
    `size`, `kernel_size` and `stride` are positive, `padding` is not negative.

    Raises:
        ValueError: naming `padding` and its value, if it leaves no entry.

    Not allowed: torch's or numpy's convolutions.

    Notes: transposed convolution.

    >>> overlap_counts(4, 3, stride=2)
    [1, 1, 2, 1, 2, 1, 2, 1, 1]
    """
    raise NotImplementedError
