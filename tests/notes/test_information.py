"""Claims of the notes on information that are verified and not exercised; counterexamples."""

import heapq
import math
from fractions import Fraction

import pytest
import sympy as sp
import torch
from scipy.integrate import quad
from torch.nn import KLDivLoss

from grader import claim, counterexample


def kl(p, q):
    """KL(p || q) of positive probabilities."""
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def cross_entropy(p, q):
    """H(p, q) of positive probabilities."""
    return -sum(a * math.log(b) for a, b in zip(p, q, strict=True))


def block_huffman_bits(k, n):
    """Expected bits for each symbol, if blocks of n equally likely classes are Huffman-coded."""
    heap = [Fraction(1, k**n)] * k**n
    bits = Fraction(0)
    while len(heap) > 1:  # each joint costs its probability one bit more
        joint = heapq.heappop(heap) + heapq.heappop(heap)
        bits += joint
        heapq.heappush(heap, joint)
    return bits / n


@counterexample("S1-020")  # as a measure of the difference, with nothing subtracted
def test_the_cross_entropy_of_a_distribution_with_itself_is_not_zero():
    half, uneven = (0.5, 0.5), (0.9, 0.1)
    assert cross_entropy(half, half) == pytest.approx(0.6931, abs=1e-4)
    assert cross_entropy(uneven, half) == pytest.approx(0.6931, abs=1e-4)
    assert cross_entropy(half, uneven) == pytest.approx(1.2040, abs=1e-4)
    # It can even be less between different distributions than of one with itself.
    assert cross_entropy(half, half) > cross_entropy((0.9, 0.1), (0.95, 0.05))


@claim("S1-020")
def test_the_difference_is_what_exceeds_the_entropy():
    p, q = (0.5, 0.5), (0.9, 0.1)
    assert cross_entropy(p, q) - cross_entropy(p, p) == pytest.approx(kl(p, q))
    assert cross_entropy(p, p) - cross_entropy(p, p) == 0


@claim("S3-141", "S3-142")
def test_huffman_codes_of_blocks_of_three_classes():
    assert block_huffman_bits(3, 1) == Fraction(5, 3)
    assert block_huffman_bits(3, 2) == Fraction(29, 18)
    assert float(block_huffman_bits(3, 5)) == pytest.approx(1.589, abs=1e-3)
    assert all(block_huffman_bits(3, n) > Fraction(math.log2(3)) for n in range(1, 6))


@claim("S3-141")
def test_two_bits_for_three_classes_leave_one_word_over():
    assert 2**1 < 3 < 2**2
    words = ("0", "10", "11")
    assert not any(a != b and b.startswith(a) for a in words for b in words)
    assert Fraction(sum(map(len, words)), 3) == Fraction(5, 3)


@counterexample("S3-390")  # an expectation over no named distribution may be taken over q
def test_the_mean_of_the_log_ratio_over_q_is_negative():
    p, q = (0.5, 0.5), (0.9, 0.1)
    over_p = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    over_q = sum(b * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert over_p == pytest.approx(0.5108, abs=1e-4)
    assert over_q == pytest.approx(-0.3681, abs=1e-4)
    assert over_q == pytest.approx(-kl(q, p))


@claim("S3-391")
def test_the_integral_between_normal_densities_is_the_closed_form():
    def normal(x, mean, deviation):
        return math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))

    def integrand(x):
        p, q = normal(x, 1, 2), normal(x, 0, 3)
        return p * math.log(p / q)

    value, _ = quad(integrand, -20, 22)  # beyond, p is below 1e-24
    assert value == pytest.approx(math.log(3 / 2) + (2**2 + 1) / (2 * 3**2) - 1 / 2, rel=1e-9)


@claim("S3-391")
def test_torchs_loss_takes_the_logarithm_of_q_first_and_p_second():
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1]], dtype=torch.float64)
    loss = KLDivLoss(reduction="sum")(q.log(), p)
    assert loss.item() == pytest.approx(kl(p.tolist(), q.tolist()))
    assert loss.item() != pytest.approx(kl(q.tolist(), p.tolist()), abs=0.1)


@claim("S3-392", "S3-393")
def test_each_term_is_at_least_p_minus_q():
    # With r = q/p, p log(p/q) - p + q = p (r - 1 - log r), and r - 1 - log r has one minimum, 0.
    r = sp.Symbol("r", positive=True)
    excess = r - 1 - sp.log(r)
    assert sp.solve(sp.diff(excess, r), r) == [1]
    assert excess.subs(r, 1) == 0
    assert sp.diff(excess, r, 2) == r**-2


@claim("S3-392")
def test_only_for_distributions_is_it_never_negative():
    assert kl((0.5, 0.5), (1.0, 1.0)) < 0  # q sums to 2


@counterexample("S3-394")  # KL(p || q) != KL(q || p), for all p != q
def test_a_permuted_pair_has_the_same_divergence_both_ways():
    p, q = (0.3, 0.7), (0.7, 0.3)
    assert kl(p, q) == pytest.approx(0.3389, abs=1e-4)
    assert kl(p, q) == pytest.approx(kl(q, p))


@claim("S3-394")
def test_it_is_no_distance():
    p, q, r = (0.5, 0.5), (0.9, 0.1), (0.99, 0.01)
    assert (kl(p, q), kl(q, p)) == pytest.approx((0.5108, 0.3681), abs=1e-4)
    assert kl(p, r) == pytest.approx(1.614, abs=1e-3)
    assert kl(p, q) + kl(q, r) == pytest.approx(0.655, abs=1e-3)


@claim("S3-395")
def test_divergence_and_entropy_add_up_to_the_cross_entropy():
    p, q = sp.symbols("p q", positive=True)
    # One term of each sum: p log(p/q) = -p log q - (-p log p).
    difference = p * sp.log(p / q) - (-p * sp.log(q) + p * sp.log(p))
    assert sp.expand_log(difference).expand() == 0


@claim("S3-404")
def test_the_mean_over_p_of_its_share_is_a_divergence_less_log_two():
    p, g = sp.symbols("p g", positive=True)
    # One term of each sum; the terms p log(1/2) add up to log(1/2).
    difference = p * sp.log(p / (p + g)) - (p * sp.log(p / ((p + g) / 2)) + p * sp.log(sp.S.Half))
    assert sp.simplify(sp.expand_log(difference, force=True)) == 0


def gan_second_term(over, p, g):
    """The mean of log(p_g/(p_data + p_g)) over a distribution."""
    return sum(w * math.log(b / (a + b)) for w, a, b in zip(over, p, g, strict=True))


@counterexample("S3-405")  # the second mean over p_data as well, as the notes write it
def test_the_second_mean_over_the_data_is_not_the_divergence():
    p, g = (0.5, 0.5), (0.9, 0.1)
    middle = [(a + b) / 2 for a, b in zip(p, g, strict=True)]
    right = kl(g, middle) + math.log(1 / 2)
    assert gan_second_term(p, p, g) == pytest.approx(-1.1168, abs=1e-4)
    assert right == pytest.approx(-0.5768, abs=1e-4)


@claim("S3-405")
def test_the_second_mean_over_the_generated_is_the_divergence():
    p, g = (0.5, 0.5), (0.9, 0.1)
    middle = [(a + b) / 2 for a, b in zip(p, g, strict=True)]
    assert gan_second_term(g, p, g) == pytest.approx(kl(g, middle) + math.log(1 / 2))
    assert gan_second_term(p, p, p) == pytest.approx(-math.log(2))  # no difference, no matter
