"""Convolution: the kernel that makes a transposed convolution an exact magnifier."""


def upsampling_kernel_size(
    factor: int, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Number of kernel weights with which a transposed convolution has `factor` times its input.

    The layer's stride is `factor`; `padding` (per side), `output_padding` and `dilation` are those
    of torch's layers. Along its axis the output must have exactly factor * size entries, for every
    input size. The result is a plain int.

    Raises:
        ValueError: naming the argument and its value, if `factor` or `dilation` is below 1; naming
            `dilation` and its value, if no kernel of whole weights has that size; naming
            `output_padding` and its value, if it is smaller neither than `factor` nor than
            `dilation` (torch's layers refuse it), or leaves less than one weight. Where two of
            these hold, either may be named.

    Notes: D2L supplements, transposed convolution, shape of the result (where padding is a total
    of both sides); D2L notes, fully convolutional networks.

    >>> upsampling_kernel_size(2, padding=1)
    4
    """
    for name, value in (("factor", factor), ("dilation", dilation)):
        if value < 1:
            raise ValueError(f"{name} is {value}, but must be at least 1")
    # (size - 1) factor + reach - 2 padding + output_padding = factor size: size drops out.
    reach = factor + 2 * padding - output_padding
    if output_padding >= max(factor, dilation):
        raise ValueError(f"output_padding is {output_padding}, which is too much")
    if (reach - 1) % dilation:
        raise ValueError(f"dilation is {dilation}, and divides no kernel that reaches over {reach}")
    return (reach - 1) // dilation + 1
