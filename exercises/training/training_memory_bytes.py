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
    raise NotImplementedError
