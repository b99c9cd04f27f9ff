"""Folding: one layer for a layer and its batch normalization."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("batch_norm_eval",),
    hints=(
        "Write gamma * (W x + b - mean) / root + beta as W' x + b'.",
        "factor = gamma / sqrt(running_var + eps), one for each output channel.",
        "weight * factor, along dimension 0, and factor * (bias - running_mean) + beta",
    ),
)

NUMBERS = vector(1, -2, 3), vector(0.5, 2, 1.25), vector(2, -1, 0.5), vector(1, 3, -2)


def as_two(weight, bias, x, numbers, eps):
    """Pass x through the layer and through torch's batch normalization."""
    layer = F.linear if weight.dim() == 2 else F.conv2d
    mean, var, gamma, beta = numbers
    return F.batch_norm(layer(x, weight, bias), mean, var, gamma, beta, training=False, eps=eps)


@claim("S4-071")
def test_a_case_worked_by_hand(fold_batch_norm):
    # Roots 2 and 5, factors 5 and -2: biases 5 (1 - 3) + 7 and -2 (4 - 1) + 0.
    weight, numbers = vector(1, 2, 3, 4, 5, 6).reshape(2, 3), (vector(3, 1), vector(3, 24))
    want = vector(5, 10, 15, -8, -10, -12).reshape(2, 3), vector(-3, -6)
    parameters = vector(10, -10), vector(7, 0)
    check(fold_batch_norm, weight, vector(1, 4), *numbers, *parameters, 1.0, want=want)


@claim("S4-071")
@pytest.mark.parametrize("shape", [(3, 4), (3, 2, 3, 5)], ids=["dense", "convolution"])
@pytest.mark.parametrize("has_bias", [True, False])
def test_one_layer_does_what_two_did(fold_batch_norm, shape, has_bias):
    weight, bias = inputs.numbers(*shape), vector(4, 5, -6) if has_bias else None
    x = inputs.numbers(2, 4) if len(shape) == 2 else inputs.numbers(2, 2, 6, 7)
    want = as_two(weight, bias, x, NUMBERS, 0.5)
    layer = F.linear if len(shape) == 2 else F.conv2d

    def does_the_same(folded):
        new_weight, new_bias = folded
        shapes = new_weight.shape == weight.shape and new_bias.shape == (3,)
        return shapes and torch.allclose(layer(x, new_weight, new_bias), want, rtol=1e-10)

    told = f"a weight {list(shape)} and a bias [3] whose layer does what the two did"
    check(fold_batch_norm, weight, bias, *NUMBERS, 0.5, want=such_that(told, does_the_same))


@claim("S4-071")
@given(st.data(), st.integers(1, 3), st.lists(st.integers(1, 3), max_size=3))
def test_equals_the_formula_row_by_row(fold_batch_norm, data, c, fan_in):
    weight = data.draw(inputs.tensors(c, *fan_in))
    bias, mean, gamma, beta = data.draw(inputs.tensors(4, c))
    var = data.draw(inputs.tensors(c, low=0))
    factors = [g / (v + 0.25) ** 0.5 for g, v in zip(gamma.tolist(), var.tolist(), strict=True)]
    rows = torch.stack([f * row for f, row in zip(factors, weight, strict=True)])
    shifts = vector(*(f * d for f, d in zip(factors, (bias - mean).tolist(), strict=True))) + beta
    want = rows, shifts
    check(fold_batch_norm, weight, bias, mean, var, gamma, beta, 0.25, want=want, scale=100.0)


@claim("S3-318")
def test_a_bias_of_the_layer_only_moves_the_mean(fold_batch_norm):
    # In training the mean of W x + b follows b: b + mean fold to the same as 0 + mean.
    weight, bias = inputs.numbers(3, 4), vector(4, 5, -6)
    mean, *rest = NUMBERS
    want = folded(weight, None, mean, *rest)
    check(fold_batch_norm, weight, bias, mean + bias, *rest, want=want)


def test_gradients_flow_back_through_the_weight_and_the_bias(fold_batch_norm):
    arguments = inputs.numbers(3, 2, 3, 5), vector(4, 5, -6), *NUMBERS
    check_gradient(fold_batch_norm, *arguments, eps=0.5, of=0, wrt=(0, 4), like=folded)
    check_gradient(fold_batch_norm, *arguments, eps=0.5, of=1, wrt=(1, 4, 5), like=folded)


def test_keeps_float32_and_reads_by_strides(fold_batch_norm):
    weight, bias = inputs.numbers(4, 3).mT, vector(4, 5, -6)
    want = folded(weight, bias, *NUMBERS)
    check(fold_batch_norm, weight, bias, *NUMBERS, want=want)
    narrow = (t.float() for t in (weight, bias, *NUMBERS))
    check(fold_batch_norm, *narrow, want=tuple(t.float() for t in want))


@pytest.mark.parametrize(
    ("place", "name"), list(enumerate(("bias", "running_mean", "running_var", "gamma", "beta")))
)
def test_refuses_what_is_not_one_number_a_channel(fold_batch_norm, place, name):
    for shape in ((2,), (1,), (3, 1), ()):
        numbers = [torch.ones(3)] * 5
        numbers[place] = torch.ones(shape)
        arguments = torch.ones(3, 2), *numbers
        check(fold_batch_norm, *arguments, raises=ValueError, naming={name: shape})


def test_refuses_a_weight_without_channels_and_a_bad_eps(fold_batch_norm):
    one = [torch.ones(3)] * 5
    check(fold_batch_norm, torch.tensor(1.0), *one, raises=ValueError, naming={"weight": ()})
    for eps in (0.0, -1.0, float("nan")):
        arguments = torch.ones(3, 2), *one, eps
        check(fold_batch_norm, *arguments, raises=ValueError, naming={"eps": eps})


def rows(factor, weight):
    return factor.reshape((-1,) + (1,) * (weight.dim() - 1)) * weight


def folded(weight, bias, mean, var, gamma, beta, eps=1e-5):
    factor = gamma / (var + eps).sqrt()
    bias = 0 * mean if bias is None else bias
    return rows(factor, weight), factor * (bias - mean) + beta


@wrong("leave the layer's bias out of the new one")
def forgets_the_bias(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, None, mean, var, gamma, beta, eps)


@wrong("add the layer's bias as it is: it is normalised too")
def bias_unscaled(weight, bias, mean, var, gamma, beta, eps=1e-5):
    new, shift = folded(weight, None, mean, var, gamma, beta, eps)
    return new, shift if bias is None else shift + bias


@wrong("leave the mean out of the new bias")
def forgets_the_mean(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, 0 * mean, var, gamma, beta, eps)


@wrong("subtract the mean without its factor")
def mean_unscaled(weight, bias, mean, var, gamma, beta, eps=1e-5):
    new, shift = folded(weight, bias, 0 * mean, var, gamma, beta, eps)
    return new, shift - mean


@wrong("leave gamma out of the factor")
def forgets_gamma(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, mean, var, torch.ones_like(gamma), beta, eps)


@wrong("leave beta out of the new bias")
def forgets_beta(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, mean, var, gamma, 0 * beta, eps)


@wrong("divide by the variance and not by its root")
def by_the_variance(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, mean, (var + eps) ** 2 - eps, gamma, beta, eps)


@wrong("leave eps out")
def without_eps(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, mean, var, gamma, beta, 0.0)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, mean, (var.sqrt() + eps) ** 2, gamma, beta, 0.0)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(weight, bias, mean, var, gamma, beta, eps=1e-5):
    return folded(weight, bias, mean, var, gamma, beta)


@wrong("scale the input channels: the factor belongs to the output's")
def scales_inputs(weight, bias, mean, var, gamma, beta, eps=1e-5):
    new, shift = folded(weight, bias, mean, var, gamma, beta, eps)
    if weight.dim() < 2:
        return new, shift
    factor = (gamma / (var + eps).sqrt())[: weight.shape[1]]
    factor = torch.cat([factor, torch.ones(weight.shape[1] - len(factor), dtype=weight.dtype)])
    return weight * factor.reshape((-1,) + (1,) * (weight.dim() - 2)), shift


@wrong("return no bias where the layer had none")
def no_bias(weight, bias, mean, var, gamma, beta, eps=1e-5):
    new, shift = folded(weight, bias, mean, var, gamma, beta, eps)
    return new, 0 * shift if bias is None else shift


@wrong("scale the weight in place: the caller's changes")
def in_place(weight, bias, mean, var, gamma, beta, eps=1e-5):
    new, shift = folded(weight, bias, mean, var, gamma, beta, eps)
    with torch.no_grad():
        weight.copy_(new)
    return new, shift


def refuse(weight, eps, **numbers):
    if weight.ndim == 0:
        raise ValueError(f"`weight` of shape {tuple(weight.shape)}")
    for name, number in numbers.items():
        if number is not None and list(number.shape) != [weight.shape[0]]:
            raise ValueError(f"`{name}` has shape {tuple(number.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("as the layer's answers to 0 and to the unit inputs")
def by_probing(weight, bias, running_mean, running_var, gamma, beta, eps=1e-5):
    numbers = {"running_mean": running_mean, "running_var": running_var}
    refuse(weight, eps, bias=bias, **numbers, gamma=gamma, beta=beta)

    def normalised(z):
        return (
            gamma[:, None] * (z - running_mean[:, None]) * torch.rsqrt(running_var[:, None] + eps)
            + beta[:, None]
        )

    flat = weight.reshape(weight.shape[0], -1)
    before = torch.zeros_like(running_mean) if bias is None else bias
    at_zero = normalised(before[:, None])
    slopes = normalised(flat + running_mean[:, None]) - beta[:, None]
    return slopes.reshape(weight.shape), at_zero[:, 0]


@gpu
def bench_one_convolution_against_two_layers(fold_batch_norm, race):
    race(
        fold_batch_norm,
        use=lambda answer, x, weight, bias, *numbers: F.conv2d(x, *answer(weight, bias, *numbers)),
        torch=lambda x, weight, bias, *numbers: as_two(weight, bias, x, numbers, 1e-5),
        inputs=lambda draw, n, c_in, c_out, side: (
            draw.normal(n, c_in, side, side),
            draw.normal(c_out, c_in, 1, 1) / c_in**0.5,
            draw.normal(c_out),
            draw.normal(c_out),
            draw.uniform(c_out, low=0.5, high=2.0),
            draw.normal(c_out),
            draw.normal(c_out),
        ),
        small=(4, 16, 24, 28),
        large=(64, 256, 512, 28),
        # Folded: each pixel's products of c_in and c_out, with one bias; the weights are scaled.
        forward=lambda x, weight, *numbers: {
            "bytes": x.nbytes + x.nbytes // weight.shape[1] * len(weight) + weight.nbytes,
            "flops": 2 * x.numel() * len(weight) + weight.numel(),
        },
        slack=100.0,  # sums of c_in products, in another order
    )
