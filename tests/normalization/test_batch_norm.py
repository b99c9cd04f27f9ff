"""The layer over several calls: what training leaves behind shows at inference."""

from typing import ClassVar

import pytest
import torch
import torch.nn.functional as F

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    gpu,
    inputs,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("batch_norm_conv", "update_running_stats"),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_legit_no_training",
        "batch_norm_no_update",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with means",
    hints=(
        "What has to outlive a call? Which of it may an evaluation change?",
        "Two running statistics, a mode, and for momentum=None the number of batches.",
        "The batch's biased variance normalises it; n h w / (n h w - 1) times that is stored.",
    ),
)


class Torchs:
    """The same by torch's function; the wrong answers below change one thing of it."""

    def __init__(self, gamma, beta, eps=1e-5, momentum=0.1):
        self.gamma, self.beta, self.eps, self.momentum = gamma, beta, eps, momentum
        self.mean, self.var = torch.zeros_like(gamma), torch.ones_like(gamma)
        self.training, self.batches = True, 0

    def train(self, mode=True):
        self.training = mode

    def eval(self):
        self.training = False

    def rate(self):
        return 1 / self.batches if self.momentum is None else self.momentum

    def forward(self, x):
        if self.training:
            self.batches += 1
        rate = self.rate() if self.training else 0.0
        state = self.mean, self.var, self.gamma, self.beta
        return F.batch_norm(x, *state, self.training, rate, self.eps)


GAMMA, BETA = vector(2, -1, 0.5), vector(1, 3, -2)
BATCHES = [(k + 1) * inputs.numbers(3, 3, 2) - 2 * k for k in range(4)]
PROBE = inputs.numbers(2, 3, 2) + 1


def follow(batch_norm, batches=BATCHES, **options):
    """Check training batches, each followed by an evaluation, against torch's."""
    mine, torchs = batch_norm(GAMMA, BETA, **options), Torchs(GAMMA, BETA, **options)
    for x in batches:
        mine.train()
        torchs.train()
        check(mine.forward, x, want=torchs.forward(x))
        mine.eval()
        torchs.eval()
        check(mine.forward, PROBE, want=torchs.forward(PROBE))


@claim("S0-280", "S1-160", "S0-285")
def test_a_case_worked_by_hand(batch_norm):
    # Mean 4 and variance 8, biased; 12 is the unbiased one. The root of 8 + 1 is 3.
    layer = batch_norm(vector(6), vector(1), eps=1.0, momentum=0.25)
    x = vector(0, 6, 6).reshape(3, 1)
    check(layer.forward, x, want=vector(-7, 5, 5).reshape(3, 1))
    # Stored: the mean 1, and 0.75 * 1 + 0.25 * 12 = 3.75.
    layer.eval()
    want = 1 + 6 * (x - 1) / 4.75**0.5
    check(layer.forward, x, want=want)


@claim("S1-160", "S0-231")
@counterexample("S0-231")
def test_before_any_batch_it_evaluates_with_mean_0_and_variance_1(batch_norm):
    # The notes: eval doesn't use batch normalization. Then x would come out as it is.
    layer = batch_norm(vector(4, 6), vector(1, 2), eps=3.0)
    layer.eval()
    check(layer.forward, vector(5, -5).reshape(1, 2), want=vector(11, -13).reshape(1, 2))


@claim("S0-280", "S3-314", "S4-072")
@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_follows_torch_through_training_and_evaluation(batch_norm, momentum):
    follow(batch_norm, momentum=momentum, eps=0.5)


@claim("S4-072", "S4-087")
def test_without_a_momentum_all_batches_weigh_alike(batch_norm):
    follow(batch_norm, momentum=None)


def test_with_a_momentum_of_0_nothing_is_learned_from_the_batches(batch_norm):
    follow(batch_norm, momentum=0.0)


@claim("S0-233", "S1-160")
def test_an_evaluation_changes_nothing(batch_norm):
    layer, torchs = batch_norm(GAMMA, BETA), Torchs(GAMMA, BETA)
    check(layer.forward, BATCHES[0], want=torchs.forward(BATCHES[0]))
    layer.eval()
    torchs.eval()
    for x in (50 * BATCHES[1], PROBE, PROBE[:1]):
        check(layer.forward, x, want=torchs.forward(x))


@claim("S0-282", "S4-070")
@counterexample("S0-282")
def test_a_sample_depends_on_its_company_in_training_only(batch_norm):
    # The notes: its outputs depend on the other samples. In training they do.
    layer, torchs = batch_norm(GAMMA, BETA), Torchs(GAMMA, BETA)
    alone, company = PROBE[:1], torch.cat([PROBE[:1], 7 - 3 * PROBE[1:]])
    for x in (alone, company):
        check(layer.forward, x, want=torchs.forward(x))
    # At inference nothing is left of it.
    layer.eval()
    torchs.eval()
    want = torchs.forward(alone)
    check(layer.forward, alone, want=want)
    check(layer.forward, company, want=torch.cat([want, torchs.forward(company[1:])]))


def test_the_modes_can_be_switched_back_and_forth(batch_norm):
    layer, torchs = batch_norm(GAMMA, BETA), Torchs(GAMMA, BETA)
    layer.eval()
    layer.train()
    check(layer.forward, BATCHES[0], want=torchs.forward(BATCHES[0]))
    layer.train(False)
    torchs.train(False)
    check(layer.forward, BATCHES[1], want=torchs.forward(BATCHES[1]))
    layer.train(True)
    torchs.train(True)
    check(layer.forward, BATCHES[2], want=torchs.forward(BATCHES[2]))


@claim("S0-286", "S1-157")
def test_gradients_of_training_flow_through_the_statistics(batch_norm):
    def torchs(x):
        return F.batch_norm(x, None, None, GAMMA, BETA, training=True, eps=0.5)

    check_gradient(batch_norm(GAMMA, BETA, eps=0.5).forward, BATCHES[0], like=torchs)


@claim("S0-286")
def test_gradients_flow_back_to_gamma_and_beta(batch_norm):
    gamma, beta, upstream = GAMMA.clone(), BETA.clone(), BATCHES[1]
    layer = batch_norm(gamma.requires_grad_(), beta.requires_grad_(), eps=0.5)
    y = F.batch_norm(BATCHES[0], None, None, gamma, beta, training=True, eps=0.5)
    want = torch.autograd.grad(y, (gamma, beta), upstream)

    def teaches(y):
        grads = torch.autograd.grad(y, (gamma, beta), upstream)
        return all(map(torch.allclose, grads, want))

    told = "a result through which the gradients of gamma and beta flow back to them"
    check(layer.forward, BATCHES[0], want=such_that(told, teaches))


def test_gradients_of_evaluation_are_those_of_an_affine_map(batch_norm):
    layer, torchs = batch_norm(GAMMA, BETA), Torchs(GAMMA, BETA)
    check(layer.forward, BATCHES[0], want=torchs.forward(BATCHES[0]))
    layer.eval()
    torchs.eval()
    check_gradient(layer.forward, PROBE, like=torchs.forward)


def test_no_graph_of_an_earlier_batch_is_kept(batch_norm):
    layer = batch_norm(GAMMA, BETA)
    x = BATCHES[0].clone().requires_grad_()
    check(layer.forward, x, want=Torchs(GAMMA, BETA).forward(x))
    layer.eval()

    def is_cut_off(y):
        return not y.requires_grad

    told = "a result that doesn't hang on the training batch: x needs no gradient"
    check(layer.forward, PROBE, want=such_that(told, is_cut_off))


def test_two_layers_have_a_state_each(batch_norm):
    first, second = batch_norm(GAMMA, BETA), batch_norm(GAMMA, BETA)
    check(first.forward, BATCHES[0], want=Torchs(GAMMA, BETA).forward(BATCHES[0]))
    second.eval()
    fresh = Torchs(GAMMA, BETA)
    fresh.eval()
    check(second.forward, PROBE, want=fresh.forward(PROBE))


def test_takes_rows_and_images_as_well(batch_norm):
    follow(batch_norm, [inputs.numbers(5, 3)])
    follow(batch_norm, [inputs.numbers(2, 3, 4, 3), inputs.numbers(1, 3, 2, 5)])


def test_keeps_float32(batch_norm):
    gamma, beta, x = GAMMA.float(), BETA.float(), BATCHES[0].float()
    check(batch_norm(gamma, beta).forward, x, want=Torchs(gamma, beta).forward(x))


@claim("S3-314", "S4-070", "S4-086")
def test_refuses_one_value_a_channel_in_training_only(batch_norm):
    layer, torchs = batch_norm(GAMMA, BETA), Torchs(GAMMA, BETA)
    for shape in ((1, 3), (1, 3, 1, 1), (0, 3)):
        x = torch.ones(shape, dtype=torch.float64)
        check(batch_norm(GAMMA, BETA).forward, x, raises=ValueError, naming={"x": shape})
    layer.eval()
    torchs.eval()
    check(layer.forward, PROBE[:1, :, 0], want=torchs.forward(PROBE[:1, :, 0]))


def test_a_batch_that_is_refused_does_not_count(batch_norm):
    layer = batch_norm(vector(1), vector(0), eps=2.0, momentum=None)
    check(layer.forward, vector(7)[:, None], raises=ValueError, naming={"x": (1, 1)})
    x = vector(1, 3)[:, None]
    check(layer.forward, x, want=(x - 2) / 3**0.5)
    layer.eval()
    check(layer.forward, x, want=vector(-0.5, 0.5)[:, None])


def test_refuses_other_channels(batch_norm):
    layer = batch_norm(GAMMA, BETA)
    for shape in ((4, 2), (2, 1), (2, 4, 3)):
        x = torch.ones(shape, dtype=torch.float64)
        check(layer.forward, x, raises=ValueError, naming={"x": shape})


class Own(Torchs):
    """The layer step by step, with a gap for each mistake."""

    def statistics(self, x):
        dims = [d for d in range(x.dim()) if d != 1]
        return x.mean(dims), x.var(dims, correction=0)

    def stored(self, x):
        dims = [d for d in range(x.dim()) if d != 1]
        return x.detach().mean(dims), x.detach().var(dims)

    def keep(self, x):
        self.batches += 1
        mean, var = self.stored(x)
        rate = self.rate()
        self.mean = (1 - rate) * self.mean + rate * mean
        self.var = (1 - rate) * self.var + rate * var

    def apply(self, x, mean, var):
        shape = (-1,) + (1,) * (x.dim() - 2)
        scale, shift = self.gamma.reshape(shape), self.beta.reshape(shape)
        return scale * (x - mean.reshape(shape)) / (var + self.eps).sqrt().reshape(shape) + shift

    def forward(self, x):
        if not self.training:
            return self.apply(x, self.mean, self.var)
        self.keep(x)
        return self.apply(x, *self.statistics(x))


@wrong("leave batch normalization out at inference")
class NoneAtInference(Own):
    def forward(self, x):
        return super().forward(x) if self.training else x.clone()


@wrong("use the batch's statistics at inference too")
class AlwaysTheBatch(Own):
    def forward(self, x):
        return super().forward(x) if self.training else self.apply(x, *self.statistics(x))


@wrong("use the running statistics in training too")
class AlwaysRunning(Own):
    def forward(self, x):
        if self.training:
            self.keep(x)
        return self.apply(x, self.mean, self.var)


@wrong("update the running statistics at inference too")
class LearnsAtInference(Own):
    def forward(self, x):
        y = super().forward(x)
        if not self.training and x[:, 0].numel() > 1:
            self.keep(x)
        return y


@wrong("never update the running statistics")
class NeverUpdates(Own):
    def keep(self, x):
        pass


@wrong("update before you evaluate: the first evaluation in a row sees itself")
class SeesItself(Own):
    def forward(self, x):
        if not self.training and x[:, 0].numel() > 1 and not getattr(self, "seen", False):
            self.seen = True
            self.keep(x)
        return super().forward(x)


@wrong(
    "let momentum weigh the old statistics",
    right_for="Keras and MXNet, where momentum is what stays; here it is the weight of the new",
)
class WeighsTheOld(Own):
    def rate(self):
        return 1 / self.batches if self.momentum is None else 1 - self.momentum


@wrong("ignore `momentum` and always use 0.1")
class AlwaysATenth(Own):
    def rate(self):
        return 1 / self.batches if self.momentum is None else 0.1


@wrong("take momentum=None for 0.1")
class NoneIsATenth(Own):
    def rate(self):
        return 0.1 if self.momentum is None else self.momentum


@wrong("take a momentum of 0 for none: `momentum or 1 / batches`")
class ZeroIsNone(Own):
    def rate(self):
        return self.momentum or 1 / self.batches


@wrong("count the start as a batch: with momentum=None it keeps a weight")
class CountsTheStart(Own):
    def rate(self):
        return 1 / (self.batches + 1) if self.momentum is None else self.momentum


@wrong(
    "store the biased variance, which the batch is normalised with",
    right_for="Keras, which stores the biased variance; here it is the unbiased one",
)
class StoresTheBiased(Own):
    def stored(self, x):
        mean, var = self.statistics(x.detach())
        return mean, var


@wrong("normalise the batch with the unbiased variance, which is stored")
class NormalisesWithTheUnbiased(Own):
    def statistics(self, x):
        dims = [d for d in range(x.dim()) if d != 1]
        return x.mean(dims), x.var(dims)


@wrong("begin the running variance at 0")
class VarianceFrom0(Own):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.var = torch.zeros_like(self.var)


@wrong("take the first batch's statistics for the start, whatever momentum says")
class StartsWithTheFirst(Own):
    def rate(self):
        return 1.0 if self.batches == 1 else super().rate()


@wrong("keep the graph of each batch in the running statistics")
class KeepsTheGraph(Own):
    def stored(self, x):
        dims = [d for d in range(x.dim()) if d != 1]
        return x.mean(dims), x.var(dims)


@wrong("detach the batch's statistics in training: gradients lose their other terms")
class DetachesStatistics(Own):
    def statistics(self, x):
        return super().statistics(x.detach())


@wrong("detach gamma and beta: no gradient teaches them")
class DetachesParameters(Own):
    def __init__(self, gamma, beta, eps=1e-5, momentum=0.1):
        super().__init__(gamma.detach(), beta.detach(), eps, momentum)


@wrong("ignore `eps` and always add 1e-5")
class IgnoresEps(Own):
    def __init__(self, gamma, beta, eps=1e-5, momentum=0.1):
        super().__init__(gamma, beta, momentum=momentum)


@wrong("normalise over the batch alone: each place of space has statistics of its own in training")
class OverTheBatch(Own):
    def apply(self, x, mean, var):
        if self.training and x.dim() > 2 and len(x) > 1:
            rest = (-1,) + (1,) * (x.dim() - 2)
            standard = (x - x.mean(0)) / (x.var(0, correction=0) + self.eps).sqrt()
            return self.gamma.reshape(rest) * standard + self.beta.reshape(rest)
        return super().apply(x, mean, var)


@wrong("let train(False) train")
class IgnoresTheMode(Own):
    def train(self, mode=True):
        self.training = True


@wrong("stay at inference for ever after eval()")
class StaysAtInference(Own):
    def train(self, mode=True):
        self.training = self.training and mode


@wrong("share the state between all layers: it belongs to the class")
class SharedState(Own):
    shared: ClassVar = {}

    def keep(self, x):
        super().keep(x)
        SharedState.shared[len(self.gamma)] = self.mean, self.var

    def forward(self, x):
        if not self.training and len(self.gamma) in SharedState.shared:
            self.mean, self.var = SharedState.shared[len(self.gamma)]
        return super().forward(x)


@wrong("refuse a single row at inference too")
class RefusesOneAtInference(Own):
    def forward(self, x):
        if x[:, 0].numel() < 2:
            raise ValueError(f"x has shape {list(x.shape)}")
        return super().forward(x)


@right("with one affine map for both modes, and statistics that are changed in place")
class InPlace:
    def __init__(self, gamma, beta, eps=1e-5, momentum=0.1):
        self.parameters, self.eps, self.momentum = (gamma, beta), eps, momentum
        self.running = torch.stack([torch.zeros_like(gamma), torch.ones_like(gamma)])
        self.count, self.is_training = 0, True

    def train(self, mode=True):
        self.is_training = mode

    def eval(self):
        self.train(False)

    def forward(self, x):
        gamma, beta = self.parameters
        if x.ndim < 2 or x.shape[1] != gamma.shape[0]:
            raise ValueError(f"`x` of shape {tuple(x.shape)} has other channels")
        rows = x.transpose(0, 1).flatten(1)
        if not self.is_training:
            mean, var = self.running
        elif rows.shape[1] < 2:
            raise ValueError(f"`x` of shape {tuple(x.shape)} has one value a channel")
        else:
            m = rows.shape[1]
            var, mean = torch.var_mean(rows, 1, correction=0)
            self.count += 1
            fresh = torch.stack([mean, var * m / (m - 1)]).detach()
            self.running.lerp_(
                fresh, self.momentum if self.momentum is not None else 1 / self.count
            )
        factor = gamma * torch.rsqrt(var + self.eps)
        y = factor[:, None] * (rows - mean[:, None]) + beta[:, None]
        return y.reshape(x.transpose(0, 1).shape).transpose(0, 1).contiguous()


@gpu
def bench_a_training_batch_of_images(batch_norm, race):
    race(
        batch_norm,
        use=lambda answer, x, gamma, beta: answer(gamma, beta).forward(x),
        torch=lambda x, gamma, beta: Torchs(gamma, beta).forward(x),
        inputs=lambda draw, n, c, side: (
            draw.normal(n, c, side, side),
            draw.normal(c),
            draw.normal(c),
        ),
        small=(4, 16, 28),
        large=(128, 256, 56),
        # Mean, difference, square, mean, quotient, product, sum: 7 operations an entry.
        forward=lambda x, gamma, beta: {
            "bytes": 2 * x.nbytes + 4 * gamma.nbytes,
            "flops": 7 * x.numel(),
        },
        # Two sums, of g and of g * xhat, and then g less both: 8 operations; x and g are read.
        backward=lambda x, gamma, beta: {
            "bytes": 3 * x.nbytes + 3 * gamma.nbytes,
            "flops": 8 * x.numel(),
        },
    )
