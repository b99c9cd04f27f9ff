"""Layer normalization over the trailing dimensions, for any normalized shape."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    counterexample,
    gpu,
    inputs,
    oracles,
    right,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("normalize_over",),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
        "rms_norm",
    ),
    instead="write it with means",
    hints=(
        "Which entries share a mean here? Those that weight and bias tell apart.",
        "The dimensions are -len(shape), ..., -1: take both means over them, with keepdim=True.",
        "weight * (x - mu) / sqrt(mean((x - mu)^2) + eps) + bias",
    ),
)


def torchs(x, shape, weight=None, bias=None, eps=1e-5):
    return F.layer_norm(x, shape, weight, bias, eps)


@claim("S0-288", "S0-289", "S0-292")
def test_a_case_worked_by_hand(layer_norm):
    # Means 5, 4 and 0, variances 16, 0 and 16: the root of 16 + 9 is 5.
    x = vector(1, 9, 4, 4, 4, -4).reshape(3, 2)
    want = vector(-7, 8.4, 1, 6, 9, 3.6).reshape(3, 2)
    check(layer_norm, x, (2,), vector(10, 3), vector(1, 6), 9.0, want=want)


@claim("S0-292")
def test_the_variance_divides_by_the_number_of_features(layer_norm):
    # The variance of (0, 3, 6) is 6, and 9 if it divides by 2.
    check(layer_norm, vector(0, 3, 6), (3,), eps=3.0, want=vector(-1, 0, 1))


@claim("S0-272", "S0-289", "S0-290", "S4-095")
@pytest.mark.parametrize("shape", [(5,), (4, 5), (3, 4, 5), (2, 3, 4, 5)])
def test_the_set_is_what_the_shape_says(layer_norm, shape):
    x, weight, bias = inputs.numbers(2, 3, 4, 5), inputs.numbers(*shape), 2 - inputs.numbers(*shape)
    dims = tuple(range(4 - len(shape), 4))
    variance, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    want = weight * (x - mean) / (variance + 0.5).sqrt() + bias
    check(layer_norm, x, shape, weight, bias, 0.5, want=want)


@claim("S0-292")
@given(st.data(), st.integers(1, 3), st.integers(1, 5), st.sampled_from([1e-5, 0.5]))
def test_equals_the_formula_with_50_digits(layer_norm, data, n, c, eps):
    import mpmath

    x, (weight, bias) = data.draw(inputs.tensors(n, c)), data.draw(inputs.tensors(2, c))

    def exact(row):
        mean = sum(row) / c
        root = mpmath.sqrt(sum((v - mean) ** 2 for v in row) / c + mpmath.mpf(eps))
        return [(v - mean) / root for v in row]

    want = weight * oracles.row_to_50_digits(exact, x) + bias
    # scale: rounding of a constant set is divided by the root of eps.
    check(layer_norm, x, (c,), weight, bias, eps, want=want, scale=1e3)


@claim("S0-292")
def test_weight_and_bias_may_each_be_missing(layer_norm):
    x, weight, bias = inputs.numbers(2, 4, 3), vector(2, 0, -1), vector(1, 5, 7)
    check(layer_norm, x, (3,), weight, want=torchs(x, (3,), weight))
    check(layer_norm, x, (3,), None, bias, want=torchs(x, (3,), None, bias))
    check(layer_norm, x, (3,), bias=0 * bias, want=torchs(x, (3,)))


@claim("S0-292", "S4-095")
@pytest.mark.parametrize("eps", [1e-5, 2.0])
def test_gradients_flow_back_to_x_weight_and_bias(layer_norm, eps):
    x, weight, bias = inputs.numbers(2, 3, 4), inputs.numbers(3, 4), 2 - inputs.numbers(3, 4)
    check_gradient(layer_norm, x, (3, 4), weight, bias, eps=eps, like=torchs)


@claim("S4-095")
@counterexample("S4-095")
def test_statistics_of_the_batch_are_others(layer_norm):
    # The notes: over N, H and W, on the batch. Each of these two images is constant.
    x = vector(1, 1, 9, 9).reshape(2, 1, 1, 2)
    check(layer_norm, x, (1, 1, 2), eps=9.0, want=0 * x)
    standard = vector(-0.8, -0.8, 0.8, 0.8).reshape(x.shape)
    check(over_n_h_w, x, (1, 1, 2), eps=9.0, want=standard)


@claim("S0-288", "S0-296", "S4-096")
@counterexample("S4-096")
def test_a_sample_comes_out_alike_alone_and_in_any_company(layer_norm):
    # The notes: bad for small batches. A batch of one is as good as any.
    x = inputs.numbers(3, 2, 4, 5)
    together = torchs(x, (2, 4, 5))
    check(layer_norm, x[:1], (2, 4, 5), want=together[:1])
    company = torch.cat([x[:1], 1e6 * x[1:]])
    others = torchs(1e6 * x[1:], (2, 4, 5))
    check(layer_norm, company, (2, 4, 5), want=torch.cat([together[:1], others]))


@claim("S0-288")
def test_a_sequence_may_be_as_long_as_it_likes(layer_norm):
    tokens = inputs.numbers(2, 7, 3)
    for length in (1, 4, 7):
        check(layer_norm, tokens[:, :length], (3,), want=torchs(tokens, (3,))[:, :length])


@claim("S0-292")
def test_a_constant_sample_and_a_single_feature_become_the_bias(layer_norm):
    x, bias = torch.full((2, 4), 3.0), torch.tensor([1.0, 2.0, 3.0, 4.0])
    check(layer_norm, x, (4,), 1 + bias, bias, want=bias.expand(2, 4).clone())
    check(
        layer_norm,
        vector(4, -9).reshape(2, 1),
        (1,),
        vector(2),
        vector(7),
        want=vector(7, 7)[:, None],
    )


def test_a_sample_far_from_0_keeps_its_digits(layer_norm):
    steps = vector(1, 3, 6, 2)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(layer_norm, 1e9 + steps, (4,), eps=1e-9, want=(steps - 3) / 3.5**0.5, slack=1e4)


@claim("S0-292")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_square_overflows(layer_norm, dtype):
    x = torch.tensor([[-600.0, 600, 1200], [0.25, 0.5, 0.125]], dtype=dtype)
    weight, bias = torch.tensor([[2.0, 1.0, 3.0], [0.5, -1.0, 0.25]], dtype=dtype)
    want = torchs(x.double(), (3,), weight.double(), bias.double()).to(dtype)
    check(layer_norm, x, (3,), weight, bias, want=want)


def test_a_nan_spoils_its_own_sample_only(layer_norm):
    x = vector(1, 9, torch.nan, 3).reshape(2, 2)
    want = vector(-0.8, 0.8, torch.nan, torch.nan).reshape(2, 2)
    check(layer_norm, x, (2,), eps=9.0, want=want)


def test_reads_a_transposed_tensor_by_its_strides(layer_norm):
    x = inputs.numbers(3, 5).mT
    check(layer_norm, x, (3,), want=torchs(x.contiguous(), (3,)))


def test_refuses_a_shape_that_x_does_not_end_in(layer_norm):
    x = torch.ones(2, 3, 4)
    for shape in ((), (3,), (2, 3), (4, 3), (5, 2, 3, 4), (2, 4)):
        check(layer_norm, x, shape, raises=ValueError, naming={"shape": shape})


def test_refuses_parameters_of_another_shape(layer_norm):
    x = torch.ones(2, 3, 4)
    for shape in ((4,), (3, 1), (2, 3, 4), (12,)):
        bad = torch.ones(shape)
        check(layer_norm, x, (3, 4), bad, raises=ValueError, naming={"weight": shape})
        check(layer_norm, x, (3, 4), None, bad, raises=ValueError, naming={"bias": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(layer_norm, eps):
    check(layer_norm, torch.ones(2, 3), (3,), eps=eps, raises=ValueError, naming={"eps": eps})


def test_refuses_integers(layer_norm):
    x = torch.tensor([[1, 2], [3, 4]])
    check(layer_norm, x, (2,), raises=ValueError, naming={"x": torch.int64})


def normalised(x, dims, weight, bias, eps=1e-5, correction=0):
    """The formula in float64."""
    z = x.double()
    variance = z.var(dims, correction=correction, keepdim=True)
    y = (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return affine(y, weight, bias).to(x.dtype)


def affine(y, weight, bias):
    y = y if weight is None else weight * y
    return y if bias is None else y + bias


def last(shape):
    return tuple(range(-len(shape), 0))


@wrong("normalise over the batch too, and each channel for itself: that is batch normalization")
def over_n_h_w(x, shape, weight=None, bias=None, eps=1e-5):
    dims = tuple(d for d in range(x.dim()) if d != 1) or (0,)
    return normalised(x, dims, weight, bias, eps)


@wrong("normalise over the last dimension alone, however many `shape` has")
def last_only(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, (-1,), weight, bias, eps)


@wrong("normalise over all dimensions but the first: each sequence and not each token")
def all_but_the_first(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, tuple(range(1, x.dim())) or (0,), weight, bias, eps)


@wrong("take one mean and one variance of all samples together")
def over_all(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, tuple(range(x.dim())), weight, bias, eps)


@wrong(
    "divide the squares by the number of features minus 1",
    right_for="the unbiased variance of a sample; here the variance is the biased one",
)
def unbiased(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, last(shape), weight, bias, eps, correction=1)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, last(shape), weight, bias)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, shape, weight=None, bias=None, eps=1e-5):
    z, dims = x.double(), last(shape)
    deviation = z.var(dims, correction=0, keepdim=True).sqrt()
    y = (z - z.mean(dims, keepdim=True)) / (deviation + eps)
    return affine(y, weight, bias).to(x.dtype)


@wrong("leave the mean where it is: that is root mean square normalization")
def without_the_mean(x, shape, weight=None, bias=None, eps=1e-5):
    z = x.double()
    y = z / (z.square().mean(last(shape), keepdim=True) + eps).sqrt()
    return affine(y, weight, bias).to(x.dtype)


@wrong("shift before you scale: weight multiplies bias too")
def shifts_first(x, shape, weight=None, bias=None, eps=1e-5):
    y = normalised(x, last(shape), None, bias, eps)
    return y if weight is None else weight * y


@wrong("use the bias only where there is a weight")
def bias_needs_weight(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, last(shape), weight, None if weight is None else bias, eps)


@wrong("use the weight only where there is a bias")
def weight_needs_bias(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, last(shape), None if bias is None else weight, bias, eps)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, shape, weight=None, bias=None, eps=1e-5):
    z, dims = x.double(), last(shape)
    mean = z.mean(dims, keepdim=True)
    variance = (z.square().mean(dims, keepdim=True) - mean.square()).clamp(min=0)
    return affine((z - mean) / (variance + eps).sqrt(), weight, bias).to(x.dtype)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, shape, weight=None, bias=None, eps=1e-5):
    z, dims = x.double(), last(shape)
    variance = z.detach().var(dims, correction=0, keepdim=True)
    y = (z - z.detach().mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return affine(y, weight, bias).to(x.dtype)


@wrong("detach the variance: the gradient loses one of its terms")
def detached_variance(x, shape, weight=None, bias=None, eps=1e-5):
    z, dims = x.double(), last(shape)
    variance = z.detach().var(dims, correction=0, keepdim=True)
    y = (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()
    return affine(y, weight, bias).to(x.dtype)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(x, shape, weight=None, bias=None, eps=1e-5):
    deviations = x - x.mean(last(shape), keepdim=True)
    y = deviations / (deviations.square().mean(last(shape), keepdim=True) + eps).sqrt()
    return affine(y, weight, bias)


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, last(shape), weight, bias, eps).float()


@wrong("replace nan by 0")
def hides_nan(x, shape, weight=None, bias=None, eps=1e-5):
    return normalised(x, last(shape), weight, bias, eps).nan_to_num(0.0)


@wrong("subtract the mean in place: the caller's x changes")
def in_place(x, shape, weight=None, bias=None, eps=1e-5):
    with torch.no_grad():
        x -= x.mean(last(shape), keepdim=True)
    return normalised(x, last(shape), weight, bias, eps)


@wrong("let weight and bias broadcast, whatever their shape", accepts_bad_input=True)
def broadcasts(x, shape, weight=None, bias=None, eps=1e-5):
    refuse(x, shape, None, None, eps)
    return normalised(x, last(shape), weight, bias, eps)


def refuse(x, shape, weight, bias, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if len(shape) == 0 or list(x.shape)[-len(shape) :] != list(shape):
        raise ValueError(f"`shape` = {shape}")
    if weight is not None and list(weight.shape) != list(shape):
        raise ValueError(f"`weight` has shape {tuple(weight.shape)}")
    if bias is not None and list(bias.shape) != list(shape):
        raise ValueError(f"`bias` has shape {tuple(bias.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("as rows of a matrix")
def as_rows(x, shape, weight=None, bias=None, eps=1e-5):
    refuse(x, shape, weight, bias, eps)
    z = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    rows = z.flatten(x.ndim - len(shape))
    rows = rows - rows.mean(-1, keepdim=True)
    rows = rows * torch.rsqrt((rows * rows).mean(-1, keepdim=True) + eps)
    return affine(rows.reshape(x.shape), weight, bias).to(x.dtype)


@right("in float64, centred twice")
def in_float64(x, shape, weight=None, bias=None, eps=1e-5):
    refuse(x, shape, weight, bias, eps)
    dims = tuple(range(x.ndim - len(shape), x.ndim))
    z = x.double()
    z = z - z.mean(dims, keepdim=True)
    z = z - z.mean(dims, keepdim=True)
    return affine(z / torch.sqrt((z**2).mean(dims, keepdim=True) + eps), weight, bias).to(x.dtype)


@accuracy(
    "distance of the mean from 0, for a deviation of 1",
    inputs=lambda draw, size: (size + draw.normal(3, 16), (16,), draw.normal(16), draw.normal(16)),
    torch=torchs,
)
def exact(mp, x, shape, weight, bias):
    rows = []
    for row in x:
        mean = sum(row) / len(row)
        root = mp.sqrt(sum((v - mean) ** 2 for v in row) / len(row) + mp.mpf(1e-5))
        rows.append([w * (v - mean) / root + b for v, w, b in zip(row, weight, bias, strict=True)])
    return rows


@gpu
def bench_tokens_of_a_language_model(layer_norm, race):
    race(
        layer_norm,
        torch=torchs,
        inputs=lambda draw, n, c: (draw.normal(n, c), (c,), draw.normal(c), draw.normal(c)),
        small=(256, 512),
        large=(32768, 4096),
        # Mean, difference, square, mean, quotient, product, sum: 7 operations an entry.
        forward=lambda x, shape, weight, bias: {
            "bytes": 2 * x.nbytes + 2 * weight.nbytes,
            "flops": 7 * x.numel(),
        },
        # Products with weight and xhat, two sums, and then the gradient less both: 9 operations.
        backward=lambda x, shape, weight, bias: {
            "bytes": 3 * x.nbytes + 3 * weight.nbytes,
            "flops": 9 * x.numel(),
        },
    )
