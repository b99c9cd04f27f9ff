"""(in, out / groups, k_h, k_w) of a transposed layer, (out, in / groups, k_h, k_w) of another."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="predict",
    after=("conv_parameter_count",),
    forbid=("torch.nn",),
    instead="say which dimension the groups divide",
    hints=(
        "A transposed convolution of 4 to 6 channels runs a convolution of 6 to 4 backwards.",
        "The two weights can be shared between them: what one takes the other gives.",
    ),
)


@claim("S4-230")
def test_a_transposed_layer_has_its_inputs_first(conv_transpose_weight_shape):
    check(conv_transpose_weight_shape, 4, 6, (3, 5), want=(4, 6, 3, 5))
    check(conv_transpose_weight_shape, 10, 10, (3, 3), want=(10, 10, 3, 3))


@claim("S4-230", "S4-224", "S4-225", "S4-226")
def test_a_convolution_has_its_outputs_first(conv_transpose_weight_shape):
    check(conv_transpose_weight_shape, 4, 6, (3, 5), transposed=False, want=(6, 4, 3, 5))
    check(conv_transpose_weight_shape, 3, 10, (5, 5), 1, False, want=(10, 3, 5, 5))
    check(conv_transpose_weight_shape, 10, 10, (1, 1), 1, False, want=(10, 10, 1, 1))


@claim("S4-230")
def test_groups_divide_the_second_dimension(conv_transpose_weight_shape):
    check(conv_transpose_weight_shape, 4, 6, (3, 2), groups=2, want=(4, 3, 3, 2))
    check(conv_transpose_weight_shape, 4, 6, (3, 2), 2, transposed=False, want=(6, 2, 3, 2))


@claim("S4-230")
@given(*[st.integers(1, 4)] * 5, st.booleans())
def test_is_the_shape_of_torchs_weight(
    conv_transpose_weight_shape, groups, i, o, height, width, transposed
):
    make = torch.nn.ConvTranspose2d if transposed else torch.nn.Conv2d
    layer = make(groups * i, groups * o, (height, width), groups=groups, device="meta")
    check(
        conv_transpose_weight_shape, groups * i, groups * o, (height, width), groups,
        transposed=transposed, want=tuple(layer.weight.shape),
    )  # fmt: skip


@claim("S4-230")
def test_refuses_groups_that_do_not_divide_the_channels(conv_transpose_weight_shape):
    call = {"raises": ValueError, "naming": {"groups": 4}}
    check(conv_transpose_weight_shape, 8, 6, (3, 3), 4, **call)
    check(conv_transpose_weight_shape, 6, 8, (3, 3), 4, **call)
    check(conv_transpose_weight_shape, 6, 8, (3, 3), 4, transposed=False, **call)
    check(conv_transpose_weight_shape, 8, 6, (3, 3), 4, transposed=False, **call)
    for groups in (0, -2):
        call = {"raises": ValueError, "naming": {"groups": groups}}
        check(conv_transpose_weight_shape, 6, 8, (3, 3), groups, **call)


@wrong("give a convolution's shape for both")
def outputs_first(in_channels, out_channels, kernel, groups=1, transposed=True):
    return (out_channels, in_channels // groups, *kernel)


@wrong("give a transposed layer's shape for both")
def inputs_first(in_channels, out_channels, kernel, groups=1, transposed=True):
    return (in_channels, out_channels // groups, *kernel)


@wrong("divide the inputs by the groups in both layouts: it is always the second dimension")
def inputs_divided(in_channels, out_channels, kernel, groups=1, transposed=True):
    if transposed:
        return (in_channels // groups, out_channels, *kernel)
    return (out_channels, in_channels // groups, *kernel)


@wrong("leave out the groups")
def ignores_groups(in_channels, out_channels, kernel, groups=1, transposed=True):
    first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
    return (first, second, *kernel)


@wrong("swap the height and the width of a transposed layer's kernel")
def turned_kernel(in_channels, out_channels, kernel, groups=1, transposed=True):
    if transposed:
        return (in_channels, out_channels // groups, *kernel[::-1])
    return (out_channels, in_channels // groups, *kernel)


@wrong(
    "put the kernel before the channels, as other libraries do",
    right_for="libraries that put the kernel first; here the channels come first, as in torch",
)
def kernel_first(in_channels, out_channels, kernel, groups=1, transposed=True):
    first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
    return (*kernel, second // groups, first)


@right("that of the convolution which the layer is or runs backwards")
def backwards(in_channels, out_channels, kernel, groups=1, transposed=True):
    if groups < 1 or (in_channels % groups, out_channels % groups) != (0, 0):
        raise ValueError(f"{groups=} must divide the channels")
    takes, gives = in_channels, out_channels
    if transposed:
        takes, gives = gives, takes
    height, width = kernel
    return gives, takes // groups, height, width
