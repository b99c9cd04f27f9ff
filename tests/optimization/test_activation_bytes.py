"""batch_size * (the widths of what goes into linear layers) * bytes: in proportion to the batch."""

import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("accumulate_gradients",),
    hints=(
        "Which tensor does the gradient of a linear layer's weight need, besides the one that comes back?",
        "Its input. And a ReLU's: where its result is above 0, the very tensor that goes on.",
        "batch_size * sum(widths[:-1]) * bytes_per_entry.",
    ),
)


def kept(widths, batch_size, dtype):
    """The bytes that torch keeps, by its own books, without the parameters."""
    layers = []
    for inside, outside in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inside, outside, dtype=dtype), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    own = {p.untyped_storage().data_ptr() for p in network.parameters()}
    saved = {}

    def keep(tensor):
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    batch = torch.ones(batch_size, widths[0], dtype=dtype)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(batch)
    return sum(size for at, size in saved.items() if at not in own)


@claim("S2-051")
def test_a_case_worked_by_hand(activation_bytes):
    check(activation_bytes, [5, 3, 2], batch_size=10, want=10 * (5 + 3) * 4)
    for size in (1, 2, 8):
        args = ([5, 3, 2], 10, size)
        check(activation_bytes, *args, want=10 * (5 + 3) * size)


@claim("S2-051")
def test_grows_in_proportion_to_the_batch(activation_bytes):
    for batch_size in (0, 1, 2, 64, 100_000):
        check(activation_bytes, [784, 256, 100, 10], batch_size, want=4560 * batch_size)


@claim("S2-051")
def test_a_single_layer_keeps_its_inputs(activation_bytes):
    check(activation_bytes, [7, 1000], 3, want=84)
    check(activation_bytes, [1000, 7], 3, want=12_000)


@claim("S2-051")
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.integers(1, 6),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_is_what_torch_keeps(activation_bytes, widths, batch_size, dtype):
    want = kept(widths, batch_size, dtype)
    check(activation_bytes, widths, batch_size, dtype.itemsize, want=want)


def test_refuses_networks_without_layers(activation_bytes):
    for widths in ([], [5], [5, 0, 2], [3, -1]):
        check(activation_bytes, widths, 4, raises=ValueError, naming={"widths": widths})


def test_refuses_sizes_that_make_no_sense(activation_bytes):
    check(activation_bytes, [5, 3], -1, raises=ValueError, naming={"batch_size": -1})
    for size in (0, -4):
        naming = {"bytes_per_entry": size}
        check(activation_bytes, [5, 3], 4, size, raises=ValueError, naming=naming)


@wrong("count the outputs as well: no gradient of a parameter needs them")
def with_the_outputs(widths, batch_size, bytes_per_entry=4):
    return batch_size * sum(widths) * bytes_per_entry


@wrong("leave out the inputs: the first layer's gradient needs them")
def without_the_inputs(widths, batch_size, bytes_per_entry=4):
    return batch_size * sum(widths[1:]) * bytes_per_entry


@wrong("count the hidden units only")
def hidden_only(widths, batch_size, bytes_per_entry=4):
    return batch_size * sum(widths[1:-1]) * bytes_per_entry


@wrong("count what goes into each ReLU too: its result is enough")
def relus_twice(widths, batch_size, bytes_per_entry=4):
    return batch_size * (sum(widths[:-1]) + sum(widths[1:-1])) * bytes_per_entry


@wrong("count the parameters: they take as much whatever the batch")
def with_the_parameters(widths, batch_size, bytes_per_entry=4):
    parameters = sum((a + 1) * b for a, b in itertools.pairwise(widths))
    return (batch_size * sum(widths[:-1]) + parameters) * bytes_per_entry


@wrong("take four bytes an entry whatever the dtype")
def always_four(widths, batch_size, bytes_per_entry=4):
    return batch_size * sum(widths[:-1]) * 4


@wrong("keep only the widest layer's tensor: that is enough without a backward pass",
       right_for="inference; here the backward pass is still to come")  # fmt: skip
def widest(widths, batch_size, bytes_per_entry=4):
    return batch_size * max(widths[:-1]) * bytes_per_entry


@wrong("forget the batch")
def of_one_row(widths, batch_size, bytes_per_entry=4):
    return sum(widths[:-1]) * bytes_per_entry


@right("layer by layer")
def layer_by_layer(widths, batch_size, bytes_per_entry=4):
    if len(widths) <= 1 or any(w <= 0 for w in widths):
        raise ValueError(f"`widths` can't be {widths}")
    if batch_size < 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    if bytes_per_entry <= 0:
        raise ValueError(f"`bytes_per_entry` can't be {bytes_per_entry}")
    total = 0
    for inside, _ in itertools.pairwise(widths):
        total += batch_size * inside * bytes_per_entry
    return total
