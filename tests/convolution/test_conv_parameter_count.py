"""out (in / groups) k_h k_w weights, and out biases."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    forbid=("torch.nn",),
    instead="multiply the sizes of the weight, and add the biases",
    hints=(
        "Which numbers does one output channel need to be computed at one place?",
        "in_channels / groups kernels an output channel, of height times width weights each.",
    ),
)


def torchs(in_channels, out_channels, kernel, groups, bias):
    """Count what torch's own layer holds."""
    layer = torch.nn.Conv2d(
        in_channels, out_channels, kernel, groups=groups, bias=bias, dilation=2, device="meta"
    )
    return sum(parameter.numel() for parameter in layer.parameters())


@claim("S4-201", "S4-224", "S4-225", "S4-226", "S4-230")
def test_each_output_channel_has_a_kernel_for_each_input_channel(conv_parameter_count):
    check(conv_parameter_count, 3, 10, 5, want=760)
    check(conv_parameter_count, 10, 10, 1, want=110)
    check(conv_parameter_count, 10, 10, 3, want=910)


@claim("S4-201", "S4-224")
def test_without_bias_only_the_weights_count(conv_parameter_count):
    check(conv_parameter_count, 3, 10, 5, bias=False, want=750)
    check(conv_parameter_count, 4, 6, 3, 1, False, want=216)


@claim("S4-201")
def test_a_kernel_may_be_higher_than_wide(conv_parameter_count):
    check(conv_parameter_count, 2, 5, (3, 4), want=125)
    check(conv_parameter_count, 2, 5, (1, 7), bias=False, want=70)


@claim("S4-201")
def test_groups_divide_the_weights_but_not_the_biases(conv_parameter_count):
    check(conv_parameter_count, 8, 16, 3, groups=4, bias=False, want=288)
    check(conv_parameter_count, 8, 16, 3, groups=4, want=304)
    check(conv_parameter_count, 6, 6, (2, 3), 6, want=42, why="depthwise: one kernel a channel")


@claim("S4-201", "S4-219", "S4-224", "S4-226")
@given(
    *[st.integers(1, 4)] * 3, st.one_of(st.integers(1, 5), st.tuples(*[st.integers(1, 5)] * 2)),
    st.booleans(),
)  # fmt: skip
def test_counts_what_torchs_layer_holds(conv_parameter_count, groups, i, o, kernel, bias):
    given = (groups * i, groups * o, kernel, groups, bias)
    check(conv_parameter_count, *given[:3], groups=groups, bias=bias, want=torchs(*given))


@claim("S4-201")
def test_refuses_groups_that_do_not_divide_the_channels(conv_parameter_count):
    check(conv_parameter_count, 8, 9, 3, 4, raises=ValueError, naming={"groups": 4})
    check(conv_parameter_count, 9, 6, 3, 6, raises=ValueError, naming={"groups": 6})
    check(conv_parameter_count, 4, 4, 3, 0, raises=ValueError, naming={"groups": 0})
    check(conv_parameter_count, 4, 4, 3, -2, raises=ValueError, naming={"groups": -2})


def sides(kernel):
    """Return the height and the width of a kernel."""
    return (kernel, kernel) if isinstance(kernel, int) else kernel


@wrong("leave out the groups: each output channel sees its group of inputs only")
def ignores_groups(in_channels, out_channels, kernel, groups=1, bias=True):
    h, w = sides(kernel)
    return out_channels * (in_channels * h * w + bias)


@wrong("divide the outputs by the groups as well")
def groups_twice(in_channels, out_channels, kernel, groups=1, bias=True):
    h, w = sides(kernel)
    return out_channels // groups * (in_channels // groups * h * w) + out_channels * bias


@wrong("divide the biases by the groups as well")
def grouped_bias(in_channels, out_channels, kernel, groups=1, bias=True):
    h, w = sides(kernel)
    return out_channels * (in_channels * h * w + bias) // groups


@wrong("forget the biases")
def no_bias(in_channels, out_channels, kernel, groups=1, bias=True):
    h, w = sides(kernel)
    return out_channels * (in_channels // groups) * h * w


@wrong("count one bias for the whole layer")
def one_bias(in_channels, out_channels, kernel, groups=1, bias=True):
    return no_bias(in_channels, out_channels, kernel, groups) + bias


@wrong("count a bias for each input channel")
def bias_of_inputs(in_channels, out_channels, kernel, groups=1, bias=True):
    return no_bias(in_channels, out_channels, kernel, groups) + in_channels * bias


@wrong("count biases that the layer doesn't have")
def always_bias(in_channels, out_channels, kernel, groups=1, bias=True):
    return no_bias(in_channels, out_channels, kernel, groups) + out_channels


@wrong("take every kernel for a square")
def square(in_channels, out_channels, kernel, groups=1, bias=True):
    return no_bias(in_channels, out_channels, sides(kernel)[0], groups) + out_channels * bias


@wrong("share one kernel among all input channels")
def flat_kernel(in_channels, out_channels, kernel, groups=1, bias=True):
    h, w = sides(kernel)
    return out_channels * (h * w + bias)


@right("group by group")
def by_groups(in_channels, out_channels, kernel, groups=1, bias=True):
    if groups <= 0 or in_channels % groups != 0 or out_channels % groups != 0:
        raise ValueError(f"{groups=} does not split {in_channels} and {out_channels} channels")
    h, w = (kernel, kernel) if isinstance(kernel, int) else kernel
    i, o = in_channels // groups, out_channels // groups
    weights = sum(i * o * h * w for _ in range(groups))
    return weights + (out_channels if bias else 0)
