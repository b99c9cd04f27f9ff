"""A layer with batch normalization: columns are samples, and the bias has no effect."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, gpu, inputs, right, wrong
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
        "Columns are samples here. Over which dimension is the mean of a unit?",
        "Over dim 1, with keepdim=True; b, gamma and beta as columns [n, 1].",
        "What becomes of b in Z - mu?",
    ),
)


def torchs(W, A_prev, b, gamma, beta, g, eps=1e-5):
    """Do the same with rows for columns, as torch has it."""
    z = F.linear(A_prev.mT, W, b)
    return g(F.batch_norm(z, None, None, gamma, beta, training=True, eps=eps)).mT


def layer(n=3, p=2, m=5):
    """Return the tensors of a layer."""
    k = torch.arange(n, dtype=torch.float64)
    return inputs.numbers(n, p), inputs.numbers(p, m), 3 * k - 1, 2 - k, k - 0.5


@claim("S0-283", "S0-284", "S0-285", "S0-286", "S0-287")
def test_a_case_worked_by_hand(bn_layer_forward):
    # Z = (1, 7, 7, 1) + 1 and (5, 5, 5, 5) - 2: means 5 and 3, variances 9 and 0; 9 + 16 is 25.
    W, A_prev = vector(1, 0, 0, 1).reshape(2, 2), vector(1, 7, 7, 1, 5, 5, 5, 5).reshape(2, 4)
    want = vector(0, 7, 7, 0, 2, 2, 2, 2).reshape(2, 4)
    numbers = vector(1, -2), vector(10, 3), vector(1, 2)
    check(bn_layer_forward, W, A_prev, *numbers, torch.relu, 16.0, want=want)


@claim("S4-063", "S0-287")
@counterexample("S4-063")
def test_the_normalised_value_is_no_activation_yet(bn_layer_forward):
    # The notes: the normalised value, (-1, 1), is the activation. It goes through g.
    one = vector(1)
    x = vector(1, 3).reshape(1, 2)
    arguments = one[:, None], x, 0 * one, one, 0 * one
    check(bn_layer_forward, *arguments, torch.relu, 1e-18, want=vector(0, 1).reshape(1, 2))


@claim("S0-283", "S0-284", "S0-285", "S0-286")
@given(
    st.data(),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(2, 4),
    st.sampled_from([1e-5, 0.5]),
)
def test_equals_a_loop_over_units_and_samples(bn_layer_forward, data, n, p, m, eps):
    W, A_prev = data.draw(inputs.tensors(n, p)), data.draw(inputs.tensors(p, m))
    b, gamma, beta = data.draw(inputs.tensors(3, n))
    want = torch.empty(n, m, dtype=torch.float64)
    for unit in range(n):
        z = [
            sum(W[unit, k].item() * A_prev[k, i].item() for k in range(p)) + b[unit].item()
            for i in range(m)
        ]
        mu = sum(z) / m
        root = (sum((v - mu) ** 2 for v in z) / m + eps) ** 0.5
        scaled = [gamma[unit].item() * (v - mu) / root + beta[unit].item() for v in z]
        want[unit] = vector(*scaled).sigmoid()
    # scale: rounding of a constant set is divided by the root of eps.
    check(bn_layer_forward, W, A_prev, b, gamma, beta, torch.sigmoid, eps, want=want, scale=1e4)


@claim("S0-283", "S0-286")
def test_gradients_flow_back_to_weights_inputs_and_parameters(bn_layer_forward):
    arguments = *layer(), torch.tanh
    check_gradient(bn_layer_forward, *arguments, eps=0.5, wrt=(0, 1, 3, 4), like=torchs)


@claim("S0-283", "S3-318", "S4-068")
def test_the_bias_before_has_no_effect_and_no_gradient(bn_layer_forward):
    W, A_prev, b, gamma, beta = layer()
    want = torchs(W, A_prev, 0 * b, gamma, beta, torch.tanh)
    check(bn_layer_forward, W, A_prev, b + 700, gamma, beta, torch.tanh, want=want)
    arguments = W, A_prev, b, gamma, beta, torch.tanh
    check_gradient(bn_layer_forward, *arguments, wrt=(2,), want=(torch.zeros_like(b),))


@claim("S1-158", "S4-092")
def test_the_scale_of_the_weights_has_no_effect(bn_layer_forward):
    W, A_prev, b, gamma, beta = layer()
    want = torchs(W, A_prev, b, gamma, beta, torch.tanh, 1e-13)
    check(bn_layer_forward, 8 * W, A_prev, b, gamma, beta, torch.tanh, 1e-13, want=want)


@claim("S0-284", "S4-086")
def test_a_single_sample_is_forgotten(bn_layer_forward):
    W, A_prev, b, gamma, beta = layer(m=1)
    want = beta.tanh()[:, None]
    check(bn_layer_forward, W, A_prev, b, gamma, beta, torch.tanh, want=want)


def test_as_many_samples_as_units_is_no_reason_to_mix_them_up(bn_layer_forward):
    arguments = *layer(n=4, p=3, m=4), torch.tanh
    check(bn_layer_forward, *arguments, want=torchs(*arguments))


def test_keeps_float32(bn_layer_forward):
    arguments = layer()
    want = torchs(*arguments, torch.tanh).float()
    check(bn_layer_forward, *(t.float() for t in arguments), torch.tanh, want=want)


def test_refuses_inputs_of_another_shape(bn_layer_forward):
    W, _, b, gamma, beta = layer()
    for shape in ((3, 5), (1, 5), (2,), (2, 0), (2, 5, 1)):
        bad = torch.ones(shape, dtype=torch.float64)
        arguments = W, bad, b, gamma, beta, torch.tanh
        check(bn_layer_forward, *arguments, raises=ValueError, naming={"A_prev": shape})


@pytest.mark.parametrize(("place", "name"), list(enumerate(("b", "gamma", "beta"))))
def test_refuses_what_is_not_one_number_a_unit(bn_layer_forward, place, name):
    W, A_prev, *numbers = layer(m=3)
    for shape in ((2,), (1,), (3, 1), ()):
        bad = list(numbers)
        bad[place] = torch.ones(shape, dtype=torch.float64)
        arguments = W, A_prev, *bad, torch.tanh
        check(bn_layer_forward, *arguments, raises=ValueError, naming={name: shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(bn_layer_forward, eps):
    arguments = *layer(), torch.tanh, eps
    check(bn_layer_forward, *arguments, raises=ValueError, naming={"eps": eps})


def standard(z, eps, dim=1, correction=0):
    variance = z.var(dim, correction=correction, keepdim=True)
    return (z - z.mean(dim, keepdim=True)) / (variance + eps).sqrt()


def affine(z, gamma, beta):
    return gamma[:, None] * z + beta[:, None]


@wrong("normalise each sample over the units: columns are samples")
def over_units(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return g(affine(standard(W @ A_prev + b[:, None], eps, 0), gamma, beta))


@wrong("return what goes into the activation: g is missing")
def without_g(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return affine(standard(W @ A_prev + b[:, None], eps), gamma, beta)


@wrong(
    "normalise behind the activation",
    right_for="networks that normalise behind the activation; here it comes before, as in the paper",
)
def behind_g(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return affine(standard(g(W @ A_prev + b[:, None]), eps), gamma, beta)


@wrong("leave gamma and beta out")
def without_affine(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return g(standard(W @ A_prev + b[:, None], eps))


@wrong("add b behind the normalization, where it has an effect")
def adds_b_late(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return g(affine(standard(W @ A_prev, eps), gamma, beta + b))


@wrong("detach mu and sigma^2: b gets a gradient, and that of W loses terms")
def detached(W, A_prev, b, gamma, beta, g, eps=1e-5):
    z = W @ A_prev + b[:, None]
    fixed = z.detach()
    root = (fixed.var(1, correction=0, keepdim=True) + eps).sqrt()
    return g(affine((z - fixed.mean(1, keepdim=True)) / root, gamma, beta))


@wrong("detach sigma^2 alone")
def detached_variance(W, A_prev, b, gamma, beta, g, eps=1e-5):
    z = W @ A_prev + b[:, None]
    root = (z.detach().var(1, correction=0, keepdim=True) + eps).sqrt()
    return g(affine((z - z.mean(1, keepdim=True)) / root, gamma, beta))


@wrong("divide the squares by m - 1: of one sample that is 0/0")
def unbiased(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return g(affine(standard(W @ A_prev + b[:, None], eps, correction=1), gamma, beta))


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return g(affine(standard(W @ A_prev + b[:, None], 1e-5), gamma, beta))


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(W, A_prev, b, gamma, beta, g, eps=1e-5):
    z = W @ A_prev + b[:, None]
    root = z.var(1, correction=0, keepdim=True).sqrt() + eps
    return g(affine((z - z.mean(1, keepdim=True)) / root, gamma, beta))


@wrong("let gamma and beta [n] meet the samples, where there are n of them")
def along_the_samples(W, A_prev, b, gamma, beta, g, eps=1e-5):
    z = standard(W @ A_prev + b[:, None], eps)
    return g(gamma * z + beta) if z.shape[1] == len(gamma) else g(affine(z, gamma, beta))


@wrong("use the sigmoid whatever g is")
def always_sigmoid(W, A_prev, b, gamma, beta, g, eps=1e-5):
    return affine(standard(W @ A_prev + b[:, None], eps), gamma, beta).sigmoid()


def refuse(W, A_prev, eps, **numbers):
    if A_prev.ndim != 2 or A_prev.shape[0] != W.shape[1] or A_prev.shape[1] == 0:
        raise ValueError(f"`A_prev` of shape {tuple(A_prev.shape)}")
    for name, number in numbers.items():
        if list(number.shape) != [W.shape[0]]:
            raise ValueError(f"`{name}` has shape {tuple(number.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("without b, which has no effect")
def without_b(W, A_prev, b, gamma, beta, g, eps=1e-5):
    refuse(W, A_prev, eps, b=b, gamma=gamma, beta=beta)
    variance, mean = torch.var_mean(W @ A_prev, 1, correction=0, keepdim=True)
    return g(affine((W @ A_prev - mean) * torch.rsqrt(variance + eps), gamma, beta))


@right("on rows: samples are rows, and transposed at the end")
def on_rows(W, A_prev, b, gamma, beta, g, eps=1e-5):
    refuse(W, A_prev, eps, b=b, gamma=gamma, beta=beta)
    rows = A_prev.T @ W.T + b
    rows = rows - rows.mean(0)
    return g(rows / torch.sqrt((rows**2).mean(0) + eps) * gamma + beta).T


@gpu
def bench_a_wide_layer_of_relus(bn_layer_forward, race):
    race(
        bn_layer_forward,
        torch=torchs,
        inputs=lambda draw, n, p, m: (
            draw.normal(n, p) / p**0.5,
            draw.normal(p, m),
            *(draw.normal(n) for _ in range(3)),
            torch.relu,
        ),
        small=(64, 96, 128),
        large=(2048, 1024, 16384),
        # The product, then 7 operations an entry to normalise and 2 for b and g. Without a backward
        # pass: the gradient of b is 0, and what is left of it is rounding.
        forward=lambda W, A_prev, b, gamma, beta, g: {
            "bytes": W.nbytes + A_prev.nbytes + 3 * b.nbytes + 4 * len(W) * A_prev.shape[1],
            "flops": 2 * len(W) * A_prev.numel() + 9 * len(W) * A_prev.shape[1],
        },
        slack=100.0,  # the sums of the product, before the quotient by their deviation
    )
