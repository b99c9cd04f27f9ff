"""Training: the memory that a step takes, part by part."""

from itertools import pairwise


def training_memory_bytes(
    widths: list[int], batch_size: int, optimizer: str, bytes_per_entry: int = 4
) -> int:
    """The bytes that training a multi-layer perceptron holds, just after the forward pass.

    The layers are linear with a bias each, from widths[0] inputs to widths[1] units, and so on, with
    a ReLU between any two of them. Held are, in entries of one size:

    - the parameters, and a gradient for each of them;
    - what the optimizer keeps for each parameter, as torch's does after its first step: nothing for
      "sgd", a velocity for "momentum", two moments for "adam"; its step counts are left out;
    - of the batch, the tensor that goes into each linear layer. A ReLU needs none of its own.

    Raises:
        ValueError: naming `widths` and their value, if there are fewer than two, or one is below 1;
            naming `batch_size`, if it is negative, `bytes_per_entry`, if it is below 1, or
            `optimizer`, if it is none of the three; each with its value.

    Notes: exam notes, stochastic gradient descent; supplements to D2L, linear regression.

    >>> [training_memory_bytes([784, 100, 10], batch_size, "adam") for batch_size in (0, 1, 2)]
    [1272160, 1275696, 1279232]
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths is {widths}, but needs two entries, each of 1 or more")
    if batch_size < 0 or bytes_per_entry < 1:
        told = f"batch_size is {batch_size} and bytes_per_entry is {bytes_per_entry}"
        raise ValueError(f"{told}, but must be at least 0 and 1")
    states = {"sgd": 0, "momentum": 1, "adam": 2}
    if optimizer not in states:
        raise ValueError(f"optimizer is {optimizer!r}, but must be one of {list(states)}")
    parameters = sum((inside + 1) * outside for inside, outside in pairwise(widths))
    # Only the batch's own part grows with it: the whole is affine, and not proportional.
    entries = (2 + states[optimizer]) * parameters + batch_size * sum(widths[:-1])
    return entries * bytes_per_entry
