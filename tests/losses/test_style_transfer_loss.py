"""Content, style and total variation, weighted and summed; the targets get no gradient."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import l1_loss, mse_loss

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("mse", "gram_matrix", "tv_loss"),
    forbid=("mse_loss", "l1_loss"),
    instead="write the three losses yourself",
    hints=(
        "Three losses, each of its own pair: features, Gram matrices, neighbouring pixels.",
        "The two images of other sizes have Gram matrices of one size.",
        "Which of the arguments is to be changed by the gradient, and which isn't?",
    ),
)

WEIGHTS = (2.0, 30.0, 0.5)


@st.composite
def transfers(draw):
    """Draw an image, its features, and targets whose style has another size."""
    sizes = [(1, 2), (2, 3), (2, 3)], [(1, 3), (1, 2), (1, 3)], [(1, 3), (1, 3), (1, 2)]
    small = {"low": -2, "high": 2, "step": 0.5}
    shapes = [[1, *(draw(inputs.sizes(*size)) for size in shape)] for shape in sizes]
    image, content, style = (draw(inputs.tensors(*shape, **small)) for shape in shapes)
    target = draw(inputs.tensors(*content.shape, **small))
    other = 1, style.shape[1], draw(inputs.sizes(1, 3)), draw(inputs.sizes(1, 3))
    return image, content, target, style, draw(inputs.tensors(*other, **small))


def parts(image, content, content_target, style, style_target):
    """The three losses, with torch's own."""
    grams = [
        torch.einsum("niab,njab->nij", x, x) / x.numel() for x in (style, style_target.detach())
    ]
    down = l1_loss(image[..., 1:, :], image[..., :-1, :])
    across = l1_loss(image[..., 1:], image[..., :-1])
    return mse_loss(content, content_target.detach()), mse_loss(*grams), (down + across) / 2


def total(*args, weights=(1.0, 1e3, 10.0)):
    return sum(w * part for w, part in zip(weights, parts(*args), strict=True))


def example():
    """Tensors in which no two sizes are alike."""
    return (
        inputs.numbers(1, 3, 7, 8) / 4,
        inputs.numbers(1, 2, 4, 5),
        inputs.numbers(1, 2, 4, 5).flip(3),
        inputs.numbers(1, 5, 3, 2) / 2,
        inputs.numbers(1, 5, 4, 6) / 4,
    )


@claim("S1-252", "S1-253", "S1-254", "S1-255")
def test_each_part_by_itself_worked_by_hand(style_transfer_loss):
    image = torch.tensor([[[[0.0, 4.0], [0.0, 2.0]]]])
    content, content_target = (
        torch.tensor([[[[1.0, 3.0, 2.0]]]]),
        torch.tensor([[[[1.0, 0.0, 5.0]]]]),
    )
    style = torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]])  # Gram matrix (2.5 1.5), (1.5 1)
    style_target = torch.tensor([[[[2.0]], [[1.0]]]])  # Gram matrix (2 1), (1 0.5)
    call = image, content, content_target, style, style_target
    check(style_transfer_loss, *call, (1.0, 0.0, 0.0), want=torch.tensor(6.0))
    check(style_transfer_loss, *call, (0.0, 1.0, 0.0), want=torch.tensor(0.25))
    check(style_transfer_loss, *call, (0.0, 0.0, 1.0), want=torch.tensor(2.0))
    check(style_transfer_loss, *call, weights=(2.0, 8.0, 3.0), want=torch.tensor(20.0))


@claim("S1-252")
@given(transfers())
def test_equals_the_sum_of_torchs_losses(style_transfer_loss, call):
    # Each of the three may cancel to 0 beside terms of size 10.
    check(style_transfer_loss, *call, WEIGHTS, want=total(*call, weights=WEIGHTS), scale=10.0)


@claim("S1-252")
def test_the_default_weights_are_1_1000_and_10(style_transfer_loss):
    check(style_transfer_loss, *example(), want=total(*example()))


@claim("S1-253", "S1-254", "S1-255")
def test_gradients_flow_to_the_image_and_its_features(style_transfer_loss):
    def like(*args):
        return total(*args[:5], weights=args[5])

    for weights in (WEIGHTS, (0.0, 1.0, 0.0)):
        check_gradient(style_transfer_loss, *example(), weights, wrt=(0, 1, 3), like=like)


@claim("S1-253", "S1-254")
def test_no_gradient_flows_to_the_targets(style_transfer_loss):
    call = example()
    none = tuple(torch.zeros_like(call[at]) for at in (2, 4))
    check_gradient(style_transfer_loss, *call, WEIGHTS, wrt=(2, 4), want=none)


@claim("S1-253", "S1-254")
def test_an_image_that_is_as_wanted_costs_its_noise_alone(style_transfer_loss):
    image, content, _, style, _ = example()
    call = image, content, content.clone(), style, style.flip(2)
    want = 0.5 * parts(*call)[2]
    check(style_transfer_loss, *call, WEIGHTS, want=want)


@claim("S1-254")
def test_moving_the_pixels_of_the_style_changes_nothing(style_transfer_loss):
    image, content, content_target, style, style_target = example()
    moved = style_target.flatten(2).roll(5, 2).reshape(1, 5, 6, 4)
    want = total(*example(), weights=WEIGHTS)
    check(style_transfer_loss, image, content, content_target, style, moved, WEIGHTS, want=want)


def test_reads_images_by_their_strides(style_transfer_loss):
    turned = [x.mT.contiguous().mT for x in example()]
    check(style_transfer_loss, *turned, WEIGHTS, want=total(*example(), weights=WEIGHTS))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype(style_transfer_loss, dtype):
    one = torch.ones(1, 1, 2, 2, dtype=dtype)
    call = one, one, 3 * one, one, 2 * torch.ones(1, 1, 3, 3, dtype=dtype)
    want = torch.tensor(94.0, dtype=dtype)
    check(style_transfer_loss, *call, (1.0, 10.0, 1.0), want=want)


def test_refuses_content_of_another_shape(style_transfer_loss):
    image, content, _, style, style_target = example()
    for shape in ((1, 2, 4, 1), (1, 1, 4, 5), (1, 2, 5, 4)):
        call = image, content, torch.ones(shape).double(), style, style_target
        naming = {"content_target": shape}
        check(style_transfer_loss, *call, raises=ValueError, naming=naming)


def test_refuses_a_style_of_other_channels(style_transfer_loss):
    *call, _ = example()
    for shape in ((1, 4, 3, 2), (1, 1, 3, 2), (1, 6, 3, 2)):
        naming = {"style_target": shape}
        target = torch.ones(shape).double()
        check(style_transfer_loss, *call, target, raises=ValueError, naming=naming)


def test_refuses_negative_weights(style_transfer_loss):
    for weights in ((-1.0, 1.0, 1.0), (1.0, -0.5, 1.0), (1.0, 1.0, -2.0), (1.0, math.nan, 1.0)):
        naming = {"weights": weights}
        check(style_transfer_loss, *example(), weights, raises=ValueError, naming=naming)


def weighted(args, weights, **change):
    """The weighted sum, with one part of it changed."""
    right_parts = dict(zip(("content", "style", "variation"), parts(*args), strict=True))
    changed = {name: change.get(name, lambda v=value: v)() for name, value in right_parts.items()}
    return sum(w * part for w, part in zip(weights, changed.values(), strict=True))


def gram(x, divisor=None):
    rows = x[0].flatten(1)
    return rows @ rows.T / (divisor or rows.numel())


@wrong("exchange the weights of content and style")
def exchanged(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    return weighted(args, (weights[1], weights[0], weights[2]))


@wrong("ignore the weights")
def ignores_weights(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    return weighted((image, content, content_target, style, style_target), (1.0, 1.0, 1.0))


@wrong("leave the total variation out")
def without_variation(
    image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)
):
    return weighted((image, content, content_target, style, style_target), (*weights[:2], 0.0))


@wrong("let the gradient flow to the content image as well")
def content_attached(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    return weighted(args, weights, content=lambda: (content - content_target).square().mean())


@wrong("let the gradient flow to the style image as well")
def style_attached(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    return weighted(args, weights, style=lambda: (gram(style) - gram(style_target)).square().mean())


@wrong("detach the features: the image is moved by its noise alone")
def features_detached(
    image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)
):
    args = image, content.detach(), content_target, style.detach(), style_target
    return weighted(args, weights)


@wrong("don't divide the Gram matrices: the larger image has the larger style")
def grams_not_divided(
    image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)
):
    args = image, content, content_target, style, style_target
    raw = lambda: (gram(style, 1) - gram(style_target.detach(), 1)).square().mean()
    return weighted(args, weights, style=raw)


@wrong("divide both Gram matrices by the size of the image: the style image may have another")
def one_divisor(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    n = style.numel()
    both = lambda: (gram(style, n) - gram(style_target.detach(), n)).square().mean()
    return weighted(args, weights, style=both)


@wrong("compare the means of the channels and not their Gram matrices")
def means_of_channels(
    image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)
):
    args = image, content, content_target, style, style_target
    means = lambda: (style.mean((2, 3)) - style_target.detach().mean((2, 3))).square().mean()
    return weighted(args, weights, style=means)


@wrong("sum the squared differences of the content")
def content_summed(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    return weighted(
        args, weights, content=lambda: (content - content_target.detach()).square().sum()
    )


@wrong("sum the squared differences of the Gram matrices")
def style_summed(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    summed = lambda: (gram(style) - gram(style_target.detach())).square().sum()
    return weighted(args, weights, style=summed)


@wrong("put 1/2 before the content, as in the paper", right_for="Gatys' loss; here there is no 1/2")
def halved(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    args = image, content, content_target, style, style_target
    return weighted(args, (weights[0] / 2, *weights[1:]))


@wrong("forget the 1/2 of the total variation")
def variation_doubled(
    image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)
):
    args = image, content, content_target, style, style_target
    return weighted(args, (*weights[:2], 2 * weights[2]))


@wrong("take the total variation of the features and not of the image")
def variation_of_features(
    image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)
):
    args = image, content, content_target, style, style_target
    steps = [content.diff(dim=axis).abs() for axis in (2, 3)]
    means = [s.mean() if s.numel() else s.sum() for s in steps]
    return weighted(args, weights, variation=lambda: sum(means) / 2)


@right("the Gram matrices as means over the pixels")
def by_pixels(image, content, content_target, style, style_target, weights=(1.0, 1e3, 10.0)):
    if tuple(content.shape) != tuple(content_target.shape):
        raise ValueError(f"content_target: {tuple(content_target.shape)}")
    if style.shape[1] != style_target.shape[1]:
        raise ValueError(f"style_target: {tuple(style_target.shape)}")
    if not min(weights) >= 0 or any(map(math.isnan, weights)):
        raise ValueError(f"weights: {weights}")
    with torch.no_grad():
        wanted = torch.einsum("iab,jab->ij", style_target[0], style_target[0])
        wanted = wanted / style_target.numel()
    found = torch.einsum("iab,jab->ij", style[0], style[0]) / style.numel()
    down = (image[..., 1:, :] - image[..., :-1, :]).abs().mean()
    across = (image[..., 1:] - image[..., :-1]).abs().mean()
    of_content = (content - content_target.detach()).pow(2).mean()
    of_style = (found - wanted).pow(2).mean()
    return weights[0] * of_content + weights[1] * of_style + weights[2] * 0.5 * (down + across)


@gpu
def bench_an_image_and_features_of_vgg(style_transfer_loss, race):
    race(
        style_transfer_loss,
        torch=total,
        inputs=lambda draw, side, c, k: (
            draw.normal(1, 3, 8 * side, 8 * side),
            draw.normal(1, c, side, side),
            draw.normal(1, c, side, side),
            draw.normal(1, k, 4 * side, 4 * side),
            draw.normal(1, k, 3 * side, 4 * side),
        ),
        small=(8, 32, 16),
        large=(128, 512, 128),
        # Two Gram matrices, a product and a sum for each pair of channels and pixel; 3 operations
        # an entry of the content, and as many an entry of the image along each of its two axes.
        # Without a backward pass: the targets have no gradient that could be asked for.
        forward=lambda image, content, content_target, style, style_target: {
            "bytes": sum(x.nbytes for x in (image, content, content_target, style, style_target)),
            "flops": 2 * style.shape[1] * (style.numel() + style_target.numel())
            + 3 * content.numel()
            + 6 * image.numel(),
        },
    )
