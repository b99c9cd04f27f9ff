"""Each unit that may be lost doubles the number; output units may not."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("dropout",),
    hints=(
        "Each unit is kept or lost, whatever becomes of the others.",
        "Which units can't be lost?",
        "2 to the number of the inputs and hidden units that may be lost.",
    ),
)
SIZES = st.lists(st.integers(1, 3), min_size=2, max_size=4)


@claim("S4-052")
def test_the_network_of_the_book_has_16(num_subnetworks):
    check(num_subnetworks, [2, 2, 1], True, True, want=16)
    check(num_subnetworks, [3, 2, 4, 1], drop_input=False, drop_hidden=True, want=64)
    check(num_subnetworks, [3, 2, 4, 1], drop_input=True, drop_hidden=False, want=8)
    check(num_subnetworks, [3, 2, 4, 1], True, True, want=512)


@counterexample("S4-052")  # all units, the output's among them: 32 in place of 16
@pytest.mark.parametrize("outputs", [1, 2, 10])
def test_output_units_are_never_lost(num_subnetworks, outputs):
    check(num_subnetworks, [2, 2, outputs], True, True, want=16)


@claim("S4-052", "S4-051")
@given(SIZES, st.booleans(), st.booleans())
def test_is_the_count_of_the_sets_of_units_that_may_stay(
    num_subnetworks, layer_sizes, drop_input, drop_hidden
):
    def choices(at, size):
        may = drop_input if at == 0 else drop_hidden and at < len(layer_sizes) - 1
        return itertools.product([True, False] if may else [True], repeat=size)

    layers = [choices(at, size) for at, size in enumerate(layer_sizes)]
    count = sum(1 for _ in itertools.product(*layers)) if sum(layer_sizes) < 10 else None
    if count is not None:
        check(num_subnetworks, layer_sizes, drop_input, drop_hidden, want=count)


@claim("S4-174")
def test_the_number_is_exact_where_floats_end(num_subnetworks):
    check(num_subnetworks, [784, 1024, 1024, 10], True, True, want=2**2832)
    # 20 units: in 10^5 steps dropout meets a tenth of the sub-networks at most.
    check(num_subnetworks, [5, 20, 1], False, True, want=1048576)


@claim("S4-052")
def test_where_nothing_may_be_lost_there_is_one(num_subnetworks):
    check(num_subnetworks, [4, 3, 2], False, False, want=1)
    check(num_subnetworks, [4, 2], False, True, want=1)
    check(num_subnetworks, [1, 1], True, True, want=2)


def test_refuses_what_is_no_network(num_subnetworks):
    for sizes in ([3], [3, 0, 1], [0, 2], [2, -1]):
        naming = {"layer_sizes": sizes}
        check(num_subnetworks, sizes, True, True, raises=ValueError, naming=naming)


def counted(layer_sizes, drop_input, drop_hidden):
    return drop_input * layer_sizes[0], drop_hidden * sum(layer_sizes[1:-1])


@wrong("count output units among those that may be lost")
def with_outputs(layer_sizes, drop_input, drop_hidden):
    return 2 ** (drop_input * layer_sizes[0] + drop_hidden * sum(layer_sizes[1:]))


@wrong("multiply the units of a layer with 2, and not 2 with itself")
def twice(layer_sizes, drop_input, drop_hidden):
    return 2 * sum(counted(layer_sizes, drop_input, drop_hidden))


@wrong("leave out the empty sets: no unit of a layer need stay")
def without_empty(layer_sizes, drop_input, drop_hidden):
    count = 2 ** layer_sizes[0] - 1 if drop_input else 1
    for size in layer_sizes[1:-1]:
        count *= 2**size - 1 if drop_hidden else 1
    return count


@wrong("lose inputs and hidden units whatever is asked for")
def ignores_flags(layer_sizes, drop_input, drop_hidden):
    return 2 ** sum(layer_sizes[:-1])


@wrong("lose whole layers: a unit goes by itself")
def whole_layers(layer_sizes, drop_input, drop_hidden):
    return 2 ** (drop_input + drop_hidden * (len(layer_sizes) - 2))


@wrong("lose connections and not units", right_for="DropConnect; here units are lost")
def connections(layer_sizes, drop_input, drop_hidden):
    pairs = list(itertools.pairwise(layer_sizes))
    return 2 ** (
        drop_input * pairs[0][0] * pairs[0][1] + drop_hidden * sum(a * b for a, b in pairs[1:])
    )


@wrong("look at the first hidden layer alone")
def first_hidden(layer_sizes, drop_input, drop_hidden):
    hidden = layer_sizes[1] if len(layer_sizes) > 2 else 0
    return 2 ** (drop_input * layer_sizes[0] + drop_hidden * hidden)


@wrong("compute a float and round it: from 2^1024 on it is infinite")
def by_floats(layer_sizes, drop_input, drop_hidden):
    exponent = sum(counted(layer_sizes, drop_input, drop_hidden))
    return int(2.0**exponent) if exponent < 1024 else 0


@right("by adding up binomial coefficients")
def by_binomials(layer_sizes, drop_input, drop_hidden):
    import math

    if len(layer_sizes) < 2 or any(size < 1 for size in layer_sizes):
        raise ValueError(f"layer_sizes={layer_sizes}")
    n = sum(counted(layer_sizes, drop_input, drop_hidden))
    return sum(math.comb(n, lost) for lost in range(n + 1)) if n < 100 else 1 << n
