"""Convolution: how deep a network without padding can be."""


def max_valid_layers(size: int, kernel: int, dilation: int = 1) -> int | None:
    """Most convolutions without padding that can follow each other along one axis.

    All have stride 1 and the same `kernel` and `dilation`; the first has an input of `size`
    entries, and the last must still have an output of at least 1. None, if there is no limit.

    Raises:
        ValueError: naming the argument and its value, if `size`, `kernel` or `dilation` is below 1.

    Not allowed: torch's convolutions.

    Notes: model evaluation notes, padding, valid convolution.

    >>> max_valid_layers(32, 3), max_valid_layers(2, 3), max_valid_layers(9, 1)
    (15, 0, None)
    """
    for name, value in (("size", size), ("kernel", kernel), ("dilation", dilation)):
        if value < 1:
            raise ValueError(f"{name} is {value}, but must be at least 1")
    # Every layer takes the same number of entries away; one entry must remain.
    lost = dilation * (kernel - 1)
    return (size - 1) // lost if lost else None
