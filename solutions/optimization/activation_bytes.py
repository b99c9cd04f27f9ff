"""Optimization: the memory that a batch takes until its backward pass is done."""


def activation_bytes(widths: list[int], batch_size: int, bytes_per_entry: int = 4) -> int:
    """The bytes that a multi-layer perceptron keeps of a batch, from the forward to the backward pass.

    The layers are linear, from widths[0] inputs to widths[1] units, and so on to widths[-1] outputs,
    with a ReLU between any two of them. Kept is what the gradients of the parameters need and what
    the batch brings with it: the tensor that goes into each linear layer, once. A ReLU needs no
    tensor of its own: its backward pass reads its result. Neither the parameters count, nor what a
    loss would keep.

    Raises:
        ValueError: naming `widths` and the value, if it has fewer than two entries or one below 1;
            naming `batch_size` and its value, if it is negative; naming `bytes_per_entry` and its
            value, if it is below 1.

    Notes: PyTorch basics, linear regression.

    >>> activation_bytes([784, 256, 10], batch_size=64)
    266240
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths is {widths}, but needs two entries, each of 1 or more")
    if batch_size < 0:
        raise ValueError(f"batch_size is {batch_size}, but can't be negative")
    if bytes_per_entry < 1:
        raise ValueError(f"bytes_per_entry is {bytes_per_entry}, but must be 1 or more")
    # The outputs go into no linear layer, and no gradient of a parameter asks for them.
    return batch_size * sum(widths[:-1]) * bytes_per_entry
