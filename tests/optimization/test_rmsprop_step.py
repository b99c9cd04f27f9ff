"""s' = rho * s + (1 - rho) * grad^2, theta' = theta - lr * grad / (sqrt(s') + eps)."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.rmsprop import rmsprop as torchs_rmsprop

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("adagrad_step",),
    forbid=("torch.optim",),
    instead="write both lines of the docstring",
    hints=(
        "Which of the two weights belongs to the past, and which to this step?",
        "The gradient of this step is in the mean before the division.",
        "s = rho * s + (1 - rho) * grad**2; theta - lr * grad / (s.sqrt() + eps), s.",
    ),
)


def torchs(theta, s, grad, lr, rho=0.99, eps=1e-8):
    """The same step by torch's own code."""
    theta, s = theta.clone(), s.clone()
    torchs_rmsprop(
        [theta], [grad], [s], [], [], [torch.tensor(1.0)], lr=lr, alpha=rho, eps=eps,
        weight_decay=0.0, momentum=0.0, centered=False,
    )  # fmt: skip
    return theta, s


@claim("S1-207", "S4-325")
def test_a_case_worked_by_hand(rmsprop_step):
    theta = vector([1.0, 1.0, 2.0], [0.0, -4.0, 8.0])
    s = vector([4.0, 0.0, 12.0], [20.0, 3.0, 0.0])
    grad = vector([8.0, -4.0, 0.0], [2.0, 5.0, 1.0])
    new = vector([19.0, 4.0, 9.0], [16.0, 8.5, 0.25])
    steps = grad / (vector([19**0.5, 2.0, 3.0], [4.0, 8.5**0.5, 0.5]) + 1)
    check(rmsprop_step, theta, s, grad, lr=0.5, rho=0.75, eps=1.0, want=(theta - steps / 2, new))


@claim("S1-207")
def test_the_first_step_is_not_corrected(rmsprop_step):
    theta, none, grad = vector(2.0, 1.0), vector(0.0, 0.0), vector(3.0, -500.0)
    want = (vector(1.0, 2.0), vector(0.09, 2500.0))
    check(rmsprop_step, theta, none, grad, 0.1, eps=1e-14, want=want)  # rho = 0.99: 10 * lr


@claim("S1-207")
def test_without_memory_only_the_signs_count(rmsprop_step):
    theta, s, grad = vector(1.0, 1.0, 1.0), vector(7.0, 8.0, 9.0), vector(2.0, -300.0, 0.0)
    want = (vector(0.75, 1.25, 1.0), grad**2)
    check(rmsprop_step, theta, s, grad, 0.25, 0.0, 1e-14, want=want)


@claim("S1-207", "S4-325")
@given(
    inputs.tensors(2, inputs.sizes(1, 4)),
    inputs.tensors(4, low=0),
    st.integers(0, 8).map(lambda k: k / 8),
    st.integers(0, 7).map(lambda k: k / 8),
    st.sampled_from([1e-8, 1e-3, 0.5]),
)
def test_equals_torchs_step(rmsprop_step, pair, means, lr, rho, eps):
    theta, grad = pair
    args = (theta, means[: len(theta)], grad, lr, rho, eps)
    check(rmsprop_step, *args, want=torchs(*args), scale=10.0)


@claim("S1-207")
def test_equals_torch_over_several_steps(rmsprop_step):
    theta, s = vector([1.0, -2.0], [0.5, 3.0], [0.0, -1.0]), torch.zeros(3, 2, dtype=torch.float64)
    for k, lr in enumerate((0.1, 0.2, 0.05, 0.4)):
        args = (theta, s, theta.cos() * (k - 1.5), lr)
        theta, s = torchs(*args)
        check(rmsprop_step, *args, want=(theta, s))


@claim("S1-207")
def test_the_mean_is_the_sum_of_the_faded_squares(rmsprop_step):
    grads = vector([4.0, 1.0], [-2.0, 0.5], [1.0, -3.0], [0.0, 2.0])
    fade = 0.5 ** torch.arange(3, -1, -1, dtype=torch.float64)
    before = 0.5 * (2 * fade[:3] @ grads[:3] ** 2)
    s = 0.5 * (fade @ grads**2)
    theta = vector(1.0, 2.0)
    want = (theta - 0.1 * grads[3] / (s.sqrt() + 0.01), s)
    check(rmsprop_step, theta, before, grads[3], 0.1, 0.5, 0.01, want=want)


def test_the_defaults_are_those_of_the_stub(rmsprop_step):
    theta, s, grad = vector(1.0, 1.0), vector(0.0, 100.0), vector(1e-7, -20.0)  # sqrt(s') is eps
    want = (vector(0.5, 1 + 2 / (103**0.5 + 1e-8)), vector(1e-16, 103.0))
    check(rmsprop_step, theta, s, grad, 0.1, want=want)


def test_keeps_the_dtype_of_the_parameters(rmsprop_step):
    theta, s, grad = torch.tensor([1.0]), torch.tensor([1.0]), torch.tensor([7.0])
    want = (torch.tensor([0.3]), torch.tensor([25.0]))
    check(rmsprop_step, theta, s, grad, 0.5, 0.5, want=want)


def test_refuses_rho_and_eps_out_of_range(rmsprop_step):
    x = torch.ones(2)
    for rho in (1.0, 1.5, -0.25):
        check(rmsprop_step, x, x, x, 0.5, rho, raises=ValueError, naming={"rho": rho})
    for eps in (0.0, -0.125):
        check(rmsprop_step, x, x, x, 0.5, 0.5, eps, raises=ValueError, naming={"eps": eps})


def test_refuses_other_shapes(rmsprop_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other = torch.ones(shape)
        check(rmsprop_step, x, other, x, 0.5, raises=ValueError, naming={"s": shape})
        check(rmsprop_step, x, x, other, 0.5, raises=ValueError, naming={"grad": shape})


@wrong(
    "put eps inside the root, as the book does",
    right_for="the book's form; here eps stands outside the root",
)
def eps_inside(theta, s, grad, lr, rho=0.99, eps=1e-8):
    s = rho * s + (1 - rho) * grad**2
    return theta - lr * grad / (s + eps).sqrt(), s


@wrong("swap the weights of the past and of this step")
def swapped(theta, s, grad, lr, rho=0.99, eps=1e-8):
    return torchs(theta, s, grad, lr, 1 - rho, eps)


@wrong("add the squares up, as AdaGrad does")
def adagrad(theta, s, grad, lr, rho=0.99, eps=1e-8):
    s = s + grad**2
    return theta - lr * grad / (s.sqrt() + eps), s


@wrong("let the past fade but add the whole new square: 1 - rho is forgotten")
def faded_sum(theta, s, grad, lr, rho=0.99, eps=1e-8):
    s = rho * s + grad**2
    return theta - lr * grad / (s.sqrt() + eps), s


@wrong("correct the bias of the first step, as Adam does")
def corrected(theta, s, grad, lr, rho=0.99, eps=1e-8):
    s = rho * s + (1 - rho) * grad**2
    return theta - lr * grad / ((s / (1 - rho)).sqrt() + eps), s


@wrong("divide by the mean before this step's gradient is in it")
def old_mean(theta, s, grad, lr, rho=0.99, eps=1e-8):
    return theta - lr * grad / (s.sqrt() + eps), rho * s + (1 - rho) * grad**2


@wrong("forget with 0.99 whatever `rho` says")
def fixed_rho(theta, s, grad, lr, rho=0.99, eps=1e-8):
    return torchs(theta, s, grad, lr, 0.99, eps)


@wrong("add 1e-8 whatever `eps` says")
def fixed_eps(theta, s, grad, lr, rho=0.99, eps=1e-8):
    return torchs(theta, s, grad, lr, rho)


@wrong("write into s: the caller's tensor changes")
def in_place(theta, s, grad, lr, rho=0.99, eps=1e-8):
    s.mul_(rho).addcmul_(grad, grad, value=1 - rho)
    return theta - lr * grad / (s.sqrt() + eps), s


@right("by linear interpolation of the squares")
def interpolated(theta, s, grad, lr, rho=0.99, eps=1e-8):
    if rho < 0 or rho >= 1:
        raise ValueError(f"rho = {rho} is not in [0, 1)")
    if not eps > 0:
        raise ValueError(f"eps = {eps} is not positive")
    for name, x in {"s": s, "grad": grad}.items():
        if x.shape != theta.shape:
            raise ValueError(f"`{name}` of shape {tuple(x.shape)} isn't like theta")
    s = torch.lerp(grad.square(), s, rho)
    return torch.addcdiv(theta, grad, s.sqrt().add(eps), value=-lr), s


@gpu
def bench_many_parameters(rmsprop_step, race):
    def in_place(theta, s, grad, lr):
        s.mul_(0.99).addcmul_(grad, grad, value=0.01)
        theta.addcdiv_(grad, s.sqrt().add_(1e-8), value=-lr)
        return theta, s

    race(
        rmsprop_step,
        torch=in_place,  # the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), draw.uniform(n), draw.normal(n), 0.01),
        small=(10_000,),
        large=(20_000_000,),
        # theta, s and grad are read, the first two written; s' takes 4 operations, the step 5.
        forward=lambda theta, s, grad, lr: {"bytes": 5 * theta.nbytes, "flops": 9 * theta.numel()},
    )
