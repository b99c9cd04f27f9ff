"""Convolution: zeros that keep the size of the input."""


def same_padding(kernel: int, dilation: int = 1, extra: str = "end") -> tuple[int, int]:
    """Zeros (before, after) that let a convolution of stride 1 keep the size of its input.

    The two differ by at most 1. Where they must differ, `extra` says which side gets the zero
    more: "end" puts it behind the last entry, as torch's padding="same" does, "start" before the
    first, as the notes do. The result is a tuple of two ints.

    Raises:
        ValueError: naming the argument and its value, if `kernel` or `dilation` is below 1, or
            `extra` is neither "start" nor "end".

    Not allowed: torch's convolutions.

    Notes: D2L notes, convolutional networks, padding; model evaluation notes, padding.

    >>> same_padding(4), same_padding(4, extra="start"), same_padding(3, dilation=2)
    ((1, 2), (2, 1), (2, 2))
    """
    for name, value in (("kernel", kernel), ("dilation", dilation)):
        if value < 1:
            raise ValueError(f"{name} is {value}, but must be at least 1")
    if extra not in ("start", "end"):
        raise ValueError(f"extra is {extra!r}, but must be 'start' or 'end'")
    total = dilation * (kernel - 1)
    # An odd total has no equal halves: a symmetric padding misses the size by one.
    fewer, more = total // 2, total - total // 2
    return {"end": (fewer, more), "start": (more, fewer)}[extra]
