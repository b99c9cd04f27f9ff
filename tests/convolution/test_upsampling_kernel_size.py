"""dilation (kernel - 1) + 1 = factor + 2 padding - output_padding."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("conv_transpose_output_size",),
    hints=(
        "Write down the output size of the transposed convolution, and set it to factor * size.",
        "The size drops out of the equation: solve it for what the dilated kernel reaches over.",
        "Without dilation and output_padding: kernel = factor + 2 * padding.",
    ),
)


def magnifies(factor, padding=0, output_padding=0, dilation=1):
    """Expect a kernel with which torch's output is `factor` times as long as inputs of 3 and 5."""

    def holds(kernel):
        weight = torch.empty(1, 1, kernel)
        inputs = [torch.empty(0, 1, n) for n in (3, 5)]
        rest = (weight, None, factor, padding, output_padding, 1, dilation)
        lengths = [torch.conv_transpose1d(x, *rest).shape[-1] for x in inputs]
        return lengths == [3 * factor, 5 * factor]

    return such_that(
        f"a kernel that turns 3 entries into {3 * factor} and 5 into {5 * factor}", holds
    )


@claim("S3-382")
def test_the_kernel_is_the_factor_and_the_padding_of_both_sides(upsampling_kernel_size):
    check(upsampling_kernel_size, 2, want=2)
    check(upsampling_kernel_size, 2, 1, want=4)
    check(upsampling_kernel_size, 3, padding=2, want=7)
    check(upsampling_kernel_size, 1, want=1)


@claim("S3-382", "S1-249")
def test_a_factor_of_32_needs_64_with_16_on_each_side(upsampling_kernel_size):
    check(upsampling_kernel_size, 32, padding=16, want=64)


@claim("S3-382")
def test_output_padding_makes_the_kernel_smaller(upsampling_kernel_size):
    check(upsampling_kernel_size, 2, padding=1, output_padding=1, want=3)
    check(upsampling_kernel_size, 4, 2, 3, want=5)


@claim("S3-382")
def test_a_dilated_kernel_reaches_further_with_fewer_weights(upsampling_kernel_size):
    check(upsampling_kernel_size, 3, padding=1, dilation=2, want=3)
    check(upsampling_kernel_size, 2, 1, 1, 2, want=2)
    check(upsampling_kernel_size, 1, dilation=3, want=1)


@claim("S3-382")
@given(st.integers(1, 6), st.integers(0, 4), st.integers(1, 5), st.data())
def test_torchs_layer_magnifies_exactly(upsampling_kernel_size, factor, padding, dilation, data):
    output_padding = data.draw(st.integers(0, max(factor, dilation) - 1))
    reach = factor + 2 * padding - output_padding
    if reach < 1:  # too much output_padding, and no multiple of the dilation: name either
        call = {"raises": ValueError}
    elif (reach - 1) % dilation:
        call = {"raises": ValueError, "naming": {"dilation": dilation}}
    else:
        call = {"want": magnifies(factor, padding, output_padding, dilation)}
    check(upsampling_kernel_size, factor, padding, output_padding, dilation, **call)


def test_refuses_what_no_kernel_can_do(upsampling_kernel_size):
    check(upsampling_kernel_size, 2, dilation=2, raises=ValueError, naming={"dilation": 2})
    check(upsampling_kernel_size, 4, 1, 3, 5, raises=ValueError, naming={"dilation": 5})
    check(upsampling_kernel_size, 0, 1, raises=ValueError, naming={"factor": 0})
    check(upsampling_kernel_size, 2, dilation=0, raises=ValueError, naming={"dilation": 0})


def test_refuses_an_output_padding_that_leaves_no_weight(upsampling_kernel_size):
    check(upsampling_kernel_size, 1, 0, 1, 2, raises=ValueError)
    check(upsampling_kernel_size, 2, 0, 4, 5, raises=ValueError)


def test_refuses_an_output_padding_that_torch_refuses(upsampling_kernel_size):
    check(upsampling_kernel_size, 2, 1, 2, raises=ValueError, naming={"output_padding": 2})
    check(upsampling_kernel_size, 2, 2, 5, raises=ValueError, naming={"output_padding": 5})


@wrong(
    "add the padding of one side: torch cuts it off on both",
    right_for="padding given in total; here it is given per side",
)
def one_side(factor, padding=0, output_padding=0, dilation=1):
    return (factor + padding - output_padding - 1) // dilation + 1


@wrong("leave out the padding")
def ignores_padding(factor, padding=0, output_padding=0, dilation=1):
    return (factor - output_padding - 1) // dilation + 1


@wrong("leave out output_padding")
def ignores_output_padding(factor, padding=0, output_padding=0, dilation=1):
    return (factor + 2 * padding - 1) // dilation + 1


@wrong("add output_padding: it gives entries that the kernel then needn't")
def adds_output_padding(factor, padding=0, output_padding=0, dilation=1):
    return (factor + 2 * padding + output_padding - 1) // dilation + 1


@wrong("leave out the dilation")
def ignores_dilation(factor, padding=0, output_padding=0, dilation=1):
    return factor + 2 * padding - output_padding


@wrong("divide the reach by the dilation: the gaps are one fewer than the weights")
def divided_reach(factor, padding=0, output_padding=0, dilation=1):
    return (factor + 2 * padding - output_padding) // dilation


@wrong("double the factor, whatever the padding: right only for padding = factor / 2")
def twice_the_factor(factor, padding=0, output_padding=0, dilation=1):
    return 2 * factor


@wrong("round down where no kernel has the size", accepts_bad_input=True)
def rounded_down(factor, padding=0, output_padding=0, dilation=1):
    return (factor + 2 * padding - output_padding - 1) // dilation + 1


@right("by trying one kernel after the other")
def tried(factor, padding=0, output_padding=0, dilation=1):
    if factor < 1 or dilation < 1:
        raise ValueError(f"{factor=} and {dilation=} must be positive")
    need = factor + 2 * padding - output_padding
    if output_padding >= factor and output_padding >= dilation:
        raise ValueError(f"{output_padding=} is more than there is")
    for kernel in range(1, need + 1):
        if dilation * (kernel - 1) + 1 == need:
            return kernel
    raise ValueError(f"no kernel of {dilation=} reaches over exactly {need}")
