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
    n, c, *image = shape
    if groups < 1 or c % groups or out_channels % groups:
        raise ValueError(f"groups is {groups}, but must divide {c} and {out_channels}")
    axes = zip(image, kernel, stride, padding, dilation, strict=True)
    h, w = ((v + 2 * p - d * (k - 1) - 1) // s + 1 for v, k, s, p, d in axes)
    if min(h, w) < 1:
        raise ValueError(f"kernel is {kernel}, but must fit into the padded input")
    # Every entry of the output is a sum of so many products: positions of both axes count.
    products = c // groups * kernel[0] * kernel[1]
    entries = n * out_channels * h * w
    return {
        "multiplications": entries * products,
        "additions": entries * (products - 1 + bias),
        "flops": 2 * entries * products,
    }
