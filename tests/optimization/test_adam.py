"""Adam with its state, over several steps."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.adam import adam as torchs_adam

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("adam_step", "adam_w_step"),
    forbid=("torch.optim", "fused_adam", "fused_adamw"),
    instead="write the lines of the docstring",
    hints=(
        "What has to outlive a step? Two moments, a count, and for AMSGrad one tensor more.",
        "The state belongs to the instance; the corrections are for the step and aren't stored.",
        "For AMSGrad keep torch.maximum(largest, v) beside v, which goes on as without it.",
    ),
)

GRADS = ((1.0, -2.0, 0.5), (-3.0, 0.0, 0.25), (0.5, 4.0, -8.0), (2.0, 0.125, 0.0), (-1.0, 1.0, 1.0))


class Torchs:
    """The same by torch's own code; the wrong answers below change one thing of it."""

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False):
        self.lr, self.weight_decay, self.amsgrad = lr, weight_decay, amsgrad
        self.options = {"beta1": beta1, "beta2": beta2, "eps": eps}
        self.state, self.t = None, torch.tensor(0.0)

    def step(self, theta, grad, lr=None):
        if grad is None:
            return theta
        if self.state is None:
            self.state = [torch.zeros_like(theta) for _ in range(3)]
        new, (m, v, largest) = theta.clone(), self.state
        torchs_adam(
            [new], [grad], [m], [v], [largest], [self.t], amsgrad=self.amsgrad, maximize=False,
            lr=self.lr if lr is None else lr, weight_decay=self.weight_decay, **self.options,
        )  # fmt: skip
        return new


def follow(adam, grads=GRADS, rates=None, **options):
    """Check every step of a path from (1, -2, 3) against torch's."""
    mine, torchs, theta = adam(**options), Torchs(**options), vector(1.0, -2.0, 3.0)
    for g, lr in zip(grads, rates or [None] * len(grads), strict=True):
        grad = None if g is None else vector(*g)
        given = {} if lr is None else {"lr": lr}
        want = torchs.step(theta, grad, lr)
        check(mine.step, theta, grad, **given, want=want)
        theta = want


@claim("S0-361", "S0-362", "S0-363", "S0-364", "S0-365", "S4-325")
def test_two_steps_worked_by_hand(adam):
    optimizer = adam(lr=0.5, beta1=0.5, beta2=0.75, eps=1.0)
    # First: mhat = 3, vhat = 9.
    check(optimizer.step, vector(1.0, 1.0), vector(3.0, -3.0), want=vector(0.625, 1.375))
    # Second: m = .75 + 2.5, v = 1.6875 + 6.25 for gradients 3, 5; 3 and 0 leave half and 3/4.
    mhat, vhat = vector(3.25, -0.75) / 0.75, vector(7.9375, 1.6875) / 0.4375
    want = vector(0.625, 1.375) - 0.5 * mhat / (vhat.sqrt() + 1)
    check(optimizer.step, vector(0.625, 1.375), vector(5.0, 0.0), want=want)


@claim("S0-365", "S3-372", "S4-325")
def test_follows_torch_over_several_steps(adam):
    follow(adam, lr=0.1)
    follow(adam, lr=0.1, beta1=0.6, beta2=0.8, eps=0.25)


@claim("S0-356")
def test_a_coupled_penalty_goes_through_the_moments(adam):
    want = vector(0.9)
    optimizer = adam(lr=0.1, weight_decay=0.1, eps=1e-14)
    check(optimizer.step, vector(1.0), vector(10.0), want=want)
    follow(adam, lr=0.1, beta1=0.6, beta2=0.8, weight_decay=0.7)


def test_follows_a_schedule_of_rates(adam):
    follow(adam, rates=(0.1, None, 0.4, 0.0, None), lr=0.2, beta1=0.6)


@claim("S0-369")
def test_amsgrad_divides_by_the_largest_second_moment_so_far(adam):
    fading = ((8.0, -1.0, 0.5), *GRADS)
    follow(adam, fading, lr=0.1, beta1=0.5, beta2=0.5, amsgrad=True)


def test_a_step_without_a_gradient_is_not_counted(adam):
    follow(adam, (None, *GRADS[:2], None, *GRADS[2:]), lr=0.1, beta1=0.6, weight_decay=0.5)


def test_a_step_with_a_gradient_of_0_is_one(adam):
    still = ((0.0, 0.0, 0.0),)
    follow(adam, (*GRADS[:2], *still, *GRADS[2:]), lr=0.1, beta1=0.6, beta2=0.8)
    follow(adam, (*still, *GRADS[:2]), lr=0.1)


def test_starts_each_step_from_the_parameters_that_are_given(adam):
    options = {"lr": 0.1, "weight_decay": 0.5}
    mine, torchs = adam(**options), Torchs(**options)
    for start in (1.0, -4.0, 16.0):  # somebody else has moved them in between
        theta, grad = vector(start, 2.0), vector(start, -1.0)
        check(mine.step, theta, grad, want=torchs.step(theta, grad))


def test_two_optimizers_know_nothing_of_each_other(adam):
    one, other = adam(lr=0.1), adam(lr=0.1)
    check(one.step, vector(1.0), vector(-2.0), want=vector(1.1), slack=100)  # eps is left out
    check(other.step, vector(1.0, 1.0), vector(5.0, -5.0), want=vector(0.9, 1.1), slack=100)
    torchs = Torchs(lr=0.1)
    torchs.step(vector(1.0), vector(-2.0))
    check(one.step, vector(1.1), vector(7.0), want=torchs.step(vector(1.1), vector(7.0)))


@claim("S0-365", "S4-325")
@given(
    inputs.tensors(inputs.sizes(2, 4), 3),
    *(st.integers(0, 7).map(lambda k: k / 8),) * 4,
    st.booleans(),
)
def test_equals_torch_on_any_gradients(adam, grads, lr, beta1, beta2, decay, amsgrad):
    options = {"weight_decay": decay, "amsgrad": amsgrad, "eps": 0.125}
    follow(adam, grads.tolist(), lr=lr, beta1=beta1, beta2=beta2, **options)


@claim("S0-363", "S0-364")
def test_the_corrections_fade_and_never_end(adam):
    options = {"lr": 0.1, "beta1": 0.99}
    mine, torchs, theta = adam(**options), Torchs(**options), vector(1.0, -2.0, 3.0)
    for g in 24 * GRADS:  # not checked: to find the mistake after 120 checks takes long
        mine.step(theta, vector(*g))
        theta = torchs.step(theta, vector(*g))
    check(mine.step, theta, vector(*GRADS[0]), want=torchs.step(theta, vector(*GRADS[0])))


def test_the_defaults_are_those_of_the_stub(adam):
    follow(adam, ((1e-8, -2.0, 0.5), *GRADS))  # one as large as eps


def test_keeps_the_dtype_of_the_parameters(adam):
    optimizer = adam(lr=0.5, beta1=0.5, beta2=0.75)
    theta, grad = torch.tensor([[1.0, 2.0]]), torch.tensor([[4.0, -2.0]])
    check(optimizer.step, theta, grad, want=torch.tensor([[0.5, 2.5]]))


def test_refuses_betas_out_of_range(adam):
    for beta in (1.0, 1.5, -0.5):
        check(adam, beta1=beta, raises=ValueError, naming={"beta1": beta})
        check(adam, beta2=beta, raises=ValueError, naming={"beta2": beta})


@wrong(
    "decay the parameters by themselves: this is AdamW",
    right_for="AdamW; here weight decay is an L2 penalty",
)
class Decoupled(Torchs):
    def step(self, theta, grad, lr=None):
        decay, self.weight_decay = self.weight_decay, 0.0
        factor = 1 - (self.lr if lr is None else lr) * decay
        new = theta if grad is None else super().step(factor * theta, grad, lr)
        self.weight_decay = decay
        return new


@wrong("put the penalty into the first moment only, and square the bare gradient")
class HalfCoupled(Torchs):
    def step(self, theta, grad, lr=None):
        if grad is None:
            return theta
        b1, b2, eps = self.options.values()
        m, v, top = self.state or [torch.zeros_like(theta) for _ in range(3)]
        self.t = self.t + 1
        m = b1 * m + (1 - b1) * (grad + self.weight_decay * theta)
        v = b2 * v + (1 - b2) * grad**2
        self.state = [m, v, torch.maximum(top, v)]
        vhat = self.state[2 if self.amsgrad else 1] / (1 - b2 ** float(self.t))
        rate = self.lr if lr is None else lr
        return theta - rate * m / (1 - b1 ** float(self.t)) / (vhat.sqrt() + eps)


@wrong("ignore the weight decay")
class NoDecay(Torchs):
    def step(self, theta, grad, lr=None):
        self.weight_decay = 0.0
        return super().step(theta, grad, lr)


@wrong("ignore `amsgrad`")
class NeverTheLargest(Torchs):
    def step(self, theta, grad, lr=None):
        self.amsgrad = False
        return super().step(theta, grad, lr)


@wrong("store the largest second moment as v: the mean then goes on from the maximum")
class MaximumGoesOn(Torchs):
    def step(self, theta, grad, lr=None):
        new = super().step(theta, grad, lr)
        if self.amsgrad and self.state:
            self.state[1] = self.state[2].clone()
        return new


@wrong("keep the largest of the corrected second moments: the correction comes after")
class LargestOfTheCorrected(Torchs):
    def step(self, theta, grad, lr=None):
        if not self.amsgrad or grad is None:
            return super().step(theta, grad, lr)
        super().step(theta, grad, lr)
        (m, v, _), t = self.state, float(self.t)
        b1, b2, eps = self.options.values()
        self.top = torch.maximum(getattr(self, "top", v * 0), v / (1 - b2**t))
        return theta - (self.lr if lr is None else lr) * m / (1 - b1**t) / (self.top.sqrt() + eps)


@wrong("count a step that has no gradient")
class CountsAll(Torchs):
    def step(self, theta, grad, lr=None):
        if grad is None:
            self.t += 1
        return super().step(theta, grad, lr)


@wrong("take a missing gradient for 0: the moments fade and the parameters move on")
class NoneIsZero(Torchs):
    def step(self, theta, grad, lr=None):
        return super().step(theta, torch.zeros_like(theta) if grad is None else grad, lr)


@wrong("take a gradient of 0 for a missing one: the moments go on for the one, not for the other")
class ZeroIsNone(Torchs):
    def step(self, theta, grad, lr=None):
        return super().step(theta, grad if grad is not None and grad.any() else None, lr)


@wrong("go on from parameters of your own, whatever theta is given")
class OwnParameters(Torchs):
    def step(self, theta, grad, lr=None):
        self.theta = super().step(getattr(self, "theta", theta), grad, lr)
        return self.theta.clone()


@wrong("never count on: the bias correction is that of the first step for ever")
class AlwaysFirst(Torchs):
    def step(self, theta, grad, lr=None):
        self.t = torch.tensor(0.0)
        return super().step(theta, grad, lr)


@wrong("forget the moments after each step")
class Forgetful(Torchs):
    def step(self, theta, grad, lr=None):
        self.state = None
        return super().step(theta, grad, lr)


@wrong("ignore the rate that comes with a step")
class OneRate(Torchs):
    def step(self, theta, grad, lr=None):
        return super().step(theta, grad)


@wrong("keep the rate of one step for those that follow")
class KeepsTheRate(Torchs):
    def step(self, theta, grad, lr=None):
        self.lr = self.lr if lr is None else lr
        return super().step(theta, grad)


@wrong("take a rate of 0 for one that isn't given: `lr or self.lr`")
class ZeroIsMissing(Torchs):
    def step(self, theta, grad, lr=None):
        return super().step(theta, grad, lr or None)


@wrong("swap the two betas")
class SwappedBetas(Torchs):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, *args, **kwargs):
        super().__init__(lr, beta2, beta1, *args, **kwargs)


@wrong("write the new parameters into theta: the caller's tensor changes")
class InPlace(Torchs):
    def step(self, theta, grad, lr=None):
        return theta.copy_(super().step(theta, grad, lr))


@right("with moments that are made at the first step and changed in place")
class AtTheFirstStep:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False):
        if not 0 <= beta1 < 1 or not 0 <= beta2 < 1:
            raise ValueError(f"beta1 = {beta1} and beta2 = {beta2} must be in [0, 1)")
        self.options = lr, beta1, beta2, eps, weight_decay, amsgrad
        self.moments, self.steps = (), 0

    def step(self, theta, grad, lr=None):
        usual, beta1, beta2, eps, weight_decay, amsgrad = self.options
        if grad is None:
            return theta.clone()
        if not self.moments:
            self.moments = tuple(torch.zeros_like(theta) for _ in range(3))
        m, v, top = self.moments
        g = grad.add(theta, alpha=weight_decay)
        self.steps += 1
        m.mul_(beta1).add_(g, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        torch.maximum(top, v, out=top)
        root = (top if amsgrad else v).sqrt() / (1 - beta2**self.steps) ** 0.5 + eps
        rate = (lr if lr is not None else usual) / (1 - beta1**self.steps)
        return theta - rate * m / root


@gpu
def bench_three_steps_of_many_parameters(adam, race):
    def steps(answer, theta, grads):
        optimizer = answer()
        for grad in grads:
            theta = optimizer.step(theta, grad)
        return theta

    def fused(theta, grads):
        m, v = torch.zeros_like(theta), torch.zeros_like(theta)
        count = torch.zeros((), device=theta.device)
        for grad in grads:
            torchs_adam(
                [theta], [grad], [m], [v], [], [count], amsgrad=False, beta1=0.9, beta2=0.999,
                lr=1e-3, weight_decay=0.0, eps=1e-8, maximize=False, fused=True,
            )  # fmt: skip
        return theta

    race(
        adam,
        use=steps,
        torch=fused,  # in place, in one pass: the least that can be moved
        inputs=lambda draw, n: (draw.normal(n), [draw.normal(n) for _ in range(3)]),
        small=(10_000,),
        large=(20_000_000,),
        # In each step theta, m, v and grad are read, the first three written; 14 operations an entry
        # as in adam_step. Before the first there are no moments to read.
        forward=lambda theta, grads: {"bytes": 19 * theta.nbytes, "flops": 42 * theta.numel()},
    )
