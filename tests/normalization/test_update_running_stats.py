"""Running statistics over several batches: torch's momentum, torch's unbiased variance."""

from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    claim,
    counterexample,
    gpu,
    inputs,
    plot,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("batch_norm_eval",),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "batch_norm_update_stats",
        "instance_norm",
    ),
    instead="write it with mean and variance",
    hints=(
        "Which of old and new does torch's momentum weigh? And which variance is stored?",
        "Momentum weighs the new one, and the stored variance divides by m - 1, m = n h w.",
        "momentum=None: an average of k numbers becomes one of k + 1 with the weight 1 / (k + 1).",
    ),
)

ZERO, ONE = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)


def torchs(mean, var, x, momentum):
    """Let torch update copies."""
    mean, var = mean.clone(), var.clone()
    F.batch_norm(x, mean, var, training=True, momentum=momentum)
    return mean, var


@claim("S3-314", "S4-072", "S0-285")
def test_a_case_worked_by_hand(update_running_stats):
    # Means 3 and 2, unbiased variances (4 + 1 + 9) / 2 = 7 and 4; the biased one would be 14/3.
    x = vector(1, 0, 2, 4, 6, 2).reshape(3, 2)
    want = vector(0.25 * 3 + 0.75 * 5, 0.25 * 2), vector(0.25 * 7 + 0.75 * 3, 0.25 * 4 + 0.75)
    check(update_running_stats, vector(5, 0), vector(3, 1), x, 0.25, want=want)


@claim("S0-233", "S3-314")
@counterexample("S0-233")
def test_after_one_batch_a_tenth_of_the_way_is_gone(update_running_stats):
    # The notes: the mean learned in training. The batches' mean is 4, and 0.4 is what eval uses.
    x = vector(3, 3, 5, 5).reshape(2, 2)
    check(update_running_stats, ZERO, ONE, x, want=(0.4 * ONE, 1.1 * ONE))


@claim("S3-314", "S4-072")
@given(
    inputs.tensors(inputs.sizes(2, 4), 2),
    inputs.tensors(2, 2),
    st.sampled_from([0.0, 0.25, 0.9, 1.0]),
)
def test_equals_the_definition_in_exact_fractions(update_running_stats, x, running, momentum):
    fresh = torch.stack([vector(*exact(column)) for column in x.mT.tolist()], 1)
    want = (1 - momentum) * running + momentum * fresh
    check(update_running_stats, *running, x, momentum, want=tuple(want), scale=5.0)


def exact(column):
    values = [Fraction(v) for v in column]
    mean = sum(values) / len(values)
    return mean, sum((v - mean) ** 2 for v in values) / (len(values) - 1)


@claim("S4-065", "S4-074")
@counterexample("S4-065")
def test_an_image_has_a_value_for_each_of_its_pixels(update_running_stats):
    # The notes average over the batch: m would be 2. It is 18, and the variance changes by 18/17.
    x = inputs.numbers(2, 2, 3, 3)
    rows = x.movedim(1, -1).reshape(18, 2)
    biased = (rows - rows.mean(0)).square().mean(0)
    want = rows.mean(0), 18 / 17 * biased
    check(update_running_stats, ZERO, ONE, x, 1.0, want=want)
    check(update_running_stats, ZERO, ONE, rows, 1.0, want=want)


@claim("S3-314", "S4-072", "S4-087")
@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_follows_torch_over_several_batches(update_running_stats, momentum):
    running = vector(1, -2, 3), vector(2, 1, 0.5)
    for k in range(4):
        x = (k + 1) * inputs.numbers(3, 3, 2) - k
        want = torchs(*running, x, momentum)
        check(update_running_stats, *running, x, momentum, batches=7 * k, want=want)
        running = want


@claim("S4-072", "S4-073", "S4-087")
def test_without_a_momentum_all_batches_weigh_alike(update_running_stats):
    batches = [(k + 1) * inputs.numbers(3, 2, 2) - k for k in range(4)]
    running = vector(70, -80), vector(90, 60)  # what was there before the first batch has no weight
    rows = batches[0].movedim(1, -1).reshape(6, 2)
    check(update_running_stats, *running, batches[0], None, want=(rows.mean(0), rows.var(0)))
    for k, x in enumerate(batches):
        seen = torch.stack([b.movedim(1, -1).reshape(6, 2) for b in batches[: k + 1]])
        want = seen.mean((0, 1)), seen.var(1).mean(0)
        check(update_running_stats, *running, x, None, k, want=want)
        running = want


@claim("S3-314")
def test_a_momentum_of_0_keeps_the_old_and_of_1_the_new(update_running_stats):
    x = vector(1, 0, 2, 4, 6, 2).reshape(3, 2)
    old = vector(5, 0), vector(3, 1)
    check(update_running_stats, *old, x, 0.0, want=old)
    check(update_running_stats, *old, x, 1.0, 3, want=(vector(3, 2), vector(7, 4)))


def test_no_gradient_flows_back_to_the_batch(update_running_stats):
    def is_cut_off(pair):
        return not any(t.requires_grad for t in pair)

    x = inputs.numbers(3, 2).requires_grad_()
    told = "two tensors that are cut off from the graph: it would grow with each batch"
    check(update_running_stats, ZERO, ONE, x, want=such_that(told, is_cut_off))


def test_statistics_keep_their_dtype_and_no_square_overflows(update_running_stats):
    x = torch.tensor([[-600.0, 1.0], [600.0, 2.0], [300.0, 4.0]], dtype=torch.float16)
    want = torchs(torch.zeros(2).double(), torch.ones(2).double(), x.double(), 0.5)
    wide = tuple(t.float() for t in want)
    check(update_running_stats, torch.zeros(2), torch.ones(2), x, 0.5, want=wide)
    check(update_running_stats, torch.zeros(2), torch.ones(2), x.double(), 0.5, want=wide)


def test_a_channel_far_from_0_keeps_its_digits(update_running_stats):
    steps = vector(1, 5, 3, 5, 6, 5, 2, 9).reshape(4, 2)
    want = vector(1e9 + 3, 1e9 + 6), vector(14 / 3, 4)
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(update_running_stats, ZERO, ONE, 1e9 + steps, 1.0, want=want, slack=1e4)


def test_reads_channels_that_lie_last_by_their_strides(update_running_stats):
    x = inputs.numbers(2, 5, 3).movedim(-1, 1)
    running = vector(1, -2, 3), vector(2, 1, 0.5)
    check(update_running_stats, *running, x, 0.3, want=torchs(*running, x.contiguous(), 0.3))


@claim("S3-314", "S4-074")
def test_refuses_one_value_a_channel(update_running_stats):
    # m = 1: the unbiased variance is 0/0.
    for shape in ((1, 2), (0, 2), (2,), (1, 2, 1, 1), (3, 2, 0)):
        x = torch.ones(shape, dtype=torch.float64)
        check(update_running_stats, ZERO, ONE, x, raises=ValueError, naming={"x": shape})
    x = torch.ones(3, 2, dtype=torch.int64)
    check(update_running_stats, ZERO, ONE, x, raises=ValueError, naming={"x": torch.int64})


def test_refuses_statistics_of_other_channels(update_running_stats):
    x = inputs.numbers(3, 2)
    for shape in ((3,), (1,), (2, 1), ()):
        bad, name = torch.ones(shape, dtype=torch.float64), {"raises": ValueError}
        check(update_running_stats, bad, ONE, x, **name, naming={"running_mean": shape})
        check(update_running_stats, ZERO, bad, x, **name, naming={"running_var": shape})


@pytest.mark.parametrize("momentum", [-0.1, 1.5, float("nan")])
def test_refuses_a_momentum_that_is_no_weight(update_running_stats, momentum):
    x, naming = inputs.numbers(3, 2), {"momentum": momentum}
    check(update_running_stats, ZERO, ONE, x, momentum, raises=ValueError, naming=naming)


def test_refuses_a_negative_number_of_batches(update_running_stats):
    x, naming = inputs.numbers(3, 2), {"batches": -1}
    check(update_running_stats, ZERO, ONE, x, None, -1, raises=ValueError, naming=naming)


def updated(running_mean, running_var, x, rate, mean=None, var=None):
    """Mix old and new statistics; those of x in float64 if none are given."""
    values = x.detach().double().transpose(0, 1).flatten(1)
    mean = values.mean(1) if mean is None else mean
    var = values.var(1) if var is None else var
    pairs = ((running_mean, mean), (running_var, var))
    return tuple(((1 - rate) * old + rate * new).to(old.dtype) for old, new in pairs)


def rate(momentum, batches):
    return 1 / (batches + 1) if momentum is None else momentum


def rows(x):
    return x.detach().double().transpose(0, 1).flatten(1)


@wrong(
    "let momentum weigh the old statistics",
    right_for="Keras and MXNet, where momentum is what stays; here it is the weight of the new",
)
def weighs_the_old(running_mean, running_var, x, momentum=0.1, batches=0):
    weight = 1 / (batches + 1) if momentum is None else 1 - momentum
    return updated(running_mean, running_var, x, weight)


@wrong(
    "store the biased variance, which the layer normalises with",
    right_for="Keras, which stores the biased variance; here it divides by m - 1",
)
def biased(running_mean, running_var, x, momentum=0.1, batches=0):
    var = rows(x).var(1, correction=0)
    return updated(running_mean, running_var, x, rate(momentum, batches), var=var)


@wrong("divide by n - 1 after you added up squares of all pixels' deviations, by n h w: m is n h w")
def corrects_by_the_batch(running_mean, running_var, x, momentum=0.1, batches=0):
    n = max(len(x), 2)
    var = rows(x).var(1, correction=0) * n / (n - 1)
    return updated(running_mean, running_var, x, rate(momentum, batches), var=var)


@wrong("store standard deviations")
def deviations(running_mean, running_var, x, momentum=0.1, batches=0):
    return updated(running_mean, running_var, x, rate(momentum, batches), var=rows(x).std(1))


@wrong("ignore `momentum` and always use 0.1")
def always_a_tenth(running_mean, running_var, x, momentum=0.1, batches=0):
    return updated(running_mean, running_var, x, rate(None if momentum is None else 0.1, batches))


@wrong("take momentum=None for 0.1")
def none_is_a_tenth(running_mean, running_var, x, momentum=0.1, batches=0):
    return updated(running_mean, running_var, x, 0.1 if momentum is None else momentum)


@wrong("take a momentum of 0 for none: `momentum or 1 / (batches + 1)`")
def zero_is_none(running_mean, running_var, x, momentum=0.1, batches=0):
    return updated(running_mean, running_var, x, momentum or 1 / (batches + 1))


@wrong("count the batches without the new one: the first would have the weight 1/0")
def counts_without_the_new(running_mean, running_var, x, momentum=0.1, batches=0):
    weight = 1 / max(batches, 1) if momentum is None else momentum
    return updated(running_mean, running_var, x, weight)


@wrong("count the batches with the start: what was there before the first one keeps a weight")
def counts_the_start(running_mean, running_var, x, momentum=0.1, batches=0):
    return updated(running_mean, running_var, x, rate(momentum, batches + 1))


@wrong("measure the variance from the running mean and not from the batch's")
def around_the_running_mean(running_mean, running_var, x, momentum=0.1, batches=0):
    values = rows(x)
    squares = (values - running_mean[:, None]).square().sum(1)
    var = squares / (values.shape[1] - 1)
    return updated(running_mean, running_var, x, rate(momentum, batches), var=var)


@wrong("keep the running variance as it is")
def mean_only(running_mean, running_var, x, momentum=0.1, batches=0):
    mean, _ = updated(running_mean, running_var, x, rate(momentum, batches))
    return mean, running_var.clone()


@wrong("average over the batch alone: images have no single number a channel then")
def over_the_batch(running_mean, running_var, x, momentum=0.1, batches=0):
    first = x.reshape(*x.shape[:2], -1)[..., 0] if x.dim() > 2 else x
    return updated(running_mean, running_var, first, rate(momentum, batches))


@wrong("keep the graph: the results hold all batches in memory")
def keeps_the_graph(running_mean, running_var, x, momentum=0.1, batches=0):
    values = x.double().transpose(0, 1).flatten(1)
    weight = rate(momentum, batches)
    return updated(running_mean, running_var, x, weight, values.mean(1), values.var(1))


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(running_mean, running_var, x, momentum=0.1, batches=0):
    values = rows(x)
    m = values.shape[1]
    var = (values.square().mean(1) - values.mean(1).square()) * m / (m - 1)
    return updated(running_mean, running_var, x, rate(momentum, batches), var=var)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(running_mean, running_var, x, momentum=0.1, batches=0):
    values = x.detach().transpose(0, 1).flatten(1)
    mean = values.mean(1, keepdim=True)
    var = (values - mean).square().sum(1) / (values.shape[1] - 1)
    return updated(running_mean, running_var, x, rate(momentum, batches), mean[:, 0], var)


@wrong("write the result into the running statistics: the caller's tensors change")
def in_place(running_mean, running_var, x, momentum=0.1, batches=0):
    mean, var = updated(running_mean, running_var, x, rate(momentum, batches))
    return running_mean.copy_(mean), running_var.copy_(var)


def refuse(running_mean, running_var, x, momentum, batches):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim < 2 or x[:, :1].numel() <= 1:
        raise ValueError(f"`x` of shape {tuple(x.shape)}")
    if list(running_mean.shape) != [x.shape[1]]:
        raise ValueError(f"`running_mean` has shape {tuple(running_mean.shape)}")
    if list(running_var.shape) != [x.shape[1]]:
        raise ValueError(f"`running_var` has shape {tuple(running_var.shape)}")
    if momentum is not None and not 0 <= momentum <= 1:
        raise ValueError(f"`momentum` = {momentum}")
    if batches < 0:
        raise ValueError(f"`batches` = {batches}")


@right("as a step from the old towards the new, by torch's var_mean")
def as_a_step(running_mean, running_var, x, momentum=0.1, batches=0):
    refuse(running_mean, running_var, x, momentum, batches)
    dims = [d for d in range(x.ndim) if d != 1]
    with torch.no_grad():
        z = x if x.dtype == torch.float64 else x.float()
        var, mean = torch.var_mean(z, dims)
        step = momentum if momentum is not None else 1 / (1 + batches)
        return (
            (running_mean + step * (mean - running_mean)).to(running_mean.dtype),
            (running_var + step * (var - running_var)).to(running_var.dtype),
        )


@right("as sums: of the values, and of the squared deviations")
def by_sums(running_mean, running_var, x, momentum=0.1, batches=0):
    refuse(running_mean, running_var, x, momentum, batches)
    old, new = (batches, 1) if momentum is None else (1 - momentum, momentum)
    values = x.detach().double().movedim(1, -1).flatten(0, -2)
    mean = values.sum(0) / len(values)
    var = (values - mean).pow(2).sum(0) / (len(values) - 1)
    return (
        ((old * running_mean + new * mean) / (old + new)).to(running_mean.dtype),
        ((old * running_var + new * var) / (old + new)).to(running_var.dtype),
    )


@plot(x="batch", y="running mean")
def plot_a_jump_of_the_mean(update_running_stats):
    noise = torch.randn(80, 16, 1, generator=torch.Generator().manual_seed(0)).double()
    batches = list(noise + 4 * (torch.arange(80) >= 30)[:, None, None])
    curves = {"mean of the batch": (range(80), [x.mean() for x in batches])}
    for momentum in (0.1, 0.5, None):
        running, means = (vector(0), vector(1)), []
        for k, x in enumerate(batches):
            running = update_running_stats(*running, x, momentum, k)
            means.append(running[0])
        curves[f"momentum = {momentum}"] = (range(80), means)
    return curves


def with_var_mean(running_mean, running_var, x):
    var, mean = torch.var_mean(x, (0, 2, 3))
    return running_mean.lerp(mean, 0.1), running_var.lerp(var, 0.1)


@gpu
def bench_the_first_stage_of_a_resnet(update_running_stats, race):
    race(
        update_running_stats,
        torch=with_var_mean,
        inputs=lambda draw, n, c, side: (
            draw.normal(c),
            draw.uniform(c, low=0.5, high=2.0),
            draw.normal(n, c, side, side),
        ),
        small=(4, 16, 28),
        large=(128, 256, 56),
        # Sum, difference, square, sum: 4 operations an entry.
        forward=lambda mean, var, x: {"bytes": x.nbytes + 4 * mean.nbytes, "flops": 4 * x.numel()},
    )
