"""Losses: two conventions of label smoothing, and the way from one to the other."""

from fractions import Fraction


def smoothing_equivalent(eps: Fraction, k: int) -> Fraction:
    """The `label_smoothing` with which torch trains on the notes' soft labels, exactly.

    The notes give the true one of k classes the probability 1 - eps, and each of the other k - 1
    an equal part of eps. torch's `CrossEntropyLoss(label_smoothing=a)` mixes the one-hot target
    and the uniform distribution over all k classes, with the weights 1 - a and a. Return the a, in
    [0, 1], for which the two targets are the same.

    Raises:
        ValueError: naming `k` and its value, if it is less than 2; naming `eps` and its value, if
            it is negative or so large that torch has no such a.

    Notes: D2L notes, soft labels.

    >>> smoothing_equivalent(Fraction(1, 4), k=5)
    Fraction(5, 16)
    """
    raise NotImplementedError
