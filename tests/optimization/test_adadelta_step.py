"""AdaDelta: the step is grad * sqrt(delta + eps) / sqrt(s' + eps)."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.adadelta import adadelta as torchs_adadelta

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("rmsprop_step",),
    forbid=("torch.optim",),
    instead="write the lines of the docstring",
    hints=(
        "Take the four lines in their order: what is new at each, and what is still old?",
        "delta is used before it is renewed; s is renewed before it is used.",
        "delta' has the square of the step in it, before the step is multiplied by lr.",
    ),
)


def torchs(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    """The same step by torch's own code."""
    theta, s, delta = theta.clone(), s.clone(), delta.clone()
    torchs_adadelta(
        [theta], [grad], [s], [delta], [torch.tensor(1.0)], lr=lr, rho=rho, eps=eps,
        weight_decay=0.0, maximize=False,
    )  # fmt: skip
    return theta, s, delta


@claim("S1-208")
def test_a_case_worked_by_hand(adadelta_step):
    theta = vector([1.0, 1.0, 2.0], [0.0, -4.0, 8.0])
    s = vector([16.0, 0.0, 32.0], [4.0, 0.0, 12.0])
    delta = vector([15.0, 3.0, 0.0], [8.0, 35.0, 24.0])
    grad = vector([8.0, -2.0, 0.0], [2.0, 6.0, -4.0])
    new = vector([28.0, 1.0, 24.0], [4.0, 9.0, 13.0])
    step = grad * (vector([16.0, 4.0, 1.0], [9.0, 36.0, 25.0]) / (new + 1)).sqrt()
    want = (theta - step, new, 0.75 * delta + 0.25 * step**2)
    check(adadelta_step, theta, s, delta, grad, rho=0.75, eps=1.0, want=want)


@claim("S1-208")
def test_eps_sets_the_first_step(adadelta_step):
    theta, none, grad = vector(1.0), vector(0.0), vector(2.0)
    for eps in (1e-6, 1e-2):
        step = (eps / (0.4 + eps)) ** 0.5 * grad
        want = (theta - step, vector(0.4), 0.1 * step**2)
        check(adadelta_step, theta, none, none, grad, 0.9, eps, want=want)


@claim("S1-208")
def test_a_gradient_of_zero_moves_nothing(adadelta_step):
    theta, s, delta, none = vector(1.0, 2.0), vector(0.0, 4.0), vector(8.0, 0.0), vector(0.0, 0.0)
    want = (theta, vector(0.0, 2.0), vector(4.0, 0.0))
    check(adadelta_step, theta, s, delta, none, 0.5, want=want)


@claim("S1-208")
def test_the_rate_scales_the_move_and_nothing_else(adadelta_step):
    theta, s, delta, grad = vector(5.0), vector(2.0), vector(3.0), vector(2.0)
    want = (vector(4.0), vector(3.0), vector(3.5))
    check(adadelta_step, theta, s, delta, grad, 0.5, 1.0, 0.5, want=want)


@claim("S1-208")
@given(
    inputs.tensors(2, inputs.sizes(1, 4)),
    inputs.tensors(2, 4, low=0),
    st.integers(0, 7).map(lambda k: k / 8),
    st.sampled_from([1e-6, 1e-3, 0.5]),
    st.integers(0, 16).map(lambda k: k / 8),
)
def test_equals_torchs_step(adadelta_step, pair, means, rho, eps, lr):
    theta, grad = pair
    args = (theta, *means[:, : len(theta)], grad, rho, eps, lr)
    check(adadelta_step, *args, want=torchs(*args), scale=10.0)


@claim("S1-208")
def test_equals_torch_over_several_steps(adadelta_step):
    theta = vector([1.0, -2.0], [0.5, 3.0], [0.0, -1.0])
    s, delta = torch.zeros_like(theta), torch.zeros_like(theta)
    for k in range(5):
        args = (theta, s, delta, theta.cos() * (k - 1.5))
        theta, s, delta = torchs(*args)
        check(adadelta_step, *args, want=(theta, s, delta))


def test_the_defaults_are_those_of_the_stub(adadelta_step):
    theta, s, delta, grad = vector(1.0, 1.0), vector(0.0, 10.0), vector(0.0, 2.0), vector(2.0, -1.0)
    new = vector(0.4, 9.1)
    step = grad * ((delta + 1e-6) / (new + 1e-6)).sqrt()
    want = (theta - step, new, 0.9 * delta + 0.1 * step**2)
    check(adadelta_step, theta, s, delta, grad, want=want)


@claim("S1-208")
def test_delta_knows_the_step_and_not_the_difference_that_it_makes(adadelta_step):
    theta, s, delta, grad = vector(2.0**45), vector(2.0), vector(3.0), vector(2.0**-8)
    step = grad * (4 / (2 + 2.0**-17)) ** 0.5
    want = (theta - step, 1 + grad**2 / 2, 1.5 + step**2 / 2)
    why = "theta is so large that the step is rounded in it"
    check(adadelta_step, theta, s, delta, grad, 0.5, 1.0, want=want, why=why)


def test_keeps_the_dtype_of_the_parameters(adadelta_step):
    theta, none, grad = torch.tensor([5.0]), torch.tensor([0.0]), torch.tensor([2.0])
    want = (torch.tensor([4.0]), torch.tensor([3.0]), torch.tensor([0.75]))
    check(adadelta_step, theta, none, none, grad, 0.25, 1.0, want=want)


def test_refuses_rho_and_eps_out_of_range(adadelta_step):
    x = torch.ones(2)
    for rho in (1.0, 1.5, -0.25):
        check(adadelta_step, x, x, x, x, rho, raises=ValueError, naming={"rho": rho})
    for eps in (0.0, -0.125):
        check(adadelta_step, x, x, x, x, 0.5, eps, raises=ValueError, naming={"eps": eps})


def test_refuses_other_shapes(adadelta_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other = torch.ones(shape)
        check(adadelta_step, x, other, x, x, raises=ValueError, naming={"s": shape})
        check(adadelta_step, x, x, other, x, raises=ValueError, naming={"delta": shape})
        check(adadelta_step, x, x, x, other, raises=ValueError, naming={"grad": shape})


@wrong("renew delta from the raw gradient and not from the step")
def raw_delta(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    new, s, _ = torchs(theta, s, delta, grad, rho, eps, lr)
    return new, s, rho * delta + (1 - rho) * grad**2


@wrong("let delta see the step multiplied by lr")
def scaled_delta(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    new, s, _ = torchs(theta, s, delta, grad, rho, eps, lr)
    return new, s, rho * delta + (1 - rho) * (lr * ((delta + eps) / (s + eps)).sqrt() * grad) ** 2


@wrong("leave eps out of the numerator: the first step is 0, and so are all later ones")
def never_starts(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    s = rho * s + (1 - rho) * grad**2
    step = (delta / (s + eps)).sqrt() * grad
    return theta - lr * step, s, rho * delta + (1 - rho) * step**2


@wrong("put eps outside the roots")
def eps_outside(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    s = rho * s + (1 - rho) * grad**2
    step = (delta.sqrt() + eps) / (s.sqrt() + eps) * grad
    return theta - lr * step, s, rho * delta + (1 - rho) * step**2


@wrong("divide by the mean square before this step's gradient is in it")
def old_mean(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    step = ((delta + eps) / (s + eps)).sqrt() * grad
    return theta - lr * step, rho * s + (1 - rho) * grad**2, rho * delta + (1 - rho) * step**2


@wrong("leave out the roots: the ratio of the mean squares is the rate")
def no_roots(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    s = rho * s + (1 - rho) * grad**2
    step = (delta + eps) / (s + eps) * grad
    return theta - lr * step, s, rho * delta + (1 - rho) * step**2


@wrong("ignore `lr`")
def no_rate(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    return torchs(theta, s, delta, grad, rho, eps)


@wrong("swap rho and 1 - rho")
def swapped(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    return torchs(theta, s, delta, grad, 1 - rho, eps, lr)


@wrong("take the step as the difference that it makes to theta, which is rounded")
def rounded(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    moved, s, _ = torchs(theta, s, delta, grad, rho, eps)
    delta_now = rho * delta + (1 - rho) * (theta - moved) ** 2
    return theta - lr * (theta - moved), s, delta_now


@wrong("write into s and delta: the caller's tensors change")
def in_place(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    new, means, steps = torchs(theta, s, delta, grad, rho, eps, lr)
    return new, s.copy_(means), delta.copy_(steps)


@right("with both mean squares by interpolation")
def interpolated(theta, s, delta, grad, rho=0.9, eps=1e-6, lr=1.0):
    if rho < 0 or rho >= 1 or eps <= 0:
        raise ValueError(f"rho = {rho} must be in [0, 1) and eps = {eps} positive")
    for name, x in {"s": s, "delta": delta, "grad": grad}.items():
        if x.shape != theta.shape:
            raise ValueError(f"`{name}` of shape {tuple(x.shape)} isn't like theta")
    s = torch.lerp(grad.square(), s, rho)
    step = grad * torch.sqrt(delta + eps) * torch.rsqrt(s + eps)
    return theta.sub(step, alpha=lr), s, torch.lerp(step.square(), delta, rho)


@gpu
def bench_many_parameters(adadelta_step, race):
    def in_place(theta, s, delta, grad):
        s.mul_(0.9).addcmul_(grad, grad, value=0.1)
        step = delta.add(1e-6).div_(s.add(1e-6)).sqrt_().mul_(grad)
        delta.mul_(0.9).addcmul_(step, step, value=0.1)
        theta.sub_(step)
        return theta, s, delta

    race(
        adadelta_step,
        torch=in_place,  # the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), draw.uniform(n), draw.uniform(n), draw.normal(n)),
        small=(10_000,),
        large=(20_000_000,),
        # All four are read, the first three written; 4 operations for each mean, 6 for the step.
        forward=lambda theta, s, delta, grad: {
            "bytes": 7 * theta.nbytes,
            "flops": 14 * theta.numel(),
        },
    )
