"""ceil(n log2 k) / n bits each, if n observations of k classes are coded together."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("huffman_lengths",),
    hints=(
        "How many sequences are there, and how many do b bits tell apart?",
        "ceil(n log2 k) is right on paper; in floats it is off where k^n is near a power of 2.",
        "Count with integers: int.bit_length of the last sequence's number, counted from 0.",
    ),
)


@claim("S3-142")
@pytest.mark.parametrize(
    ("n", "want"), [(1, 2.0), (2, 2.0), (3, 5 / 3), (4, 1.75), (5, 1.6), (12, 20 / 12)]
)
def test_three_classes(bits_per_symbol, n, want):
    check(bits_per_symbol, 3, n, want=want)


@claim("S3-142")
@given(st.integers(1, 40), st.integers(1, 9))
def test_it_is_the_least_number_of_bits_that_suffices(bits_per_symbol, k, n):
    bits = 0
    while 2**bits < k**n:
        bits += 1
    check(bits_per_symbol, k, n, want=bits / n)


@claim("S3-142")
@pytest.mark.parametrize(("k", "n", "want"), [(2, 1, 1.0), (8, 1, 3.0), (8, 5, 3.0), (2, 7, 1.0)])
def test_a_power_of_two_wastes_nothing(bits_per_symbol, k, n, want):
    check(bits_per_symbol, k, n, want=want)


@claim("S3-142")
@pytest.mark.parametrize("k", [2**29, 2**60])
def test_beside_a_power_of_two_one_class_more_takes_one_bit_more(bits_per_symbol, k):
    check(bits_per_symbol, k, 1, want=math.log2(k))
    check(bits_per_symbol, k + 1, 1, want=math.log2(k) + 1)
    check(bits_per_symbol, k - 1, 1, want=math.log2(k))


def test_a_single_class_needs_no_bits(bits_per_symbol):
    check(bits_per_symbol, 1, 1, want=0.0)
    check(bits_per_symbol, 1, 6, want=0.0)


@claim("S3-142")
def test_long_sequences_come_close_to_the_entropy(bits_per_symbol):
    check(bits_per_symbol, 3, 1000, want=1.585)  # log2 3 = 1.58496
    check(bits_per_symbol, 10, 665, want=2210 / 665)


def test_refuses_what_can_not_be_coded(bits_per_symbol):
    check(bits_per_symbol, 0, 2, raises=ValueError, naming={"k": 0})
    check(bits_per_symbol, 3, 0, raises=ValueError, naming={"n": 0})
    check(bits_per_symbol, 3, -2, raises=ValueError, naming={"n": -2})


@wrong("give the entropy, log2 k: a number of bits is whole")
def the_entropy(k, n):
    return math.log2(k)


@wrong("round up for each observation by itself")
def one_by_one(k, n):
    return float((k - 1).bit_length())


@wrong("count with floats: near a power of 2 the rounding decides")
def in_floats(k, n):
    return math.ceil(n * math.log2(k)) / n


@wrong("take the bits of k^n and not of k^n - 1: a power of 2 gets one too many")
def one_too_many(k, n):
    return (k**n).bit_length() / n


@wrong("round down: some sequences get no word of their own")
def rounded_down(k, n):
    return ((k**n).bit_length() - 1) / n


@wrong("forget to divide by n")
def for_all_together(k, n):
    return float((k**n - 1).bit_length())


@wrong("count n k possible sequences and not k^n")
def a_product(k, n):
    return (n * k - 1).bit_length() / n


@right("doubling until all sequences have a word")
def by_doubling(k, n):
    if k <= 0:
        raise ValueError(f"number of classes k={k}")
    if n <= 0:
        raise ValueError(f"number of observations n={n}")
    words, bits = 1, 0
    while words < k**n:
        words, bits = 2 * words, bits + 1
    return bits / n
