"""One step of AdamW: the decay beside Adam's step, not in its moments."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.adam import adam as torchs_adam
from torch.optim.adamw import adamw as torchs_adamw

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("adam_step", "sgd_weight_decay_step"),
    forbid=("torch.optim", "fused_adam", "fused_adamw"),
    instead="write the lines of the docstring",
    hints=(
        "Which of grad, m, v and theta does the decay touch?",
        "Only theta: shrink it by a factor, and take Adam's step on the loss alone.",
        "(1 - lr * weight_decay) * theta - lr * mhat / (vhat.sqrt() + eps).",
    ),
)


def torchs(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2,
           by=torchs_adamw):  # fmt: skip
    """The same step by torch's own code."""
    theta, m, v = theta.clone(), m.clone(), v.clone()
    by(
        [theta], [grad], [m], [v], [], [torch.tensor(t - 1.0)], amsgrad=False, beta1=beta1,
        beta2=beta2, lr=lr, weight_decay=weight_decay, eps=eps, maximize=False,
    )  # fmt: skip
    return theta, m, v


@claim("S0-358", "S0-365")
def test_a_case_worked_by_hand(adam_w_step):
    theta, m, v = vector(1.0, 0.0, -8.0), vector(4.0, -6.0, 2.0), vector(7.0, 12.0, 4.0)
    grad = vector(0.0, 6.0, -6.0)
    new_m, new_v = vector(2.0, 0.0, -2.0), vector(5.25, 18.0, 12.0)
    step = new_m / 0.75 / ((new_v / 0.4375).sqrt() + 0.5)
    want = (vector(0.875, 0.0, -7.0) - 0.25 * step, new_m, new_v)
    check(adam_w_step, theta, m, v, grad, 2, 0.25, 0.5, 0.75, 0.5, 0.5, want=want)


@claim("S0-356", "S0-358")
def test_one_step_shrinks_and_moves_by_the_rate(adam_w_step):
    theta, none, grad = vector(1.0), vector(0.0), vector(10.0)
    want = (vector(0.89), vector(1.0), vector(0.1))
    check(adam_w_step, theta, none, none, grad, 1, 0.1, eps=1e-14, weight_decay=0.1, want=want)


@claim("S0-358")
def test_with_no_gradient_the_parameters_shrink_by_a_factor(adam_w_step):
    theta, none = vector(4.0, -8.0), vector(0.0, 0.0)
    want = (0.75 * theta, none, none)
    check(adam_w_step, theta, none, none, none, 7, 0.5, weight_decay=0.5, want=want)
    want = (-0.5 * theta, none, none)  # nothing is clamped: lr * weight_decay = 3/2
    check(adam_w_step, theta, none, none, none, 7, 3.0, weight_decay=0.5, want=want)


@claim("S0-356", "S0-365")
def test_no_decay_leaves_adam(adam_w_step):
    theta, m, v, grad = vector(4.0, -8.0), vector(1.0, -1.0), vector(2.0, 3.0), vector(0.5, 7.0)
    want = torchs(theta, m, v, grad, 3, 0.5, weight_decay=0.0, by=torchs_adam)
    check(adam_w_step, theta, m, v, grad, 3, 0.5, weight_decay=0.0, want=want)


@claim("S0-356", "S0-358")
@given(
    inputs.tensors(3, inputs.sizes(1, 4)),
    inputs.tensors(4, low=0),
    st.integers(1, 40),
    *(st.integers(0, 7).map(lambda k: k / 8),) * 4,
    st.sampled_from([1e-8, 1e-3, 0.5]),
)
def test_equals_torchs_step(adam_w_step, drawn, squares, t, lr, beta1, beta2, decay, eps):
    theta, m, grad = drawn
    args = (theta, m, squares[: len(theta)], grad, t, lr, beta1, beta2, eps, decay)
    # Where v' is 0 and m' isn't, eps of 1e-8 makes a step of 1e8.
    want = torchs(*args)
    check(adam_w_step, *args, want=want, scale=float(want[0].abs().max()) + 10)


@claim("S0-356")
def test_equals_torch_over_several_steps_at_rates_that_change(adam_w_step):
    theta = vector([1.0, -2.0], [0.5, 3.0], [0.0, -1.0])
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, lr in enumerate((0.1, 0.2, 0.05, 0.4), start=1):
        args = (theta, m, v, theta.cos() * (t - 2.5), t, lr)
        theta, m, v = torchs(*args)
        check(adam_w_step, *args, want=(theta, m, v))


@claim("S0-363", "S0-364")
def test_the_corrections_fade_and_never_end(adam_w_step):
    theta, m, v, grad = vector(1.0, -8.0), vector(0.5, -2.0), vector(4.0, 3.0), vector(2.0, 1.0)
    for t in (300, 5_000, 100_000):
        args = (theta, m, v, grad, t, 0.25, 0.9999, 0.99999)
        check(adam_w_step, *args, want=torchs(*args))


def test_the_defaults_are_those_of_the_stub(adam_w_step):
    theta, none, grad = (
        vector(8.0, -16.0),
        vector(0.0, 0.0),
        vector(1e-8, -4.0),
    )  # one as large as eps
    step = 1e-3 * vector(0.5, -1 / (1 + 0.25e-8))
    want = ((1 - 1e-5) * theta - step, grad / 10, grad**2 / 1000)
    check(adam_w_step, theta, none, none, grad, 1, want=want)


def test_keeps_the_dtype_of_the_parameters(adam_w_step):
    theta, none, grad = (torch.tensor(x) for x in ([1.0, 2.0], [0.0, 0.0], [4.0, -2.0]))
    want = tuple(map(torch.tensor, ([0.25, 2.0], [2.0, -1.0], [4.0, 1.0])))
    check(adam_w_step, theta, none, none, grad, 1, 0.5, 0.5, 0.75, weight_decay=0.5, want=want)


def test_refuses_a_step_before_the_first_and_a_negative_decay(adam_w_step):
    x = torch.ones(2)
    for t in (0, -1):
        check(adam_w_step, x, x, x, x, t, raises=ValueError, naming={"t": t})
    naming = {"weight_decay": -0.5}
    check(adam_w_step, x, x, x, x, 1, weight_decay=-0.5, raises=ValueError, naming=naming)


def test_refuses_other_shapes(adam_w_step):
    x = torch.ones(3)
    for shape in ((3, 1), (1,), ()):
        other = torch.ones(shape)
        check(adam_w_step, x, other, x, x, 1, raises=ValueError, naming={"m": shape})
        check(adam_w_step, x, x, other, x, 1, raises=ValueError, naming={"v": shape})
        check(adam_w_step, x, x, x, other, 1, raises=ValueError, naming={"grad": shape})


def test_refuses_betas_out_of_range(adam_w_step):
    x = torch.ones(2)
    for name in ("beta1", "beta2"):
        for beta in (1.0, 1.5, -0.25):
            given_ = {name: beta}
            check(adam_w_step, x, x, x, x, 1, **given_, raises=ValueError, naming=given_)


@wrong(
    "add the penalty to the gradient: this is Adam with L2, which AdamW was made to replace",
    right_for="Adam with an L2 penalty; here the decay is decoupled",
)
def coupled(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    return torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, weight_decay, by=torchs_adam)


@wrong(
    "decay by weight_decay alone: it is to be multiplied by the learning rate",
    right_for="the paper's decay, which is apart from lr; here lr multiplies it, as in torch",
)
def without_rate(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    new, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, 0.0)
    return new - weight_decay * theta, m, v


@wrong("shrink the parameters after the step: the step is shrunk as well")
def shrink_after(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    new, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, 0.0)
    return (1 - lr * weight_decay) * new, m, v


@wrong("divide the decay by the root of the second moment as well")
def scaled_decay(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    new, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, 0.0)
    return new - lr * weight_decay * theta / ((v / (1 - beta2**t)).sqrt() + eps), m, v


@wrong("ignore the weight decay: this is Adam")
def no_decay(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    return torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, 0.0)


@wrong("decay by 0.01 whatever `weight_decay` says")
def fixed_decay(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    return torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)


@wrong("stop the decay at 0: where lr * weight_decay is more than 1, the sign changes")
def clamped_decay(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    decay = min(weight_decay, 1 / lr) if lr else weight_decay
    return torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, decay)


@wrong("leave out the bias corrections")
def uncorrected(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return (1 - lr * weight_decay) * theta - lr * m / (v.sqrt() + eps), m, v


@wrong("correct both moments by 1 - beta1^t: the second needs its own beta2")
def one_correction(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    bias = 1 - beta1**t
    step = m / bias / ((v / bias).sqrt() + eps)
    return (1 - lr * weight_decay) * theta - lr * step, m, v


@wrong("correct the first moment only")
def second_uncorrected(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    step = m / (1 - beta1**t) / (v.sqrt() + eps)
    return (1 - lr * weight_decay) * theta - lr * step, m, v


@wrong("correct the second moment only")
def first_uncorrected(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    step = m / ((v / (1 - beta2**t)).sqrt() + eps)
    return (1 - lr * weight_decay) * theta - lr * step, m, v


@wrong("correct the bias of the first step at every step: 1 - beta and not 1 - beta^t")
def always_the_first(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    return torchs(theta, m, v, grad, 1, lr, beta1, beta2, eps, weight_decay)


@wrong(
    "count the steps from 0: the correction is one step behind the next",
    right_for="steps counted from 0; here the first step has t = 1",
)
def one_late(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    return torchs(theta, m, v, grad, t + 1, lr, beta1, beta2, eps, weight_decay)


@wrong("return the corrected moments: they are then corrected again at the next step")
def returns_corrected(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    theta, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, weight_decay)
    return theta, m / (1 - beta1**t), v / (1 - beta2**t)


@wrong(
    "add eps before the bias correction: it's enlarged along with the root",
    right_for="the paper's short form with its own eps; here eps is added after the correction",
)
def eps_before_correction(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    rate = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return (1 - lr * weight_decay) * theta - rate * m / (v.sqrt() + eps), m, v


@wrong(
    "put eps inside the root",
    right_for="eps inside the root; here eps stands outside the root",
)
def eps_inside(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    _, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps)
    step = m / (1 - beta1**t) / (v / (1 - beta2**t) + eps).sqrt()
    return (1 - lr * weight_decay) * theta - lr * step, m, v


@wrong("write into theta: the caller's tensor changes")
def in_place(theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    new, m, v = torchs(theta, m, v, grad, t, lr, beta1, beta2, eps, weight_decay)
    return theta.copy_(new), m, v


@right("with one subtraction for both pulls")
def one_subtraction(
    theta, m, v, grad, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    if t <= 0 or weight_decay < 0:
        raise ValueError(f"t = {t} must be 1 or more, weight_decay = {weight_decay} 0 or more")
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
        raise ValueError(f"beta1 = {beta1} and beta2 = {beta2} must be in [0, 1)")
    for name, x in {"m": m, "v": v, "grad": grad}.items():
        if x.shape != theta.shape:
            raise ValueError(f"`{name}` of shape {tuple(x.shape)} isn't like theta")
    m = torch.lerp(m, grad, 1 - beta1)
    v = v.mul(beta2).addcmul(grad, grad, value=1 - beta2)
    root = v.div(1 - beta2**t).sqrt().add(eps)
    return theta - lr * (m.div(1 - beta1**t).div(root) + weight_decay * theta), m, v


@gpu
def bench_many_parameters(adam_w_step, race):
    def in_place(theta, m, v, grad, t):
        m.lerp_(grad, 0.1)
        v.mul_(0.999).addcmul_(grad, grad, value=0.001)
        root = v.div(1 - 0.999**t).sqrt_().add_(1e-8)
        theta.mul_(1 - 1e-3 * 1e-2).addcdiv_(m, root, value=-1e-3 / (1 - 0.9**t))
        return theta, m, v

    race(
        adam_w_step,
        torch=in_place,
        inputs=lambda draw, n: (draw.normal(n), draw.normal(n), draw.uniform(n), draw.normal(n), 3),
        small=(10_000,),
        large=(20_000_000,),
        # As for Adam's step, and one product more: the decay.
        forward=lambda theta, m, v, grad, t: {
            "bytes": 7 * theta.nbytes,
            "flops": 15 * theta.numel(),
        },
    )
