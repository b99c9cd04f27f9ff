"""Batch normalization of [n, c] with the statistics of the batch."""

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
    plot,
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
    ),
    instead="write it with means",
    hints=(
        "How many means are there for n samples with c features, and over which dimension?",
        "Standardise with the mean and the biased variance of dim 0; then gamma and beta.",
        "gamma * (x - mu) / sqrt(mean((x - mu)^2) + eps) + beta",
    ),
)

TWO = torch.ones(2, dtype=torch.float64)


def torchs(x, gamma, beta, eps=1e-5):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


@claim("S0-286", "S1-157", "S4-060", "S4-062", "S4-064")
def test_a_case_worked_by_hand(batch_norm_train):
    # Means 5 and 2, variances 16 and 0: the root of 16 + 9 is 5.
    x = vector(1, 2, 9, 2, 1, 2, 9, 2).reshape(4, 2)
    want = vector(-7, 4, 9, 4, -7, 4, 9, 4).reshape(4, 2)
    check(batch_norm_train, x, vector(10, 3), vector(1, 4), 9.0, want=want)


@claim("S0-285", "S4-064")
def test_the_variance_divides_by_the_number_of_samples(batch_norm_train):
    # The variance of (0, 3, 6) is 6, and 9 if it divides by 2.
    x = vector(0, 3, 6).reshape(3, 1)
    check(batch_norm_train, x, vector(1), vector(0), 3.0, want=vector(-1, 0, 1).reshape(3, 1))


@claim("S4-060")
@counterexample("S4-060")
def test_the_deviation_of_the_result_is_below_1(batch_norm_train):
    # The notes: to standard deviation 1. It is sqrt(v / (v + eps)), here with v = 2.5e-7.
    x = vector(0, 1e-3).reshape(2, 1)
    root = (2.5e-7 / (2.5e-7 + 1e-5)) ** 0.5
    check(batch_norm_train, x, vector(1), vector(0), want=vector(-root, root).reshape(2, 1))
    # And gamma times that, once gamma has been learned.
    far = vector(-1e6, 1e6).reshape(2, 1)
    check(batch_norm_train, far, vector(3), vector(5), want=vector(2, 8).reshape(2, 1))


@claim("S0-271", "S4-093")
def test_two_samples_keep_nothing_but_their_order(batch_norm_train):
    x = vector(0.5, 1e4, 0.75, -300).reshape(2, 2)
    want = vector(-1, 1, 1, -1).reshape(2, 2)
    check(batch_norm_train, x, TWO, 0 * TWO, 1e-16, want=want)


@claim("S1-157", "S4-064")
@given(st.data(), st.integers(2, 5), st.integers(1, 3), st.sampled_from([1e-5, 0.5]))
def test_equals_the_formula_with_50_digits(batch_norm_train, data, n, c, eps):
    import mpmath

    x, (gamma, beta) = data.draw(inputs.tensors(n, c)), data.draw(inputs.tensors(2, c))

    def exact(column):
        mean = sum(column) / n
        variance = sum((v - mean) ** 2 for v in column) / n
        return [(v - mean) / mpmath.sqrt(variance + mpmath.mpf(eps)) for v in column]

    standard = oracles.row_to_50_digits(exact, x.mT).mT
    # scale: rounding of a constant set is divided by the root of eps.
    check(batch_norm_train, x, gamma, beta, eps, want=gamma * standard + beta, scale=1e3)


@claim("S0-286", "S1-157", "S4-064")
@pytest.mark.parametrize("eps", [1e-5, 2.0])
def test_gradients_flow_back_to_x_gamma_and_beta(batch_norm_train, eps):
    x, gamma, beta = inputs.numbers(5, 3), vector(2, -1, 0.5), vector(1, 3, -2)
    check_gradient(batch_norm_train, x, gamma, beta, eps=eps, like=torchs)


@claim("S4-064")
@counterexample("S4-064")
def test_a_constant_feature_becomes_beta(batch_norm_train):
    # The notes' formula has no eps: it is 0/0 here.
    x = torch.full((4, 1), 3.0, dtype=torch.float64)
    check(batch_norm_train, x, vector(2), vector(7), want=torch.full_like(x, 7.0))
    check(as_the_notes_write_it, x, want=torch.full_like(x, torch.nan))


def as_the_notes_write_it(x):
    return (x - x.mean(0)) / x.var(0, correction=0).sqrt()


@claim("S0-279")
def test_an_outlier_is_bounded_by_the_root_of_the_others(batch_norm_train):
    # 25 times 0 and once 26: the mean is 1, the variance 25, the bound sqrt(26 - 1) = 5.
    x = torch.zeros(26, 1, dtype=torch.float64)
    x[7] = 26
    check(batch_norm_train, x, vector(2), vector(3), 1e-18, want=2 * (x - 1) / 5 + 3)


@claim("S1-158", "S1-162", "S4-092")
def test_location_and_scale_of_a_feature_are_lost(batch_norm_train):
    x, gamma, beta = inputs.numbers(5, 2), vector(2, -1), vector(1, 3)
    want = torchs(x, gamma, beta, 1e-12)
    check(batch_norm_train, 4 * x + 3, gamma, beta, 1e-12, want=want)
    mirrored = torchs(x, -gamma, beta, 1e-12)
    check(batch_norm_train, -4 * x + 3, gamma, beta, 1e-12, want=mirrored)


@claim("S0-285", "S4-060")
@pytest.mark.parametrize(("dtype", "far"), [(torch.float64, 1e9), (torch.float32, 1e6)], ids=str)
def test_a_feature_far_from_0_keeps_its_digits(batch_norm_train, dtype, far):
    steps = torch.tensor([[1.0], [3.0], [6.0], [2.0]], dtype=dtype)
    one = torch.ones(1, dtype=dtype)
    want = (steps - 3) / 3.5**0.5
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(batch_norm_train, far + steps, one, 0 * one, 1e-9, want=want, slack=1e4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_square_overflows(batch_norm_train, dtype):
    x = torch.tensor([[-600.0, 0.25], [600.0, 0.5], [1200.0, 0.125]], dtype=dtype)
    gamma, beta = torch.tensor([[2.0, 1.0], [0.5, -1.0]], dtype=dtype)
    want = torchs(x.double(), gamma.double(), beta.double()).to(dtype)
    check(batch_norm_train, x, gamma, beta, want=want)


def test_a_nan_spoils_its_own_feature_only(batch_norm_train):
    x = vector(1, torch.nan, 9, 2).reshape(2, 2)
    want = vector(-0.8, torch.nan, 0.8, torch.nan).reshape(2, 2)
    check(batch_norm_train, x, TWO, 0 * TWO, 9.0, want=want)


def test_reads_a_transposed_tensor_by_its_strides(batch_norm_train):
    x, gamma, beta = inputs.numbers(3, 5).mT, vector(1, 2, 3), vector(0, 1, 2)
    check(batch_norm_train, x, gamma, beta, want=torchs(x.contiguous(), gamma, beta))


@claim("S1-157", "S4-060")
def test_refuses_what_is_no_batch(batch_norm_train):
    for shape in ((1, 2), (0, 2), (2,), (3, 2, 2)):
        x = torch.ones(shape, dtype=torch.float64)
        check(batch_norm_train, x, TWO, TWO, raises=ValueError, naming={"x": shape})
    one = torch.tensor(1.0)
    check(batch_norm_train, torch.ones(4), one, one, raises=ValueError)
    x = torch.tensor([[1, 2], [3, 4]])
    check(batch_norm_train, x, TWO, TWO, raises=ValueError, naming={"x": torch.int64})


def test_refuses_parameters_that_are_not_one_a_feature(batch_norm_train):
    x = inputs.numbers(3, 2)
    for shape in ((1,), (3,), (1, 2), ()):
        bad = torch.ones(shape, dtype=torch.float64)
        check(batch_norm_train, x, bad, TWO, raises=ValueError, naming={"gamma": shape})
        check(batch_norm_train, x, TWO, bad, raises=ValueError, naming={"beta": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(batch_norm_train, eps):
    x = inputs.numbers(3, 2)
    check(batch_norm_train, x, TWO, TWO, eps, raises=ValueError, naming={"eps": eps})


def standard(x, eps=1e-5, dims=0, correction=0):
    """Standardise in float64."""
    z = x.double()
    variance = z.var(dims, correction=correction, keepdim=True)
    return (z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()


@wrong(
    "divide the squares by n - 1",
    right_for="the running variance that torch stores; here the variance is the biased one",
)
def unbiased(x, gamma, beta, eps=1e-5):
    return (gamma * standard(x, eps, correction=1) + beta).to(x.dtype)


@wrong("normalise each sample over its features: that is layer normalization")
def over_features(x, gamma, beta, eps=1e-5):
    return (gamma * standard(x, eps, 1) + beta).to(x.dtype)


@wrong("take one mean and one variance of all entries")
def over_all(x, gamma, beta, eps=1e-5):
    return (gamma * standard(x, eps, (0, 1)) + beta).to(x.dtype)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, gamma, beta, eps=1e-5):
    return (gamma * standard(x) + beta).to(x.dtype)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, gamma, beta, eps=1e-5):
    z = x.double()
    deviation = z.var(0, correction=0).sqrt()
    return (gamma * (z - z.mean(0)) / (deviation + eps) + beta).to(x.dtype)


@wrong("forget eps: a constant feature is 0/0")
def without_eps(x, gamma, beta, eps=1e-5):
    return (gamma * as_the_notes_write_it(x.double()) + beta).to(x.dtype)


@wrong("divide by the variance and not by its root")
def by_the_variance(x, gamma, beta, eps=1e-5):
    z = x.double()
    return (gamma * (z - z.mean(0)) / (z.var(0, correction=0) + eps) + beta).to(x.dtype)


@wrong("leave out gamma and beta")
def without_affine(x, gamma, beta, eps=1e-5):
    return standard(x, eps).to(x.dtype)


@wrong("swap gamma and beta")
def swapped(x, gamma, beta, eps=1e-5):
    return (beta * standard(x, eps) + gamma).to(x.dtype)


@wrong("shift before you scale: gamma multiplies beta too")
def shifts_first(x, gamma, beta, eps=1e-5):
    return (gamma * (standard(x, eps) + beta)).to(x.dtype)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, gamma, beta, eps=1e-5):
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    variance = (z.square().mean(0) - z.mean(0).square()).clamp(min=0)
    return (gamma * (z - z.mean(0)) / (variance + eps).sqrt() + beta).to(x.dtype)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, gamma, beta, eps=1e-5):
    z = x.double()
    fixed = z.detach()
    root = (fixed.var(0, correction=0) + eps).sqrt()
    return (gamma * (z - fixed.mean(0)) / root + beta).to(x.dtype)


@wrong("detach the variance: the gradient loses one of its terms")
def detached_variance(x, gamma, beta, eps=1e-5):
    z = x.double()
    root = (z.detach().var(0, correction=0) + eps).sqrt()
    return (gamma * (z - z.mean(0)) / root + beta).to(x.dtype)


@wrong("detach the mean that you subtract from x")
def detached_mean(x, gamma, beta, eps=1e-5):
    z = x.double()
    root = (z.var(0, correction=0) + eps).sqrt()
    return (gamma * (z - z.detach().mean(0)) / root + beta).to(x.dtype)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(x, gamma, beta, eps=1e-5):
    deviations = x - x.mean(0)
    return gamma * deviations / (deviations.square().mean(0) + eps).sqrt() + beta


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x, gamma, beta, eps=1e-5):
    return (gamma * standard(x.float(), eps) + beta).float()


@wrong("replace nan by beta")
def hides_nan(x, gamma, beta, eps=1e-5):
    return (gamma * standard(x, eps).nan_to_num(0.0) + beta).to(x.dtype)


@wrong(
    "let a single sample through: its variance is 0, and its result beta", accepts_bad_input=True
)
def lets_one_sample_through(x, gamma, beta, eps=1e-5):
    if x.dim() != 2 or not len(x) or not x.is_floating_point():
        raise ValueError(f"x has shape {list(x.shape)} and dtype {x.dtype}")
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter.shape != x.shape[1:]:
            raise ValueError(f"{name} has shape {list(parameter.shape)}")
    if not eps > 0:
        raise ValueError(f"eps is {eps}")
    return (gamma * standard(x, eps) + beta).to(x.dtype)


@wrong("subtract the mean in place: the caller's x changes")
def in_place(x, gamma, beta, eps=1e-5):
    with torch.no_grad():
        x -= x.mean(0)
    return (gamma * standard(x, eps) + beta).to(x.dtype)


def refuse(x, gamma, beta, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 2 or x.shape[0] <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)} is no batch")
    if list(gamma.shape) != [x.shape[1]]:
        raise ValueError(f"`gamma` has shape {tuple(gamma.shape)}")
    if list(beta.shape) != [x.shape[1]]:
        raise ValueError(f"`beta` has shape {tuple(beta.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("as one factor and one summand for each feature")
def as_factor_and_summand(x, gamma, beta, eps=1e-5):
    refuse(x, gamma, beta, eps)
    z = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    first = z[:1].detach()
    variance, mean = torch.var_mean(z - first, 0, correction=0)
    factor = gamma * torch.rsqrt(variance + eps)
    return ((z - first) * factor + (beta - mean * factor)).to(x.dtype)


@right("one feature at a time")
def feature_by_feature(x, gamma, beta, eps=1e-5):
    refuse(x, gamma, beta, eps)
    columns = []
    for column, scale, shift in zip(x.unbind(1), gamma, beta, strict=True):
        z = column.double() - column.double().mean()
        columns.append(z / (z.pow(2).mean() + eps).sqrt() * scale + shift)
    return torch.stack(columns, 1).to(x.dtype)


@accuracy(
    "distance of the mean from 0, for a deviation of 1",
    inputs=lambda draw, size: (size + draw.normal(16, 3), draw.normal(3), draw.normal(3)),
    torch=torchs,
)
def exact(mp, x, gamma, beta):
    columns = []
    for column, scale, shift in zip(zip(*x, strict=True), gamma, beta, strict=True):
        mean = sum(column) / len(column)
        variance = sum((v - mean) ** 2 for v in column) / len(column)
        root = mp.sqrt(variance + mp.mpf(1e-5))
        columns.append([scale * (v - mean) / root + shift for v in column])
    return [list(row) for row in zip(*columns, strict=True)]


@plot(x="size of the outlier", y="result")
def plot_an_outlier_crushes_the_others(batch_norm_train):
    sizes, one = range(3, 60), vector(1)
    results = [
        batch_norm_train(vector(0, 1, 2, 3, size)[:, None], one, 0 * one)[:, 0] for size in sizes
    ]
    curves = {f"a sample of {k}": (sizes, [y[k] for y in results]) for k in (0, 3)}
    return {**curves, "the outlier": (sizes, [y[4] for y in results])}


@gpu
def bench_a_batch_of_wide_features(batch_norm_train, race):
    race(
        batch_norm_train,
        torch=torchs,
        inputs=lambda draw, n, c: (draw.normal(n, c), draw.normal(c), draw.normal(c)),
        small=(256, 512),
        large=(8192, 8192),
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
