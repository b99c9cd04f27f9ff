"""Convolution: what a transposed convolution has to put on to restore the size."""


def output_padding_to_restore(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """The output_padding with which a transposed convolution gives back the size of the input.

    An input of `size` entries goes through a convolution, and the result through a transposed
    convolution with the same `kernel`, `stride`, `padding` (per side) and `dilation`, as torch's
    layers have them. The result is a plain int.

    Raises:
        ValueError: naming `stride` and its value, if it is below 1; naming `kernel` and its value,
            if it finds no place on the padded input.

    Not allowed: torch's convolutions.

    Notes: model evaluation notes, transposed convolution; D2L supplements, transposed convolution,
    shape of the result.

    >>> output_padding_to_restore(6, 3, stride=2, padding=1)
    1
    """
    if stride < 1:
        raise ValueError(f"stride is {stride}, but must be at least 1")
    room = size + 2 * padding - (dilation * (kernel - 1) + 1)
    if room < 0:
        raise ValueError(f"kernel is {kernel}, but must fit into the padded input")
    # The floor in the convolution's size forgets this remainder: output_padding remembers it.
    return room % stride
