"""n out h_out w_out (c / groups) k_h k_w multiplications, and one addition less an output."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("conv_output_size", "conv_parameter_count"),
    forbid=("convolution", "conv_transpose", "torch.utils.flop_counter"),
    instead="count the products of one output entry, and the output's entries",
    hints=(
        "How many products are in one entry of the output? How many entries has the output?",
        "c / groups * kernel height * kernel width products; n * out * h_out * w_out entries.",
        "A sum of m products has m - 1 additions; the bias makes it m.",
    ),
)


@st.composite
def layers(draw):
    """Draw the arguments of a layer whose kernel fits into every image."""
    groups, i, o = (draw(st.integers(1, 3)) for _ in range(3))
    axes = []
    for _ in range(2):
        kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
        least = max(1, dilation * (kernel - 1) + 1 - 2 * padding)
        axes.append((draw(st.integers(least, least + 4)), kernel, stride, padding, dilation))
    (h, w), kernel, stride, padding, dilation = zip(*axes, strict=True)
    shape = (draw(st.integers(1, 3)), groups * i, h, w)
    return shape, groups * o, kernel, stride, padding, dilation, groups, draw(st.booleans())


def cost(multiplications, additions):
    """Return the dict that is expected, FLOPs being two for each multiply-add."""
    return {
        "multiplications": multiplications,
        "additions": additions,
        "flops": 2 * multiplications,
    }


def counted(shape, out_channels, kernel, stride, padding, dilation, groups, bias):
    """Let torch count: an entry of a convolution of ones is the number of its products."""
    rows, columns = (v + 2 * p for v, p in zip(shape[2:], padding, strict=True))
    x = torch.ones(*shape[:2], rows, columns)  # zeros of the padding count like any other entry
    weight = torch.ones(out_channels, shape[1] // groups, *kernel)
    y = torch.conv2d(x, weight, None, stride, 0, dilation, groups)
    multiplications = int(y.double().sum())
    return cost(multiplications, multiplications - (0 if bias else y.numel()))


@claim("S0-216", "S0-217", "S0-218", "S4-204")
def test_one_channel_and_one_place(conv_cost):
    check(conv_cost, (1, 1, 3, 2), 1, (3, 2), want=cost(6, 5))
    check(conv_cost, (1, 1, 3, 2), 1, (3, 2), bias=True, want=cost(6, 6))
    check(conv_cost, (1, 1, 1, 1), 1, (1, 1), want=cost(1, 0), why="one product needs no sum")


@claim("S0-216", "S0-217", "S4-202")
def test_every_channel_in_and_out_counts(conv_cost):
    check(conv_cost, (1, 3, 5, 4), 2, (2, 3), want=cost(288, 272))
    check(conv_cost, (1, 3, 5, 5), 1, (5, 5), want=cost(75, 74))
    check(conv_cost, (1, 64, 8, 10), 128, (3, 3), padding=(1, 0), want=cost(4718592, 4710400))


@claim("S4-202", "S4-203", "S4-204", "S0-218")
def test_positions_along_both_axes_count(conv_cost):
    check(conv_cost, (1, 3, 193, 193), 10, (5, 5), want=cost(26790750, 26433540))


@claim("S4-202", "S4-203")
def test_stride_padding_and_dilation_set_the_positions(conv_cost):
    check(conv_cost, (1, 2, 7, 9), 3, (3, 2), stride=(2, 3), want=cost(324, 297))
    check(conv_cost, (1, 2, 7, 9), 3, (3, 2), padding=(0, 2), want=cost(2160, 1980))
    check(conv_cost, (1, 2, 7, 9), 3, (3, 2), dilation=(3, 4), want=cost(180, 165))


@claim("S4-202")
def test_every_image_of_the_batch_counts(conv_cost):
    check(conv_cost, (4, 2, 3, 4), 3, (3, 2), bias=True, want=cost(432, 432))


@claim("S0-216", "S4-202")
def test_groups_divide_the_products(conv_cost):
    check(conv_cost, (1, 4, 3, 3), 6, (2, 3), groups=2, want=cost(144, 132))
    check(conv_cost, (1, 6, 2, 3), 6, (2, 2), groups=6, want=cost(48, 36), why="depthwise")


@claim("S0-216", "S0-217", "S0-218", "S4-202", "S4-203")
@given(layers())
def test_equals_what_torch_counts(conv_cost, drawn):
    shape, out_channels, kernel, stride, padding, dilation, groups, bias = drawn
    check(
        conv_cost, shape, out_channels, kernel, stride, padding, dilation,
        groups=groups, bias=bias, want=counted(*drawn),
    )  # fmt: skip


@claim("S0-216", "S0-217")
def test_a_kernel_of_9_weights_on_64_channels_has_576_products(conv_cost):
    check(conv_cost, (1, 64, 3, 3), 1, (3, 3), want=cost(576, 575))


def test_refuses_groups_that_do_not_divide_the_channels(conv_cost):
    call = {"raises": ValueError, "naming": {"groups": 4}}
    check(conv_cost, (1, 8, 5, 5), 6, (3, 3), groups=4, **call)
    check(conv_cost, (1, 6, 5, 5), 8, (3, 3), groups=4, **call)
    for groups in (0, -2):
        call = {"raises": ValueError, "naming": {"groups": groups}}
        check(conv_cost, (1, 6, 5, 5), 8, (3, 3), groups=groups, **call)


def test_refuses_a_kernel_that_finds_no_place(conv_cost):
    check(conv_cost, (1, 2, 5, 2), 3, (3, 4), raises=ValueError, naming={"kernel": (3, 4)})
    check(conv_cost, (1, 2, 3, 2), 3, (5, 4), raises=ValueError, naming={"kernel": (5, 4)})
    # A stride doesn't help: -1 / 2 rounded towards 0 would give a place.
    call = {"stride": (3, 2), "raises": ValueError}
    check(conv_cost, (1, 2, 5, 3), 3, (3, 4), **call, naming={"kernel": (3, 4)})
    check(conv_cost, (1, 2, 5, 3), 3, (7, 2), **call, naming={"kernel": (7, 2)})
    check(
        conv_cost, (1, 2, 4, 9), 3, (3, 2), dilation=(2, 1),
        raises=ValueError, naming={"kernel": (3, 2)},
    )  # fmt: skip


def positions(shape, kernel, stride, padding, dilation):
    """Return the output's height and width, which most wrong answers know."""
    axes = zip(shape[2:], kernel, stride, padding, dilation, strict=True)
    return [(v + 2 * p - d * (k - 1) - 1) // s + 1 for v, k, s, p, d in axes]


def total(entries, products, bias):
    """Return the cost of so many sums of so many products."""
    return cost(entries * products, entries * (products - 1 + bias))


ONE, NONE = (1, 1), (0, 0)


@wrong("count the positions of one axis only")
def one_axis(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, _ = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h, products, bias)


@wrong("count a kernel's weights for one input channel only")
def one_channel(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    return total(shape[0] * out_channels * h * w, kernel[0] * kernel[1], bias)


@wrong("leave out the groups")
def ignores_groups(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h * w, products, bias)


@wrong("count one image, whatever the batch")
def one_image(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(out_channels * h * w, products, bias)


@wrong("count the positions of the input, not of the output")
def input_positions(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * shape[2] * shape[3], products, bias)


@wrong("count the output channels twice: in the output's size and in the weights")
def channels_twice(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels**2 * h * w, products, bias)


@wrong("count as many additions as multiplications: the first product is added to nothing")
def accumulated(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h * w, products, True)


@wrong("leave out the addition of the bias")
def ignores_bias(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h * w, products, False)


@wrong(
    "call a multiply-add one FLOP: torch's counter calls it two",
    right_for="a count of multiply-adds; here each of them counts as two FLOPs",
)
def macs_for_flops(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    found = total(shape[0] * out_channels * h * w, products, bias)
    return found | {"flops": found["multiplications"]}


@wrong("add multiplications and additions for the FLOPs: the convention counts two a multiply-add")
def exact_flops(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, dilation)
    products = shape[1] // groups * kernel[0] * kernel[1]
    found = total(shape[0] * out_channels * h * w, products, bias)
    return found | {"flops": found["multiplications"] + found["additions"]}


@wrong("swap the axes of stride, padding and dilation")
def swapped_axes(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride[::-1], padding[::-1], dilation[::-1])
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h * w, products, bias)


@wrong("use the height's stride, padding and dilation for the width too")
def one_for_both(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride[:1] * 2, padding[:1] * 2, dilation[:1] * 2)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h * w, products, bias)


@wrong("leave out the dilation")
def undilated(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    h, w = positions(shape, kernel, stride, padding, ONE)
    products = shape[1] // groups * kernel[0] * kernel[1]
    return total(shape[0] * out_channels * h * w, products, bias)


@right("position by position")
def by_positions(
    shape, out_channels, kernel, stride=ONE, padding=NONE, dilation=ONE, groups=1, bias=False
):
    n, c, h, w = shape
    if groups < 1 or c % groups or out_channels % groups:
        raise ValueError(f"{groups=} can't split {c} and {out_channels} channels")
    rows = range(0, h + 2 * padding[0] - dilation[0] * (kernel[0] - 1), stride[0])
    columns = range(0, w + 2 * padding[1] - dilation[1] * (kernel[1] - 1), stride[1])
    if not (rows and columns):
        raise ValueError(f"{kernel=} doesn't fit")
    outputs = n * out_channels * len(rows) * len(columns)
    macs = n * (c // groups) * out_channels * len(rows) * len(columns) * kernel[0] * kernel[1]
    return {
        "flops": macs * 2,
        "additions": macs - outputs + (outputs if bias else 0),
        "multiplications": macs,
    }
