"""Claims of the notes on operations of convolution that are not exercised, and counterexamples."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader import claim, counterexample


@claim("S0-204", "S0-205", "S0-206", "S0-211", "S0-212")
def test_the_parameters_of_the_layer_have_the_sizes_that_its_arguments_name():
    layer = nn.Conv2d(16, 32, 3)
    assert sum(p.numel() for p in layer.parameters()) == 32 * 16 * 9 + 32 == 4640
    assert nn.Conv2d(4, 8, (3, 5), groups=2).weight.shape == (8, 2, 3, 5)
    assert nn.Conv2d(4, 8, 3, bias=False).bias is None
    assert layer(torch.zeros(16, 5, 6)).shape == (32, 3, 4)  # an image alone is accepted
    with pytest.raises(RuntimeError):
        layer(torch.zeros(5, 6))
    with pytest.raises(RuntimeError):
        layer(torch.zeros(1, 15, 5, 6))


@claim("S0-207", "S0-208", "S0-210", "S0-211", "S0-212")
def test_the_defaults_of_the_layer():
    layer = nn.Conv2d(2, 3, 2)
    assert (layer.stride, layer.padding, layer.dilation) == ((1, 1), (0, 0), (1, 1))
    assert layer.groups == 1
    assert layer.bias.shape == (3,)


@claim("S0-211")
def test_a_block_of_the_result_depends_on_the_same_block_of_the_image_only():
    x = torch.randn(1, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, 2, 3, 3, dtype=torch.float64)
    (grad,) = torch.autograd.grad(F.conv2d(x, weight, groups=2)[:, :4].sum(), x)
    assert (grad[:, 2:] == 0).all()
    assert (grad[:, :2] != 0).any()


@claim("S0-209")
def test_padding_is_also_valid_or_same():
    x, weight = torch.randn(1, 2, 5, 7), torch.randn(3, 2, 3, 5)
    assert torch.equal(F.conv2d(x, weight, padding="valid"), F.conv2d(x, weight, padding=0))
    torch.testing.assert_close(
        F.conv2d(x, weight, padding="same"), F.conv2d(x, weight, padding=(1, 2))
    )


@counterexample("S0-209")  # "an int or a pair" would refuse a string
def test_a_string_is_accepted_as_padding_but_same_not_with_a_stride():
    assert nn.Conv2d(1, 1, 3, padding="same")(torch.zeros(1, 1, 4, 6)).shape == (1, 1, 4, 6)
    with pytest.raises(ValueError, match="same"):
        nn.Conv2d(1, 1, 3, padding="same", stride=2)


def four_steps(x, weight, stride, padding):
    """The notes' steps with one channel: zeros between, zeros around, flip, convolve."""
    h, k = x.shape[-1], weight.shape[-1]
    sparse = x.new_zeros((h - 1) * stride + 1)
    sparse[::stride] = x
    around = F.pad(sparse, (k - padding - 1, k - padding - 1))
    return F.conv1d(around[None, None], weight.flip(0)[None, None])[0, 0]


@claim("S3-385", "S3-386", "S3-387", "S3-388")
def test_the_four_steps_hold_for_padding_per_side():
    for h in (1, 3, 4):
        for k in (1, 2, 4):
            for s in (1, 2, 3):
                for p in range((h - 1) * s + k):
                    if (h - 1) * s + k - 2 * p < 1:
                        continue
                    x, weight = torch.arange(1.0, h + 1), torch.arange(1.0, k + 1)
                    want = F.conv_transpose1d(x[None, None], weight[None, None], None, s, p)
                    torch.testing.assert_close(four_steps(x, weight, s, p), want[0, 0])


@counterexample("S3-386")  # p as the total of both sides, which item 1 of the section takes it for
def test_the_steps_with_the_total_padding_give_another_size_than_item_1():
    h, k, s, total = 4, 4, 2, 2
    x, weight = torch.arange(1.0, h + 1), torch.arange(1.0, k + 1)
    assert (h - 1) * s + k - total == 8
    assert len(four_steps(x, weight, s, total)) == 6
    assert len(four_steps(x, weight, s, total // 2)) == 8


@claim("S3-387")
def test_a_missing_flip_shows_unless_the_kernel_is_symmetric():
    x = torch.tensor([1.0, 2.0, 4.0])
    for kernel, shows in (([1.0, 3.0, 5.0], True), ([1.0, 3.0, 1.0], False)):
        weight = torch.tensor(kernel)
        unflipped = four_steps(x, weight.flip(0), 2, 0)
        assert torch.equal(unflipped, four_steps(x, weight, 2, 0)) is not shows


@claim("S4-199")
def test_conv2d_is_conv3d_with_a_kernel_as_deep_as_the_channels():
    x, weight = torch.randn(2, 8, 5, 6).double(), torch.randn(3, 8, 2, 3).double()
    volume = F.conv3d(x[:, None], weight[:, None])
    assert volume.shape[2] == 1
    torch.testing.assert_close(volume[:, :, 0], F.conv2d(x, weight))


@counterexample("S4-199")  # a three-dimensional convolution moves along the third axis as well
def test_a_real_three_dimensional_convolution_moves_along_the_channels():
    x = torch.randn(2, 8, 5, 6)
    assert F.conv3d(x[:, None], torch.randn(3, 1, 3, 2, 3)).shape == (2, 3, 6, 4, 4)
    assert F.conv2d(x, torch.randn(3, 8, 2, 3)).shape == (2, 3, 4, 4)


@claim("S4-215")
def test_the_transposed_convolution_is_the_adjoint():
    x, weight = torch.randn(1, 2, 7, 9).double(), torch.randn(3, 2, 3, 3).double()
    y = torch.randn(1, 3, 3, 4).double()
    left = (F.conv2d(x, weight, stride=2) * y).sum()
    right = (x * F.conv_transpose2d(y, weight, stride=2)).sum()
    torch.testing.assert_close(left, right)


@counterexample("S4-215")  # an inverse would bring x back
def test_the_transposed_convolution_does_not_bring_the_image_back():
    x, weight = torch.ones(1, 1, 1, 3), torch.tensor([[[[1.0, -1.0]]]])
    back = F.conv_transpose2d(F.conv2d(x, weight), weight)
    assert back.shape == x.shape
    assert (back == 0).all()


@claim("S4-231")
def test_upsampling_has_no_parameters():
    layer = nn.Upsample(scale_factor=2, mode="bilinear")
    assert list(layer.parameters()) == []
    assert layer(torch.zeros(1, 10, 94, 94)).shape == (1, 10, 188, 188)
    narrow = torch.tensor([[[[0.0, 4.0]]]])
    aligned = F.interpolate(narrow, scale_factor=2, mode="bilinear", align_corners=True)
    assert not torch.equal(aligned, layer(narrow))
