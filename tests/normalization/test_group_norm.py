"""Group normalization: between layer normalization and instance normalization."""

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
    after=("layer_norm", "instance_norm"),
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
        "Give the groups a dimension of their own. Which dimensions are left for a mean?",
        "x.unflatten(1, (groups, c // groups)), then means over all dimensions from 2 on.",
        "Flatten the dimensions 1 and 2 again before weight and bias, as [c, 1, ..., 1].",
    ),
)


def torchs(x, groups, weight=None, bias=None, eps=1e-5):
    return F.group_norm(x, groups, weight, bias, eps)


def group_by_group(x, groups, weight, bias, eps):
    """Normalise each block of channels with numpy."""
    import numpy as np

    y, width = np.empty(x.shape), x.shape[1] // groups
    for i, sample in enumerate(x.numpy()):
        for start in range(0, x.shape[1], width):
            block = sample[start : start + width]
            standard = (block - block.mean()) / np.sqrt(block.var() + eps)
            for k in range(width):
                y[i, start + k] = weight[start + k].item() * standard[k] + bias[start + k].item()
    return torch.from_numpy(y)


@claim("S0-277", "S0-297", "S4-099")
def test_a_case_worked_by_hand(group_norm):
    # Two groups of two channels: means 5 and 4, variances 16 and 0; then 0 and 6, 16 and 16.
    x = vector(1, 9, 4, 4, -4, 4, 10, 2).reshape(2, 4)
    want = vector(-7, 9, 6, 8, -7, 9, 8.4, 4).reshape(2, 4)
    weight, bias = vector(10, 5, 3, 5), vector(1, 5, 6, 8)
    check(group_norm, x, 2, weight, bias, 9.0, want=want)


@claim("S0-277", "S0-297", "S4-099")
@given(
    st.data(),
    st.sampled_from([(1, 3), (2, 2), (2, 4), (2, 6), (3, 6), (4, 4)]),
    st.lists(st.integers(1, 3), max_size=3),
    st.sampled_from([1e-5, 0.5]),
)
def test_equals_a_loop_over_samples_and_groups(group_norm, data, sizes, space, eps):
    groups, c = sizes
    x = data.draw(inputs.tensors(inputs.sizes(1, 2), c, *space))
    weight, bias = data.draw(inputs.tensors(2, c))
    want = group_by_group(x, groups, weight, bias, eps)
    # scale: rounding of a constant set is divided by the root of eps.
    check(group_norm, x, groups, weight, bias, eps, want=want, scale=1e3)


@claim("S0-277", "S4-099")
@pytest.mark.parametrize("eps", [1e-5, 2.0])
def test_gradients_flow_back_to_x_weight_and_bias(group_norm, eps):
    x, weight, bias = inputs.numbers(2, 6, 4, 5), inputs.numbers(6), 2 - inputs.numbers(6)
    check_gradient(group_norm, x, 3, weight, bias, eps=eps, like=torchs)


def test_weight_and_bias_may_each_be_missing(group_norm):
    x, weight, bias = inputs.numbers(2, 4, 3, 5), vector(2, -1, 0.5, 3), vector(1, 3, -2, 0)
    check(group_norm, x, 2, want=torchs(x, 2))
    check(group_norm, x, 2, weight, want=torchs(x, 2, weight))
    check(group_norm, x, 2, None, bias, want=torchs(x, 2, None, bias))


@claim("S0-277", "S0-298", "S4-099")
def test_one_group_is_layer_norm_of_the_whole_sample(group_norm):
    x = inputs.numbers(2, 6, 4, 5)
    check(group_norm, x, 1, want=F.layer_norm(x, (6, 4, 5)))


@claim("S0-277", "S0-298", "S4-099")
def test_a_group_for_each_channel_is_instance_norm(group_norm):
    x = inputs.numbers(2, 6, 4, 5)
    check(group_norm, x, 6, want=F.instance_norm(x))


@claim("S0-296", "S0-297")
def test_a_sample_comes_out_alike_alone_and_in_any_company(group_norm):
    x = inputs.numbers(3, 4, 2, 5)
    check(group_norm, x[:1], 2, want=torchs(x, 2)[:1])
    company = torch.cat([x[:1], 1e6 * x[1:]])
    check(group_norm, company, 2, want=torch.cat([torchs(x[:1], 2), torchs(1e6 * x[1:], 2)]))


@claim("S0-297")
def test_a_constant_group_and_one_of_a_single_entry_become_the_bias(group_norm):
    bias = torch.tensor([1.0, 2.0, 3.0, 4.0])
    want = bias[:, None].expand(2, 4, 3).clone()
    check(group_norm, torch.full((2, 4, 3), 0.1), 2, None, bias, want=want)
    check(group_norm, torch.tensor([[5.0, -3.0, 8.0, 0.0]]), 4, 2 * bias, bias, want=bias[None])


def test_as_many_channels_as_columns_is_no_reason_to_mix_them_up(group_norm):
    x, weight, bias = inputs.numbers(2, 4, 3, 4), vector(1, 2, 30, 400), vector(5, -6, 70, 80)
    check(group_norm, x, 2, weight, bias, want=torchs(x, 2, weight, bias))


def test_a_group_far_from_0_keeps_its_digits(group_norm):
    steps = vector(1, 3, 6, 2).reshape(1, 2, 2)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(group_norm, 1e9 + steps, 1, eps=1e-9, want=(steps - 3) / 3.5**0.5, slack=1e4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_square_overflows(group_norm, dtype):
    x = torch.tensor([-600.0, 600, 1200, 300, 1, 2, 5, 4], dtype=dtype).reshape(1, 4, 2)
    weight, bias = torch.tensor([[2.0, 1, 3, 0.25], [0.5, -1, 0, 2]], dtype=dtype)
    want = torchs(x.double(), 2, weight.double(), bias.double()).to(dtype)
    check(group_norm, x, 2, weight, bias, want=want)


def test_a_nan_spoils_its_own_group_only(group_norm):
    x = vector(1, 9, torch.nan, 3).reshape(1, 4)
    want = vector(-0.8, 0.8, torch.nan, torch.nan).reshape(1, 4)
    check(group_norm, x, 2, eps=9.0, want=want)


def test_reads_channels_that_lie_last_by_their_strides(group_norm):
    x = inputs.numbers(2, 3, 5, 4).movedim(-1, 1)
    check(group_norm, x, 2, want=torchs(x.contiguous(), 2))


@claim("S0-297", "S4-099")
@counterexample("S0-297", "S4-099")
def test_refuses_groups_that_do_not_divide_the_channels(group_norm):
    # The notes ask for nothing: C // G = 6 // 4 = 1 would leave two channels out.
    x = torch.ones(2, 6, 3, 3)
    for groups in (4, 0, -2, 12):
        check(group_norm, x, groups, raises=ValueError, naming={"groups": groups})


def test_refuses_what_has_no_channels_and_integers(group_norm):
    check(group_norm, torch.ones(4), 1, raises=ValueError, naming={"x": (4,)})
    x = torch.ones(2, 4, 3, dtype=torch.int64)
    check(group_norm, x, 2, raises=ValueError, naming={"x": torch.int64})


def test_refuses_parameters_that_are_not_one_a_channel(group_norm):
    x = torch.ones(2, 4, 3, 3)
    for shape in ((2,), (1,), (4, 1, 1), ()):
        bad = torch.ones(shape)
        check(group_norm, x, 2, bad, raises=ValueError, naming={"weight": shape})
        check(group_norm, x, 2, None, bad, raises=ValueError, naming={"bias": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(group_norm, eps):
    check(group_norm, torch.ones(2, 4, 3), 2, eps=eps, raises=ValueError, naming={"eps": eps})


def affine(y, weight, bias):
    per_channel = (-1,) + (1,) * (y.dim() - 2)
    y = y if weight is None else weight.reshape(per_channel) * y
    return y if bias is None else y + bias.reshape(per_channel)


def standard(z, eps, correction=0):
    """Standardise over all but the first two dimensions."""
    dims = tuple(range(2, z.dim()))
    variance = z.var(dims, correction=correction, keepdim=True)
    return (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()


def normalised(x, groups, weight=None, bias=None, eps=1e-5, correction=0):
    """The formula in float64."""
    y = standard(x.double().unflatten(1, (groups, -1)), eps, correction).flatten(1, 2)
    return affine(y, weight, bias).to(x.dtype)


@wrong("take every `groups`-th channel for a group, and not a block of neighbours")
def interleaved(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.double().unflatten(1, (-1, groups)).transpose(1, 2)
    return affine(standard(z, eps).transpose(1, 2).flatten(1, 2), weight, bias).to(x.dtype)


@wrong("take `groups` for the number of channels in a group")
def channels_of_a_group(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, x.shape[1] // groups, weight, bias, eps)


@wrong("normalise over the channels of a group alone, and each place of space for itself")
def without_space(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.double().unflatten(1, (groups, -1))
    variance = z.var(2, correction=0, keepdim=True)
    y = (z - z.mean(2, keepdim=True)) / (variance + eps).sqrt()
    return affine(y.flatten(1, 2), weight, bias).to(x.dtype)


@wrong("normalise over the batch too")
def over_the_batch_too(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.double().unflatten(1, (groups, -1)).movedim(0, 2)[None]
    return affine(standard(z, eps)[0].movedim(1, 0).flatten(1, 2), weight, bias).to(x.dtype)


@wrong("ignore the groups: that is layer normalization")
def ignores_groups(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, 1, weight, bias, eps)


@wrong("make a group of each channel: that is instance normalization")
def each_channel(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, x.shape[1], weight, bias, eps)


@wrong(
    "divide the squares by the number of entries minus 1",
    right_for="the unbiased variance of a sample; here the variance is the biased one",
)
def unbiased(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, groups, weight, bias, eps, correction=1)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, groups, weight, bias)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.double().unflatten(1, (groups, -1))
    dims = tuple(range(2, z.dim()))
    deviation = z.var(dims, correction=0, keepdim=True).sqrt()
    y = (z - z.mean(dims, keepdim=True)) / (deviation + eps)
    return affine(y.flatten(1, 2), weight, bias).to(x.dtype)


@wrong("use the first weights and biases for the groups, and none for the channels")
def one_weight_a_group(x, groups, weight=None, bias=None, eps=1e-5):
    width = x.shape[1] // groups
    weight = None if weight is None else weight[:groups].repeat_interleave(width)
    bias = None if bias is None else bias[:groups].repeat_interleave(width)
    return normalised(x, groups, weight, bias, eps)


@wrong("multiply weight [c] and add bias [c] along the width, where there are c columns")
def along_the_width(x, groups, weight=None, bias=None, eps=1e-5):
    if x.dim() != 4 or x.shape[3] != x.shape[1]:
        return normalised(x, groups, weight, bias, eps)
    y = normalised(x, groups, eps=eps)
    y = y if weight is None else weight * y
    return (y if bias is None else y + bias).to(x.dtype)


@wrong("use the bias only where there is a weight")
def bias_needs_weight(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, groups, weight, None if weight is None else bias, eps)


@wrong("use the weight only where there is a bias")
def weight_needs_bias(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, groups, None if bias is None else weight, bias, eps)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.double().unflatten(1, (groups, -1))
    dims, fixed = tuple(range(2, z.dim())), z.detach()
    root = (fixed.var(dims, correction=0, keepdim=True) + eps).sqrt()
    y = (z - fixed.mean(dims, keepdim=True)) / root
    return affine(y.flatten(1, 2), weight, bias).to(x.dtype)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.double().unflatten(1, (groups, -1))
    dims = tuple(range(2, z.dim()))
    mean = z.mean(dims, keepdim=True)
    variance = (z.square().mean(dims, keepdim=True) - mean.square()).clamp(min=0)
    return affine(((z - mean) / (variance + eps).sqrt()).flatten(1, 2), weight, bias).to(x.dtype)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(x, groups, weight=None, bias=None, eps=1e-5):
    z = x.unflatten(1, (groups, -1))
    dims = tuple(range(2, z.dim()))
    deviations = z - z.mean(dims, keepdim=True)
    y = deviations / (deviations.square().mean(dims, keepdim=True) + eps).sqrt()
    return affine(y.flatten(1, 2), weight, bias)


@wrong("replace nan by 0")
def hides_nan(x, groups, weight=None, bias=None, eps=1e-5):
    return normalised(x, groups, weight, bias, eps).nan_to_num(0.0)


@wrong("round c / groups down and leave the last channels as they are", accepts_bad_input=True)
def leaves_channels_out(x, groups, weight=None, bias=None, eps=1e-5):
    refuse(x, 1, weight, bias, eps)
    if not 0 < groups <= x.shape[1]:
        raise ValueError(f"`groups` = {groups}")
    whole = x.shape[1] // groups * groups
    y = standard(x[:, :whole].double().unflatten(1, (groups, -1)), eps).flatten(1, 2)
    return affine(torch.cat([y, x[:, whole:].double()], 1), weight, bias).to(x.dtype)


def refuse(x, groups, weight, bias, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    if groups <= 0 or x.shape[1] % groups != 0:
        raise ValueError(f"`groups` = {groups}")
    if weight is not None and list(weight.shape) != [x.shape[1]]:
        raise ValueError(f"`weight` has shape {tuple(weight.shape)}")
    if bias is not None and list(bias.shape) != [x.shape[1]]:
        raise ValueError(f"`bias` has shape {tuple(bias.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("as rows of a matrix")
def as_rows(x, groups, weight=None, bias=None, eps=1e-5):
    refuse(x, groups, weight, bias, eps)
    size = x[0].numel() // groups if len(x) else 1
    rows = x.reshape(-1, size).to(torch.promote_types(x.dtype, torch.float32))
    rows = rows - rows.mean(-1, keepdim=True)
    rows = rows * torch.rsqrt((rows * rows).mean(-1, keepdim=True) + eps)
    return affine(rows.reshape(x.shape), weight, bias).to(x.dtype)


@right("one group of channels after another")
def group_after_group(x, groups, weight=None, bias=None, eps=1e-5):
    refuse(x, groups, weight, bias, eps)
    dims, blocks = tuple(range(1, x.ndim)), []
    for block in x.double().chunk(groups, 1):
        z = block - block.mean(dims, keepdim=True)
        blocks.append(z / torch.sqrt(z.pow(2).mean(dims, keepdim=True) + eps))
    return affine(torch.cat(blocks, 1), weight, bias).to(x.dtype)


@gpu
def bench_a_detector_with_32_groups(group_norm, race):
    race(
        group_norm,
        torch=torchs,
        inputs=lambda draw, n, c, side: (
            draw.normal(n, c, side, side),
            32,
            draw.normal(c),
            draw.normal(c),
        ),
        small=(2, 64, 28),
        large=(16, 256, 128),
        # Mean, difference, square, mean, quotient, product, sum: 7 operations an entry.
        forward=lambda x, groups, weight, bias: {
            "bytes": 2 * x.nbytes + 2 * weight.nbytes,
            "flops": 7 * x.numel(),
        },
        # Products with weight and xhat, two sums, and then the gradient less both: 9 operations.
        backward=lambda x, groups, weight, bias: {
            "bytes": 3 * x.nbytes + 3 * weight.nbytes,
            "flops": 9 * x.numel(),
        },
    )
