"""floor((size - 1) / (dilation (kernel - 1))), without limit for a kernel of 1."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("conv_output_size",),
    forbid=("convolution", "conv_transpose"),
    instead="count how many entries each layer takes away",
    hints=(
        "A kernel of 3 takes 2 entries away. How often can you take 2 from 32, and keep 1?",
        "dilation * (kernel - 1) entries are lost in each layer, and size - 1 may be.",
    ),
)


def stacked(size, kernel, dilation):
    """Let one of torch's layers follow the other until it raises, and count them."""
    x, weight = torch.empty(0, 1, size), torch.empty(1, 1, kernel)
    for layers in range(size + 1):
        try:
            x = torch.conv1d(x, weight, dilation=dilation)
        except RuntimeError:
            return layers
    return None


@claim("S4-207")
def test_an_image_is_used_up_by_a_few_layers(max_valid_layers):
    check(max_valid_layers, 30, 5, want=7)
    check(max_valid_layers, 32, 3, want=15)
    check(max_valid_layers, 28, 5, want=6)
    check(max_valid_layers, 224, 3, want=111)


@claim("S4-207", "S4-206")
def test_the_last_layer_keeps_one_entry(max_valid_layers):
    check(max_valid_layers, 5, 3, want=2)
    check(max_valid_layers, 7, 4, want=2)
    check(max_valid_layers, 4, 4, want=1)


@claim("S4-207")
def test_dilated_layers_use_it_up_sooner(max_valid_layers):
    check(max_valid_layers, 32, 3, dilation=2, want=7)
    check(max_valid_layers, 32, 2, 5, want=6)


@claim("S4-207")
def test_a_kernel_that_does_not_fit_allows_no_layer(max_valid_layers):
    check(max_valid_layers, 2, 3, want=0)
    check(max_valid_layers, 4, 3, dilation=2, want=0)


@claim("S4-207")
def test_a_kernel_of_one_weight_takes_nothing_away(max_valid_layers):
    check(max_valid_layers, 9, 1, want=None)
    check(max_valid_layers, 1, 1, 3, want=None)


@claim("S4-207", "S4-206")
@given(st.integers(1, 20), st.integers(1, 5), st.integers(1, 3))
def test_counts_torchs_layers_until_one_raises(max_valid_layers, size, kernel, dilation):
    check(max_valid_layers, size, kernel, dilation=dilation, want=stacked(size, kernel, dilation))


def test_refuses_what_no_layer_has(max_valid_layers):
    check(max_valid_layers, 0, 3, raises=ValueError, naming={"size": 0})
    check(max_valid_layers, 5, 0, raises=ValueError, naming={"kernel": 0})
    check(max_valid_layers, 5, 3, 0, raises=ValueError, naming={"dilation": 0})
    check(max_valid_layers, 0, 1, raises=ValueError, naming={"size": 0})
    check(max_valid_layers, 5, 1, 0, raises=ValueError, naming={"dilation": 0})


@wrong("let the layers use up the last entry as well")
def down_to_nothing(size, kernel, dilation=1):
    return size // (dilation * (kernel - 1)) if kernel > 1 else None


@wrong("take a whole kernel away for each layer")
def kernel_lost(size, kernel, dilation=1):
    return (size - 1) // (dilation * kernel) if kernel > 1 else None


@wrong("stop as soon as the output is smaller than the kernel: it still had a last layer")
def one_too_few(size, kernel, dilation=1):
    return (size - 1) // (dilation * (kernel - 1)) - 1 if kernel > 1 else None


@wrong("leave out the dilation")
def ignores_dilation(size, kernel, dilation=1):
    return (size - 1) // (kernel - 1) if kernel > 1 else None


@wrong("round up: the last layer no longer has room for its kernel")
def rounded_up(size, kernel, dilation=1):
    return -((1 - size) // (dilation * (kernel - 1))) if kernel > 1 else None


@wrong("divide by 0 for a kernel of one weight")
def unlimited_forgotten(size, kernel, dilation=1):
    return (size - 1) // (dilation * (kernel - 1))


@wrong("call a kernel of one weight good for `size` layers")
def limited(size, kernel, dilation=1):
    return (size - 1) // (dilation * (kernel - 1)) if kernel > 1 else size


@wrong("allow a first layer even where the kernel doesn't fit")
def at_least_one(size, kernel, dilation=1):
    return max(1, (size - 1) // (dilation * (kernel - 1))) if kernel > 1 else None


@right("layer after layer, until the kernel no longer fits")
def layer_by_layer(size, kernel, dilation=1):
    if min(size, kernel, dilation) < 1:
        raise ValueError(f"{size=}, {kernel=} and {dilation=} must be positive")
    if kernel == 1:
        return None
    layers, reach = 0, dilation * (kernel - 1) + 1
    while size >= reach:
        size, layers = size - reach + 1, layers + 1
    return layers
