"""Information: the best binary code."""

import heapq


def huffman_lengths(p: list[float]) -> list[int]:
    """Lengths of the code words of a best binary prefix code, in bits, in the order of `p`.

    Symbol i occurs with probability p[i]. Among all prefix codes (no code word begins another), the
    lengths are those of one with the least expected length sum_i p[i] * length[i] (any such code,
    where several are equally good). A symbol of probability 0 gets no code word, which is given as
    length 0; so does the only symbol, if there is just one of positive probability: it need not be
    told. A sum within 1e-3 of 1 counts as 1.

    Raises:
        ValueError: naming `p` and a negative probability, if there is one; naming `p` and its sum,
            if it isn't 1 (nan isn't).

    Notes: supplements to D2L, softmax regression: a code for three equally likely classes.

    >>> huffman_lengths([0.25, 0.5, 0.125, 0.125])
    [2, 1, 3, 3]
    """
    if any(x < 0 for x in p):
        raise ValueError(f"p has the negative probability {min(p)}")
    if not abs(sum(p) - 1) <= 1e-3:
        raise ValueError(f"p sums to {sum(p):.6g}, but must sum to 1")
    lengths = [0] * len(p)
    heap = [(x, [i]) for i, x in enumerate(p) if x > 0]
    heapq.heapify(heap)
    while len(heap) > 1:
        # The two rarest groups become siblings: each of their symbols goes one level down.
        (x, group), (y, other) = heapq.heappop(heap), heapq.heappop(heap)
        for i in group + other:
            lengths[i] += 1
        heapq.heappush(heap, (x + y, group + other))
    return lengths
