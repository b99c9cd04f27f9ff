"""s' = s + grad^2, theta' = theta - lr * grad / (sqrt(s') + eps)."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.adagrad import adagrad as torchs_adagrad

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    forbid=("torch.optim", "fused_adagrad"),
    instead="write both lines of the docstring",
    hints=(
        "Every entry has its own history and its own rate: nothing is summed over entries.",
        "The gradient of this step is in the sum before the division.",
        "s = s + grad**2; theta - lr * grad / (s.sqrt() + eps), s.",
    ),
)


def torchs(theta, s, grad, lr, eps=1e-10):
    """The same step by torch's own code."""
    theta, s = theta.clone(), s.clone()
    torchs_adagrad(
        [theta], [grad], [s], [torch.tensor(1.0)], lr=lr, weight_decay=0.0, lr_decay=0.0, eps=eps,
        maximize=False,
    )  # fmt: skip
    return theta, s


@claim("S1-205", "S4-325")
def test_a_case_worked_by_hand(adagrad_step):
    theta = vector([1.0, 1.0, 2.0], [0.0, -4.0, 8.0])
    s = vector([9.0, 0.0, 144.0], [5.0, 3.0, 0.0])
    grad = vector([4.0, -4.0, 5.0], [2.0, 1.0, 0.0])
    new = vector([25.0, 16.0, 169.0], [9.0, 4.0, 0.0])
    steps = vector([4 / 6, -4 / 5, 5 / 14], [2 / 4, 1 / 3, 0.0])
    check(adagrad_step, theta, s, grad, lr=0.5, eps=1.0, want=(theta - steps / 2, new))


@claim("S1-205", "S1-206")
def test_the_first_step_has_one_size_in_all_dimensions(adagrad_step):
    theta, grad = vector(1.0, 1.0, 1.0), vector(2.0, -200.0, 1e-3)
    want = (vector(0.9, 1.1, 0.9), grad**2)
    check(adagrad_step, theta, torch.zeros_like(grad), grad, 0.1, 1e-14, want=want)


@claim("S1-205")
def test_a_constant_gradient_gives_steps_that_shrink_as_one_over_root_t(adagrad_step):
    theta, s, grad = vector(0.0), vector(0.0), vector(3.0)
    for t in range(1, 5):
        want = (theta - 0.5 / t**0.5, s + 9)
        check(adagrad_step, theta, s, grad, 0.5, 1e-14, want=want)
        theta, s = want


@claim("S1-205")
def test_a_gradient_of_zero_moves_nothing(adagrad_step):
    theta, s, grad = vector(1.0, 2.0), vector(0.0, 4.0), vector(0.0, 0.0)
    check(adagrad_step, theta, s, grad, 0.5, want=(theta, s))


@claim("S1-205", "S4-325")
@given(
    inputs.tensors(2, inputs.sizes(1, 4)),
    inputs.tensors(4, low=0),
    st.integers(0, 8).map(lambda k: k / 8),
    st.sampled_from([1e-10, 1e-3, 0.5]),
)
def test_equals_torchs_step(adagrad_step, pair, sums, lr, eps):
    theta, grad = pair
    s = sums[: len(theta)]
    check(adagrad_step, theta, s, grad, lr, eps, want=torchs(theta, s, grad, lr, eps), scale=10.0)


@claim("S1-205")
def test_equals_torch_over_several_steps(adagrad_step):
    theta, s = vector([1.0, -2.0], [0.5, 3.0], [0.0, -1.0]), torch.zeros(3, 2, dtype=torch.float64)
    for k, lr in enumerate((0.1, 0.2, 0.05, 0.4)):
        args = (theta, s, theta.cos() * (k - 1.5), lr)
        theta, s = torchs(*args)
        check(adagrad_step, *args, want=(theta, s))


def test_the_defaults_are_those_of_the_stub(adagrad_step):
    theta, none, grad = vector(1.0), vector(0.0), vector(1e-10)  # as large as eps
    check(adagrad_step, theta, none, grad, 0.5, want=(vector(0.75), grad**2))


def test_keeps_the_dtype_of_the_parameters(adagrad_step):
    theta, s, grad = torch.tensor([1.0]), torch.tensor([9.0]), torch.tensor([4.0])
    check(adagrad_step, theta, s, grad, 0.5, want=(torch.tensor([0.6]), torch.tensor([25.0])))


def test_refuses_rates_and_eps_out_of_range(adagrad_step):
    x = torch.ones(2)
    check(adagrad_step, x, x, x, -0.5, raises=ValueError, naming={"lr": -0.5})
    for eps in (0.0, -0.25):
        check(adagrad_step, x, x, x, 0.5, eps, raises=ValueError, naming={"eps": eps})


def test_refuses_other_shapes(adagrad_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other = torch.ones(shape)
        check(adagrad_step, x, other, x, 0.5, raises=ValueError, naming={"s": shape})
        check(adagrad_step, x, x, other, 0.5, raises=ValueError, naming={"grad": shape})


@wrong(
    "put eps inside the root",
    right_for="eps inside the root; here eps stands outside the root",
)
def eps_inside(theta, s, grad, lr, eps=1e-10):
    s = s + grad**2
    return theta - lr * grad / (s + eps).sqrt(), s


@wrong("add a fixed 1e-10 whatever `eps` says")
def fixed_eps(theta, s, grad, lr, eps=1e-10):
    s = s + grad**2
    return theta - lr * grad / (s.sqrt() + 1e-10), s


@wrong("leave the eps out: a gradient of 0 gives 0/0")
def no_eps(theta, s, grad, lr, eps=1e-10):
    s = s + grad**2
    return theta - lr * grad / s.sqrt(), s


@wrong("divide by the sum of squares and not by its root")
def no_root(theta, s, grad, lr, eps=1e-10):
    s = s + grad**2
    return theta - lr * grad / (s + eps), s


@wrong("divide by the sum before this step's gradient is in it")
def old_sum(theta, s, grad, lr, eps=1e-10):
    return theta - lr * grad / (s.sqrt() + eps), s + grad**2


@wrong("add up the sizes of the gradients and not their squares")
def sizes(theta, s, grad, lr, eps=1e-10):
    s = s + grad.abs()
    return theta - lr * grad / (s.sqrt() + eps), s


@wrong("forget the earlier gradients: s is this step's square alone")
def forgetful(theta, s, grad, lr, eps=1e-10):
    s = grad**2
    return theta - lr * grad / (s.sqrt() + eps), s


@wrong("give all parameters one rate, from the sum over all entries")
def one_rate(theta, s, grad, lr, eps=1e-10):
    s = s + grad**2
    return theta - lr * grad / (s.sum().sqrt() + eps), s


@wrong("add the squares to s in place: the caller's tensor changes")
def in_place(theta, s, grad, lr, eps=1e-10):
    s += grad**2
    return theta - lr * grad / (s.sqrt() + eps), s


@right("with a rate for each parameter")
def rates(theta, s, grad, lr, eps=1e-10):
    if lr < 0 or not eps > 0:
        raise ValueError(f"lr = {lr} must be at least 0, eps = {eps} above 0")
    for name, x in {"s": s, "grad": grad}.items():
        if x.shape != theta.shape:
            raise ValueError(f"`{name}` of shape {tuple(x.shape)} isn't like theta")
    s = torch.addcmul(s, grad, grad)
    rate = lr / torch.sqrt(s).add(eps)
    return theta - rate * grad, s


@gpu
def bench_many_parameters(adagrad_step, race):
    def in_place(theta, s, grad, lr):
        s.addcmul_(grad, grad)
        theta.addcdiv_(grad, s.sqrt().add_(1e-10), value=-lr)
        return theta, s

    race(
        adagrad_step,
        torch=in_place,  # the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), draw.uniform(n), draw.normal(n), 0.01),
        small=(10_000,),
        large=(20_000_000,),
        # theta, s and grad are read, the first two written; s' takes 2 operations, the step 5.
        forward=lambda theta, s, grad, lr: {"bytes": 5 * theta.nbytes, "flops": 7 * theta.numel()},
    )
