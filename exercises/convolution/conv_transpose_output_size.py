"""Convolution: how long the result of a transposed convolution is."""


def conv_transpose_output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """Output length of a transposed convolution along one axis, as torch's layers have it.

    Each of the `size` entries is spread over `kernel` places that lie `dilation` apart, and
    neighbours start `stride` apart. From what they cover together `padding` entries are cut off on
    EACH side; then `output_padding` entries are put on at the end. The result is a plain int.

    Raises:
        ValueError: naming the argument and its value, if `size`, `kernel`, `stride` or `dilation`
            is below 1, or `padding` or `output_padding` below 0; naming `output_padding` and its
            value, if it is smaller neither than `stride` nor than `dilation`; naming `padding` and
            its value, if the output would have less than one entry.

    Not allowed: torch's convolutions.

    Notes: model evaluation notes, transposed convolution; D2L supplements, transposed convolution,
    shape of the result; D2L notes, fully convolutional networks.

    >>> conv_transpose_output_size(3, 3, stride=2, padding=1, output_padding=1)
    6
    """
    raise NotImplementedError
