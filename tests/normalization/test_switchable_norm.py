"""Switchable normalization: the mixed statistics of three methods."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("batch_norm_conv", "layer_norm", "instance_norm"),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with means and variances",
    hints=(
        "How many means has x under each of the three methods? keepdim=True lets them meet.",
        "Mix the means with softmax(mean_logits), and the variances with softmax(var_logits).",
        "gamma * (x - mixed mean) / sqrt(mixed variance + eps) + beta",
    ),
)

ONLY = 1000 * torch.eye(3, dtype=torch.float64)  # the logits that choose one method
P, Q = vector(0.5, -1, 0.25), vector(-0.75, 0.5, 1)


def mixed(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    """Mix the planes' own statistics: E[v + m^2] - m^2 gives those of the larger sets."""
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    m, v = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
    power = v + m * m
    layer, batch = m.mean(1, keepdim=True), m.mean(0, keepdim=True)
    mu = p[0] * m + p[1] * layer + p[2] * batch
    var = q[0] * v
    var = var + q[1] * (power.mean(1, keepdim=True) - layer**2)
    var = var + q[2] * (power.mean(0, keepdim=True) - batch**2)
    return gamma[:, None, None] * (x - mu) / (var + eps).sqrt() + beta[:, None, None]


@claim("S0-278", "S4-100")
def test_a_case_worked_by_hand(switchable_norm):
    # The means of the planes are 2, 2, 6, 6, those of both images 2 and 6, of both channels 4;
    # the variances 1, 9, 1, 9, then 5 and 5, then 1 + 4 = 5 and 9 + 4 = 13.
    x = vector(1, 3, -1, 5, 5, 7, 3, 9).reshape(2, 2, 1, 2)
    # Weights 1/2, 1/4, 1/4 of both: means 2.5, 2.5, 5.5, 5.5; variances 3, 9, 3, 9.
    logits = vector(2, 1, 1).log()
    want = vector(-1.5, 0.5, -3.5, 2.5, -0.5, 1.5, -2.5, 3.5).reshape(x.shape)
    want = want * vector(3 / 2, 4 / 10**0.5)[:, None, None] + vector(1, -2)[:, None, None]
    check(switchable_norm, x, logits, logits, vector(3, 4), vector(1, -2), 1.0, want=want)


@claim("S0-278", "S4-100")
@pytest.mark.parametrize("chosen", range(3), ids=["instance", "layer", "batch"])
def test_one_method_alone_is_that_method(switchable_norm, chosen):
    x, one = inputs.numbers(2, 3, 4, 5), torch.ones(3, dtype=torch.float64)
    batch = F.batch_norm(x, None, None, training=True, eps=0.5)
    wants = F.instance_norm(x, eps=0.5), F.layer_norm(x, (3, 4, 5), eps=0.5), batch
    check(switchable_norm, x, ONLY[chosen], ONLY[chosen], one, 0 * one, 0.5, want=wants[chosen])
    left_out = torch.where(ONLY[chosen] > 0, 0.0, -torch.inf).double()
    check(switchable_norm, x, left_out, left_out, one, 0 * one, 0.5, want=wants[chosen])


@claim("S0-278", "S4-100")
def test_means_and_variances_have_weights_of_their_own(switchable_norm):
    x, one = inputs.numbers(2, 3, 4, 5), torch.ones(3, dtype=torch.float64)
    mean, var = x.mean((2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
    want = (x - mean) / (var + 0.5).sqrt()
    check(switchable_norm, x, ONLY[0], ONLY[2], one, 0 * one, 0.5, want=want)


@claim("S0-278", "S4-100")
@given(
    inputs.tensors(inputs.sizes(1, 3), 2, inputs.sizes(1, 2), inputs.sizes(2, 3)),
    inputs.tensors(2, 3, low=-2, high=2),
    inputs.tensors(2, 2),
    st.sampled_from([1e-5, 0.5]),
)
def test_the_planes_statistics_are_enough(switchable_norm, x, logits, parameters, eps):
    want = mixed(x, *logits, *parameters, eps)
    # scale: the other way rounds where variances cancel to 0.
    check(switchable_norm, x, *logits, *parameters, eps, want=want, scale=1e4)


@claim("S0-278", "S4-100")
def test_gradients_flow_back_to_all_tensors(switchable_norm):
    x, gamma, beta = inputs.numbers(2, 3, 4, 5), vector(2, -1, 0.5), vector(1, 3, -2)
    check_gradient(switchable_norm, x, P, Q, gamma, beta, eps=0.5, like=mixed)


@claim("S0-278")
def test_the_same_number_added_to_all_logits_changes_nothing(switchable_norm):
    x, gamma, beta = inputs.numbers(2, 3, 4, 5), vector(2, -1, 0.5), vector(1, 3, -2)
    want = mixed(x, P, Q, gamma, beta)
    check(switchable_norm, x, P + 7, Q - 900, gamma, beta, want=want)


def test_a_constant_batch_becomes_beta(switchable_norm):
    x, one = torch.full((2, 1, 3, 4), 3.0), torch.ones(1)
    check(switchable_norm, x, P.float(), Q.float(), one, 7 * one, want=torch.full_like(x, 7.0))


def test_as_many_channels_as_columns_is_no_reason_to_mix_them_up(switchable_norm):
    x, gamma, beta = inputs.numbers(2, 3, 4, 3), vector(1, 20, 300), vector(5, -60, 700)
    check(switchable_norm, x, P, Q, gamma, beta, want=mixed(x, P, Q, gamma, beta))


def test_keeps_float32_and_reads_by_strides(switchable_norm):
    x, gamma, beta = inputs.numbers(2, 4, 5, 3).movedim(-1, 1), vector(1, 2, 3), vector(0, 1, 2)
    want = mixed(x.contiguous(), P, Q, gamma, beta)
    check(switchable_norm, x, P, Q, gamma, beta, want=want)
    narrow = (t.float() for t in (x, P, Q, gamma, beta))
    check(switchable_norm, *narrow, want=want.float())


def test_refuses_what_is_no_image(switchable_norm):
    two, logits = torch.ones(2), torch.zeros(3)
    for shape in ((3, 2, 1, 1), (3, 2, 0, 4), (3, 2), (3, 2, 4), (3, 2, 4, 4, 4)):
        arguments = torch.ones(shape), logits, logits, two, two
        check(switchable_norm, *arguments, raises=ValueError, naming={"x": shape})
    x = torch.ones(2, 2, 3, 3, dtype=torch.int64)
    arguments = x, logits, logits, two, two
    check(switchable_norm, *arguments, raises=ValueError, naming={"x": torch.int64})


@pytest.mark.parametrize(
    ("place", "name"), list(enumerate(("mean_logits", "var_logits", "gamma", "beta")))
)
def test_refuses_parameters_of_another_shape(switchable_norm, place, name):
    x = torch.ones(2, 2, 3, 3)
    for shape in ((4,), (1,), (2, 1, 1), ()):
        parameters = [torch.zeros(3), torch.zeros(3), torch.ones(2), torch.ones(2)]
        parameters[place] = torch.ones(shape)
        check(switchable_norm, x, *parameters, raises=ValueError, naming={name: shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(switchable_norm, eps):
    two, logits = torch.ones(2), torch.zeros(3)
    arguments = torch.ones(2, 2, 3, 3), logits, logits, two, two, eps
    check(switchable_norm, *arguments, raises=ValueError, naming={"eps": eps})


SETS = ((2, 3), (1, 2, 3), (0, 2, 3))


def blend(x, p, q, gamma, beta, eps, sets=SETS, correction=0):
    """Mix the statistics over these sets with the weights p and q."""
    mu = sum(a * x.mean(dims, keepdim=True) for a, dims in zip(p, sets, strict=True))
    var = sum(
        b * x.var(dims, correction=correction, keepdim=True)
        for b, dims in zip(q, sets, strict=True)
    )
    return gamma[:, None, None] * (x - mu) / (var + eps).sqrt() + beta[:, None, None]


@wrong("mix the three results and not their statistics")
def mixes_results(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    one, zero = torch.ones_like(gamma), 0 * beta
    eye = torch.eye(3, dtype=x.dtype)
    y = sum(
        weight * blend(x, only, only, one, zero, eps)
        for weight, only in zip(mean_logits.softmax(0), eye, strict=True)
    )
    return gamma[:, None, None] * y + beta[:, None, None]


@wrong("use the weights of the means for the variances too")
def one_set_of_weights(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p = mean_logits.softmax(0)
    return blend(x, p, p, gamma, beta, eps)


@wrong("swap the weights of means and variances")
def swaps_weights(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    return blend(x, var_logits.softmax(0), mean_logits.softmax(0), gamma, beta, eps)


@wrong("weigh batch, layer and instance normalization in this order: it is instance, layer, batch")
def reversed_order(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    return blend(x, p, q, gamma, beta, eps, SETS[::-1])


@wrong("mix standard deviations and not variances")
def mixes_deviations(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    mu = sum(a * x.mean(dims, keepdim=True) for a, dims in zip(p, SETS, strict=True))
    root = sum(
        b * (x.var(dims, correction=0, keepdim=True) + eps).sqrt()
        for b, dims in zip(q, SETS, strict=True)
    )
    return gamma[:, None, None] * (x - mu) / root + beta[:, None, None]


@wrong("use the logits as they are, without a softmax")
def without_softmax(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    return blend(x, mean_logits, var_logits.abs(), gamma, beta, eps)


@wrong("normalise with exp(logits) over their sum without a shift: large logits overflow")
def unstable_softmax(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = (logits.exp() / logits.exp().sum() for logits in (mean_logits, var_logits))
    return blend(x, p, q, gamma, beta, eps)


@wrong("average the planes' variances for the larger sets: how their means differ is lost")
def averages_variances(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    v = x.var((2, 3), correction=0, keepdim=True)
    mu = sum(a * x.mean(dims, keepdim=True) for a, dims in zip(p, SETS, strict=True))
    var = q[0] * v + q[1] * v.mean(1, keepdim=True) + q[2] * v.mean(0, keepdim=True)
    return gamma[:, None, None] * (x - mu) / (var + eps).sqrt() + beta[:, None, None]


@wrong("divide the squares by the number of entries minus 1")
def unbiased(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    return blend(x, p, q, gamma, beta, eps, correction=1)


@wrong("take layer normalization over the channels alone")
def layer_without_space(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    return blend(x, p, q, gamma, beta, eps, ((2, 3), (1,), (0, 2, 3)))


@wrong("choose the method with the largest logit: no gradient reaches the logits")
def chooses(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    eye = torch.eye(3, dtype=x.dtype)
    return blend(x, eye[mean_logits.argmax()], eye[var_logits.argmax()], gamma, beta, eps)


@wrong("detach the weights: they are never learned")
def fixed_weights(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.detach().softmax(0), var_logits.detach().softmax(0)
    return blend(x, p, q, gamma, beta, eps)


@wrong("detach the statistics: the gradient of x loses its other terms")
def detached(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q, fixed = mean_logits.softmax(0), var_logits.softmax(0), x.detach()
    mu = sum(a * fixed.mean(d, keepdim=True) for a, d in zip(p, SETS, strict=True))
    var = sum(b * fixed.var(d, correction=0, keepdim=True) for b, d in zip(q, SETS, strict=True))
    return gamma[:, None, None] * (x - mu) / (var + eps).sqrt() + beta[:, None, None]


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    return blend(x, mean_logits.softmax(0), var_logits.softmax(0), gamma, beta, 1e-5)


@wrong("multiply gamma [c] and add beta [c] along the width, where there are c columns")
def along_the_width(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    if x.shape[3] != x.shape[1]:
        return blend(x, p, q, gamma, beta, eps)
    return gamma * blend(x, p, q, torch.ones_like(gamma), 0 * beta, eps) + beta


def refuse(x, mean_logits, var_logits, gamma, beta, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 4 or x.shape[2] * x.shape[3] <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    for name, logits in (("mean_logits", mean_logits), ("var_logits", var_logits)):
        if list(logits.shape) != [3]:
            raise ValueError(f"`{name}` has shape {tuple(logits.shape)}")
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if list(parameter.shape) != [x.shape[1]]:
            raise ValueError(f"`{name}` has shape {tuple(parameter.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("with the statistics of all three methods stacked")
def stacked(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    refuse(x, mean_logits, var_logits, gamma, beta, eps)
    pairs = [torch.var_mean(x, dims, correction=0, keepdim=True) for dims in SETS]
    n, c = x.shape[:2]
    variances, means = (torch.stack([t[k].expand(n, c, 1, 1) for t in pairs]) for k in (0, 1))
    mu = torch.einsum("k,knchw->nchw", torch.softmax(mean_logits, 0), means)
    var = torch.einsum("k,knchw->nchw", torch.softmax(var_logits, 0), variances)
    return torch.addcmul(
        beta.reshape(1, -1, 1, 1), gamma.reshape(1, -1, 1, 1), (x - mu) * torch.rsqrt(var + eps)
    )


@right("from the planes' means and variances alone, as the paper has it")
def from_planes(x, mean_logits, var_logits, gamma, beta, eps=1e-5):
    refuse(x, mean_logits, var_logits, gamma, beta, eps)
    p, q = mean_logits.softmax(0), var_logits.softmax(0)
    m, v = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
    layer, batch = m.mean(1, keepdim=True), m.mean(0, keepdim=True)
    of_layer = (v + (m - layer) ** 2).mean(1, keepdim=True)
    of_batch = (v + (m - batch) ** 2).mean(0, keepdim=True)
    mu = p[0] * m + p[1] * layer + p[2] * batch
    root = (q[0] * v + q[1] * of_layer + q[2] * of_batch + eps) ** 0.5
    return (x - mu) / root * gamma[:, None, None] + beta[:, None, None]


@gpu
def bench_a_stage_of_a_detector(switchable_norm, race):
    race(
        switchable_norm,
        torch=mixed,
        inputs=lambda draw, n, c, side: (
            draw.normal(n, c, side, side),
            draw.normal(3),
            draw.normal(3),
            draw.normal(c),
            draw.normal(c),
        ),
        small=(4, 16, 28),
        large=(64, 256, 56),
        # The gradients of the logits are sums over all entries whose terms cancel almost wholly.
        slack=1000.0,
        # The planes' statistics are enough: mean, difference, square, mean; then the affine map.
        forward=lambda x, p, q, gamma, beta: {
            "bytes": 2 * x.nbytes + 2 * gamma.nbytes,
            "flops": 7 * x.numel(),
        },
        # Two sums a plane, of g and of g * x, and then g less both: 8 operations; x and g are read.
        backward=lambda x, p, q, gamma, beta: {
            "bytes": 3 * x.nbytes + 3 * gamma.nbytes,
            "flops": 8 * x.numel(),
        },
    )
