"""Batch normalization of padded sequences: padding must not enter the statistics."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("batch_norm_train",),
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with masked sums",
    hints=(
        "How many values has a feature, padding not counted?",
        "A mask [n, t]: arange(t) < lengths[:, None]. Sums over it, divided by lengths.sum().",
        "Subtracting the mean makes padding different from 0: mask again before you square.",
    ),
)

LENGTHS = torch.tensor([3, 1, 0, 5])


def real_steps(x, lengths):
    return [x[i, :k] for i, k in enumerate(lengths.tolist())]


def torchs(x, lengths, eps=1e-5):
    """Cut the padding off, normalise what is left with torch, and put it back."""
    steps = torch.cat(real_steps(x, lengths))
    steps = F.batch_norm(steps, None, None, training=True, eps=eps)
    t = x.shape[1]
    pieces = [F.pad(s, (0, 0, 0, t - len(s))) for s in steps.split(lengths.tolist())]
    return torch.stack(pieces)


@claim("S0-281")
def test_a_case_worked_by_hand(masked_batch_norm):
    # The real values are 1, 9, 9, 1 and 2, 2, 2, 2: means 5 and 2, variances 16 and 0.
    x = vector(1, 2, 9, 2, 50, 60, 9, 2, 7, -1, 80, 0, 1, 2, 30, 1, -9, 4).reshape(3, 3, 2)
    want = vector(-0.8, 0, 0.8, 0, 0, 0, 0.8, 0, 0, 0, 0, 0, -0.8, 0, 0, 0, 0, 0).reshape(3, 3, 2)
    check(masked_batch_norm, x, torch.tensor([2, 1, 1]), 9.0, want=want)


@claim("S0-281")
@given(st.data(), st.integers(1, 4), st.integers(2, 4), st.integers(1, 3))
def test_equals_torch_without_the_padding(masked_batch_norm, data, n, t, c):
    x = data.draw(inputs.tensors(n, t, c))
    lengths = [2, *data.draw(st.lists(st.integers(0, t), min_size=n - 1, max_size=n - 1))]
    lengths = torch.tensor(lengths[::-1])
    # scale: rounding of a constant set is divided by the root of eps.
    check(masked_batch_norm, x, lengths, want=torchs(x, lengths), scale=1e3)


@claim("S0-281")
def test_full_sequences_are_a_batch_of_all_their_steps(masked_batch_norm):
    x = inputs.numbers(2, 5, 3)
    rows = F.batch_norm(x.reshape(10, 3), None, None, training=True, eps=0.5)
    check(masked_batch_norm, x, torch.tensor([5, 5]), 0.5, want=rows.reshape(2, 5, 3))


@claim("S0-281")
def test_a_step_that_one_sequence_reaches_shares_its_statistics_with_all(masked_batch_norm):
    # Steps with statistics of their own would make the second step of the first sequence 0.
    x = vector(0, 6, 3, 100).reshape(2, 2, 1)
    want = vector(-1, 1, 0, 0).reshape(2, 2, 1)
    check(masked_batch_norm, x, torch.tensor([2, 1]), 3.0, want=want)


def test_two_steps_in_all_are_enough(masked_batch_norm):
    # The mean of 1 and 9 is 5, their variance 16.
    x, lengths = vector(1, 30, 7, 50, 9, -2).reshape(3, 2, 1), torch.tensor([1, 0, 1])
    want = vector(-0.8, 0, 0, 0, 0.8, 0).reshape(3, 2, 1)
    check(masked_batch_norm, x, lengths, 9.0, want=want)


@claim("S0-281")
def test_what_the_padding_holds_has_no_effect(masked_batch_norm):
    x = inputs.numbers(4, 5, 2)
    want = torchs(x, LENGTHS)
    for filling in (1e6, torch.inf, torch.nan):
        padded = torch.where(torch.arange(5)[:, None] < LENGTHS[:, None, None], x, filling)
        check(masked_batch_norm, padded, LENGTHS, want=want)


@claim("S0-281")
def test_gradients_flow_back_to_real_steps_only(masked_batch_norm):
    x = inputs.numbers(4, 5, 2)
    check_gradient(masked_batch_norm, x, LENGTHS, eps=0.5, like=torchs)


@claim("S0-281")
@pytest.mark.parametrize("filling", [torch.inf, torch.nan])
def test_what_the_padding_holds_has_no_effect_on_gradients(masked_batch_norm, filling):
    real = torch.arange(5)[:, None] < LENGTHS[:, None, None]
    padded = torch.where(real, inputs.numbers(4, 5, 2), filling)
    check_gradient(masked_batch_norm, padded, LENGTHS, eps=0.5, like=torchs)


def test_a_nan_among_the_steps_spoils_its_own_feature_only(masked_batch_norm):
    x = inputs.numbers(2, 3, 2)
    x[0, 1, 1] = torch.nan
    lengths = torch.tensor([3, 3])
    check(masked_batch_norm, x, lengths, want=torchs(x, lengths))


def test_a_feature_far_from_0_keeps_its_digits(masked_batch_norm):
    steps = vector(1, 3, 6, 2, 2, 0).reshape(2, 3, 1)
    want = vector(-2, 0, 3, -1, 0, 0).reshape(2, 3, 1) / 3.5**0.5
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(masked_batch_norm, 1e9 + steps, torch.tensor([3, 1]), 1e-9, want=want, slack=1e4)


def test_keeps_float32_and_reads_by_strides(masked_batch_norm):
    x = inputs.numbers(2, 5, 4).transpose(0, 2)
    want = torchs(x.contiguous(), LENGTHS)
    check(masked_batch_norm, x, LENGTHS, want=want)
    check(masked_batch_norm, x.float(), LENGTHS, want=want.float())


@pytest.mark.parametrize(
    "lengths", [[3, 1], [3, 1, 2, 2], [4, 1, 1], [-1, 3, 2], [0, 0, 0], [0, 1, 0]]
)
def test_refuses_lengths_that_do_not_fit(masked_batch_norm, lengths):
    arguments = torch.ones(3, 3, 2), torch.tensor(lengths)
    check(masked_batch_norm, *arguments, raises=ValueError, naming={"lengths": lengths})


def test_refuses_what_is_no_batch_of_sequences(masked_batch_norm):
    for shape in ((3, 2), (3, 3, 2, 2)):
        arguments = torch.ones(shape), torch.tensor([2, 1, 1])
        check(masked_batch_norm, *arguments, raises=ValueError, naming={"x": shape})
    arguments = torch.ones(3, 3, 2, dtype=torch.int64), torch.tensor([2, 1, 1])
    check(masked_batch_norm, *arguments, raises=ValueError, naming={"x": torch.int64})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(masked_batch_norm, eps):
    arguments = torch.ones(3, 3, 2), torch.tensor([2, 1, 1]), eps
    check(masked_batch_norm, *arguments, raises=ValueError, naming={"eps": eps})


def mask(x, lengths):
    return (torch.arange(x.shape[1]) < lengths[:, None])[..., None]


def normalised(x, lengths, eps=1e-5, weights=None):
    """Normalise with weighted sums; the weights of real steps are 1 if none are given."""
    real = mask(x, lengths)
    weights = real.to(x.dtype) if weights is None else weights
    z = torch.where(real, x, 0)
    mean = (weights * z).sum((0, 1)) / weights.sum()
    deviations = torch.where(real, x - mean, 0)
    variance = (weights * deviations.square()).sum((0, 1)) / weights.sum()
    return deviations / (variance + eps).sqrt()


@wrong("let the padding into mean and variance")
def with_padding(x, lengths, eps=1e-5):
    z = torch.where(mask(x, lengths), x, 0)
    mean, variance = z.mean((0, 1)), z.var((0, 1), correction=0)
    return torch.where(mask(x, lengths), (z - mean) / (variance + eps).sqrt(), 0)


@wrong("normalise x as it comes, and mask the result alone")
def masks_last(x, lengths, eps=1e-5):
    mean, variance = x.mean((0, 1)), x.var((0, 1), correction=0)
    return torch.where(mask(x, lengths), (x - mean) / (variance + eps).sqrt(), 0)


@wrong("divide the masked sums by n t: the padding counts as zeros")
def divides_by_all(x, lengths, eps=1e-5):
    real = mask(x, lengths)
    n, t, _ = x.shape
    mean = torch.where(real, x, 0).sum((0, 1)) / (n * t)
    deviations = torch.where(real, x - mean, 0)
    return deviations / (deviations.square().sum((0, 1)) / (n * t) + eps).sqrt()


@wrong("forget to mask the deviations: padding is -mu there, and enters the variance")
def masks_once(x, lengths, eps=1e-5):
    real = mask(x, lengths)
    z = torch.where(real, x, 0)
    mean = z.sum((0, 1)) / lengths.sum()
    variance = (z - mean).square().sum((0, 1)) / lengths.sum()
    return torch.where(real, z - mean, 0) / (variance + eps).sqrt()


@wrong("leave the padding of the result at -mu / root instead of 0")
def padding_stays(x, lengths, eps=1e-5):
    real = mask(x, lengths)
    z = torch.where(real, x, 0)
    mean = z.sum((0, 1)) / lengths.sum()
    variance = torch.where(real, z - mean, 0).square().sum((0, 1)) / lengths.sum()
    return (z - mean) / (variance + eps).sqrt()


@wrong("normalise each step over the sequences that reach it")
def step_by_step(x, lengths, eps=1e-5):
    real = mask(x, lengths)
    count = real.sum(0).clamp(min=1)
    mean = torch.where(real, x, 0).sum(0) / count
    deviations = torch.where(real, x - mean, 0)
    return deviations / (deviations.square().sum(0) / count + eps).sqrt()


@wrong("normalise each sequence over its own steps")
def each_sequence(x, lengths, eps=1e-5):
    real = mask(x, lengths)
    count = lengths.clamp(min=1)[:, None, None]
    mean = torch.where(real, x, 0).sum(1, keepdim=True) / count
    deviations = torch.where(real, x - mean, 0)
    return deviations / (deviations.square().sum(1, keepdim=True) / count + eps).sqrt()


@wrong("let all sequences weigh alike, whatever their length")
def sequences_alike(x, lengths, eps=1e-5):
    weights = mask(x, lengths) / lengths.clamp(min=1)[:, None, None]
    return normalised(x, lengths, eps, weights.to(x.dtype))


@wrong("multiply by the mask: 0 times nan is nan")
def by_a_product(x, lengths, eps=1e-5):
    real = mask(x, lengths).to(x.dtype)
    mean = (x * real).sum((0, 1)) / lengths.sum()
    deviations = (x - mean) * real
    return deviations / (deviations.square().sum((0, 1)) / lengths.sum() + eps).sqrt()


@wrong("normalise the padding too, and replace it by 0 then: on the way back 0 times nan is nan")
def replaced_last(x, lengths, eps=1e-5):
    real = mask(x, lengths)
    steps = x[real[..., 0]]
    mean, variance = steps.mean(0), steps.var(0, correction=0)
    return torch.where(real, (x - mean) / (variance + eps).sqrt(), 0)


@wrong("take nan for padding, wherever it stands")
def hides_nan(x, lengths, eps=1e-5):
    return normalised(x.nan_to_num(0.0), lengths, eps)


@wrong("take a length for the index of the last real step: one step too many")
def one_too_many(x, lengths, eps=1e-5):
    return normalised(x, (lengths + 1).clamp(max=x.shape[1]), eps)


@wrong("put the padding in front")
def padding_in_front(x, lengths, eps=1e-5):
    return normalised(x.flip(1), lengths, eps).flip(1)


@wrong("divide the squares by m - 1")
def unbiased(x, lengths, eps=1e-5):
    m = lengths.sum()
    mean = torch.where(mask(x, lengths), x, 0).sum((0, 1)) / m
    deviations = torch.where(mask(x, lengths), x - mean, 0)
    return deviations / (deviations.square().sum((0, 1)) / (m - 1) + eps).sqrt()


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, lengths, eps=1e-5):
    return normalised(x, lengths)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, lengths, eps=1e-5):
    real, fixed = mask(x, lengths), x.detach()
    mean = torch.where(real, fixed, 0).sum((0, 1)) / lengths.sum()
    variance = torch.where(real, fixed - mean, 0).square().sum((0, 1)) / lengths.sum()
    return torch.where(real, x - mean, 0) / (variance + eps).sqrt()


@wrong("set the padding to 0 in place: the caller's x changes")
def in_place(x, lengths, eps=1e-5):
    y = normalised(x, lengths, eps)
    with torch.no_grad():
        x.masked_fill_(~mask(x, lengths), 0)
    return y


@right("on the real steps alone, picked with the mask and put back")
def picked(x, lengths, eps=1e-5):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 3:
        raise ValueError(f"`x` has shape {tuple(x.shape)}")
    n, t, _ = x.shape
    if len(lengths) != n or min(lengths) < 0 or max(lengths) > t or sum(lengths) <= 1:
        raise ValueError(f"`lengths` = {lengths.tolist()}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")
    real = mask(x, lengths)[..., 0]
    steps = x[real]
    variance, mean = torch.var_mean(steps, 0, correction=0)
    y = torch.zeros_like(x)
    return y.masked_scatter(real[..., None], (steps - mean) * torch.rsqrt(variance + eps))


@right("one feature at a time")
def feature_by_feature(x, lengths, eps=1e-5):
    if x.ndim != 3 or not x.is_floating_point():
        raise ValueError(f"`x`: {x.dtype}, {tuple(x.shape)}")
    counts = lengths.tolist()
    if (
        len(counts) != x.shape[0]
        or not all(0 <= k <= x.shape[1] for k in counts)
        or sum(counts) < 2
    ):
        raise ValueError(f"`lengths` = {counts}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")
    features = []
    for feature in x.unbind(2):
        values = torch.cat([row[:k] for row, k in zip(feature, counts, strict=True)])
        centred = values - values.mean()
        values = centred / torch.sqrt(centred.pow(2).mean() + eps)
        rows = [F.pad(piece, (0, x.shape[1] - len(piece))) for piece in values.split(counts)]
        features.append(torch.stack(rows))
    return torch.stack(features, 2)
