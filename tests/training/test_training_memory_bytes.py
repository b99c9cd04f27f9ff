"""(2 + states) * parameters + batch_size * (what goes into linear layers), in bytes."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("activation_bytes",),
    hints=(
        "Which of the four parts know of the batch size at all?",
        "A linear layer from a to b has a * b weights and b biases; each has a gradient as well.",
        "((2 + states) * parameters + batch_size * sum(widths[:-1])) * bytes_per_entry.",
    ),
)
MADE = {
    "sgd": lambda ps: torch.optim.SGD(ps, lr=0.1),
    "momentum": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9),
    "adam": lambda ps: torch.optim.Adam(ps, lr=0.1),
}


def held(widths, batch_size, optimizer, dtype):
    """The bytes of the tensors that torch holds in training, counted one by one."""
    layers = []
    for inside, outside in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inside, outside, dtype=dtype), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    made, saved = MADE[optimizer](model.parameters()), {}

    def keep(tensor):
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x = torch.ones(batch_size, widths[0], dtype=dtype)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        out = model(x)
    out.sum().backward()
    made.step()
    own = list(model.parameters())
    moments = [s for state in made.state.values() for k, s in state.items() if k != "step"]
    known = {p.untyped_storage().data_ptr() for p in own}
    of_the_batch = sum(size for at, size in saved.items() if at not in known)
    moments = [m for m in moments if m is not None]
    return 2 * sum(p.nbytes for p in own) + sum(m.nbytes for m in moments) + of_the_batch


@claim("S4-166", "S3-095")
@pytest.mark.parametrize(("optimizer", "want"), [("sgd", 624), ("momentum", 728), ("adam", 832)])
def test_a_case_worked_by_hand(training_memory_bytes, optimizer, want):
    # 5-3-2: 18 + 8 = 26 parameters of 4 bytes; a batch of 13 keeps 13 * 8 entries.
    check(training_memory_bytes, [5, 3, 2], 13, optimizer, want=want)


@counterexample("S4-166")  # in proportion to the batch
def test_twice_the_batch_is_not_twice_the_memory(training_memory_bytes):
    for batch_size, want in ((1, 1275696), (2, 1279232)):
        check(training_memory_bytes, [784, 100, 10], batch_size, "adam", want=want)


@claim("S4-166")
def test_without_a_batch_the_fixed_part_is_left(training_memory_bytes):
    for optimizer, copies in (("sgd", 2), ("momentum", 3), ("adam", 4)):
        check(training_memory_bytes, [784, 100, 10], 0, optimizer, want=copies * 4 * 79510)


@claim("S4-166", "S3-095")
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=4),
    st.integers(1, 6),
    st.sampled_from(["sgd", "momentum", "adam"]),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_is_what_torch_holds(training_memory_bytes, widths, batch_size, optimizer, dtype):
    want = held(widths, batch_size, optimizer, dtype)
    check(training_memory_bytes, widths, batch_size, optimizer, dtype.itemsize, want=want)


def test_entries_of_one_two_and_eight_bytes(training_memory_bytes):
    for size in (1, 2, 8):
        check(training_memory_bytes, [7, 4], 3, "momentum", size, want=(3 * 32 + 21) * size)


def test_refuses_networks_without_layers(training_memory_bytes):
    for widths in ([], [5], [5, 0, 2], [3, -1]):
        args = (widths, 4, "sgd")
        check(training_memory_bytes, *args, raises=ValueError, naming={"widths": widths})


def test_refuses_sizes_and_optimizers_that_are_none(training_memory_bytes):
    for bad in ({"batch_size": -1}, {"bytes_per_entry": 0}, {"bytes_per_entry": -4}):
        options = {"batch_size": 3, "optimizer": "adam", "bytes_per_entry": 4} | bad
        check(training_memory_bytes, [5, 3], **options, raises=ValueError, naming=bad)
    for name in ("Adam", "rmsprop", ""):
        naming = {"optimizer": name} if name else {}
        check(training_memory_bytes, [5, 3], 4, name, raises=ValueError, naming=naming)


def count(widths, batch_size, copies, size, inputs=None):
    parameters = sum((a + 1) * b for a, b in itertools.pairwise(widths))
    kept = sum(widths[:-1]) if inputs is None else inputs
    return (copies * parameters + batch_size * kept) * size


COPIES = {"sgd": 2, "momentum": 3, "adam": 4}


@wrong("let all of it grow with the batch: parameters don't")
def proportional(widths, batch_size, optimizer, bytes_per_entry=4):
    return batch_size * count(widths, 1, COPIES[optimizer], bytes_per_entry)


@wrong("forget the gradients")
def without_gradients(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, COPIES[optimizer] - 1, bytes_per_entry)


@wrong("forget the biases")
def without_biases(widths, batch_size, optimizer, bytes_per_entry=4):
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    return (COPIES[optimizer] * weights + batch_size * sum(widths[:-1])) * bytes_per_entry


@wrong("give every optimizer the two moments of Adam")
def always_adam(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, 4, bytes_per_entry)


@wrong("forget the optimizer's state")
def without_state(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, 2, bytes_per_entry)


@wrong("give Adam one moment, as momentum has")
def one_moment(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, min(COPIES[optimizer], 3), bytes_per_entry)


@wrong("count the outputs too: no gradient of a parameter needs them")
def with_outputs(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, COPIES[optimizer], bytes_per_entry, sum(widths))


@wrong("leave out the inputs: the first layer's gradient needs them")
def without_inputs(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, COPIES[optimizer], bytes_per_entry, sum(widths[1:-1]))


@wrong("count what goes into each ReLU as well")
def relus_twice(widths, batch_size, optimizer, bytes_per_entry=4):
    inputs = sum(widths[:-1]) + sum(widths[1:-1])
    return count(widths, batch_size, COPIES[optimizer], bytes_per_entry, inputs)


@wrong("take four bytes an entry whatever the dtype")
def always_four(widths, batch_size, optimizer, bytes_per_entry=4):
    return count(widths, batch_size, COPIES[optimizer], 4)


@wrong("count the parameters in entries and not in bytes")
def entries_and_bytes(widths, batch_size, optimizer, bytes_per_entry=4):
    fixed = count(widths, 0, COPIES[optimizer], 1)
    return fixed + batch_size * sum(widths[:-1]) * bytes_per_entry


@right("layer by layer")
def layer_by_layer(widths, batch_size, optimizer, bytes_per_entry=4):
    if len(widths) <= 1 or any(w <= 0 for w in widths):
        raise ValueError(f"`widths` can't be {widths}")
    if batch_size < 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    if bytes_per_entry <= 0:
        raise ValueError(f"`bytes_per_entry` can't be {bytes_per_entry}")
    if optimizer not in COPIES:
        raise ValueError(f"`optimizer` can't be {optimizer!r}")
    total = 0
    for inside, outside in itertools.pairwise(widths):
        total += COPIES[optimizer] * (inside * outside + outside) + batch_size * inside
    return total * bytes_per_entry
