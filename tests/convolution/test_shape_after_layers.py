"""The size formulas of both kinds of layer, one put into the other."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="core",
    kind="predict",
    after=("conv_output_size", "conv_transpose_output_size"),
    forbid=("torch.nn", "convolution", "conv_transpose"),
    instead="carry the shape through the formulas",
    hints=(
        "What of the shape does a layer change, and what does it leave alone?",
        "Carry (c, h, w) from layer to layer; use `settings.get(name, default)`.",
    ),
)


def layer(kind, i, o, kernel, **rest):
    """Write a layer down as the exercise takes it."""
    return kind, {"in_channels": i, "out_channels": o, "kernel_size": kernel, **rest}


HALVING = {"stride": 2, "padding": 1}
LISTING = [layer("conv", 3, 10, 5), layer("conv", 10, 10, 1)]
# Five layers that halve, rounding up, and one that magnifies by 32, as an FCN on a ResNet has it.
FCN = [
    *(layer("conv", i, o, 3, **HALVING) for i, o in ((3, 4), (4, 8), (8, 16), (16, 16), (16, 21))),
    layer("conv_transpose", 21, 21, 64, stride=32, padding=16),
]


def torchs(shape, layers):
    """Send a batch of no images, which costs no time, through torch's own convolutions."""
    x = torch.empty(0, *shape[1:])
    for kind, settings in layers:
        rest = dict(settings)
        i, o, k = (rest.pop(name) for name in ("in_channels", "out_channels", "kernel_size"))
        if kind == "conv":
            x = torch.conv2d(x, torch.empty(o, i, k, k), **rest)
        else:
            x = torch.conv_transpose2d(x, torch.empty(i, o, k, k), **rest)
    return (shape[0], *x.shape[1:])


@st.composite
def stacks(draw):
    """Draw an input's shape, and up to three layers that all leave something."""
    shape = tuple(draw(st.integers(low, high)) for low, high in ((1, 3), (1, 4), (9, 15), (9, 15)))
    layers, channels, smallest = [], shape[1], min(shape[2:])
    for _ in range(draw(st.integers(0, 3))):
        kind, out = draw(st.sampled_from(["conv", "conv_transpose"])), draw(st.integers(1, 4))
        kernel, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        reach = dilation * (kernel - 1) + 1
        settings = {"dilation": dilation, "stride": draw(st.integers(1, 3))}
        most = 2 if kind == "conv" else max(0, min(2, reach // 2))
        settings["padding"] = draw(st.integers(0, most))
        if kind == "conv" and smallest + 2 * settings["padding"] < reach:
            settings["padding"] = 2
        if kind == "conv_transpose" and smallest == 1:
            settings["padding"] = 0
        if kind == "conv_transpose":
            settings["output_padding"] = draw(st.integers(0, settings["stride"] - 1))
        shown = {k: v for k, v in settings.items() if v != (0 if "padding" in k else 1)}
        layers.append(layer(kind, channels, out, kernel, **shown))
        channels, smallest = out, min(torchs(shape, layers)[2:])
    return shape, layers


@claim("S4-232", "S4-233", "S4-225")
def test_the_notes_listing_has_a_kernel_of_5_and_then_one_of_1(shape_after_layers):
    check(shape_after_layers, (1, 3, 193, 193), LISTING[:1], want=(1, 10, 189, 189))
    check(shape_after_layers, (1, 3, 193, 193), LISTING, want=(1, 10, 189, 189))
    check(shape_after_layers, (2, 3, 9, 6), LISTING, want=(2, 10, 5, 2))
    check(shape_after_layers, (2, 3, 5, 7), LISTING, want=(2, 10, 1, 3), why="one row is enough")


def test_without_layers_nothing_changes(shape_after_layers):
    check(shape_after_layers, (2, 3, 5, 7), [], want=(2, 3, 5, 7))


@claim("S4-232")
def test_settings_of_a_convolution(shape_after_layers):
    layers = [layer("conv", 3, 4, 3, stride=2, padding=1, dilation=2), layer("conv", 4, 5, 2)]
    check(shape_after_layers, (2, 3, 9, 12), layers, want=(2, 5, 3, 4))


@claim("S1-249", "S4-216")
def test_settings_of_a_transposed_convolution(shape_after_layers):
    rest = {"stride": 3, "padding": 1, "dilation": 2, "output_padding": 2}
    layers = [layer("conv_transpose", 3, 2, 4, **rest)]
    check(shape_after_layers, (2, 3, 4, 6), layers, want=(2, 2, 16, 22))


@claim("S1-249")
def test_an_fcn_restores_multiples_of_its_stride(shape_after_layers):
    check(shape_after_layers, (1, 3, 320, 480), FCN, want=(1, 21, 320, 480))


@claim("S1-249")
def test_an_fcn_gives_more_than_it_got_elsewhere(shape_after_layers):
    check(shape_after_layers, (1, 3, 375, 500), FCN, want=(1, 21, 384, 512))


@claim("S1-249", "S4-216", "S4-217", "S4-218", "S4-232", "S4-233")
@given(stacks())
def test_equals_the_shape_behind_torchs_own_layers(shape_after_layers, drawn):
    check(shape_after_layers, *drawn, want=torchs(*drawn))


def test_refuses_channels_that_do_not_meet(shape_after_layers):
    layers = [layer("conv", 3, 7, 3), layer("conv", 4, 5, 3)]
    check(shape_after_layers, (1, 3, 9, 9), layers, raises=ValueError, naming={"layers[1]": 7})
    check(shape_after_layers, (1, 6, 9, 9), layers, raises=ValueError, naming={"layers[0]": 6})
    check(shape_after_layers, (1, 2, 9, 9), layers, raises=ValueError, naming={"layers[0]": 2})


def test_refuses_a_layer_that_leaves_nothing(shape_after_layers):
    layers = [layer("conv", 3, 3, 3), layer("conv", 3, 3, 6)]
    check(shape_after_layers, (1, 3, 9, 7), layers, raises=ValueError, naming={"layers[1]": ""})
    layers = [layer("conv_transpose", 3, 3, 1, padding=1)]
    check(shape_after_layers, (1, 3, 9, 2), layers, raises=ValueError, naming={"layers[0]": ""})


def test_refuses_a_layer_that_leaves_nothing_whatever_follows(shape_after_layers):
    layers = [layer("conv", 3, 3, 10, stride=2), layer("conv_transpose", 3, 3, 4)]
    for shape in ((1, 3, 9, 12), (1, 3, 12, 9)):
        check(shape_after_layers, shape, layers, raises=ValueError, naming={"layers[0]": ""})


def test_refuses_other_kinds(shape_after_layers):
    for kind in ("pool", "conv3d"):
        layers = [layer("conv", 3, 3, 3), layer(kind, 3, 3, 3)]
        call = {"raises": ValueError, "naming": {"layers[1]": kind}}
        check(shape_after_layers, (1, 3, 9, 9), layers, **call)


def carried(shape, layers, sizes):
    """Carry a shape through wrong formulas for one axis: sizes(kind, size, settings)."""
    n, c, *image = shape
    for kind, settings in layers:
        full = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0} | settings
        full["reach"] = full["dilation"] * (full["kernel_size"] - 1) + 1
        image = [sizes(kind, size, full) for size in image]
        c = settings["out_channels"]
    return (n, c, *image)


def right_size(kind, size, of):
    if kind == "conv":
        return (size + 2 * of["padding"] - of["reach"]) // of["stride"] + 1
    grown = (size - 1) * of["stride"] + of["reach"]
    return grown - 2 * of["padding"] + of["output_padding"]


@wrong("leave the channels as they were")
def same_channels(shape, layers):
    after = carried(shape, layers, right_size)
    return (after[0], shape[1], *after[2:])


@wrong("apply the last layer only")
def last_only(shape, layers):
    return carried(shape, layers[-1:], right_size)


@wrong("treat a transposed convolution as a convolution")
def never_transposed(shape, layers):
    return carried(shape, layers, lambda kind, size, of: right_size("conv", size, of))


@wrong("leave out output_padding")
def ignores_output_padding(shape, layers):
    return carried(shape, layers, lambda k, v, of: right_size(k, v, {**of, "output_padding": 0}))


@wrong("leave out the dilation")
def ignores_dilation(shape, layers):
    return carried(
        shape, layers, lambda k, v, of: right_size(k, v, {**of, "reach": of["kernel_size"]})
    )


@wrong("round up where the stride doesn't divide")
def rounded_up(shape, layers):
    def size_of(kind, size, of):
        more = of["stride"] - 1 if kind == "conv" else 0
        return right_size(kind, size + more, of)

    return carried(shape, layers, size_of)


@wrong("take the image for a square: the width becomes the height")
def square(shape, layers):
    after = carried(shape, layers, right_size)
    return (*after[:3], after[2])


@wrong("swap rows and columns")
def turned(shape, layers):
    after = carried(shape, layers, right_size)
    return (*after[:2], after[3], after[2])


@right("a recursion over the layers, the first one's shape handed to the rest")
def recursive(shape, layers):
    def go(shape, layers, i):
        if not layers:
            return tuple(shape)
        (kind, of), (n, c, h, w) = layers[0], shape
        if kind not in {"conv", "conv_transpose"}:
            raise ValueError(f"layers[{i}]: unknown kind {kind}")
        if c != of["in_channels"]:
            raise ValueError(f"layers[{i}] can't take {c} channels")
        full = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0} | of
        room = full["dilation"] * (full["kernel_size"] - 1) - 2 * full["padding"]
        if kind == "conv":
            h, w = ((v - room - 1) // full["stride"] + 1 for v in (h, w))
        else:
            h, w = (full["stride"] * (v - 1) + room + 1 + full["output_padding"] for v in (h, w))
        if h <= 0 or w <= 0:
            raise ValueError(f"layers[{i}] has an output of {h} x {w}")
        return go((n, of["out_channels"], h, w), layers[1:], i + 1)

    return go(shape, layers, 0)
