"""The code with the least expected length; any of them, where several are equally good."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("entropy",),
    hints=(
        "Which two symbols have the longest code words, and what do these have in common?",
        "Join the two rarest symbols into one whose probability is the sum, and start again.",
        "Each time a group is joined, its symbols' words grow by one bit. heapq finds the rarest.",
    ),
)
COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(sum)


def least(counts):
    """The least total length: all full binary trees are tried, by their shapes' depths."""
    positive = sorted((c for c in counts if c), reverse=True)

    def depths(leaves):
        """Multisets of depths, ascending, of binary trees with so many leaves."""
        found = {(0,)}
        for _ in range(leaves - 1):
            found = {
                tuple(sorted((*d[:i], *d[i + 1 :], d[i] + 1, d[i] + 1)))
                for d in found
                for i in range(len(d))
            }
        return found

    # The most frequent symbol gets the shortest word.
    return min(
        sum(c * d for c, d in zip(positive, ds, strict=True)) for ds in depths(len(positive))
    )


def best(counts):
    """Accept whatever code is best: lengths that fit into a tree, and the least mean length."""

    def holds(lengths):
        if not isinstance(lengths, list) or len(lengths) != len(counts):
            return False
        if not all(type(v) is int and v >= 0 for v in lengths):
            return False
        used = [v for v, c in zip(lengths, counts, strict=True) if c]
        unused = [v for v, c in zip(lengths, counts, strict=True) if not c]
        fits = sum(Fraction(1, 2**v) for v in used) <= 1
        total = sum(v * c for v, c in zip(lengths, counts, strict=True))
        return fits and not any(unused) and total == least(counts)

    told = f"ints for words that none begins another, of mean length {least(counts)}/{sum(counts)}"
    return such_that(f"{told}; 0 for what never occurs", holds)


@claim("S3-141")
def test_a_case_worked_by_hand(huffman_lengths):
    check(huffman_lengths, [0.125, 0.5, 0.25, 0.0625, 0.0625], want=[3, 1, 2, 4, 4])


@claim("S3-141")
def test_three_equal_classes_average_five_thirds_of_a_bit(huffman_lengths):
    check(huffman_lengths, [1 / 3, 1 / 3, 1 / 3], want=best([1, 1, 1]))


def test_it_depends_on_the_sums_and_not_on_the_order_alone(huffman_lengths):
    check(huffman_lengths, [0.3, 0.2, 0.26, 0.24], want=[2, 2, 2, 2])
    check(huffman_lengths, [0.07, 0.6, 0.13, 0.2], want=[3, 1, 3, 2])
    check(huffman_lengths, [0.35, 0.17, 0.17, 0.16, 0.15], want=[1, 3, 3, 3, 3])


@claim("S3-141")
@given(COUNTS)
def test_no_code_is_shorter_on_average(huffman_lengths, counts):
    total = sum(counts)
    # Sixteenths are exact; others tie only by rounding, and then both codes are as good.
    check(huffman_lengths, [c / total for c in counts], want=best(counts))


@claim("S3-142")
@pytest.mark.parametrize(("n", "bits"), [(2, 29), (3, 130)])
def test_blocks_of_equal_classes_come_closer_to_the_entropy(huffman_lengths, n, bits):
    count = 3**n
    fits = such_that(f"lengths that add up to {bits}", lambda lengths: sum(lengths) == bits)
    check(huffman_lengths, [1 / count] * count, want=fits)


def test_what_never_occurs_gets_no_word(huffman_lengths):
    check(huffman_lengths, [0.25, 0.0, 0.75], want=[1, 0, 1])


def test_what_hardly_ever_occurs_gets_one(huffman_lengths):
    check(huffman_lengths, [2.0**-40, 0.5, 0.5 - 2.0**-40], want=[2, 1, 2])


def test_a_sum_off_by_rounding_is_taken_as_it_is(huffman_lengths):
    check(huffman_lengths, [0.25, 0.75 + 2.0**-11], want=[1, 1])


def test_the_only_symbol_needs_no_bit(huffman_lengths):
    check(huffman_lengths, [1.0], want=[0])
    check(huffman_lengths, [0.0, 1.0, 0.0], want=[0, 0, 0])


def test_refuses_what_is_no_distribution(huffman_lengths):
    check(huffman_lengths, [0.5, 0.25], raises=ValueError, naming={"p": 0.75})
    check(huffman_lengths, [0.5, 0.5 + 2.0**-9], raises=ValueError, naming={"p": "1.00"})
    check(huffman_lengths, [1.25, -0.25], raises=ValueError, naming={"p": -0.25})
    check(huffman_lengths, [1.0, -1e-10], raises=ValueError, naming={"p": -1e-10})
    check(huffman_lengths, [float("nan"), 1.0], raises=ValueError, naming={"p": float("nan")})
    check(huffman_lengths, [], raises=ValueError, naming={"p": "p"})


def joined(p, rank=min):
    """Huffman's lengths, by looking through all groups for the two that `rank` puts first."""
    lengths, groups = [0] * len(p), [(x, [i]) for i, x in enumerate(p) if x > 0]
    while len(groups) > 1:
        first = groups.pop(groups.index(rank(groups)))
        second = groups.pop(groups.index(rank(groups)))
        for i in first[1] + second[1]:
            lengths[i] += 1
        groups.append((first[0] + second[0], first[1] + second[1]))
    return lengths


@wrong("round -log2 p up for each symbol: that code always exists, but it is seldom the best")
def shannons(p):
    import math

    return [math.ceil(-math.log2(x)) if x > 0 else 0 for x in p]


@wrong("give all symbols words of the same length")
def fixed_length(p):
    used = sum(x > 0 for x in p)
    return [(used - 1).bit_length() if x > 0 else 0 for x in p]


@wrong("join the two most frequent groups and not the two rarest")
def the_most_frequent(p):
    return joined(p, max)


@wrong("return the lengths sorted, and not in the order of p")
def in_order_of_length(p):
    return sorted(joined(p))


@wrong("count the words' ones up: 1, 2, 3, ... bits in order of frequency")
def unary(p):
    order = sorted((i for i, x in enumerate(p) if x > 0), key=lambda i: -p[i])
    lengths = [0] * len(p)
    for rank, i in enumerate(order):
        lengths[i] = min(rank + 1, len(order) - 1)
    return lengths


@wrong("give a word to symbols that never occur")
def words_for_nothing(p):
    return joined([x + 1e-12 for x in p])


@wrong("give the only symbol a bit that tells nothing")
def one_bit_for_one(p):
    return [max(v, 1) if x > 0 else 0 for v, x in zip(joined(p), p, strict=True)]


@wrong("split the sorted symbols at half the probability, from the top (Shannon and Fano)")
def from_the_top(p):
    lengths = [0] * len(p)

    def split(group):
        if len(group) < 2:
            return
        for i in group:
            lengths[i] += 1
        halves = [
            abs(sum(p[i] for i in group[:c]) - sum(p[i] for i in group[c:]))
            for c in range(1, len(group))
        ]
        cut = 1 + halves.index(min(halves))
        split(group[:cut])
        split(group[cut:])

    split(sorted((i for i, x in enumerate(p) if x > 0), key=lambda i: -p[i]))
    return lengths


@right("looking through all groups for the rarest two")
def without_a_heap(p):
    if any(x < 0 for x in p):
        raise ValueError(f"p: negative probability in {p}")
    if not abs(sum(p) - 1) <= 1e-3:
        raise ValueError(f"p: sum is {sum(p)}")
    return joined(p)
