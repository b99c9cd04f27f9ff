"""Convolution: the shape that comes out of a stack of layers."""


def shape_after_layers(
    shape: tuple[int, int, int, int], layers: list[tuple[str, dict[str, int]]]
) -> tuple[int, int, int, int]:
    """Shape (n, c, h, w) after all layers, one following the other.

    A layer is (kind, settings). Its kind is "conv" or "conv_transpose", for torch's Conv2d or
    ConvTranspose2d; its settings are the keyword arguments of that layer, all ints, each meant for
    both axes: `in_channels`, `out_channels` and `kernel_size` always, and where they aren't torch's
    defaults `stride`, `padding`, `dilation`, and for "conv_transpose" `output_padding`. Without
    layers the shape stays what it is. The result is a tuple of four ints.

    Raises:
        ValueError: naming the first layer that is at fault as `layers[i]`, i counted from 0, if it
            gets another number of channels than it takes (naming the number that it gets), if its
            output would have less than one row or column, or if it is of another kind (naming the
            kind).

    Not allowed: torch.nn, torch's convolutions.

    Notes: model evaluation notes, the listing on dilated convolution; D2L notes, fully
    convolutional networks.

    >>> first = ("conv", {"in_channels": 3, "out_channels": 10, "kernel_size": 5})
    >>> shape_after_layers((1, 3, 193, 193), [first])
    (1, 10, 189, 189)
    """
    n, c, *image = shape
    for i, (kind, of) in enumerate(layers):
        if kind not in ("conv", "conv_transpose"):
            raise ValueError(f"layers[{i}] is of the kind {kind!r}")
        if of["in_channels"] != c:
            raise ValueError(f"layers[{i}] takes {of['in_channels']} channels, but gets {c}")
        c, s, p = of["out_channels"], of.get("stride", 1), of.get("padding", 0)
        reach = of.get("dilation", 1) * (of["kernel_size"] - 1) + 1
        if kind.endswith("transpose"):
            # What a convolution divides and adds, its transpose multiplies and takes away.
            image = [(z - 1) * s + reach - 2 * p + of.get("output_padding", 0) for z in image]
        else:
            image = [(size + 2 * p - reach) // s + 1 for size in image]
        if min(image) < 1:
            raise ValueError(f"layers[{i}] leaves {image[0]} rows and {image[1]} columns")
    return n, c, image[0], image[1]
