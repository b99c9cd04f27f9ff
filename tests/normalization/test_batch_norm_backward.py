"""The backward pass of batch normalization, derived on paper."""

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
    after=("batch_norm_train",),
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
    ),
    instead="derive the gradients on paper",
    hints=(
        "x_i reaches the loss by three ways: directly, by way of mu and by way of sigma^2.",
        "dL/dsigma^2 = -1/2 sum_i g_i gamma (x_i - mu) / root^3, with g = upstream. And dL/dmu?",
        "Collected: gamma / root * (g - mean(g) - xhat * mean(g * xhat)).",
    ),
)


def by_autograd(x, gamma, upstream, eps=1e-5):
    """Differentiate torch's batch normalization in float64."""
    leaves = [t.double().requires_grad_() for t in (x, gamma, torch.zeros_like(gamma))]
    y = F.batch_norm(leaves[0], None, None, *leaves[1:], training=True, eps=eps)
    grads = torch.autograd.grad(y, leaves, upstream.double())
    return tuple(g.to(x.dtype) for g in grads)


@claim("S0-286", "S1-157", "S4-064")
def test_a_case_worked_by_hand(batch_norm_backward):
    # xhat = (-1, 0, 1) and root = 3, so dgamma = 2 - 1 = 1 and dbeta = 3;
    # dx = 9/3 * (g - 1 - xhat / 3) = 3 * (0 + 1/3, -1, 1 - 1/3).
    x, g = vector(0, 3, 6).reshape(3, 1), vector(1, 0, 2).reshape(3, 1)
    want = vector(1, -3, 2).reshape(3, 1), vector(1), vector(3)
    check(batch_norm_backward, x, vector(9), g, 3.0, want=want)


@claim("S0-286", "S1-157", "S4-064")
@given(st.data(), st.integers(2, 5), st.integers(1, 3), st.sampled_from([0.25, 1e-5]))
def test_equals_the_gradients_of_autograd(batch_norm_backward, data, n, c, eps):
    x, g = data.draw(inputs.tensors(n, c)), data.draw(inputs.tensors(n, c))
    gamma = data.draw(inputs.tensors(c))
    want = by_autograd(x, gamma, g, eps)
    # scale: the terms of a gradient that cancels have the size of gamma g / root.
    check(batch_norm_backward, x, gamma, g, eps, want=want, scale=25 / eps**0.5)


@claim("S0-286", "S4-064")
def test_equals_the_derivative_that_sympy_finds(batch_norm_backward):
    import sympy as sp

    xs, g = sp.symbols("x0:3"), (2, -1, 5)
    mean = sum(xs) / 3
    root = sp.sqrt(sum((x - mean) ** 2 for x in xs) / 3 + sp.Rational(1, 4))
    loss = sum(gi * 7 * (x - mean) / root for gi, x in zip(g, xs, strict=True))
    at = dict(zip(xs, (1, sp.Rational(5, 2), -2), strict=True))
    dx = vector(*(float(sp.diff(loss, x).subs(at)) for x in xs)).reshape(3, 1)
    dgamma, dbeta = vector(float((loss / 7).subs(at))), vector(6)
    x, upstream = vector(1, 2.5, -2).reshape(3, 1), vector(*g).reshape(3, 1)
    check(batch_norm_backward, x, vector(7), upstream, 0.25, want=(dx, dgamma, dbeta))


@claim("S0-286", "S4-093")
def test_two_samples_get_no_gradient_as_eps_goes_to_0(batch_norm_backward):
    x, g = vector(1, 4, 3, -4).reshape(2, 2), vector(5, 1, -2, 3).reshape(2, 2)
    want = torch.zeros(2, 2).double(), vector(-7, -2), vector(3, 4)
    check(batch_norm_backward, x, vector(2, 3), g, 1e-30, want=want, scale=10.0)


@claim("S1-158", "S4-092")
def test_ten_times_the_input_gets_a_tenth_of_the_gradient(batch_norm_backward):
    x, gamma = inputs.numbers(5, 3), vector(2, -1, 0.5)
    dx, dgamma, dbeta = by_autograd(x, gamma, uneven(x), 1e-15)
    arguments = 10 * x, gamma, uneven(x), 1e-13
    check(batch_norm_backward, *arguments, want=(dx / 10, dgamma, dbeta))


def test_a_constant_feature_gets_the_centred_gradient(batch_norm_backward):
    x, g = torch.full((3, 1), 4.0), torch.tensor([[1.0], [0.0], [5.0]])
    want = torch.tensor([[-2.0], [-4.0], [6.0]]), torch.zeros(1), torch.tensor([6.0])
    check(batch_norm_backward, x, torch.ones(1), g, 0.25, want=want)


def test_a_feature_far_from_0_keeps_its_digits(batch_norm_backward):
    steps, g = vector(1, 3, 6, 2).reshape(4, 1), vector(1, 0, 2, -5).reshape(4, 1)
    want = by_autograd(steps, vector(2), g, 1e-9)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(batch_norm_backward, 1e9 + steps, vector(2), g, 1e-9, want=want, slack=1e4)


def test_a_nan_spoils_its_own_feature_only(batch_norm_backward):
    x, g = inputs.numbers(4, 2), uneven(inputs.numbers(4, 2))
    x[1, 1] = torch.nan
    want = by_autograd(x, vector(2, 3), g)
    check(batch_norm_backward, x, vector(2, 3), g, want=want)


def test_keeps_float32_and_reads_by_strides(batch_norm_backward):
    x, g, gamma = inputs.numbers(3, 5).mT, uneven(inputs.numbers(3, 5)).mT, vector(1, -2, 3)
    want = by_autograd(x.contiguous(), gamma, g.contiguous())
    check(batch_norm_backward, x, gamma, g, want=want)
    narrow = tuple(t.float() for t in want)
    check(batch_norm_backward, x.float(), gamma.float(), g.float(), want=narrow)


def test_refuses_what_is_no_batch(batch_norm_backward):
    two = torch.ones(2)
    for shape in ((1, 2), (0, 2), (2,), (3, 2, 2)):
        arguments = torch.ones(shape), two, torch.ones(shape)
        check(batch_norm_backward, *arguments, raises=ValueError, naming={"x": shape})
    x = torch.tensor([[1, 2], [3, 4]])
    check(batch_norm_backward, x, two, two.expand(2, 2), raises=ValueError, naming={"x": x.dtype})


def test_refuses_an_upstream_gradient_of_another_shape(batch_norm_backward):
    x, two = torch.ones(3, 2), torch.ones(2)
    for shape in ((2,), (3, 1), (1, 2), (2, 3)):
        arguments = x, two, torch.ones(shape)
        check(batch_norm_backward, *arguments, raises=ValueError, naming={"upstream": shape})
    for shape in ((3,), (1,), (1, 2), ()):
        arguments = x, torch.ones(shape), x
        check(batch_norm_backward, *arguments, raises=ValueError, naming={"gamma": shape})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(batch_norm_backward, eps):
    x = torch.ones(3, 2)
    check(batch_norm_backward, x, x[0], x, eps, raises=ValueError, naming={"eps": eps})


def parts(x, eps, correction=0):
    """Return xhat and the root."""
    root = (x.var(0, correction=correction) + eps).sqrt()
    return (x - x.mean(0)) / root, root


def collected(x, gamma, g, eps, of_mean=1.0, of_variance=1.0):
    """The gradients, with factors before what mu and sigma^2 hand back."""
    xhat, root = parts(x, eps)
    dgamma, dbeta = (g * xhat).sum(0), g.sum(0)
    back = of_mean * dbeta + of_variance * xhat * dgamma
    return gamma / root * (g - back / len(x)), dgamma, dbeta


@wrong("take mu and sigma^2 for constants")
def constant_statistics(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, 0.0, 0.0)


@wrong("take sigma^2 for a constant: the part along xhat stays in")
def constant_variance(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, of_variance=0.0)


@wrong("take mu for a constant: the part along 1 stays in")
def constant_mean(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, of_mean=0.0)


@wrong("count the way by sigma^2 twice: the 2 of the square and the 1/2 of the root cancel")
def twice_the_variance(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, of_variance=2.0)


@wrong("count the way by sigma^2 half: the 2 of the square and the 1/2 of the root cancel")
def half_the_variance(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, of_variance=0.5)


@wrong("add what mu and sigma^2 hand back instead of subtracting it")
def adds_it(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, -1.0, -1.0)


@wrong("take sums over the samples where there should be means")
def sums(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, eps, float(len(x)), float(len(x)))


@wrong("leave gamma out of the gradient with respect to x")
def without_gamma(x, gamma, upstream, eps=1e-5):
    return collected(x, torch.ones_like(gamma), upstream, eps)


@wrong("divide by the root twice")
def root_twice(x, gamma, upstream, eps=1e-5):
    dx, dgamma, dbeta = collected(x, gamma, upstream, eps)
    return dx / parts(x, eps)[1], dgamma, dbeta


@wrong("average the gradients of gamma and beta over the samples: they are sums")
def means_of_parameters(x, gamma, upstream, eps=1e-5):
    dx, dgamma, dbeta = collected(x, gamma, upstream, eps)
    return dx, dgamma / len(x), dbeta / len(x)


@wrong("multiply upstream by x and not by xhat for the gradient of gamma")
def gamma_by_x(x, gamma, upstream, eps=1e-5):
    dx, _, dbeta = collected(x, gamma, upstream, eps)
    return dx, (upstream * x).sum(0), dbeta


@wrong("return the gradients of gamma and beta in the wrong order")
def swapped(x, gamma, upstream, eps=1e-5):
    dx, dgamma, dbeta = collected(x, gamma, upstream, eps)
    return dx, dbeta, dgamma


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, gamma, upstream, eps=1e-5):
    return collected(x, gamma, upstream, 1e-5)


@wrong("sum over the features and not over the samples: that is for layer normalization")
def over_features(x, gamma, upstream, eps=1e-5):
    xhat, root = parts(x, eps)
    back = upstream.mean(1, keepdim=True) + xhat * (upstream * xhat).mean(1, keepdim=True)
    return gamma / root * (upstream - back), (upstream * xhat).sum(0), upstream.sum(0)


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, gamma, upstream, eps=1e-5):
    variance = (x.square().mean(0) - x.mean(0).square()).clamp(min=0)
    root = (variance + eps).sqrt()
    xhat = (x - x.mean(0)) / root
    dgamma, dbeta = (upstream * xhat).sum(0), upstream.sum(0)
    return gamma / root * (upstream - (dbeta + xhat * dgamma) / len(x)), dgamma, dbeta


@wrong("normalise with the unbiased variance")
def unbiased(x, gamma, upstream, eps=1e-5):
    xhat, root = parts(x, eps, correction=1)
    dgamma, dbeta = (upstream * xhat).sum(0), upstream.sum(0)
    return gamma / root * (upstream - (dbeta + xhat * dgamma) / len(x)), dgamma, dbeta


def refuse(x, gamma, upstream, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 2 or x.shape[0] <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)} is no batch")
    if list(gamma.shape) != [x.shape[1]]:
        raise ValueError(f"`gamma` has shape {tuple(gamma.shape)}")
    if list(upstream.shape) != list(x.shape):
        raise ValueError(f"`upstream` has shape {tuple(upstream.shape)}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")


@right("step by step along the graph, as the paper has it")
def step_by_step(x, gamma, upstream, eps=1e-5):
    refuse(x, gamma, upstream, eps)
    n, mean = len(x), x.mean(0)
    variance = ((x - mean) ** 2).mean(0)
    dxhat = upstream * gamma
    dvariance = (dxhat * (x - mean)).sum(0) * -0.5 * (variance + eps) ** -1.5
    dmean = -dxhat.sum(0) / (variance + eps).sqrt() + dvariance * (-2 * (x - mean)).mean(0)
    dx = dxhat / (variance + eps).sqrt() + dvariance * 2 * (x - mean) / n + dmean / n
    xhat = (x - mean) / (variance + eps).sqrt()
    return dx, (upstream * xhat).sum(0), upstream.sum(0)


@right("with the Jacobian of each feature: (I - 1/n - xhat xhat'/n) / root")
def with_jacobians(x, gamma, upstream, eps=1e-5):
    refuse(x, gamma, upstream, eps)
    n, columns = len(x), []
    variance, mean = torch.var_mean(x, 0, correction=0)
    xhat = (x - mean) * torch.rsqrt(variance + eps)
    for k in range(x.shape[1]):
        jacobian = torch.eye(n, dtype=x.dtype) - 1 / n - torch.outer(xhat[:, k], xhat[:, k]) / n
        columns.append(gamma[k] * torch.rsqrt(variance[k] + eps) * (jacobian @ upstream[:, k]))
    return torch.stack(columns, 1), torch.einsum("nc,nc->c", upstream, xhat), upstream.sum(0)


@gpu
def bench_a_wide_layer(batch_norm_backward, race):
    def by_autograd(x, gamma, upstream):
        x, gamma = x.detach().requires_grad_(), gamma.detach().requires_grad_()
        beta = torch.zeros_like(gamma).requires_grad_()
        y = F.batch_norm(x, None, None, gamma, beta, True)
        return torch.autograd.grad(y, (x, gamma, beta), upstream)

    race(
        batch_norm_backward,
        torch=by_autograd,
        inputs=lambda draw, n, c: (draw.normal(n, c), draw.normal(c), draw.normal(n, c)),
        small=(64, 100),
        large=(65_536, 512),
        # x and upstream are read, dx is written; 4 operations for the statistics, 3 for the sums, 5.
        forward=lambda x, gamma, upstream: {"bytes": 3 * x.nbytes, "flops": 12 * x.numel()},
        slack=1000.0,  # sums over all samples, of terms of both signs
    )
