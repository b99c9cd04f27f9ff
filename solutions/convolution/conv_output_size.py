"""Convolution: how many places a kernel finds on its input."""


def conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Output length of a convolution along one axis, as torch's layers have it.

    `padding` zeros are put on EACH side of the `size` entries. The `kernel` weights sit `dilation`
    apart, and the kernel steps by `stride` from the first position on; a position counts only if
    the whole kernel lies within the padded input. The result is a plain int, exact also for sizes
    that a float can't hold.

    Raises:
        ValueError: naming the argument and its value, if `size`, `kernel`, `stride` or `dilation`
            is below 1, or `padding` below 0; naming `kernel` and its value, if the kernel finds no
            place on the padded input.

    Not allowed: torch's convolutions.

    Notes: interview notes, parameters of conv2d; model evaluation notes, size of the feature map,
    padding, dilated convolution; D2L notes, convolutional networks.

    >>> conv_output_size(32, 3, stride=2, padding=1)
    16
    """
    least = {"size": 1, "kernel": 1, "stride": 1, "padding": 0, "dilation": 1}
    given = (size, kernel, stride, padding, dilation)
    for (name, low), value in zip(least.items(), given, strict=True):
        if value < low:
            raise ValueError(f"{name} is {value}, but must be at least {low}")
    # What is left of the padded input once the kernel lies at its start: the room to step into.
    room = size + 2 * padding - (dilation * (kernel - 1) + 1)
    if room < 0:
        raise ValueError(f"kernel is {kernel}, but must fit into the padded input")
    return room // stride + 1
