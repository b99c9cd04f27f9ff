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


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


@counterexample("S0-307")  # -sum p log p, run as it is written
def test_an_impossible_outcome_makes_the_written_entropy_nan():
    p = tensor(0.5, 0.5, 0.0)
    assert (-(p * p.log()).sum()).isnan()
    assert torch.special.entr(p).sum().item() == pytest.approx(math.log(2))
    assert (-(p[:2] * p[:2].log2()).sum()).item() == 1  # in bits; in nats 0.6931


@counterexample("S0-329")  # D(p || q), with the two in this order
def test_torchs_divergence_takes_the_approximation_first_and_divides_by_all_entries():
    p = tensor(0.5, 0.5, 0.9, 0.1).reshape(2, 2)
    q = tensor(0.9, 0.1, 0.5, 0.5).reshape(2, 2)
    right = (kl(*(x[0].tolist() for x in (p, q))) + kl(*(x[1].tolist() for x in (p, q)))) / 2
    loss = torch.nn.functional.kl_div
    assert loss(q.log(), p, reduction="batchmean").item() == pytest.approx(right)
    with pytest.warns(UserWarning, match="support size"):
        assert loss(q.log(), p, reduction="mean").item() == pytest.approx(right / 2)
    # In the order of the notes, p first: not even of one sign.
    assert loss(p[:1], q[:1], reduction="sum").item() < 0


@claim("S0-329", "S0-330", "S4-294")
def test_what_is_observed_is_what_the_mean_is_taken_over():
    # What p rules out costs nothing, what q rules out costs infinitely much.
    p, q = tensor(0.5, 0.5, 0.0), tensor(0.25, 0.25, 0.5)
    divergence = torch.nn.functional.kl_div
    assert divergence(q.log(), p, reduction="sum").item() == pytest.approx(math.log(2))
    assert divergence(p.log(), q, reduction="sum").item() == math.inf


@counterexample("S0-330")  # not equal, whatever p and q
def test_some_pairs_have_the_same_divergence_both_ways():
    assert kl((0.3, 0.7), (0.7, 0.3)) == pytest.approx(kl((0.7, 0.3), (0.3, 0.7)))
    assert kl((0.3, 0.7), (0.3, 0.7)) == 0


@claim("S0-331", "S0-332")
def test_the_two_forms_are_equal():
    p, q = sp.symbols("p q", positive=True)
    assert sp.expand_log(p * sp.log(p / q) - p * (sp.log(p) - sp.log(q))).expand() == 0


@claim("S0-332", "S0-331")
def test_in_floats_the_ratio_overflows_where_the_difference_does_not():
    p, q = torch.tensor(0.1), torch.tensor(1e-45)
    assert (p / q).isinf()
    assert (p.log() - q.log()).item() == pytest.approx(100.98, abs=0.05)


@claim("S4-294")
def test_a_code_for_another_distribution_is_longer_by_the_divergence():
    p, q = (0.5, 0.25, 0.25), (0.25, 0.5, 0.25)
    lengths = [[-math.log2(x) for x in d] for d in (p, q)]
    assert lengths == [[1, 2, 2], [2, 1, 2]]  # whole bits: codes with these lengths exist
    mean = [sum(a * b for a, b in zip(p, code, strict=True)) for code in lengths]
    assert mean == [1.5, 1.75]
    assert mean[1] - mean[0] == pytest.approx(kl(p, q) / math.log(2))
    uniform = (1 / 3, 1 / 3, 1 / 3)
    bits = kl(p, uniform) / math.log(2), kl(uniform, p) / math.log(2)
    assert bits == pytest.approx((0.0850, 0.0817), abs=1e-4)


@claim("S4-302")
def test_likelihood_cross_entropy_and_divergence_agree_where_the_best_parameter_is():
    # A model of one parameter that can't be exact: q = (t, t, 1 - 2 t).
    p = tensor(0.6, 0.1, 0.3)
    t = torch.linspace(0.005, 0.495, 99, dtype=torch.float64)[:, None]
    q = torch.cat([t, t, 1 - 2 * t], 1)
    ce, entropy = -(p * q.log()).sum(1), -(p * p.log()).sum()
    divergence = (p * (p / q).log()).sum(1)
    torch.testing.assert_close(ce - divergence, entropy.expand(99))
    likelihood = (100 * p * q.log()).sum(1)  # of 100 observations in these shares
    best = {int(ce.argmin()), int(divergence.argmin()), int(likelihood.argmax())}
    assert [float(t[i]) for i in best] == pytest.approx([0.35])
    # The other way round it is another problem.
    assert int((q * (q / p).log()).sum(1).argmin()) not in best


@claim("S3-168")
def test_equal_logits_give_every_word_of_a_large_vocabulary_a_low_probability():
    assert float(torch.zeros(50_000).double().softmax(0).max()) == pytest.approx(1 / 50_000)


@counterexample("S3-168")  # low, because there are many words
def test_one_word_of_a_large_vocabulary_may_be_almost_certain():
    logits = torch.zeros(50_000, dtype=torch.float64)
    logits[7] = 20
    assert float(logits.softmax(0)[7]) > 0.9998
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([7]))
    assert loss.exp().item() == pytest.approx(1, abs=2e-4)  # a perplexity of hardly more than 1


@claim("S3-275")
def test_channels_that_are_zero_or_alike_tell_less_than_the_input():
    x = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean = torch.full((1, 1, 4, 4), 1 / 16, dtype=torch.float64)
    shifted = x.clone()
    shifted[..., 0, 0] += 1
    shifted[..., 3, 3] -= 1
    torch.testing.assert_close(torch.conv2d(x, mean), torch.conv2d(shifted, mean))


@counterexample("S3-275")  # more channels lose information
def test_every_channel_may_keep_all_of_the_input():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(2, 1, 4, 5, generator=draw, dtype=torch.float64)
    copy = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    copy[..., 1, 1] = 1
    assert torch.equal(torch.conv2d(x, copy, padding=1), x)
    # As a matrix, a convolution with a random kernel can be inverted: the input is in its output.
    units = torch.eye(20, dtype=torch.float64).reshape(20, 1, 4, 5)
    kernels = torch.randn(2, 1, 3, 3, generator=draw, dtype=torch.float64)
    both = torch.conv2d(units, kernels, padding=1)
    for channel in range(2):
        matrix = both[:, channel].reshape(20, 20)
        assert torch.linalg.matrix_rank(matrix) == 20
        out = torch.conv2d(x, kernels, padding=1)[:, channel].reshape(2, 20)
        torch.testing.assert_close(torch.linalg.solve(matrix.T, out.T).T.reshape(2, 1, 4, 5), x)
