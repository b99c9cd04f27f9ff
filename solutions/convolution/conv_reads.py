"""Convolution: what a single output looks at."""


def conv_reads(
    i: int, size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> list[int]:
    """The positions of the input that entry `i` of a one-dimensional convolution reads, ascending.

    The input has `size` entries, 0 to size - 1; `padding` zeros on each side of it are read but
    are no entries of it, and don't count. Between two neighbouring entries of the kernel lie
    dilation - 1 entries that are not read. Entry 0 belongs to the leftmost place of the kernel.

    The list is empty if the kernel reads zeros only. `size`, `kernel_size`, `stride` and
    `dilation` are positive, `padding` is not negative.

    Raises:
        ValueError: naming `i` and its value, if it is negative or the convolution has no entry `i`.

    Not allowed: torch's convolutions, automatic differentiation.

    Notes: interview notes, the parameters of conv2d (dilation).

    >>> conv_reads(1, 10, 3, dilation=2)
    [1, 3, 5]
    """
    last = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if not 0 <= i * stride <= last:
        raise ValueError(f"i is {i}, but the last place begins at {last} in the padded input")
    # Stride moves the first entry of the kernel, dilation the others away from it.
    reads = (i * stride - padding + dilation * j for j in range(kernel_size))
    return [at for at in reads if 0 <= at < size]
