"""Regularization: a unit whose mean output dropout moves."""


def refute_dropout_keeps_mean(p: float) -> tuple[list[float], float]:
    """Inputs x and a bias b of a relu unit whose mean output dropout of the inputs moves.

    Dropout makes x'_j of x_j: 0 with probability `p`, and otherwise x_j / (1 - p), each on its own.
    It keeps the mean of each input, E x'_j = x_j, and yet

        E relu(x'_1 + ... + x'_d + b) > relu(x_1 + ... + x_d + b) + 0.25

    for the x and b that are returned: x is a list of at most 8 numbers, none beyond 1e6 in size,
    and b is a number. `p` is from 0.001 to 0.999; nothing else is passed.

    Notes: PyTorch basics, noise without bias; supplements to D2L, dropout.

    >>> x, b = refute_dropout_keeps_mean(0.5)
    >>> len(x) <= 8
    True
    """
    # Two that cancel: relu sees only the masks in which the positive one is alone.
    return [1 / p, -1 / p], 0.0
