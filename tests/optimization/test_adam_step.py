"""One step of Adam: theta - lr * mhat / (sqrt(vhat) + eps)."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.adam import adam as torchs_adam

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("momentum_step", "rmsprop_step"),
    forbid=("torch.optim", "fused_adam", "fused_adamw"),
    instead="write the lines of the docstring",
    hints=(
        "Momentum above, RMSProp below; both are means that started at 0.",
        "Both moments are corrected, each by its own beta, and only for the step: not for good.",
        "theta - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps).",
    ),
)


def torchs(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The same step by torch's own code."""
    theta, m, v = theta.clone(), m.clone(), v.clone()
    torchs_adam(
        [theta], [grad], [m], [v], [], [torch.tensor(t - 1.0)], amsgrad=False, beta1=beta1,
        beta2=beta2, lr=lr, weight_decay=0.0, eps=eps, maximize=False,
    )  # fmt: skip
    return theta, m, v


def written(theta, m, v, grad, t, lr, beta1, beta2, eps, corrected=(True, True)):
    """The formula, each moment corrected or not; for the wrong answers below."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    mhat = m / (1 - beta1**t) if corrected[0] else m
    vhat = v / (1 - beta2**t) if corrected[1] else v
    return theta - lr * mhat / (vhat.sqrt() + eps), m, v


@claim("S0-361", "S0-362", "S0-363", "S0-364", "S0-365", "S4-325")
def test_a_case_worked_by_hand(adam_step):
    theta = vector([1.0, 1.0, 2.0], [0.0, -4.0, 8.0])
    m = vector([4.0, 0.0, -6.0], [2.0, 6.0, 0.0])
    v = vector([7.0, 0.0, 12.0], [4.0, 3.0, 0.0])
    grad = vector([0.0, -4.0, 6.0], [2.0, -6.0, 1.0])
    new_m = vector([2.0, -2.0, 0.0], [2.0, 0.0, 0.5])
    new_v = vector([5.25, 4.0, 18.0], [4.0, 11.25, 0.25])
    mhat, vhat = new_m / 0.75, new_v / 0.4375
    want = (theta - 0.25 * mhat / (vhat.sqrt() + 0.5), new_m, new_v)
    check(adam_step, theta, m, v, grad, t=2, lr=0.25, beta1=0.5, beta2=0.75, eps=0.5, want=want)


@claim("S0-363", "S0-364", "S0-365", "S1-209", "S3-372", "S4-325")
def test_the_first_step_is_as_long_as_the_rate(adam_step):
    theta, none, grad = vector(1.0, 1.0, 1.0), vector(0.0, 0.0, 0.0), vector(1e4, -1e-4, 2.0)
    want = (vector(0.9, 1.1, 0.9), grad / 10, grad**2 / 1000)
    check(adam_step, theta, none, none, grad, 1, 0.1, eps=1e-18, want=want)


@claim("S0-365")
def test_a_tiny_gradient_is_held_back_by_eps(adam_step):
    theta, none, grad = vector(1.0, 1.0), vector(0.0, 0.0), vector(1e-8, 1e-10)
    want = (theta - 0.1 * vector(1 / 2, 1 / 101), grad / 10, grad**2 / 1000)
    check(adam_step, theta, none, none, grad, 1, 0.1, want=want)


@claim("S0-365")
def test_a_step_may_be_much_longer_than_the_rate(adam_step):
    # mhat = 24 / 0.75 = 32; the roots of vhat are 4 and 1: 8 and 32 times the rate.
    theta, none = vector(1.0, 1.0), vector(0.0, 0.0)
    m, v = vector(48.0, -48.0), vector(28 / 3, 7 / 12)
    want = (vector(-3.0, 17.0), m / 2, vector(7.0, 0.4375))
    check(adam_step, theta, m, v, none, 2, 0.5, 0.5, 0.75, eps=1e-14, want=want)


@claim("S0-365", "S4-325")
def test_a_parameter_without_gradients_stays(adam_step):
    theta, none = vector(3.0, -2.0), vector(0.0, 0.0)
    check(adam_step, theta, none, none, none, 1, 0.1, want=(theta, none, none))


@claim("S0-367")
def test_the_first_moment_gives_the_direction(adam_step):
    theta, m, v, grad = vector(1.0), vector(1.0), vector(1.0), vector(-2.0)
    want = torchs(theta, m, v, grad, 5, 0.1)  # m' is positive: theta falls, though grad says rise
    check(adam_step, theta, m, v, grad, 5, 0.1, want=want)


@claim("S0-361", "S0-362", "S0-363", "S0-364", "S0-365", "S3-372")
@given(
    inputs.tensors(3, inputs.sizes(1, 4)),
    inputs.tensors(4, low=0),
    st.integers(1, 40),
    *(st.integers(0, 7).map(lambda k: k / 8),) * 3,
    st.sampled_from([1e-8, 1e-3, 0.5]),
)
def test_equals_torchs_step(adam_step, drawn, squares, t, lr, beta1, beta2, eps):
    theta, m, grad = drawn
    args = (theta, m, squares[: len(theta)], grad, t, lr, beta1, beta2, eps)
    # Where v' is 0 and m' isn't, eps of 1e-8 makes a step of 1e8.
    want = torchs(*args)
    check(adam_step, *args, want=want, scale=float(want[0].abs().max()) + 10)


@claim("S0-365")
def test_equals_torch_over_several_steps_at_rates_that_change(adam_step):
    theta = vector([1.0, -2.0], [0.5, 3.0], [0.0, -1.0])
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, lr in enumerate((0.1, 0.2, 0.05, 0.05, 0.4), start=1):
        args = (theta, m, v, theta.cos() * (t - 2.5), t, lr)
        theta, m, v = torchs(*args)
        check(adam_step, *args, want=(theta, m, v))


@claim("S0-365", "S0-368")
def test_gradients_a_thousand_times_as_large_take_the_same_path(adam_step):
    theta, m, v = vector(0.0), vector(0.0), vector(0.0)
    for t, g in enumerate((1.0, 2.0, 3.0), start=1):
        small = torchs(theta, m, v, vector(g), t, 0.1, eps=1e-16)
        want = (small[0], 1e3 * small[1], 1e6 * small[2])
        check(adam_step, theta, 1e3 * m, 1e6 * v, vector(1e3 * g), t, 0.1, eps=1e-16, want=want)
        theta, m, v = small


@claim("S0-363", "S0-364")
def test_the_corrections_fade_and_never_end(adam_step):
    theta, m, v, grad = vector(1.0, -8.0), vector(0.5, -2.0), vector(4.0, 3.0), vector(2.0, 1.0)
    for t in (300, 5_000, 100_000):
        args = (theta, m, v, grad, t, 0.25, 0.9999, 0.99999)
        check(adam_step, *args, want=torchs(*args))


def test_the_defaults_are_those_of_the_stub(adam_step):
    theta, none, grad = (
        vector(1.0, 1.0),
        vector(0.0, 0.0),
        vector(1e-8, -4.0),
    )  # one as large as eps
    step = 1e-3 * vector(0.5, -1 / (1 + 0.25e-8))
    want = (theta - step, grad / 10, grad**2 / 1000)
    check(adam_step, theta, none, none, grad, 1, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_parameters(adam_step, dtype):
    theta, none, grad = (
        torch.tensor(x, dtype=dtype) for x in ([1.0, 2.0], [0.0, 0.0], [4.0, -2.0])
    )
    want = tuple(torch.tensor(x, dtype=dtype) for x in ([0.5, 2.5], [2.0, -1.0], [4.0, 1.0]))
    check(adam_step, theta, none, none, grad, 1, 0.5, 0.5, 0.75, want=want)


def test_refuses_a_step_before_the_first(adam_step):
    x = torch.ones(2)
    for t in (0, -1):
        check(adam_step, x, x, x, x, t, raises=ValueError, naming={"t": t})


def test_refuses_betas_out_of_range(adam_step):
    x = torch.ones(2)
    for name in ("beta1", "beta2"):
        for beta in (1.0, 1.5, -0.25):
            given_ = {name: beta}
            check(adam_step, x, x, x, x, 1, **given_, raises=ValueError, naming=given_)


def test_refuses_other_shapes(adam_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other = torch.ones(shape)
        check(adam_step, x, other, x, x, 1, raises=ValueError, naming={"m": shape})
        check(adam_step, x, x, other, x, 1, raises=ValueError, naming={"v": shape})
        check(adam_step, x, x, x, other, 1, raises=ValueError, naming={"grad": shape})


@wrong("correct both moments by 1 - beta1^t: the second needs its own beta2")
def one_correction(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    bias = 1 - beta1**t
    return theta - lr * (m / bias) / ((v / bias).sqrt() + eps), m, v


@wrong("leave out both bias corrections")
def uncorrected(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return written(theta, m, v, grad, t, lr, beta1, beta2, eps, corrected=(False, False))


@wrong("correct the first moment only")
def second_uncorrected(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return written(theta, m, v, grad, t, lr, beta1, beta2, eps, corrected=(True, False))


@wrong("correct the second moment only")
def first_uncorrected(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return written(theta, m, v, grad, t, lr, beta1, beta2, eps, corrected=(False, True))


@wrong("correct the bias of the first step at every step: 1 - beta and not 1 - beta^t")
def always_the_first(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return written(theta, m, v, grad, 1, lr, beta1, beta2, eps)


@wrong(
    "count the steps from 0: the correction is one step behind the next",
    right_for="steps counted from 0; here the first step has t = 1",
)
def one_late(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return written(theta, m, v, grad, t + 1, lr, beta1, beta2, eps)


@wrong(
    "put eps inside the root",
    right_for="eps inside the root; here eps stands outside the root",
)
def eps_inside(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta - lr * (m / (1 - beta1**t)) / (v / (1 - beta2**t) + eps).sqrt(), m, v


@wrong(
    "add eps before the bias correction: it's enlarged along with the root",
    right_for="the paper's short form with its own eps; here eps is added after the correction",
)
def eps_before_correction(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    rate = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return theta - rate * m / (v.sqrt() + eps), m, v


@wrong("leave the eps out: a gradient of 0 gives 0/0")
def no_eps(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return written(theta, m, v, grad, t, lr, beta1, beta2, 0.0)


@wrong("take the betas to be 0.9 and 0.999 whatever the arguments say")
def fixed_betas(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return torchs(theta, m, v, grad, t, lr, eps=eps)


@wrong("swap the two betas")
def swapped_betas(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return torchs(theta, m, v, grad, t, lr, beta2, beta1, eps)


@wrong("return the corrected moments: they are then corrected again at the next step")
def returns_corrected(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    theta, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta, m / (1 - beta1**t), v / (1 - beta2**t)


@wrong("divide by the second moment without its root")
def no_root(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta - lr * (m / (1 - beta1**t)) / (v / (1 - beta2**t) + eps), m, v


@wrong("centre the second moment: the mean is subtracted before the square")
def centred(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * (grad - m) ** 2
    return theta - lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps), m, v


@wrong("renew the moments in place: the caller's tensors change")
def in_place(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    theta, new_m, new_v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta, m.copy_(new_m), v.copy_(new_v)


@right("with the corrections gathered into the rate, as torch computes it")
def gathered(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    if t <= 0:
        raise ValueError(f"t = {t} is no step")
    if beta1 < 0 or beta1 >= 1:
        raise ValueError(f"beta1 = {beta1} is not in [0, 1)")
    if beta2 < 0 or beta2 >= 1:
        raise ValueError(f"beta2 = {beta2} is not in [0, 1)")
    for name, x in {"m": m, "v": v, "grad": grad}.items():
        if x.shape != theta.shape:
            raise ValueError(f"`{name}` of shape {tuple(x.shape)} isn't like theta")
    m = torch.lerp(m, grad, 1 - beta1)
    v = v.mul(beta2).addcmul(grad, grad, value=1 - beta2)
    root = v.sqrt().div((1 - beta2**t) ** 0.5).add(eps)
    return torch.addcdiv(theta, m, root, value=-lr / (1 - beta1**t)), m, v


@gpu
def bench_many_parameters(adam_step, race):
    def fused(theta, m, v, grad, t):
        count = torch.full((), t - 1.0, device=theta.device)
        torchs_adam(
            [theta], [grad], [m], [v], [], [count], amsgrad=False, beta1=0.9, beta2=0.999,
            lr=1e-3, weight_decay=0.0, eps=1e-8, maximize=False, fused=True,
        )  # fmt: skip
        return theta, m, v

    race(
        adam_step,
        torch=fused,  # in place, in one pass: the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), draw.normal(n), draw.uniform(n), draw.normal(n), 3),
        small=(10_000,),
        large=(20_000_000,),
        # theta, m, v and grad are read, the first three written; m' takes 3 operations, v' 4,
        # the corrections 2, the step root, +, /, * and -.
        forward=lambda theta, m, v, grad, t: {
            "bytes": 7 * theta.nbytes,
            "flops": 14 * theta.numel(),
        },
    )
