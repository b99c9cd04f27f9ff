"""Convolution: how much there is to compute."""


def conv_cost(
    shape: tuple[int, int, int, int],
    out_channels: int,
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    bias: bool = False,
) -> dict[str, int]:
    """Multiplications, additions and FLOPs of a two-dimensional convolution, done directly.

    The input has the `shape` (n, c, h, w), and all images of the batch count. Pairs are (along the
    height, along the width), `padding` is per side, and sizes are those of torch's Conv2d. Products
    with zeros of the padding count like any other. The result is a dict of three ints:

        "multiplications"   products of a weight with an entry (one multiply-add, or MAC, each)
        "additions"         additions that sum the products of an output entry, and add its bias
                            if there is one
        "flops"             two for each multiply-add, without the bias: the convention of
                            torch's FlopCounterMode, and twice what papers call FLOPs that mean MACs

    Raises:
        ValueError: naming `groups` and its value, if it is below 1, or doesn't divide both c and
            `out_channels`; naming `kernel` and its value (the pair), if it finds no place along
            either axis of the padded input.

    Not allowed: torch's convolutions, torch.utils.flop_counter.

    Notes: interview notes, parameters of conv2d (cost); model evaluation notes, cost of a
    convolution.

    >>> conv_cost((1, 3, 193, 193), 10, (5, 5))["multiplications"]
    26790750
    """
    raise NotImplementedError
