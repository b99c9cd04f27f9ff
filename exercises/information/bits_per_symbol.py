"""Information: what coding several observations together saves."""


def bits_per_symbol(k: int, n: int) -> float:
    """Bits for each observation, if n observations of k equally likely classes are coded together.

    All sequences of n classes get binary code words of one and the same length, the least that
    tells them all apart; the result is that length divided by n. It is right for all k and n, such
    as k = 2**60 + 1 or n = 1000: no rounding error may add or save a bit.

    Raises:
        ValueError: naming `k` and its value, if it is less than 1; naming `n` and its value, if it
            is less than 1.

    Notes: supplements to D2L, softmax regression: a code for three equally likely classes.

    >>> bits_per_symbol(3, 1), bits_per_symbol(3, 5)
    (2.0, 1.6)
    """
    raise NotImplementedError
