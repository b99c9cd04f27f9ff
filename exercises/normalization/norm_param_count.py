"""Normalization: how many numbers a layer learns."""


def norm_param_count(
    kind: str, c: int, h: int = 1, w: int = 1, affine: bool = True, bias: bool = True
) -> int:
    """Number of learnable parameters of a normalization layer for inputs [n, c, h, w].

    `kind` is "batch", "layer", "group" or "instance". Layer normalization is that of torch over the
    whole sample, normalized_shape = (c, h, w); with h = w = 1 it is that of a token with c features.
    With `affine` a layer has a weight and, with `bias` as well, a bias; else it has neither. Running
    statistics aren't learned, and don't count.

    Raises:
        ValueError: naming `kind` and its value, if it is none of the four; naming `c`, `h` or `w`
            and its value, unless it is positive.

    Not allowed: torch.nn.

    Notes: interview notes, LN; interview questions, parameters of BN.

    >>> norm_param_count("batch", 10)
    20
    """
    raise NotImplementedError
