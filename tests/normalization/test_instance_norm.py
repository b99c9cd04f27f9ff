"""Instance normalization: one mean and one variance for each plane of each image."""

import pytest
import torch
import torch.nn.functional as F
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
    right,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("batch_norm_conv",),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with means",
    hints=(
        "It is batch normalization of a batch of one. How many means do n images have?",
        "n c means: over the dimensions 2 and 3, with keepdim=True; weight and bias as [c, 1, 1].",
        "weight * (x - mu) / sqrt(mean((x - mu)^2) + eps) + bias, the means over (2, 3)",
    ),
)


def torchs(x, weight=None, bias=None, eps=1e-5):
    return F.instance_norm(x, weight=weight, bias=bias, eps=eps)


def plane_by_plane(x, weight, bias, eps):
    """Normalise each plane with numpy."""
    import numpy as np

    y = np.empty(x.shape)
    for i, image in enumerate(x.numpy()):
        for k, plane in enumerate(image):
            standard = (plane - plane.mean()) / np.sqrt(plane.var() + eps)
            y[i, k] = weight[k].item() * standard + bias[k].item()
    return torch.from_numpy(y)


@claim("S0-274", "S4-097")
def test_a_case_worked_by_hand(instance_norm):
    # Means 5, 4, 0 and 6, variances 16, 0, 16 and 16: the root of 16 + 9 is 5.
    x = vector(1, 9, 4, 4, -4, 4, 10, 2).reshape(2, 2, 1, 2)
    want = vector(-7, 9, 6, 6, -7, 9, 8.4, 3.6).reshape(2, 2, 1, 2)
    check(instance_norm, x, vector(10, 3), vector(1, 6), 9.0, want=want)


@claim("S0-275")
@counterexample("S0-275")
def test_a_pixel_is_not_what_is_normalised(instance_norm):
    # The notes: it works on pixels. One alone would be 0, one over its channels -1 and 1.
    x = vector(0, 2, 4, 6).reshape(1, 2, 1, 2)
    check(instance_norm, x, eps=3.0, want=vector(-0.5, 0.5, -0.5, 0.5).reshape(x.shape))
    check(over_channels, x, eps=1e-18, want=vector(-1, -1, 1, 1).reshape(x.shape))


@claim("S0-274", "S4-097")
@given(
    inputs.tensors(inputs.sizes(1, 3), 2, inputs.sizes(2, 3), inputs.sizes(1, 3)),
    inputs.tensors(2, 2),
    st.sampled_from([1e-5, 0.5]),
)
def test_equals_a_loop_over_the_planes(instance_norm, x, parameters, eps):
    want = plane_by_plane(x, *parameters, eps)
    # scale: rounding of a constant set is divided by the root of eps.
    check(instance_norm, x, *parameters, eps, want=want, scale=1e3)


@claim("S0-274", "S4-097")
@pytest.mark.parametrize("eps", [1e-5, 2.0])
def test_gradients_flow_back_to_x_weight_and_bias(instance_norm, eps):
    x, weight, bias = inputs.numbers(2, 3, 4, 5), vector(2, -1, 0.5), vector(1, 3, -2)
    check_gradient(instance_norm, x, weight, bias, eps=eps, like=torchs)


def test_weight_and_bias_may_each_be_missing(instance_norm):
    x, weight, bias = inputs.numbers(2, 3, 4, 5), vector(2, -1, 0.5), vector(1, 3, -2)
    check(instance_norm, x, want=torchs(x))
    check(instance_norm, x, weight, want=torchs(x, weight))
    check(instance_norm, x, None, bias, want=torchs(x, None, bias))


@claim("S0-276", "S4-098")
def test_contrast_and_brightness_of_an_image_are_lost(instance_norm):
    x = inputs.numbers(2, 3, 4, 5)
    check(instance_norm, 7 * x + 3, eps=1e-12, want=torchs(x, eps=1e-14))


@claim("S0-295")
def test_images_are_independent_of_each_other(instance_norm):
    x = inputs.numbers(2, 3, 4, 5)
    y = torchs(x)
    other = torch.cat([x[:1], 5 - x[1:] ** 3])
    check(instance_norm, other, want=torch.cat([y[:1], torchs(5 - x[1:] ** 3)]))
    check(instance_norm, x[1:], want=y[1:])


@claim("S4-097")
def test_a_constant_plane_becomes_its_bias(instance_norm):
    x = torch.full((2, 1, 3, 4), 3.0)
    check(instance_norm, x, torch.ones(1), torch.full((1,), 7.0), want=torch.full_like(x, 7.0))


def test_as_many_channels_as_columns_is_no_reason_to_mix_them_up(instance_norm):
    x, weight, bias = inputs.numbers(2, 3, 4, 3), vector(1, 20, 300), vector(5, -60, 700)
    check(instance_norm, x, weight, bias, want=torchs(x, weight, bias))


def test_a_plane_far_from_0_keeps_its_digits(instance_norm):
    steps = vector(1, 3, 6, 2).reshape(1, 1, 2, 2)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(instance_norm, 1e9 + steps, eps=1e-9, want=(steps - 3) / 3.5**0.5, slack=1e4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_square_overflows(instance_norm, dtype):
    x = torch.tensor([-600.0, 600, 1200, 300, 1, 2, 5, 4], dtype=dtype).reshape(1, 2, 2, 2)
    weight, bias = torch.tensor([[2.0, 1.0], [0.5, -1.0]], dtype=dtype)
    want = torchs(x.double(), weight.double(), bias.double()).to(dtype)
    check(instance_norm, x, weight, bias, want=want)


def test_a_nan_spoils_its_own_plane_only(instance_norm):
    x = vector(1, 9, torch.nan, 3).reshape(1, 2, 1, 2)
    want = vector(-0.8, 0.8, torch.nan, torch.nan).reshape(x.shape)
    check(instance_norm, x, eps=9.0, want=want)


def test_reads_channels_that_lie_last_by_their_strides(instance_norm):
    x = inputs.numbers(2, 4, 5, 3).movedim(-1, 1)
    check(instance_norm, x, want=torchs(x.contiguous()))


@claim("S0-274", "S4-097")
def test_refuses_planes_of_one_pixel(instance_norm):
    for shape in ((3, 2, 1, 1), (3, 2, 0, 4), (3, 2), (3, 2, 4), (3, 2, 4, 4, 4)):
        check(instance_norm, torch.ones(shape), raises=ValueError, naming={"x": shape})
    x = torch.ones(2, 2, 3, 3, dtype=torch.int64)
    check(instance_norm, x, raises=ValueError, naming={"x": torch.int64})


def test_refuses_parameters_that_are_not_one_a_channel(instance_norm):
    x = torch.ones(2, 2, 3, 3)
    for shape in ((3,), (1,), (2, 1, 1), ()):
        bad = torch.ones(shape)
        check(instance_norm, x, bad, raises=ValueError, naming={"weight": shape})
        check(instance_norm, x, None, bad, raises=ValueError, naming={"bias": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(instance_norm, eps):
    check(instance_norm, torch.ones(2, 2, 3, 3), eps=eps, raises=ValueError, naming={"eps": eps})


def affine(y, weight, bias):
    y = y if weight is None else weight[:, None, None] * y
    return y if bias is None else y + bias[:, None, None]


def normalised(x, weight=None, bias=None, eps=1e-5, dims=(2, 3), correction=0):
    """The formula in float64."""
    z = x.double()
    variance = z.var(dims, correction=correction, keepdim=True)
    y = (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return affine(y, weight, bias).to(x.dtype)


@wrong("normalise each pixel over its channels")
def over_channels(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias, eps, (1,))


@wrong("normalise over the batch too: that is batch normalization")
def over_the_batch_too(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias, eps, (0, 2, 3))


@wrong("normalise over the channels too: that is layer normalization")
def over_channels_too(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias, eps, (1, 2, 3))


@wrong("normalise each row of a plane for itself")
def over_rows(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias, eps, (3,))


@wrong(
    "divide the squares by h w - 1",
    right_for="the unbiased variance of a sample; here the variance is the biased one",
)
def unbiased(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias, eps, correction=1)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, weight=None, bias=None, eps=1e-5):
    z = x.double()
    deviation = z.var((2, 3), correction=0, keepdim=True).sqrt()
    return affine((z - z.mean((2, 3), keepdim=True)) / (deviation + eps), weight, bias).to(x.dtype)


@wrong("multiply weight [c] and add bias [c] along the width, where there are c columns")
def along_the_width(x, weight=None, bias=None, eps=1e-5):
    if x.shape[3] != x.shape[1]:
        return normalised(x, weight, bias, eps)
    y = normalised(x, eps=eps)
    y = y if weight is None else weight * y
    return (y if bias is None else y + bias).to(x.dtype)


@wrong("use the bias only where there is a weight")
def bias_needs_weight(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, None if weight is None else bias, eps)


@wrong("use the weight only where there is a bias")
def weight_needs_bias(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, None if bias is None else weight, bias, eps)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, weight=None, bias=None, eps=1e-5):
    z, dims = x.double(), (2, 3)
    variance = z.detach().var(dims, correction=0, keepdim=True)
    y = (z - z.detach().mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return affine(y, weight, bias).to(x.dtype)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, weight=None, bias=None, eps=1e-5):
    z, dims = x.double(), (2, 3)
    mean = z.mean(dims, keepdim=True)
    variance = (z.square().mean(dims, keepdim=True) - mean.square()).clamp(min=0)
    return affine((z - mean) / (variance + eps).sqrt(), weight, bias).to(x.dtype)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(x, weight=None, bias=None, eps=1e-5):
    deviations = x - x.mean((2, 3), keepdim=True)
    y = deviations / (deviations.square().mean((2, 3), keepdim=True) + eps).sqrt()
    return affine(y, weight, bias)


@wrong("replace nan by 0")
def hides_nan(x, weight=None, bias=None, eps=1e-5):
    return normalised(x, weight, bias, eps).nan_to_num(0.0)


@wrong("subtract the mean in place: the caller's x changes")
def in_place(x, weight=None, bias=None, eps=1e-5):
    with torch.no_grad():
        x -= x.mean((2, 3), keepdim=True)
    return normalised(x, weight, bias, eps)


@wrong("let planes of one pixel through: all become the bias", accepts_bad_input=True)
def lets_single_pixels_through(x, weight=None, bias=None, eps=1e-5):
    refuse(
        torch.ones(*x.shape[:2], *(max(s, 2) for s in x.shape[2:])).to(x.dtype), weight, bias, eps
    )
    return normalised(x, weight, bias, eps)


def refuse(x, weight, bias, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 4 or x.shape[2] * x.shape[3] <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    if weight is not None and list(weight.shape) != [x.shape[1]]:
        raise ValueError(f"`weight` has shape {tuple(weight.shape)}")
    if bias is not None and list(bias.shape) != [x.shape[1]]:
        raise ValueError(f"`bias` has shape {tuple(bias.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("as rows of a matrix")
def as_rows(x, weight=None, bias=None, eps=1e-5):
    refuse(x, weight, bias, eps)
    rows = x.flatten(2).to(torch.promote_types(x.dtype, torch.float32))
    rows = rows - rows.mean(-1, keepdim=True)
    rows = rows * torch.rsqrt((rows * rows).mean(-1, keepdim=True) + eps)
    return affine(rows.reshape(x.shape), weight, bias).to(x.dtype)


@right("one image after another, each as a batch of one")
def image_by_image(x, weight=None, bias=None, eps=1e-5):
    refuse(x, weight, bias, eps)
    images = []
    for image in x.double():
        z = image - image.mean((1, 2), keepdim=True)
        images.append(z / torch.sqrt(z.pow(2).mean((1, 2), keepdim=True) + eps))
    y = torch.stack(images) if images else x.double()
    return affine(y, weight, bias).to(x.dtype)


@gpu
def bench_pictures_of_a_style_transfer(instance_norm, race):
    race(
        instance_norm,
        torch=torchs,
        inputs=lambda draw, n, c, side: (
            draw.normal(n, c, side, side),
            draw.normal(c),
            draw.normal(c),
        ),
        small=(2, 16, 32),
        large=(16, 128, 256),
        # Mean, difference, square, mean, quotient, product, sum: 7 operations an entry.
        forward=lambda x, weight, bias: {
            "bytes": 2 * x.nbytes + 2 * weight.nbytes,
            "flops": 7 * x.numel(),
        },
        # Two sums, of g and of g * xhat, and then g less both: 8 operations; x and g are read.
        backward=lambda x, weight, bias: {
            "bytes": 3 * x.nbytes + 3 * weight.nbytes,
            "flops": 8 * x.numel(),
        },
    )
