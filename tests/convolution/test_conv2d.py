"""Convolution with bias, stride, padding, dilation and groups."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="hard",
    after=("cross_correlation", "conv_output_size"),
    forbid=("convolution", "conv_transpose", "scipy.signal", "scipy.ndimage"),
    instead="write it with slices and sums of products",
    hints=(
        "Take bias and groups last. Which entries of the padded image meet weight[:, :, i, j]?",
        "They begin at row i * dh, step by sh, and there are `ho` of them: one slice with a step.",
        'Sum einsum("nchw,oc->nohw", slice, weight[:, :, i, j]) over i and j.',
        "With groups: split the channels into (groups, c), and give einsum one more letter.",
    ),
)

OPTIONS = [
    {},
    {"stride": 2},
    {"stride": (3, 1)},
    {"padding": 1},
    {"padding": (0, 2)},
    {"padding": (4, 1)},
    {"dilation": 2},
    {"dilation": (1, 2)},
    {"dilation": (3, 1)},
    {"stride": (1, 2), "padding": (2, 1), "dilation": (2, 1)},
    {"stride": (4, 5), "padding": 2},
    {"groups": 2},
    {"groups": 2, "stride": (2, 3), "padding": (1, 3), "dilation": (2, 1)},
]


def layer(groups=1, **_):
    """Return an image, a kernel and a bias for these options, of sizes that differ.

    They are small: an honest answer may loop over all places in Python.
    """
    return inputs.numbers(2, 4, 5, 9), inputs.numbers(6, 4 // groups, 2, 3), inputs.numbers(6)


@st.composite
def layers(draw):
    groups, c_in, c_out = draw(st.sampled_from([(1, 2, 3), (1, 1, 2), (2, 4, 2), (3, 3, 6)]))
    kh, kw = draw(inputs.sizes(1, 3)), draw(inputs.sizes(1, 2))
    pairs = {"stride": (1, 3), "padding": (0, 2), "dilation": (1, 2)}
    options = {
        name: draw(st.integers(*ends) | st.tuples(st.integers(*ends), st.integers(*ends)))
        for name, ends in pairs.items()
    }
    dh, dw = (
        options["dilation"]
        if isinstance(options["dilation"], tuple)
        else (options["dilation"],) * 2
    )
    h, w = dh * (kh - 1) + 1 + draw(st.integers(0, 2)), dw * (kw - 1) + 1 + draw(st.integers(0, 3))
    x = draw(inputs.tensors(inputs.sizes(1, 2), c_in, h, w))
    weight = draw(inputs.tensors(c_out, c_in // groups, kh, kw))
    bias = draw(st.none() | inputs.tensors(c_out))
    return (x, weight, bias), {**options, "groups": groups}


@claim("S0-204", "S0-205", "S0-206", "S0-207", "S0-212")
def test_a_case_worked_by_hand(conv2d):
    x = torch.tensor([[[[1.0, 2.0, 0.0, 3.0]], [[0.0, 4.0, 1.0, 5.0]]]])
    weight = torch.tensor(
        [[[[1.0, 2.0]], [[10.0, 0.0]]], [[[0.0, 1.0]], [[-1.0, 1.0]]], [[[0.0, 0.0]]] * 2]
    )
    want = torch.tensor([[[[5.0, 42.0, 16.0]], [[6.0, -3.0, 7.0]], [[0.0, 0.0, 0.0]]]])
    check(conv2d, x, weight, want=want)
    shift = torch.tensor([0.5, -1.0, 2.0])
    check(conv2d, x, weight, shift, want=want + shift[:, None, None])


@claim("S0-207")
def test_stride_steps_along_each_axis_by_its_own_number(conv2d):
    x, kernel = torch.arange(15.0).reshape(1, 1, 3, 5), torch.ones(1, 1, 1, 1)
    want = torch.tensor([[[[0.0, 3.0], [5.0, 8.0], [10.0, 13.0]]]])
    check(conv2d, x, kernel, stride=(1, 3), want=want)
    check(conv2d, x, kernel, stride=4, want=torch.tensor([[[[0.0, 4.0]]]]))


@claim("S0-208")
def test_padding_adds_zeros_on_both_sides(conv2d):
    x, ones = torch.tensor([[[[1.0, 2.0]]]]), torch.ones(1, 1, 3, 3)
    want = torch.tensor([[[[0.0, 1.0, 2.0, 0.0]]]])
    check(conv2d, x, ones[..., :1, :1], padding=(0, 1), want=want)
    check(conv2d, ones[..., :2, :2], ones, padding=1, want=4 * ones[..., :2, :2])


@claim("S0-210", "S0-213")
def test_dilation_spreads_the_kernel(conv2d):
    x = torch.arange(7.0).reshape(1, 1, 7, 1)
    kernel = torch.tensor([1.0, 10.0, 100.0]).reshape(1, 1, 3, 1)
    for dilation, want in (
        (1, [210.0, 321.0, 432.0, 543.0, 654.0]),
        (2, [420.0, 531.0, 642.0]),
        (3, [630.0]),
    ):
        column = torch.tensor(want).reshape(1, 1, -1, 1)
        check(conv2d, x, kernel, dilation=(dilation, 4), want=column)


@claim("S0-204", "S0-205", "S0-206", "S0-207", "S0-208", "S0-210", "S0-211", "S0-212")
def test_equals_torchs_for_sizes_that_all_differ(conv2d):
    for options in OPTIONS:
        x, weight, bias = layer(**options)
        check(conv2d, x, weight, bias, **options, want=F.conv2d(x, weight, bias, **options))


@claim("S0-204", "S0-205", "S0-206", "S0-207", "S0-208", "S0-210", "S0-211", "S0-212")
@given(layers())
def test_equals_torchs_whatever_the_arguments(conv2d, drawn):
    tensors, options = drawn
    check(conv2d, *tensors, **options, want=F.conv2d(*tensors, **options))


@claim("S0-206")
def test_the_arguments_stand_in_torchs_order(conv2d):
    x, weight, bias = layer(groups=2)
    rest = ((2, 1), (1, 2), (1, 2), 2)
    check(conv2d, x, weight, bias, *rest, want=F.conv2d(x, weight, bias, *rest))


@claim("S0-206")
def test_a_kernel_of_size_one_is_a_linear_layer_for_each_pixel(conv2d):
    x, weight, bias = inputs.numbers(2, 4, 3, 5), inputs.numbers(6, 4, 1, 1), inputs.numbers(6)
    want = (x.movedim(1, -1) @ weight[:, :, 0, 0].T + bias).movedim(-1, 1).contiguous()
    check(conv2d, x, weight, bias, dilation=5, want=want)


@claim("S0-211")
def test_groups_are_separate_convolutions_side_by_side(conv2d):
    x, weight = inputs.numbers(1, 6, 4, 5), inputs.numbers(9, 2, 2, 3)
    want = [F.conv2d(a, b) for a, b in zip(x.chunk(3, 1), weight.chunk(3), strict=True)]
    check(conv2d, x, weight, groups=3, want=torch.cat(want, 1))


@claim("S0-211")
def test_a_depthwise_convolution_keeps_the_channels_apart(conv2d):
    x, weight = inputs.numbers(1, 3, 4, 5), inputs.numbers(6, 1, 3, 2)
    of_each = [F.conv2d(x[:, o // 2, None], weight[o, None]) for o in range(6)]
    check(conv2d, x, weight, groups=3, want=torch.cat(of_each, 1))


@claim("S0-208")
def test_a_padding_wider_than_the_kernel_gives_zeros_and_the_bias(conv2d):
    x, weight, bias = inputs.numbers(1, 2, 1, 3), inputs.numbers(3, 2, 1, 2), inputs.numbers(3)
    check(conv2d, x, weight, bias, padding=(1, 3), want=F.conv2d(x, weight, bias, padding=(1, 3)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(conv2d, dtype):
    x, weight, bias = ((t / 7).to(dtype) for t in layer())
    want = F.conv2d(x.double(), weight.double(), bias.double(), padding=1).to(dtype)
    check(conv2d, x, weight, bias, padding=1, want=want)


def test_reads_channels_last_by_their_strides(conv2d):
    x = inputs.numbers(2, 5, 7, 4).movedim(-1, 1)
    weight = inputs.numbers(3, 4, 2, 3)
    check(conv2d, x, weight, want=F.conv2d(x, weight).contiguous())


@claim("S0-211", "S0-212")
@pytest.mark.parametrize("options", OPTIONS[-4:], ids=str)
def test_gradients_flow_back_as_through_torchs(conv2d, options):
    check_gradient(conv2d, *layer(**options), **options, like=F.conv2d)
    x, weight, _ = layer(**options)
    check_gradient(conv2d, x, weight, **options, like=F.conv2d)


@claim("S0-212")
def test_a_bias_of_zeros_gets_its_gradient(conv2d):
    x, weight, bias = layer()
    check_gradient(conv2d, x, weight, torch.zeros_like(bias), like=F.conv2d)


@claim("S0-207")
@pytest.mark.parametrize("name", ["stride", "dilation", "groups"])
def test_refuses_what_is_not_positive(conv2d, name):
    x, weight, _ = layer()
    for value in (0, -1, *([] if name == "groups" else [(0, 2), (2, 0)])):
        check(conv2d, x, weight, **{name: value}, raises=ValueError, naming={name: value})


def test_refuses_negative_padding(conv2d):
    x, weight, _ = layer()
    for padding in (-1, (1, -2), (-2, 1)):
        check(conv2d, x, weight, padding=padding, raises=ValueError, naming={"padding": padding})


@claim("S0-211")
def test_refuses_groups_that_do_not_divide_both_numbers_of_channels(conv2d):
    x, weight = torch.zeros(1, 6, 2, 2), torch.zeros(4, 2, 1, 1)
    check(conv2d, x, weight, groups=3, raises=ValueError, naming={"groups": 3})
    x, weight = torch.zeros(1, 4, 2, 2), torch.zeros(6, 1, 1, 1)
    check(conv2d, x, weight, groups=3, raises=ValueError, naming={"groups": 3})


@claim("S0-204")
def test_refuses_a_kernel_for_another_number_of_channels(conv2d):
    x = torch.zeros(2, 4, 7, 11)
    for shape, groups in (([6, 3, 1, 1], 1), ([6, 1, 2, 2], 1), ([6, 4, 1, 1], 2)):
        naming = {"weight": shape}
        check(conv2d, x, torch.ones(shape), groups=groups, raises=ValueError, naming=naming)


@claim("S0-206")
def test_refuses_a_kernel_larger_than_the_padded_image(conv2d):
    x = torch.zeros(1, 1, 3, 4)
    cases = (
        ([1, 1, 6, 1], {"padding": 1}),
        ([1, 1, 1, 5], {"stride": 2}),
        ([1, 1, 2, 2], {"dilation": 3}),
    )
    for shape, options in cases:
        naming = {"weight": shape}
        check(conv2d, x, torch.ones(shape), **options, raises=ValueError, naming=naming)


@claim("S0-212")
def test_refuses_a_bias_of_another_length(conv2d):
    x, weight, _ = layer()
    check(conv2d, x, weight, torch.zeros(1), raises=ValueError, naming={"bias": [1]})
    check(conv2d, x, weight, torch.zeros(4), raises=ValueError, naming={"bias": [4]})


def pair(value):
    return (value, value) if isinstance(value, int) else value


@wrong(
    "turn the kernel by 180 degrees: that is the convolution of mathematics",
    right_for="the convolution of mathematics; here the kernel isn't turned, as in torch",
)
def true_convolution(x, weight, *rest, **options):
    return F.conv2d(x, weight.flip(2, 3), *rest, **options)


@wrong("forget the bias as soon as there is padding")
def bias_lost(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, weight, bias if padding == 0 else None, stride, padding, dilation, groups)


@wrong("ignore the padding when the stride isn't 1")
def padding_lost(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, weight, bias, stride, padding if stride == 1 else 0, dilation, groups)


@wrong("give the result the same width as height")
def as_wide_as_high(*args, **options):
    out = F.conv2d(*args, **options)
    return out[..., : out.shape[-2]]


@wrong(
    "apply the pairs to width and height, and not to height and width",
    right_for="pairs of (width, height); here they are (height, width)",
)
def swapped_pairs(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    turned = [pair(v)[::-1] for v in (stride, padding, dilation)]
    return F.conv2d(x, weight, bias, *turned, groups)


@wrong(
    "add the padding as a total, half of it on each side",
    right_for="padding given in total; here it is given per side",
)
def total_padding(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    ph, pw = pair(padding)
    x = F.pad(x, (pw // 2, pw - pw // 2, ph // 2, ph - ph // 2))
    return F.conv2d(x, weight, bias, stride, 0, dilation, groups)


@wrong("pad on the left and above only")
def padding_on_one_side(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    ph, pw = pair(padding)
    return F.conv2d(F.pad(x, (pw, 0, ph, 0)), weight, bias, stride, 0, dilation, groups)


@wrong("pad by repeating the border and not with zeros")
def replicated_border(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    ph, pw = pair(padding)
    x = F.pad(x, (pw, pw, ph, ph), mode="replicate")
    return F.conv2d(x, weight, bias, stride, 0, dilation, groups)


@wrong("ignore the dilation")
def no_dilation(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, weight, bias, stride, padding, 1, groups)


@wrong("leave out `dilation` entries between the kernel's, and not dilation - 1")
def dilation_one_too_many(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    more = tuple(d + (d > 1) for d in pair(dilation))
    return F.conv2d(x, weight, bias, stride, padding, more, groups)


@wrong("deal the channels out to the groups in turn: they are blocks of neighbours")
def interleaved_groups(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    dealt = torch.cat([x[:, g::groups] for g in range(groups)], 1)
    return F.conv2d(dealt, weight, bias, stride, padding, dilation, groups)


@wrong("give every group the first block of channels")
def first_block_for_all(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    block = x[:, : x.shape[1] // max(groups, 1)].repeat(1, groups, 1, 1)
    return F.conv2d(block, weight, bias, stride, padding, dilation, groups)


@wrong("drop the last place when the stride doesn't divide what is left")
def last_place_dropped(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    out = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
    (sh, sw), (ph, pw), (dh, dw) = map(pair, (stride, padding, dilation))
    rest_h = (x.shape[2] + 2 * ph - dh * (weight.shape[2] - 1) - 1) % sh
    rest_w = (x.shape[3] + 2 * pw - dw * (weight.shape[3] - 1) - 1) % sw
    return out[:, :, : -1 if rest_h else None, : -1 if rest_w else None]


@wrong("add the bias once for each channel of the input")
def bias_for_each_input_channel(x, weight, bias=None, *rest, **options):
    return F.conv2d(x, weight, None if bias is None else bias * x.shape[1], *rest, **options)


@wrong("detach the kernel: it gets no gradient")
def detached_weight(x, weight, *rest, **options):
    return F.conv2d(x, weight.detach(), *rest, **options)


@wrong("detach the bias: it gets no gradient")
def detached_bias(x, weight, bias=None, *rest, **options):
    return F.conv2d(x, weight, None if bias is None else bias.detach(), *rest, **options)


@wrong("let torch raise its RuntimeError for what doesn't fit", accepts_bad_input=True)
def errors_of_torch(*args, **options):
    return F.conv2d(*args, **options)


def require(fine, name, value):
    if not fine:
        raise ValueError(f"bad {name}: {value}")


@right("as one matrix product of kernels and windows")
def by_windows(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = map(pair, (stride, padding, dilation))
    n, c_in, h, w = x.shape
    c_out, c, kh, kw = weight.shape
    require(sh > 0 and sw > 0, "stride", stride)
    require(ph >= 0 and pw >= 0, "padding", padding)
    require(dh > 0 and dw > 0, "dilation", dilation)
    require(groups > 0 and not c_in % groups and not c_out % groups, "groups", groups)
    reach_h, reach_w = dh * (kh - 1) + 1, dw * (kw - 1) + 1
    fits = reach_h <= h + 2 * ph and reach_w <= w + 2 * pw
    require(c == c_in // groups and fits, "weight", tuple(weight.shape))
    require(bias is None or len(bias) == c_out, "bias", bias if bias is None else bias.shape)
    padded = torch.zeros(n, c_in, h + 2 * ph, w + 2 * pw, dtype=x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    windows = padded.unfold(2, reach_h, sh).unfold(3, reach_w, sw)[..., ::dh, ::dw]
    ho, wo = windows.shape[2:4]
    columns = windows.permute(0, 1, 4, 5, 2, 3).reshape(n, groups, c * kh * kw, ho * wo)
    out = weight.reshape(groups, c_out // groups, c * kh * kw) @ columns
    out = out.reshape(n, c_out, ho, wo)
    return out if bias is None else out + bias.reshape(1, -1, 1, 1)


@right("place by place")
def place_by_place(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = map(pair, (stride, padding, dilation))
    require(sh > 0 and sw > 0, "stride", stride)
    require(ph >= 0 and pw >= 0, "padding", padding)
    require(dh > 0 and dw > 0, "dilation", dilation)
    c_in, (c_out, c, kh, kw) = x.shape[1], weight.shape
    require(groups > 0 and c_in % groups == 0 and c_out % groups == 0, "groups", groups)
    require(c * groups == c_in, "weight", list(weight.shape))
    require(bias is None or tuple(bias.shape) == (c_out,), "bias", bias is None or bias.shape)
    x = F.pad(x, (pw, pw, ph, ph))
    reach_h, reach_w = dh * (kh - 1) + 1, dw * (kw - 1) + 1
    rows = range(0, x.shape[2] - reach_h + 1, sh)
    columns = range(0, x.shape[3] - reach_w + 1, sw)
    require(len(rows) and len(columns), "weight", list(weight.shape))
    parts = []
    for mine, kernels in zip(x.chunk(groups, 1), weight.chunk(groups), strict=True):
        places = [
            torch.tensordot(
                mine[:, :, a : a + reach_h : dh, b : b + reach_w : dw], kernels, ([1, 2, 3],) * 2
            )
            for a in rows
            for b in columns
        ]
        parts.append(torch.stack(places, -1).unflatten(-1, (len(rows), len(columns))))
    out = torch.cat(parts, 1)
    return out if bias is None else out + bias[:, None, None]
