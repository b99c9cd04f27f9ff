"""prelu(x) = max(x, 0) + a min(x, 0), with a slope a for each channel."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    gpu,
    inputs,
    plot,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("relu",),
    forbid=("prelu", "leaky_relu", "rrelu"),
    instead="write both sides yourself",
    hints=(
        "Of which shape must the slopes be, so that they meet dimension 1 of x?",
        "max(x, a x) is right for a <= 1 only. Ask where x is above 0.",
        "where(x > 0, x, a x): at 0 its slope is a.",
    ),
)


@st.composite
def images(draw):
    """Draw x [n, c, l] or [n, c] with entries of 0, and slopes [c] of either sign, above 1 too."""
    c = draw(inputs.sizes(1, 3))
    rest = draw(st.sampled_from([(), (2,), (5,), (2, 4)]))
    x = draw(inputs.tensors(inputs.sizes(1, 3), c, *rest, low=-2, high=2, step=1 / 2))
    return x, draw(inputs.tensors(c, low=-2, high=2, step=1 / 4))


def torchs(x, slope):
    return torch.nn.functional.prelu(x, slope)


@claim("S3-177")
def test_a_case_worked_by_hand(prelu):
    x = torch.tensor([[-4.0, -4.0, 1.0], [3.0, 0.0, -2.0]])
    slope = torch.tensor([0.25, 2.0, -0.5])
    check(prelu, x, slope, want=torch.tensor([[-1.0, -8.0, 1.0], [3.0, 0.0, 1.0]]))


@claim("S3-177")
def test_the_slopes_belong_to_dimension_1(prelu):
    slope = inputs.vector(1, 10, -100)
    for shape in ((2, 3, 4, 5), (2, 3, 3)):
        x = -inputs.numbers(*shape).abs()
        want = torch.stack([x[:, i] * a for i, a in enumerate(slope.tolist())], 1)
        check(prelu, x, slope, want=want)


@claim("S3-177")
@given(images())
def test_equals_its_definition_entry_by_entry(prelu, drawn):
    x, slope = drawn
    want = x.clone()
    for row in want:
        for channel, a in zip(row, slope.tolist(), strict=True):
            flat = channel.view(-1)
            for i, v in enumerate(flat.tolist()):
                flat[i] = max(v, 0.0) + a * min(v, 0.0)
    check(prelu, x, slope, want=want)


@claim("S3-177")
@given(images())
def test_gradients_flow_back_to_both_as_through_torchs(prelu, drawn):
    check_gradient(prelu, *drawn, like=torchs)


@counterexample("S3-177")  # "the same derivative as ReLU's": that would be 0, 0 and 1 here
def test_the_derivative_below_0_is_the_slope_and_not_0(prelu):
    x, slope = torch.tensor([[-2.0], [0.0], [3.0]]), torch.tensor([0.25])
    upstream = torch.tensor([[4.0], [8.0], [5.0]])
    want = torch.tensor([[1.0], [2.0], [5.0]])
    check_gradient(prelu, x, slope, wrt=(0,), upstream=upstream, want=(want,))


@claim("S3-177")
def test_the_derivative_with_respect_to_a_slope_is_the_negative_part(prelu):
    x = torch.tensor([[-2.0, 5.0], [0.0, -4.0], [3.0, -1.0]])
    upstream = torch.tensor([[4.0, 3.0], [8.0, 0.5], [5.0, 2.0]])
    want = torch.tensor([-8.0, -4.0])
    slope = torch.tensor([0.25, 7.0])
    check_gradient(prelu, x, slope, wrt=(1,), upstream=upstream, want=(want,))


@claim("S3-177")
def test_slope_0_is_relu_and_slope_1_the_identity(prelu):
    x = inputs.numbers(4, 2)
    want = torch.stack([x[:, 0].clamp(min=0), x[:, 1]], 1)
    check(prelu, x, inputs.vector(0, 1), want=want)


def test_nan_stays_nan(prelu):
    x = torch.tensor([[torch.nan, torch.inf], [-1.0, -torch.inf]])
    want = torch.tensor([[torch.nan, torch.inf], [-0.5, torch.inf]])
    check(prelu, x, torch.tensor([0.5, -2.0]), want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(prelu, dtype):
    x = torch.tensor([[-4, 2], [8, -8]], dtype=dtype)
    slope = torch.tensor([0.5, 0.25], dtype=dtype)
    check(prelu, x, slope, want=torch.tensor([[-2, 2], [8, -2]], dtype=dtype))


def test_reads_by_strides(prelu):
    x = inputs.numbers(4, 3, 2).transpose(0, 1)
    slope = inputs.vector(1, 9, -2, 8, 3, 7, 4, 6)[::2]
    check(prelu, x, slope, want=torchs(x.contiguous(), slope.contiguous()))


def test_refuses_shapes_that_do_not_fit(prelu):
    for x, slope in (
        ((2, 3), (2,)),
        ((2, 3, 4), (4,)),
        ((2, 3), (1,)),
        ((2, 3), (1, 3)),
        ((3,), (3,)),
        ((3,), ()),
    ):
        naming = {"x": x, "slope": slope}
        check(prelu, torch.ones(x), torch.ones(slope), raises=ValueError, naming=naming)


def like_channels(x, slope):
    return slope.reshape(-1, *[1] * (x.dim() - 2))


@wrong("take the derivative for ReLU's, 0 below 0, as the notes say")
def relus_derivative(x, slope):
    a = like_channels(x, slope)
    return torch.where(x > 0, x, a * x.detach())


@wrong("let everything below 0 be 0, as ReLU does")
def relu(x, slope):
    return x.clamp(min=0) + 0 * like_channels(x, slope) * x


@wrong("let the slopes meet the last dimension, and not the channels")
def last_dimension(x, slope):
    a = slope if x.shape[-1:] == slope.shape else like_channels(x, slope)
    return torch.where(x > 0, x, a * x)


@wrong("give all channels the slope of the first")
def first_slope(x, slope):
    return torch.where(x > 0, x, slope[:1].sum() * x)


@wrong("give all channels the mean of the slopes")
def mean_slope(x, slope):
    return torch.where(x > 0, x, slope.mean() * x)


@wrong("take max(x, a x): right for a <= 1 only")
def by_maximum(x, slope):
    a = like_channels(x, slope)
    return torch.where(x > a * x, x, a * x)


@wrong("detach the slopes: they never learn")
def detached_slope(x, slope):
    return torch.where(x > 0, x, like_channels(x, slope).detach() * x)


@wrong("let the slope at 0 be 1")
def one_at_zero(x, slope):
    return torch.where(x >= 0, x, like_channels(x, slope) * x)


@wrong("add up two clamps: at 0 both hand the gradient on")
def two_clamps(x, slope):
    return x.clamp(min=0) + like_channels(x, slope) * x.clamp(max=0)


@wrong("subtract the part below 0: its sign is flipped")
def flipped(x, slope):
    return torch.where(x > 0, x, -like_channels(x, slope) * x)


@wrong("multiply the part above 0 with the slope, and not that below")
def other_side(x, slope):
    return torch.where(x > 0, like_channels(x, slope) * x, x)


@wrong("use 1/4 for every slope: that is where torch's starts")
def quarter(x, slope):
    return torch.where(x > 0, x, x / 4) + 0 * like_channels(x, slope)


@wrong("clamp the slopes to [0, 1]: any number is allowed")
def clamped_slope(x, slope):
    return torch.where(x > 0, x, like_channels(x, slope).clamp(0, 1) * x)


@wrong("multiply by masks: inf * 0 is nan")
def by_masks(x, slope):
    return (x > 0) * x + (x <= 0) * like_channels(x, slope) * x


@wrong("multiply the negative entries in place: the caller's x changes")
def in_place(x, slope):
    with torch.no_grad():
        x.copy_(torch.where(x > 0, x, like_channels(x, slope) * x))
    return x * 1 + 0 * slope.sum()


@right("with the channels moved to the end")
def channels_last(x, slope):
    if x.ndim < 2 or tuple(slope.shape) != (x.shape[1],):
        raise ValueError(f"x: {tuple(x.shape)}, slope: {tuple(slope.shape)}")
    z = x.movedim(1, -1)
    return torch.where(z <= 0, z * slope, z).movedim(-1, 1).contiguous()


@right("channel by channel, the slope as a factor that is 1 above 0")
def channel_by_channel(x, slope):
    if x.dim() < 2 or slope.dim() != 1 or len(slope) != x.size(1):
        raise ValueError(f"`x` has {list(x.shape)}, `slope` has {list(slope.shape)}")
    parts = [
        z * torch.where(z <= 0, a, torch.ones_like(z))
        for z, a in zip(x.unbind(1), slope.unbind(0), strict=True)
    ]
    return torch.stack(parts, 1) if parts else x.clone()


@plot(x="x", y="value")
def plot_four_slopes(prelu):
    x = torch.linspace(-3, 3, 121, dtype=torch.float64)
    slopes = (0.0, 0.25, 1.0, -0.5)
    return {
        f"slope {a}": (x, prelu(x[:, None], torch.tensor([a], dtype=torch.float64))) for a in slopes
    }


@gpu
def bench_maps_of_a_convolution(prelu, race):
    race(
        prelu,
        torch=torchs,
        inputs=lambda draw, n, c, size: (draw.normal(n, c, size, size), draw.uniform(c)),
        small=(4, 16, 32),
        large=(64, 64, 112),
        # A comparison and a product an entry.
        forward=lambda x, slope: {"bytes": 2 * x.nbytes, "flops": 2 * x.numel()},
        # x and g are read, the gradient of x is written; products with a and with x, and a sum.
        backward=lambda x, slope: {"bytes": 3 * x.nbytes, "flops": 4 * x.numel()},
    )
