"""conv2d is a conv3d whose kernel is as deep as the channels, and can't move along them."""

import pytest
import torch
import torch.nn.functional as F

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("cross_correlation",),
    forbid=("conv1d", "conv2d", "conv_transpose", "unfold", "im2col", "scipy.signal"),
    instead="use torch.nn.functional.conv3d",
    hints=(
        "conv3d takes [n, channels, depth, h, w]. Which sizes make the channels of x its depth?",
        "One channel of depth c_in for x; kernels [c_out, 1, c_in, kh, kw]. How deep is y?",
        "With groups: `groups` channels of depth c_in / groups, and conv3d's own groups.",
    ),
)

CASES = [
    ((2, 3, 5, 7), (4, 3, 2, 3), 1),
    ((2, 4, 5, 6), (6, 2, 3, 1), 2),
    ((3, 5, 4, 6), (10, 1, 2, 3), 5),
]


@claim("S4-199")
def test_a_case_worked_by_hand(conv2d_as_conv3d):
    x = torch.tensor([[[[1.0, 2.0, 0.0, 3.0]], [[0.0, 4.0, 1.0, 5.0]]]])
    weight = torch.tensor(
        [[[[1.0, 2.0]], [[10.0, 0.0]]], [[[0.0, 1.0]], [[-1.0, 1.0]]], [[[0.0, 0.0]]] * 2]
    )
    want = torch.tensor([[[[5.0, 42.0, 16.0]], [[6.0, -3.0, 7.0]], [[0.0, 0.0, 0.0]]]])
    check(conv2d_as_conv3d, x, weight, want=want)


@claim("S4-199")
@pytest.mark.parametrize(("shape", "kernel", "groups"), CASES, ids=str)
def test_equals_the_convolution_in_two_dimensions(conv2d_as_conv3d, shape, kernel, groups):
    x, weight = inputs.numbers(*shape), inputs.numbers(*kernel)
    check(conv2d_as_conv3d, x, weight, groups, want=F.conv2d(x, weight, groups=groups))


@claim("S4-199")
def test_one_channel_and_one_image_keep_their_axes(conv2d_as_conv3d):
    x, weight = inputs.numbers(1, 1, 3, 4), inputs.numbers(1, 1, 3, 4)
    check(conv2d_as_conv3d, x, weight, want=(x * weight).sum().reshape(1, 1, 1, 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(conv2d_as_conv3d, dtype):
    x, weight = (inputs.numbers(*shape) / 7 for shape in CASES[0][:2])
    want = F.conv2d(x, weight).to(dtype)
    check(conv2d_as_conv3d, x.to(dtype), weight.to(dtype), want=want)


@pytest.mark.parametrize(("shape", "kernel", "groups"), CASES, ids=str)
def test_gradients_flow_back_as_through_conv2d(conv2d_as_conv3d, shape, kernel, groups):
    check_gradient(
        conv2d_as_conv3d,
        inputs.numbers(*shape),
        inputs.numbers(*kernel),
        groups=groups,
        like=F.conv2d,
    )


@claim("S4-199")
def test_refuses_what_does_not_go_together(conv2d_as_conv3d):
    x = torch.zeros(1, 4, 3, 3)
    for shape, groups in (
        ([3, 4, 1, 1], 0),
        ([3, 2, 1, 1], 2),
        ([4, 1, 1, 1], 3),
        ([2, 4, 1, 1], -1),
    ):
        naming = {"groups": groups}
        check(conv2d_as_conv3d, x, torch.ones(shape), groups, raises=ValueError, naming=naming)
    for shape, groups in (([3, 1, 2, 2], 1), ([4, 4, 1, 1], 2)):
        naming = {"weight": shape}
        check(conv2d_as_conv3d, x, torch.ones(shape), groups, raises=ValueError, naming=naming)


@wrong("let the kernel move along the channels: it has depth 1, and the same entries for all")
def slides_along_the_channels(x, weight, groups=1):
    return F.conv3d(x[:, None], weight[:, None, :1]).mean(2)


@wrong("flip the kernel along the channels")
def flipped_channels(x, weight, groups=1):
    return F.conv2d(x, weight.flip(1), groups=groups)


@wrong("ignore groups: a kernel that is shallower than the image moves along the channels")
def ignores_groups(x, weight, groups=1):
    return F.conv3d(x[:, None], weight[:, None]).sum(2)


@wrong("give all groups the first block of channels")
def first_block_for_all(x, weight, groups=1):
    return F.conv2d(x[:, : weight.shape[1]], weight)


@wrong("deal the channels out to the groups in turn: they are blocks of neighbours")
def interleaved(x, weight, groups=1):
    return F.conv2d(
        x.unflatten(1, (-1, groups)).transpose(1, 2).flatten(1, 2), weight, groups=groups
    )


@wrong("leave the depth of 1 in the result")
def keeps_the_depth(x, weight, groups=1):
    return F.conv2d(x, weight, groups=groups)[:, :, None]


@wrong("squeeze away every axis of size 1, those of the image as well")
def squeezes_everything(x, weight, groups=1):
    return F.conv2d(x, weight, groups=groups).squeeze()


@wrong("detach the kernel: it gets no gradient")
def detached(x, weight, groups=1):
    return F.conv2d(x, weight.detach(), groups=groups)


@right("a three-dimensional convolution for each block, side by side")
def block_by_block(x, weight, groups=1):
    if groups < 1 or x.shape[1] % groups or weight.shape[0] % groups:
        raise ValueError(f"groups = {groups} doesn't divide the numbers of channels")
    if weight.shape[1] != x.shape[1] // groups:
        raise ValueError(f"the weight's second size is wrong: {tuple(weight.shape)}")
    pairs = zip(x.chunk(groups, dim=1), weight.chunk(groups, dim=0), strict=True)
    return torch.cat([F.conv3d(a[:, None], w[:, None])[:, :, 0] for a, w in pairs], dim=1)
