"""Convolution: two ways in which a formula for sizes is too short."""


def refute_conv_output_size() -> tuple[tuple[int, int, int, int], tuple[int, int, int, int, int]]:
    """Two convolutions whose output size isn't (size - kernel + 2 * padding) / stride + 1.

    The first is (size, kernel, stride, padding), and for it the formula isn't even a whole number.
    The second is (size, kernel, stride, padding, dilation), and for it the formula is a whole
    number and yet not the size of torch's output. Every size is an int of at most 64; `padding` is
    per side and may be 0, all else is at least 1; and the kernel must fit into the padded input.

    Notes: interview notes, parameters of conv2d.

    >>> [len(convolution) for convolution in refute_conv_output_size()]
    [4, 5]
    """
    # 15 is odd: the last step of 2 has no room. With dilation 2, three weights reach over five.
    return (16, 3, 2, 1), (32, 3, 1, 0, 2)
