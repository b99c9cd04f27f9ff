"""The backward pass of layer normalization, derived on paper."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.call import uneven
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("layer_norm", "batch_norm_backward"),
    forbid=(
        "autograd",
        "batch_norm",
        "batch_norm_backward",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "layer_norm_backward",
        "group_norm",
        "group_norm_backward",
        "instance_norm",
        "rms_norm",
    ),
    instead="derive the gradients on paper",
    hints=(
        "As for batch normalization, with rows for columns. But where does the weight go?",
        "The weight has another value for each entry of a mean: dL/dxhat = upstream * weight.",
        "(d - mean(d) - xhat * mean(d * xhat)) / root with d = upstream * weight.",
    ),
)


def by_autograd(x, weight, upstream, eps=1e-5):
    """Differentiate torch's layer normalization in float64."""
    leaves = [t.double().requires_grad_() for t in (x, weight, torch.zeros_like(weight))]
    y = F.layer_norm(leaves[0], x.shape[-1:], *leaves[1:], eps)
    grads = torch.autograd.grad(y, leaves, upstream.double())
    return tuple(g.to(x.dtype) for g in grads)


@claim("S0-292")
def test_a_case_worked_by_hand(layer_norm_backward):
    # xhat = (-1, 0, 1) and root = 3; d = (9, 0, 18) has the mean 9, and d * xhat the mean 3.
    x, g = vector(0, 3, 6), vector(3, 0, 9)
    want = vector(1, -3, 2), vector(-3, 0, 9), vector(3, 0, 9)
    check(layer_norm_backward, x, vector(3, 5, 2), g, 3.0, want=want)


@claim("S0-292")
@given(
    st.data(),
    st.lists(st.integers(1, 3), max_size=2),
    st.integers(1, 4),
    st.sampled_from([0.25, 1e-5]),
)
def test_equals_the_gradients_of_autograd(layer_norm_backward, data, tokens, c, eps):
    x, g = data.draw(inputs.tensors(*tokens, c)), data.draw(inputs.tensors(*tokens, c))
    weight = data.draw(inputs.tensors(c))
    want = by_autograd(x, weight, g, eps)
    # scale: the terms of a gradient that cancels have the size of weight g / root.
    check(layer_norm_backward, x, weight, g, eps, want=want, scale=25 / eps**0.5)


@claim("S0-292")
def test_equals_the_derivative_that_sympy_finds(layer_norm_backward):
    import sympy as sp

    xs, weight, g = sp.symbols("x0:3"), (7, 2, -3), (2, -1, 5)
    mean = sum(xs) / 3
    root = sp.sqrt(sum((x - mean) ** 2 for x in xs) / 3 + sp.Rational(1, 4))
    each = [gi * (x - mean) / root for gi, x in zip(g, xs, strict=True)]
    loss = sum(w * e for w, e in zip(weight, each, strict=True))
    at = dict(zip(xs, (1, sp.Rational(5, 2), -2), strict=True))
    dx = vector(*(float(sp.diff(loss, x).subs(at)) for x in xs))
    dweight = vector(*(float(e.subs(at)) for e in each))
    want = dx, dweight, vector(*g)
    check(layer_norm_backward, vector(1, 2.5, -2), vector(*weight), vector(*g), 0.25, want=want)


@claim("S0-288", "S0-292")
def test_parameters_collect_from_all_tokens(layer_norm_backward):
    x, weight = inputs.numbers(2, 3, 4), vector(2, -1, 0.5, 3)
    want = by_autograd(x, weight, uneven(x), 0.5)
    check(layer_norm_backward, x, weight, uneven(x), 0.5, want=want)


def test_a_single_feature_gets_no_gradient_and_passes_none_on(layer_norm_backward):
    x, g = vector(4, -9).reshape(2, 1), vector(3, 5).reshape(2, 1)
    want = torch.zeros(2, 1).double(), vector(0), vector(8)
    check(layer_norm_backward, x, vector(2), g, want=want)


def test_a_constant_token_gets_the_centred_gradient(layer_norm_backward):
    # xhat = 0 and root = 1/2; upstream * weight is (1, 0, 15), with the mean 16/3.
    g = vector(1, 0, 5)
    want = 2 * (vector(1, 0, 15) - 16 / 3), vector(0, 0, 0), g
    check(layer_norm_backward, vector(4, 4, 4), vector(1, 2, 3), g, 0.25, want=want)


def test_a_token_far_from_0_keeps_its_digits(layer_norm_backward):
    steps, weight, g = vector(1, 3, 6, 2).reshape(1, 4), vector(2, 1, -1, 3), vector(1, 0, 2, -5)
    want = by_autograd(steps, weight, g[None], 1e-9)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(layer_norm_backward, 1e9 + steps, weight, g[None], 1e-9, want=want, slack=1e4)


def test_a_nan_spoils_its_own_token_only(layer_norm_backward):
    x, weight = inputs.numbers(3, 4), vector(2, -1, 0.5, 3)
    x[1, 2] = torch.nan
    check(layer_norm_backward, x, weight, uneven(x), want=by_autograd(x, weight, uneven(x)))


def test_keeps_float32_and_reads_by_strides(layer_norm_backward):
    x, g, weight = inputs.numbers(3, 5).mT, uneven(inputs.numbers(3, 5)).mT, vector(1, -2, 3)
    want = by_autograd(x.contiguous(), weight, g.contiguous())
    check(layer_norm_backward, x, weight, g, want=want)
    narrow = tuple(t.float() for t in want)
    check(layer_norm_backward, x.float(), weight.float(), g.float(), want=narrow)


def test_refuses_other_shapes_and_integers(layer_norm_backward):
    x, weight = torch.ones(3, 2), torch.ones(2)
    for shape in ((2,), (3, 1), (1, 2), (2, 3)):
        arguments = x, weight, torch.ones(shape)
        check(layer_norm_backward, *arguments, raises=ValueError, naming={"upstream": shape})
    for shape in ((3,), (1,), (1, 2), ()):
        arguments = x, torch.ones(shape), x
        check(layer_norm_backward, *arguments, raises=ValueError, naming={"weight": shape})
    whole = torch.tensor([[1, 2], [3, 4]])
    arguments = whole, weight, torch.ones(2, 2)
    check(layer_norm_backward, *arguments, raises=ValueError, naming={"x": torch.int64})
    number = torch.tensor(1.0)
    check(layer_norm_backward, number, number, number, raises=ValueError, naming={"x": ()})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(layer_norm_backward, eps):
    x = torch.ones(3, 2)
    check(layer_norm_backward, x, x[0], x, eps, raises=ValueError, naming={"eps": eps})


def parts(x, eps, correction=0):
    """Return xhat and the root."""
    root = (x.var(-1, correction=correction, keepdim=True) + eps).sqrt()
    return (x - x.mean(-1, keepdim=True)) / root, root


def over_tokens(g):
    return g.reshape(-1, g.shape[-1]).sum(0)


def mean(values):
    return values.mean(-1, keepdim=True)


def collected(x, weight, g, eps, of_mean=1.0, of_variance=1.0, correction=0):
    """The gradients, with factors before what mu and sigma^2 hand back."""
    xhat, root = parts(x, eps, correction)
    d = g * weight
    back = of_mean * mean(d) + of_variance * xhat * mean(d * xhat)
    return (d - back) / root, over_tokens(g * xhat), over_tokens(g)


@wrong("take mu and sigma^2 for constants")
def constant_statistics(x, weight, upstream, eps=1e-5):
    return collected(x, weight, upstream, eps, 0.0, 0.0)


@wrong("take sigma^2 for a constant: the part along xhat stays in")
def constant_variance(x, weight, upstream, eps=1e-5):
    return collected(x, weight, upstream, eps, of_variance=0.0)


@wrong("take mu for a constant: the part along 1 stays in")
def constant_mean(x, weight, upstream, eps=1e-5):
    return collected(x, weight, upstream, eps, of_mean=0.0)


@wrong("multiply by the weight after the means: it belongs into them")
def weight_last(x, weight, upstream, eps=1e-5):
    xhat, root = parts(x, eps)
    back = mean(upstream) + xhat * mean(upstream * xhat)
    return weight * (upstream - back) / root, over_tokens(upstream * xhat), over_tokens(upstream)


@wrong("leave the weight out of the gradient with respect to x")
def without_weight(x, weight, upstream, eps=1e-5):
    return collected(x, torch.ones_like(weight), upstream, eps)


@wrong("count the way by sigma^2 twice: the 2 of the square and the 1/2 of the root cancel")
def twice_the_variance(x, weight, upstream, eps=1e-5):
    return collected(x, weight, upstream, eps, of_variance=2.0)


@wrong("take sums over the features where there should be means")
def sums(x, weight, upstream, eps=1e-5):
    c = float(x.shape[-1])
    return collected(x, weight, upstream, eps, c, c)


@wrong("put the weight into the gradient of the weight")
def weight_of_weight(x, weight, upstream, eps=1e-5):
    dx, dweight, dbias = collected(x, weight, upstream, eps)
    return dx, weight * dweight, dbias


@wrong("collect the parameters' gradients over the first dimension alone")
def over_the_first(x, weight, upstream, eps=1e-5):
    dx, dweight, dbias = collected(x, weight, upstream, eps)
    if x.dim() < 3:
        return dx, dweight, dbias
    xhat, _ = parts(x, eps)
    return dx, (upstream * xhat).sum(0), upstream.sum(0)


@wrong("average the parameters' gradients over the tokens: they are sums")
def means_of_parameters(x, weight, upstream, eps=1e-5):
    dx, dweight, dbias = collected(x, weight, upstream, eps)
    tokens = max(x.numel() // x.shape[-1], 1)
    return dx, dweight / tokens, dbias / tokens


@wrong("take the means over the samples: that is for batch normalization")
def over_samples(x, weight, upstream, eps=1e-5):
    xhat, root = parts(x, eps)
    d = upstream * weight
    back = d.mean(0, keepdim=True) + xhat * (d * xhat).mean(0, keepdim=True)
    return (d - back) / root, over_tokens(upstream * xhat), over_tokens(upstream)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, weight, upstream, eps=1e-5):
    return collected(x, weight, upstream, 1e-5)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, weight, upstream, eps=1e-5):
    variance = (mean(x.square()) - mean(x).square()).clamp(min=0)
    root = (variance + eps).sqrt()
    xhat, d = (x - mean(x)) / root, upstream * weight
    dx = (d - mean(d) - xhat * mean(d * xhat)) / root
    return dx, over_tokens(upstream * xhat), over_tokens(upstream)


@wrong("normalise with the unbiased variance")
def unbiased(x, weight, upstream, eps=1e-5):
    return collected(x, weight, upstream, eps, correction=1)


@wrong("return the gradients of weight and bias in the wrong order")
def swapped(x, weight, upstream, eps=1e-5):
    dx, dweight, dbias = collected(x, weight, upstream, eps)
    return dx, dbias, dweight


def refuse(x, weight, upstream, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim == 0:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    if list(weight.shape) != [x.shape[-1]]:
        raise ValueError(f"`weight` has shape {tuple(weight.shape)}")
    if list(upstream.shape) != list(x.shape):
        raise ValueError(f"`upstream` has shape {tuple(upstream.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("step by step along the graph, on rows")
def step_by_step(x, weight, upstream, eps=1e-5):
    refuse(x, weight, upstream, eps)
    c = x.shape[-1]
    rows, g = x.reshape(-1, c), upstream.reshape(-1, c)
    centred = rows - rows.sum(1, keepdim=True) / c
    variance = (centred**2).sum(1, keepdim=True) / c
    dxhat = g * weight
    dvariance = (dxhat * centred).sum(1, keepdim=True) * -0.5 * (variance + eps) ** -1.5
    dcentred = dxhat / (variance + eps).sqrt() + 2 * centred * dvariance / c
    dx = dcentred - dcentred.sum(1, keepdim=True) / c
    xhat = centred / (variance + eps).sqrt()
    return dx.reshape(x.shape), (g * xhat).sum(0), g.sum(0)


@right("as a projection: off the directions 1 and xhat")
def as_a_projection(x, weight, upstream, eps=1e-5):
    refuse(x, weight, upstream, eps)
    centred = x - x.mean(-1, keepdim=True)
    scale = torch.rsqrt((centred**2).mean(-1, keepdim=True) + eps)
    xhat, d = centred * scale, upstream * weight
    basis = torch.stack([torch.ones_like(xhat), xhat], -1)
    along = torch.einsum("...c,...ck->...k", d, basis) / x.shape[-1]
    dx = scale * (d - torch.einsum("...k,...ck->...c", along, basis))
    tokens = list(range(x.ndim - 1))
    if not tokens:
        return dx, upstream * xhat, upstream.clone()
    return dx, (upstream * xhat).sum(tokens), upstream.sum(tokens)


@gpu
def bench_tokens_of_a_transformer(layer_norm_backward, race):
    def by_autograd(x, weight, upstream):
        x, weight = x.detach().requires_grad_(), weight.detach().requires_grad_()
        bias = torch.zeros_like(weight).requires_grad_()
        y = F.layer_norm(x, weight.shape, weight, bias)
        return torch.autograd.grad(y, (x, weight, bias), upstream)

    race(
        layer_norm_backward,
        torch=by_autograd,
        inputs=lambda draw, n, c: (draw.normal(n, c), draw.normal(c), draw.normal(n, c)),
        small=(64, 100),
        large=(65_536, 1024),
        # x and upstream are read, dx is written; 4 operations for the statistics, 4 for the sums, 6.
        forward=lambda x, weight, upstream: {"bytes": 3 * x.nbytes, "flops": 14 * x.numel()},
        slack=1000.0,  # sums over all tokens, of terms of both signs
    )
