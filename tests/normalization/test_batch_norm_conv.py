"""Batch normalization of images: one mean and one variance for each channel."""

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
    after=("batch_norm_train",),
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
        "The same kernel made all pixels of a channel. How many means are there?",
        "Means over the dimensions 0, 2 and 3, with keepdim=True; gamma and beta as [c, 1, 1].",
        "It is batch normalization of the matrix [n h w, c] that has one row for each pixel.",
    ),
)


def torchs(x, gamma, beta, eps=1e-5):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def pixels_as_rows(x, gamma, beta, eps):
    """Normalise the columns of the matrix [n h w, c] with numpy."""
    import numpy as np

    n, c, h, w = x.shape
    rows = np.moveaxis(x.numpy(), 1, -1).reshape(-1, c)
    rows = gamma.numpy() * (rows - rows.mean(0)) / np.sqrt(rows.var(0) + eps) + beta.numpy()
    return torch.from_numpy(np.moveaxis(rows.reshape(n, h, w, c), -1, 1).copy())


@claim("S0-270", "S1-159")
def test_a_case_worked_by_hand(batch_norm_conv):
    # Channel 0 has the mean 5 and the variance 16, channel 1 is constant.
    x = vector(1, 9, 1, 4, 4, 4, 9, 1, 9, 4, 4, 4).reshape(2, 2, 1, 3)
    want = vector(-7, 9, -7, 6, 6, 6, 9, -7, 9, 6, 6, 6).reshape(2, 2, 1, 3)
    check(batch_norm_conv, x, vector(10, 3), vector(1, 6), 9.0, want=want)


@claim("S0-270", "S1-159", "S4-234")
@given(
    inputs.tensors(inputs.sizes(1, 3), 2, inputs.sizes(2, 3), inputs.sizes(1, 3)),
    inputs.tensors(2, 2),
    st.sampled_from([1e-5, 0.5]),
)
def test_is_that_of_the_matrix_with_a_row_for_each_pixel(batch_norm_conv, x, parameters, eps):
    want = pixels_as_rows(x, *parameters, eps)
    # scale: rounding of a constant set is divided by the root of eps.
    check(batch_norm_conv, x, *parameters, eps, want=want, scale=1e3)


@claim("S1-159")
@pytest.mark.parametrize("eps", [1e-5, 2.0])
def test_gradients_flow_back_to_x_gamma_and_beta(batch_norm_conv, eps):
    x, gamma, beta = inputs.numbers(2, 3, 4, 5), vector(2, -1, 0.5), vector(1, 3, -2)
    check_gradient(batch_norm_conv, x, gamma, beta, eps=eps, like=torchs)


@claim("S4-065")
@counterexample("S4-065")
def test_statistics_over_the_batch_alone_are_others(batch_norm_conv):
    # The notes: E and Var are averages over the batch. Of an image they are over its pixels too.
    x, one = vector(1, 9, 1, 9).reshape(2, 1, 1, 2), vector(1)
    check(batch_norm_conv, x, one, 0 * one, 9.0, want=vector(-0.8, 0.8, -0.8, 0.8).reshape(x.shape))
    check(over_the_batch_alone, x, one, 0 * one, 9.0, want=0 * x)


@claim("S1-159", "S4-070", "S4-086", "S4-234")
@counterexample("S4-070", "S4-086")
def test_one_image_has_statistics_of_its_own(batch_norm_conv):
    # The notes: of a single input there is no mean and no variance.
    x, gamma, beta = inputs.numbers(1, 3, 2, 4), vector(1, 2, 3), vector(0, 1, -1)
    check(batch_norm_conv, x, gamma, beta, want=torchs(x, gamma, beta))
    for line in (x[:, :, :1], x[..., :1]):
        want = torchs(line.contiguous(), gamma, beta)
        check(batch_norm_conv, line, gamma, beta, want=want)


@claim("S0-270")
def test_a_constant_channel_becomes_beta(batch_norm_conv):
    x = torch.full((2, 1, 3, 4), 3.0)
    check(batch_norm_conv, x, torch.ones(1), torch.full((1,), 7.0), want=torch.full_like(x, 7.0))


def test_as_many_channels_as_columns_is_no_reason_to_mix_them_up(batch_norm_conv):
    x, gamma, beta = inputs.numbers(2, 3, 4, 3), vector(1, 20, 300), vector(5, -60, 700)
    check(batch_norm_conv, x, gamma, beta, want=torchs(x, gamma, beta))


def test_a_channel_far_from_0_keeps_its_digits(batch_norm_conv):
    steps = torch.tensor([1.0, 3, 6, 2]).reshape(2, 1, 2, 1)
    want = (steps - 3) / 3.5**0.5
    # slack: a mean that is updated entry by entry is rounded at 1e6, where steps are 1/16.
    check(batch_norm_conv, 1e6 + steps, torch.ones(1), torch.zeros(1), 1e-9, want=want, slack=1e4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_square_overflows(batch_norm_conv, dtype):
    x = torch.tensor([-600.0, 600, 1200, 300], dtype=dtype).reshape(1, 2, 2, 1)
    gamma, beta = torch.tensor([[2.0, 1.0], [0.5, -1.0]], dtype=dtype)
    want = torchs(x.double(), gamma.double(), beta.double()).to(dtype)
    check(batch_norm_conv, x, gamma, beta, want=want)


def test_reads_channels_that_lie_last_by_their_strides(batch_norm_conv):
    x, gamma, beta = inputs.numbers(2, 4, 5, 3).movedim(-1, 1), vector(1, 2, 3), vector(0, 1, 2)
    check(batch_norm_conv, x, gamma, beta, want=torchs(x.contiguous(), gamma, beta))


@claim("S0-270", "S4-065", "S4-086")
def test_refuses_what_has_one_value_a_channel(batch_norm_conv):
    two = torch.ones(2)
    for shape in ((1, 2, 1, 1), (0, 2, 3, 4), (3, 2, 0, 4), (3, 2), (3, 2, 4), (3, 2, 4, 4, 4)):
        check(batch_norm_conv, torch.ones(shape), two, two, raises=ValueError, naming={"x": shape})
    x = torch.ones(2, 2, 3, 3, dtype=torch.int64)
    check(batch_norm_conv, x, two, two, raises=ValueError, naming={"x": torch.int64})


def test_refuses_parameters_that_are_not_one_a_channel(batch_norm_conv):
    x, two = torch.ones(2, 2, 3, 3), torch.ones(2)
    for shape in ((3,), (1,), (2, 1, 1), ()):
        bad = torch.ones(shape)
        check(batch_norm_conv, x, bad, two, raises=ValueError, naming={"gamma": shape})
        check(batch_norm_conv, x, two, bad, raises=ValueError, naming={"beta": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(batch_norm_conv, eps):
    x, two = torch.ones(2, 2, 3, 3), torch.ones(2)
    check(batch_norm_conv, x, two, two, eps, raises=ValueError, naming={"eps": eps})


def normalised(x, gamma, beta, eps=1e-5, dims=(0, 2, 3), correction=0):
    """The formula in float64."""
    z = x.double()
    variance = z.var(dims, correction=correction, keepdim=True)
    standard = (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return (gamma[:, None, None] * standard + beta[:, None, None]).to(x.dtype)


@wrong("normalise over the batch alone: each pixel has a mean of its own")
def over_the_batch_alone(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, beta, eps, (0,))


@wrong("normalise each channel of each image: that is instance normalization")
def over_each_image(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, beta, eps, (2, 3))


@wrong("normalise each image over its channels too: that is layer normalization")
def over_channels_too(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, beta, eps, (1, 2, 3))


@wrong("take one mean and one variance of all channels")
def over_all(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, beta, eps, (0, 1, 2, 3))


@wrong("average the variances within the images: how their means differ is lost")
def mean_of_variances(x, gamma, beta, eps=1e-5):
    z = x.double()
    variance = z.var((2, 3), correction=0, keepdim=True).mean(0, keepdim=True)
    standard = (z - z.mean((0, 2, 3), keepdim=True)) / (variance + eps).sqrt()
    return (gamma[:, None, None] * standard + beta[:, None, None]).to(x.dtype)


@wrong(
    "divide the squares by n h w - 1",
    right_for="the running variance that torch stores; here the variance is the biased one",
)
def unbiased(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, beta, eps, correction=1)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, beta)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, gamma, beta, eps=1e-5):
    z = x.double()
    deviation = z.var((0, 2, 3), correction=0, keepdim=True).sqrt()
    standard = (z - z.mean((0, 2, 3), keepdim=True)) / (deviation + eps)
    return (gamma[:, None, None] * standard + beta[:, None, None]).to(x.dtype)


@wrong("multiply gamma [c] and add beta [c] along the width, where there are c columns")
def along_the_width(x, gamma, beta, eps=1e-5):
    if x.shape[3] != x.shape[1]:
        return normalised(x, gamma, beta, eps)
    one = torch.ones_like(gamma)
    return (gamma * normalised(x, one, 0 * one, eps) + beta).to(x.dtype)


@wrong("leave out beta, as the layer before has a bias")
def without_beta(x, gamma, beta, eps=1e-5):
    return normalised(x, gamma, 0 * beta, eps)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, gamma, beta, eps=1e-5):
    z, dims = x.double(), (0, 2, 3)
    variance = z.detach().var(dims, correction=0, keepdim=True)
    standard = (z - z.detach().mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return (gamma[:, None, None] * standard + beta[:, None, None]).to(x.dtype)


@wrong("detach the variance: the gradient loses one of its terms")
def detached_variance(x, gamma, beta, eps=1e-5):
    z, dims = x.double(), (0, 2, 3)
    variance = z.detach().var(dims, correction=0, keepdim=True)
    standard = (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return (gamma[:, None, None] * standard + beta[:, None, None]).to(x.dtype)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, gamma, beta, eps=1e-5):
    z, dims = x.to(torch.promote_types(x.dtype, torch.float32)), (0, 2, 3)
    mean = z.mean(dims, keepdim=True)
    variance = (z.square().mean(dims, keepdim=True) - mean.square()).clamp(min=0)
    standard = (z - mean) / (variance + eps).sqrt()
    return (gamma[:, None, None] * standard + beta[:, None, None]).to(x.dtype)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(x, gamma, beta, eps=1e-5):
    deviations = x - x.mean((0, 2, 3), keepdim=True)
    standard = deviations / (deviations.square().mean((0, 2, 3), keepdim=True) + eps).sqrt()
    return gamma[:, None, None] * standard + beta[:, None, None]


@wrong("refuse a single image, whatever its pixels")
def refuses_one_image(x, gamma, beta, eps=1e-5):
    if len(x) < 2:
        raise ValueError(f"x has shape {list(x.shape)}")
    return normalised(x, gamma, beta, eps)


@wrong("subtract the mean in place: the caller's x changes")
def in_place(x, gamma, beta, eps=1e-5):
    with torch.no_grad():
        x -= x.mean((0, 2, 3), keepdim=True)
    return normalised(x, gamma, beta, eps)


def refuse(x, gamma, beta, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 4 or x[:, 0].numel() <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    if list(gamma.shape) != [x.shape[1]]:
        raise ValueError(f"`gamma` has shape {tuple(gamma.shape)}")
    if list(beta.shape) != [x.shape[1]]:
        raise ValueError(f"`beta` has shape {tuple(beta.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("on the matrix with a row for each pixel")
def on_rows(x, gamma, beta, eps=1e-5):
    refuse(x, gamma, beta, eps)
    last = x.movedim(1, -1)
    rows = last.reshape(-1, x.shape[1]).to(torch.promote_types(x.dtype, torch.float32))
    rows = rows - rows.mean(0)
    rows = rows * (gamma / (rows.square().mean(0) + eps).sqrt()) + beta
    return rows.reshape(last.shape).movedim(-1, 1).to(x.dtype)


@right("one channel at a time")
def channel_by_channel(x, gamma, beta, eps=1e-5):
    refuse(x, gamma, beta, eps)
    channels = []
    for channel, scale, shift in zip(x.unbind(1), gamma, beta, strict=True):
        z = channel.double() - channel.double().mean()
        channels.append(scale * z / torch.sqrt((z * z).mean() + eps) + shift)
    return torch.stack(channels, 1).to(x.dtype)


@gpu
def bench_the_first_stage_of_a_resnet(batch_norm_conv, race):
    race(
        batch_norm_conv,
        torch=torchs,
        inputs=lambda draw, n, c, side: (
            draw.normal(n, c, side, side),
            draw.normal(c),
            draw.normal(c),
        ),
        small=(4, 16, 28),
        large=(128, 256, 56),
        # Mean, difference, square, mean, quotient, product, sum: 7 operations an entry.
        forward=lambda x, gamma, beta: {
            "bytes": 2 * x.nbytes + 2 * gamma.nbytes,
            "flops": 7 * x.numel(),
        },
        # Two sums, of g and of g * xhat, and then g less both: 8 operations; x and g are read.
        backward=lambda x, gamma, beta: {
            "bytes": 3 * x.nbytes + 3 * gamma.nbytes,
            "flops": 8 * x.numel(),
        },
    )
