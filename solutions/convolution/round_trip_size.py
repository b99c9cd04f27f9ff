"""Convolution: the size after a convolution and the transposed one of the same settings."""


def round_trip_size(size: int, kernel: int, stride: int = 1, padding_total: int = 0) -> int:
    """Length after a convolution, followed by a transposed one with the same hyperparameters.

    `padding_total` counts the zeros that the convolution adds on both sides together; the
    transposed convolution cuts off as many entries. There is no dilation and no output_padding.
    The result is a plain int.

    Raises:
        ValueError: naming `stride` and its value, if it is below 1; naming `kernel` and its value,
            if it is larger than the padded input; naming `padding_total` and its value, if less
            than one entry is left in the end.

    Not allowed: torch's convolutions.

    Notes: D2L supplements, transposed convolution, shape of the result.

    >>> round_trip_size(5, 3, stride=2, padding_total=2), round_trip_size(6, 3, 2, 2)
    (5, 5)
    """
    if stride < 1:
        raise ValueError(f"stride is {stride}, but must be at least 1")
    if kernel > size + padding_total:
        raise ValueError(f"kernel is {kernel}, but must fit into the padded input")
    # What the last step of the convolution couldn't reach is lost for good.
    result = size - (size - kernel + padding_total) % stride
    if result < 1:
        raise ValueError(f"padding_total is {padding_total}, and leaves nothing")
    return result
