"""Batch normalization with stored statistics: a fixed affine map of each channel."""

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
    oracles,
    right,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("batch_norm_conv",),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_legit_no_training",
        "batch_norm_no_update",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with sums and products",
    hints=(
        "Which numbers of the formula depend on the batch?",
        "None: reshape all four to [c, 1, ..., 1], so that they meet dimension 1.",
        "gamma * (x - running_mean) / sqrt(running_var + eps) + beta",
    ),
)


def torchs(x, mean, var, gamma, beta, eps=1e-5):
    return F.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)


def four(c):
    """Return statistics and parameters of c channels, no two of them alike."""
    k = torch.arange(c, dtype=torch.float64)
    return k - 0.5, 0.25 + k**2, 2 - k, 3 * k - 1


@claim("S0-231", "S4-071")
@counterexample("S0-231")
def test_a_case_worked_by_hand(batch_norm_eval):
    # The notes: no batch normalization in eval mode. Then 3 would stay 3.
    x = vector(3, 4, 1, -6).reshape(2, 2)
    want = vector(11, 4, 1, -6).reshape(2, 2)
    numbers = vector(1, 2), vector(3, 24), vector(10, 5), vector(1, 2)
    check(batch_norm_eval, x, *numbers, 1.0, want=want)


@claim("S1-160", "S4-071")
@given(
    st.data(),
    st.integers(1, 3),
    st.lists(st.integers(1, 3), max_size=3),
    st.sampled_from([1e-5, 0.5]),
)
def test_equals_the_formula_with_50_digits(batch_norm_eval, data, c, space, eps):
    import mpmath

    x = data.draw(inputs.tensors(inputs.sizes(1, 3), c, *space))
    mean, gamma, beta = data.draw(inputs.tensors(3, c))
    var = data.draw(inputs.tensors(c, low=0))
    shape = (-1,) + (1,) * len(space)
    numbers = (t.reshape(shape).expand_as(x) for t in (mean, var, gamma, beta))

    def exact(v, m, s2, g, b):
        return g * (v - m) / mpmath.sqrt(s2 + mpmath.mpf(eps)) + b

    want = oracles.to_50_digits(exact, x, *numbers)
    # scale: beta and the product may cancel.
    check(batch_norm_eval, x, mean, var, gamma, beta, eps, want=want, scale=1e4)


@claim("S4-070", "S4-071", "S4-086")
def test_a_sample_comes_out_alike_alone_and_in_any_company(batch_norm_eval):
    x, numbers = inputs.numbers(3, 4, 2), four(4)
    together = torchs(x, *numbers)
    check(batch_norm_eval, x, *numbers, want=together)
    check(batch_norm_eval, x[1:2], *numbers, want=together[1:2])
    company = torch.cat([x[:1], 1e6 * x[1:]])
    check(batch_norm_eval, company, *numbers, want=torchs(company, *numbers))


@claim("S4-070", "S4-086", "S1-160")
def test_a_single_row_is_no_special_case(batch_norm_eval):
    x, numbers = inputs.numbers(1, 3), four(3)
    check(batch_norm_eval, x, *numbers, want=torchs(x, *numbers))
    check(batch_norm_eval, x[:0], *numbers, want=x[:0])


@claim("S0-233", "S4-071")
def test_gradients_flow_back_to_x_gamma_and_beta_only(batch_norm_eval):
    x, (mean, var, gamma, beta) = inputs.numbers(2, 3, 4), four(3)
    arguments = x, mean, var, gamma, beta
    check_gradient(batch_norm_eval, *arguments, eps=0.5, wrt=(0, 3, 4), like=torchs)


@claim("S1-160")
def test_before_any_training_it_divides_by_the_root_of_1_plus_eps(batch_norm_eval):
    x, one = inputs.numbers(2, 3), torch.ones(3, dtype=torch.float64)
    check(batch_norm_eval, x, 0 * one, one, one, 0 * one, 3.0, want=x / 2)


def test_as_many_channels_as_columns_is_no_reason_to_mix_them_up(batch_norm_eval):
    x, numbers = inputs.numbers(2, 3, 4, 3), four(3)
    check(batch_norm_eval, x, *numbers, want=torchs(x, *numbers))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_difference_overflows(batch_norm_eval, dtype):
    x = torch.tensor([[4e4, 1.0], [-2e4, 0.5]], dtype=dtype)
    table = torch.tensor([[-4e4, 0.25], [5e4, 2.0], [1.0, 3.0], [0.5, -1.0]], dtype=dtype)
    want = torchs(x.double(), *table.double()).to(dtype)
    check(batch_norm_eval, x, *table, want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_what_is_close_to_the_mean_keeps_its_digits(batch_norm_eval, dtype):
    x = torch.tensor([[1008.0], [992.0], [1004.0]], dtype=dtype)
    table = torch.tensor([[1000.0], [0.0625], [1.0], [3.0]], dtype=dtype)
    want = torchs(x.double(), *table.double()).to(dtype)
    check(batch_norm_eval, x, *table, want=want)


def test_a_nan_spoils_nothing_but_itself(batch_norm_eval):
    x, numbers = inputs.numbers(2, 3), four(3)
    x[0, 1] = torch.nan
    check(batch_norm_eval, x, *numbers, want=torchs(x, *numbers))


def test_reads_channels_that_lie_last_by_their_strides(batch_norm_eval):
    x, numbers = inputs.numbers(2, 5, 3).movedim(-1, 1), four(3)
    check(batch_norm_eval, x, *numbers, want=torchs(x.contiguous(), *numbers))


@pytest.mark.parametrize(
    ("place", "name"), list(enumerate(("running_mean", "running_var", "gamma", "beta")))
)
def test_refuses_what_is_not_one_number_a_channel(batch_norm_eval, place, name):
    x = torch.ones(2, 3, 4, 3)
    for shape in ((4,), (1,), (1, 3), (3, 1, 1), ()):
        numbers = [torch.ones(3)] * 4
        numbers[place] = torch.ones(shape)
        check(batch_norm_eval, x, *numbers, raises=ValueError, naming={name: shape})


def test_refuses_what_has_no_channels_and_integers(batch_norm_eval):
    one = torch.ones(3)
    numbers = one, one, one, one
    check(batch_norm_eval, torch.ones(3), *numbers, raises=ValueError, naming={"x": (3,)})
    scalars = [torch.tensor(1.0)] * 4
    check(batch_norm_eval, torch.ones(3), *scalars, raises=ValueError)
    x = torch.ones(2, 3, dtype=torch.int64)
    check(batch_norm_eval, x, *numbers, raises=ValueError, naming={"x": torch.int64})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(batch_norm_eval, eps):
    one = torch.ones(3)
    arguments = torch.ones(2, 3), one, one, one, one, eps
    check(batch_norm_eval, *arguments, raises=ValueError, naming={"eps": eps})


def per_channel(x, *numbers):
    return [t.double().reshape((-1,) + (1,) * (x.dim() - 2)) for t in numbers]


def mapped(x, running_mean, running_var, gamma, beta, eps=1e-5):
    """The formula in float64."""
    mean, var, scale, shift = per_channel(x, running_mean, running_var, gamma, beta)
    return (scale * (x.double() - mean) / (var + eps).sqrt() + shift).to(x.dtype)


@wrong("leave batch normalization out at inference")
def identity(x, running_mean, running_var, gamma, beta, eps=1e-5):
    return x.clone()


@wrong("use the statistics of the batch at hand and not the stored ones")
def of_the_batch(x, running_mean, running_var, gamma, beta, eps=1e-5):
    dims = tuple(d for d in range(x.dim()) if d != 1)
    variance, mean = torch.var_mean(x.double(), dims, correction=0)
    return mapped(x, mean, variance, gamma, beta, eps)


@wrong("use the stored mean, but the variance of the batch at hand")
def variance_of_the_batch(x, running_mean, running_var, gamma, beta, eps=1e-5):
    dims = tuple(d for d in range(x.dim()) if d != 1)
    return mapped(x, running_mean, x.double().var(dims, correction=0), gamma, beta, eps)


@wrong("leave out gamma and beta")
def without_affine(x, running_mean, running_var, gamma, beta, eps=1e-5):
    return mapped(x, running_mean, running_var, torch.ones_like(gamma), 0 * beta, eps)


@wrong("take the stored variance for a standard deviation: there is no root")
def without_the_root(x, running_mean, running_var, gamma, beta, eps=1e-5):
    mean, var, scale, shift = per_channel(x, running_mean, running_var, gamma, beta)
    return (scale * (x.double() - mean) / (var + eps) + shift).to(x.dtype)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, running_mean, running_var, gamma, beta, eps=1e-5):
    return mapped(x, running_mean, running_var, gamma, beta)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, running_mean, running_var, gamma, beta, eps=1e-5):
    mean, var, scale, shift = per_channel(x, running_mean, running_var, gamma, beta)
    return (scale * (x.double() - mean) / (var.sqrt() + eps) + shift).to(x.dtype)


@wrong("leave eps out, as the stored variance is positive: it may be 0, and torch adds it")
def without_eps(x, running_mean, running_var, gamma, beta, eps=1e-5):
    return mapped(x, running_mean, running_var, gamma, beta, 0.0)


@wrong("scale before you subtract the mean")
def scales_first(x, running_mean, running_var, gamma, beta, eps=1e-5):
    mean, var, scale, shift = per_channel(x, running_mean, running_var, gamma, beta)
    return (scale * x.double() / (var + eps).sqrt() - mean + shift).to(x.dtype)


@wrong("let the numbers [c] meet the width, where there are c columns")
def along_the_width(x, running_mean, running_var, gamma, beta, eps=1e-5):
    if x.dim() == 2 or x.shape[-1] != x.shape[1]:
        return mapped(x, running_mean, running_var, gamma, beta, eps)
    y = gamma * (x - running_mean) / (running_var + eps).sqrt() + beta
    return y.to(x.dtype)


@wrong("detach the result from x, as nothing is trained at inference")
def detached(x, running_mean, running_var, gamma, beta, eps=1e-5):
    return mapped(x.detach(), running_mean, running_var, gamma, beta, eps)


@wrong("compute in half precision what comes in half precision: differences overflow")
def in_its_own_dtype(x, running_mean, running_var, gamma, beta, eps=1e-5):
    shape = (-1,) + (1,) * (x.dim() - 2)
    factor = (gamma / (running_var + eps).sqrt()).reshape(shape)
    return factor * (x - running_mean.reshape(shape)) + beta.reshape(shape)


@wrong("fold the mean into the summand in half precision: its digits are lost")
def folded_in_half(x, running_mean, running_var, gamma, beta, eps=1e-5):
    shape = (-1,) + (1,) * (x.dim() - 2)
    factor = gamma / (running_var + eps).sqrt()
    summand = beta - factor * running_mean
    return factor.reshape(shape) * x + summand.reshape(shape)


@wrong("refuse a batch of one")
def refuses_one(x, running_mean, running_var, gamma, beta, eps=1e-5):
    if len(x) == 1:
        raise ValueError("Expected more than 1 value per channel")
    return mapped(x, running_mean, running_var, gamma, beta, eps)


@wrong("subtract the mean in place: the caller's x changes")
def in_place(x, running_mean, running_var, gamma, beta, eps=1e-5):
    y = mapped(x, running_mean, running_var, gamma, beta, eps)
    with torch.no_grad():
        x -= running_mean.reshape((-1,) + (1,) * (x.dim() - 2))
    return y


def refuse(x, eps, **numbers):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    for name, number in numbers.items():
        if list(number.shape) != [x.shape[1]]:
            raise ValueError(f"`{name}` has shape {tuple(number.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("with the channels moved to the end")
def channels_last(x, running_mean, running_var, gamma, beta, eps=1e-5):
    refuse(x, eps, running_mean=running_mean, running_var=running_var, gamma=gamma, beta=beta)
    z = x.movedim(1, -1).to(torch.promote_types(x.dtype, torch.float32))
    root = torch.sqrt(running_var.to(z.dtype) + eps)
    y = (z - running_mean.to(z.dtype)) / root * gamma + beta
    return y.movedim(-1, 1).to(x.dtype)


@right("one channel at a time")
def channel_by_channel(x, running_mean, running_var, gamma, beta, eps=1e-5):
    refuse(x, eps, running_mean=running_mean, running_var=running_var, gamma=gamma, beta=beta)
    table = torch.stack([running_mean, running_var, gamma, beta], 1).double()
    channels = []
    for channel, (mean, var, scale, shift) in zip(x.double().unbind(1), table, strict=True):
        channels.append(scale * (channel - mean) / (var + eps) ** 0.5 + shift)
    return torch.stack(channels, 1).to(x.dtype)


@gpu
def bench_the_first_stage_of_a_resnet(batch_norm_eval, race):
    race(
        batch_norm_eval,
        torch=torchs,
        inputs=lambda draw, n, c, side: (
            draw.normal(n, c, side, side),
            draw.normal(c),
            draw.uniform(c, low=0.5, high=2.0),
            draw.normal(c),
            draw.normal(c),
        ),
        small=(4, 16, 28),
        large=(128, 256, 56),
        # One difference, one product, one sum: the factor is known.
        forward=lambda x, mean, var, gamma, beta: {
            "bytes": 2 * x.nbytes + 4 * gamma.nbytes,
            "flops": 3 * x.numel(),
        },
    )
