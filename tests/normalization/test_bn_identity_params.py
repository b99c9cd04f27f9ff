"""The parameters with which batch normalization is the identity, of one batch."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, gpu, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("batch_norm_conv",),
    hints=(
        "Solve gamma * (x - mu) / root + beta = x for all x.",
        "gamma is the root, with eps and all, and beta is the mean.",
    ),
)


def normalised(x, gamma, beta, eps):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


@claim("S1-163", "S4-069", "S0-286")
def test_a_case_worked_by_hand(bn_identity_params):
    # Means 3 and 5, biased variances 0 and 16: the roots of 9 and 25.
    x = vector(3, 1, 3, 9, 3, 1, 3, 9).reshape(4, 2)
    check(bn_identity_params, x, 9.0, want=(vector(3, 5), vector(3, 5)))


@claim("S1-163", "S4-069")
@given(
    st.data(),
    st.integers(1, 3),
    st.lists(st.integers(1, 3), max_size=2),
    st.sampled_from([1e-5, 0.5]),
)
def test_the_batch_comes_back(bn_identity_params, data, c, space, eps):
    x = data.draw(inputs.tensors(inputs.sizes(2, 4), c, *space))

    def give_x_back(pair):
        return torch.allclose(normalised(x, *pair, eps), x, rtol=1e-10, atol=1e-10)

    told = "a gamma and a beta with which batch normalization gives x back"
    check(bn_identity_params, x, eps, want=such_that(told, give_x_back))


@claim("S1-163", "S4-069")
@counterexample("S1-163", "S4-069")
def test_another_batch_does_not_come_back(bn_identity_params):
    # The notes: the original distribution is restored. (0, 6) has another mean than (1, 9).
    x, other = vector(1, 9).reshape(2, 1), vector(0, 6).reshape(2, 1)
    check(bn_identity_params, x, 9.0, want=(vector(5), vector(5)))
    # Its own deviation is 3, so what comes back is 5 + 5 * (-3, 3) / sqrt(9 + 9).
    want = vector(5 - 15 / 18**0.5, 5 + 15 / 18**0.5).reshape(2, 1)
    check(normalised, other, vector(5), vector(5), 9.0, want=want)


def test_a_channel_far_from_0_keeps_its_digits(bn_identity_params):
    x = 1e9 + vector(1, 3, 6, 2).reshape(4, 1)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(bn_identity_params, x, 0.5, want=(vector(2), vector(1e9 + 3)), slack=1e4)


def test_keeps_float32_and_reads_by_strides(bn_identity_params):
    x = inputs.numbers(2, 5, 3).movedim(-1, 1)
    rows = x.movedim(1, -1).reshape(-1, 3)
    want = (rows.var(0, correction=0) + 1e-5).sqrt(), rows.mean(0)
    check(bn_identity_params, x, want=want)
    check(bn_identity_params, x.float(), want=tuple(t.float() for t in want))


def test_refuses_one_value_a_channel_and_integers(bn_identity_params):
    for shape in ((1, 2), (0, 2), (2,), (1, 2, 1, 1), (3, 2, 0)):
        check(bn_identity_params, torch.ones(shape), raises=ValueError, naming={"x": shape})
    x = torch.ones(3, 2, dtype=torch.int64)
    check(bn_identity_params, x, raises=ValueError, naming={"x": torch.int64})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(bn_identity_params, eps):
    check(bn_identity_params, torch.ones(3, 2), eps, raises=ValueError, naming={"eps": eps})


def rows(x):
    return x.transpose(0, 1).flatten(1)


@wrong("leave eps out of gamma: the batch comes back a little smaller")
def without_eps(x, eps=1e-5):
    return rows(x).std(1, correction=0), rows(x).mean(1)


@wrong("add eps outside of the root")
def eps_outside(x, eps=1e-5):
    return rows(x).std(1, correction=0) + eps, rows(x).mean(1)


@wrong("take the unbiased variance: batch normalization divides by the biased one")
def unbiased(x, eps=1e-5):
    return (rows(x).var(1) + eps).sqrt(), rows(x).mean(1)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, eps=1e-5):
    mean = rows(x).mean(1)
    return ((rows(x).square().mean(1) - mean * mean).clamp(min=0) + eps).sqrt(), mean


@wrong("take the variance for gamma, without its root")
def variance(x, eps=1e-5):
    return rows(x).var(1, correction=0) + eps, rows(x).mean(1)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, eps=1e-5):
    return (rows(x).var(1, correction=0) + 1e-5).sqrt(), rows(x).mean(1)


@wrong("return what batch normalization divides by, inverted")
def inverted(x, eps=1e-5):
    return (rows(x).var(1, correction=0) + eps).rsqrt(), rows(x).mean(1)


@wrong("shift back the wrong way: beta is minus the mean")
def minus_the_mean(x, eps=1e-5):
    return (rows(x).var(1, correction=0) + eps).sqrt(), -rows(x).mean(1)


@wrong("return the parameters that a new layer has: 1 and 0")
def initial(x, eps=1e-5):
    return torch.ones_like(x[0].reshape(x.shape[1], -1)[:, 0]), 0 * rows(x).mean(1)


@wrong("take statistics over the batch at the first place of space alone")
def first_place(x, eps=1e-5):
    first = x.reshape(*x.shape[:2], -1)[..., 0]
    return (first.var(0, correction=0) + eps).sqrt(), first.mean(0)


@right("with the deviations written out")
def written_out(x, eps=1e-5):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim < 2 or x[:, :1].numel() <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")
    dims = [d for d in range(x.ndim) if d != 1]
    mean = x.mean(dims, keepdim=True)
    power = ((x - mean) ** 2).mean(dims)
    return torch.sqrt(power + eps), mean.flatten()


@gpu
def bench_channels_of_images(bn_identity_params, race):
    def torchs(x):
        var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        return (var + 1e-5).sqrt(), mean

    race(
        bn_identity_params,
        torch=torchs,
        inputs=lambda draw, n, c, side: (draw.normal(n, c, side, side) + 1,),
        small=(4, 16, 28),
        large=(128, 256, 56),
        # A mean, a difference, a square and its mean: 4 operations an entry.
        forward=lambda x: {"bytes": x.nbytes + 8 * x.shape[1], "flops": 4 * x.numel()},
    )
