"""Information: a detour that is shorter than the straight way."""


def refute_kl_triangle(p: list[float], r: list[float]) -> list[float]:
    """A distribution q through which the way from p to r is shorter than the direct one.

    A distance d satisfies d(p, r) <= d(p, q) + d(q, r). The divergence KL(p || q) = sum_i p_i
    log(p_i / q_i) does not: for any two different distributions p and r of positive probabilities
    there is a q with

        KL(p || q) + KL(q || r) < 0.99 KL(p || r)

    The result is such a q: a list of as many floats as p has, none negative, that sum to 1 (within
    1e-9).

    Notes: supplements to D2L, generative adversarial networks.

    >>> len(refute_kl_triangle([0.5, 0.5], [0.99, 0.01]))
    2
    """
    raise NotImplementedError
