"""Information: two distributions that are equally far from each other, both ways."""


def refute_kl_asymmetry(n: int) -> tuple[list[float], list[float]]:
    """Two different distributions with the same divergence both ways.

    The notes put KL(p || q) != KL(q || p), where KL(p || q) = sum_i p_i log(p_i / q_i).
    The result (p, q) shows that this doesn't hold for all p != q:

        p and q are lists of n floats, all above 0, that sum to 1 (within 1e-9)
        no two entries of p are within 1e-6 of each other
        some entry of q differs from that of p by more than 1e-3
        KL(p || q) and KL(q || p) differ by less than 1e-9

    n is at least 2 and at most 10.

    Notes: supplements to D2L, generative adversarial networks.

    >>> p, q = refute_kl_asymmetry(3)
    >>> len(p), len(q)
    (3, 3)
    """
    total = n * (n + 1) / 2
    p = [(i + 1) / total for i in range(n)]
    # Reversing twice changes nothing: it takes the sum of (p, q) into that of (q, p).
    return p, p[::-1]
