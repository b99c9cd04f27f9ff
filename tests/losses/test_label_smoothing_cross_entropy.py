"""Cross-entropy with (1 - eps) onehot + eps / k as the target, as torch has it."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy as torchs

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    oracles,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("cross_entropy", "soft_labels"),
    forbid=(
        "cross_entropy",
        "cross_entropy_loss",
        "nll_loss",
        "kl_div",
        "softmax",
        "log_softmax",
        "logsumexp",
        "logcumsumexp",
        "logaddexp",
        "logaddexp2",
    ),
    instead="write it with exp, log and sum",
    hints=(
        "Which distribution over the classes is the target of a row? What does it sum to?",
        "The loss is linear in the target: mix two losses, or build the mixed target.",
        "(1 - eps) (-log p_t) + eps mean_c(-log p_c), with 0 for terms whose factor is 0.",
    ),
)

EIGHTHS = st.integers(1, 8).map(lambda k: k / 8)


def smoothed(logits, targets, eps=0.0, reduction="mean"):
    return torchs(logits, targets, label_smoothing=eps, reduction=reduction)


@claim("S3-135")
def test_a_case_worked_by_hand(label_smoothing_cross_entropy):
    # k = 4, eps = 1/4: the target has 13/16, the others 1/16 each
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 8, 1 / 4, 1 / 2, 1 / 8]]).double()
    want = torch.tensor([13 * 1 + 2 + 3 + 3, 13 * 2 + 3 + 1 + 3], dtype=torch.float64)
    want = want / 16 * math.log(2)
    targets = torch.tensor([0, 1])
    check(label_smoothing_cross_entropy, p.log() + 2, targets, 1 / 4, "none", want=want)


@claim("S3-135")
def test_the_default_is_the_mean_over_the_rows(label_smoothing_cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 8, 1 / 4, 1 / 2, 1 / 8]]).double()
    total = torch.tensor(54 / 16 * math.log(2), dtype=torch.float64)
    case = p.log(), torch.tensor([0, 1]), 1 / 4
    check(label_smoothing_cross_entropy, *case, want=total / 2)
    check(label_smoothing_cross_entropy, *case, reduction="sum", want=total)


@claim("S3-136")
@given(inputs.labelled_logits())
def test_without_smoothing_it_is_the_cross_entropy(label_smoothing_cross_entropy, case):
    check(label_smoothing_cross_entropy, *case, want=torchs(*case))


@claim("S3-135", "S3-136")
@given(inputs.labelled_logits(), EIGHTHS)
def test_equals_the_formula_with_50_digits(label_smoothing_cross_entropy, case, eps):
    def exact(row):
        import mpmath

        *z, t = row
        log_sum = mpmath.log(sum(map(mpmath.exp, z)))
        share = mpmath.mpf(eps) / len(z)
        q = [share + (1 - eps) * (c == int(t)) for c in range(len(z))]
        return [sum(b * (log_sum - a) for a, b in zip(z, q, strict=True))]

    logits, targets = case
    want = oracles.row_to_50_digits(exact, torch.cat([logits, targets[:, None].double()], 1))
    check(label_smoothing_cross_entropy, logits, targets, eps, "none", want=want[:, 0])


@claim("S3-135")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(inputs.labelled_logits(), EIGHTHS)
def test_gradients_flow_back_as_through_torchs(label_smoothing_cross_entropy, reduction, case, eps):
    given_ = {"eps": eps, "reduction": reduction}
    check_gradient(label_smoothing_cross_entropy, *case, **given_, like=smoothed)


@claim("S3-136")
def test_full_smoothing_forgets_the_target(label_smoothing_cross_entropy):
    p = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 2, 1 / 4, 1 / 4]], dtype=torch.float64)
    want = torch.full((2,), 5 / 3 * math.log(2), dtype=torch.float64)
    check(label_smoothing_cross_entropy, p.log(), torch.tensor([0, 2]), 1.0, "none", want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(label_smoothing_cross_entropy, dtype):
    logits = torch.tensor([[1e4, 0.0, 0.0, -1e4], [1e4, 1e4, 1e4, 1e4]], dtype=dtype)
    want = torch.tensor([5000.0, math.log(4)], dtype=dtype)
    targets = torch.tensor([0, 3])
    check(label_smoothing_cross_entropy, logits, targets, 0.5, "none", want=want)


def test_a_masked_class_matters_only_with_smoothing(label_smoothing_cross_entropy):
    logits, targets = torch.tensor([[0.0, -torch.inf, 0.0]]), torch.tensor([2])
    check(label_smoothing_cross_entropy, logits, targets, want=torch.tensor(math.log(2)))
    check(label_smoothing_cross_entropy, logits, targets, 0.25, want=torch.tensor(torch.inf))


def test_one_class_costs_nothing(label_smoothing_cross_entropy):
    logits, targets = torch.tensor([[3.0], [-2.0]]), torch.tensor([0, 0])
    check(label_smoothing_cross_entropy, logits, targets, 0.25, want=torch.tensor(0.0))


def test_of_no_rows_the_mean_is_nan_and_the_sum_0(label_smoothing_cross_entropy):
    none = torch.zeros(0, 3), torch.zeros(0).long(), 0.1
    check(label_smoothing_cross_entropy, *none, want=torch.tensor(torch.nan))
    check(label_smoothing_cross_entropy, *none, "sum", want=torch.tensor(0.0))


@claim("S3-136")
@pytest.mark.parametrize("bad", [1.125, -0.125, -5.0, math.nan])
def test_refuses_eps_outside_0_and_1(label_smoothing_cross_entropy, bad):
    logits, targets = torch.tensor([[0.0, 1.0, 2.0]]), torch.tensor([1])
    expected = {"raises": ValueError, "naming": {"eps": bad}}
    check(label_smoothing_cross_entropy, logits, targets, bad, **expected)


def test_refuses_targets_that_are_no_class(label_smoothing_cross_entropy):
    for bad in (3, -1, -100):
        targets = torch.tensor([0, bad])
        expected = {"raises": ValueError, "naming": {"targets": bad}}
        check(label_smoothing_cross_entropy, torch.zeros(2, 3), targets, 0.1, **expected)
    for shape in ((3,), (1,), (2, 1)):
        expected = {"raises": ValueError, "naming": {"targets": shape}}
        targets = torch.zeros(shape).long()
        check(label_smoothing_cross_entropy, torch.zeros(2, 5), targets, **expected)
    for dtype in (torch.float32, torch.int32, torch.bool):
        expected = {"raises": ValueError, "naming": {"targets": dtype}}
        targets = torch.zeros(2, dtype=dtype)
        check(label_smoothing_cross_entropy, torch.zeros(2, 3), targets, **expected)


def test_refuses_logits_that_are_no_matrix_of_floats(label_smoothing_cross_entropy):
    for logits in (torch.zeros(3), torch.zeros(2, 3, 1), torch.zeros(2, 0)):
        expected = {"raises": ValueError, "naming": {"logits": logits.shape}}
        check(label_smoothing_cross_entropy, logits, torch.tensor([0, 0]), **expected)
    expected = {"raises": ValueError, "naming": {"logits": torch.int64}}
    check(label_smoothing_cross_entropy, torch.ones(2, 3).long(), torch.tensor([0, 0]), **expected)


def test_refuses_an_unknown_reduction(label_smoothing_cross_entropy):
    case = torch.zeros(1, 2), torch.tensor([0]), 0.1, "median"
    expected = {"raises": ValueError, "naming": {"reduction": "median"}}
    check(label_smoothing_cross_entropy, *case, **expected)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


def mixed(log_p, targets, at_target, at_others):
    """Return the loss of each row for a target with these two values."""
    q = torch.full_like(log_p, at_others).scatter(1, targets[:, None], at_target)
    return -torch.where(q > 0, q * log_p, 0).sum(-1)


@wrong(
    "spread eps over the other k - 1 classes: right for the notes' soft labels, not for torch",
    right_for="the notes' soft labels; here the target class gets its share as well, as in torch",
)
def notes_convention(logits, targets, eps=0.0, reduction="mean"):
    share = eps / (logits.shape[-1] - 1)
    return reduced(mixed(logits.log_softmax(-1), targets, 1 - eps, share), reduction)


@wrong("give each other class eps, and not eps / k")
def undivided(logits, targets, eps=0.0, reduction="mean"):
    return reduced(mixed(logits.log_softmax(-1), targets, 1 - eps, eps), reduction)


@wrong("leave the target 1 - eps: the smoothed target sums to less than 1")
def mass_lost(logits, targets, eps=0.0, reduction="mean"):
    share = eps / logits.shape[-1]
    return reduced(mixed(logits.log_softmax(-1), targets, 1 - eps, share), reduction)


@wrong("swap the parts: eps for the target, and 1 - eps for all classes alike")
def swapped(logits, targets, eps=0.0, reduction="mean"):
    share = (1 - eps) / logits.shape[-1]
    return reduced(mixed(logits.log_softmax(-1), targets, eps + share, share), reduction)


@wrong("forget to take (1 - eps) of the ordinary loss")
def not_reduced(logits, targets, eps=0.0, reduction="mean"):
    share = eps / logits.shape[-1]
    return reduced(mixed(logits.log_softmax(-1), targets, 1 + share, share), reduction)


@wrong("leave `eps` aside")
def no_smoothing(logits, targets, eps=0.0, reduction="mean"):
    return torchs(logits, targets, reduction=reduction)


@wrong("hand `eps` to torch, which takes a negative one for 0", accepts_bad_input=True)
def torch_itself(logits, targets, eps=0.0, reduction="mean"):
    if eps > 1 or targets.shape != logits.shape[:1]:
        raise ValueError(f"eps {eps}, targets {tuple(targets.shape)}")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction {reduction}")
    if ((targets < 0) | (targets >= logits.shape[-1])).any():
        raise ValueError(f"targets {targets.tolist()}")
    at_least_0 = max(eps, 0.0)
    share = at_least_0 / logits.shape[-1]
    losses = mixed(logits.log_softmax(-1), targets, 1 - at_least_0 + share, share)
    return reduced(losses, reduction)


@wrong(
    "leave out rows with target -100, as torch does: here it is no class", accepts_bad_input=True
)
def ignores_some_rows(logits, targets, eps=0.0, reduction="mean"):
    if not 0 <= eps <= 1:
        raise ValueError(f"eps {eps}")
    if (((targets < 0) & (targets != -100)) | (targets >= logits.shape[-1])).any():
        raise ValueError(f"targets {targets.tolist()}")
    return smoothed(logits, targets, eps, reduction)


@wrong("leave 0 * log 0 as it is: without smoothing, a masked class makes the loss nan")
def zero_times_infinity(logits, targets, eps=0.0, reduction="mean"):
    log_p = logits.log_softmax(-1)
    nll = -log_p.gather(1, targets[:, None])[:, 0]
    return reduced((1 - eps) * nll - eps * log_p.mean(-1), reduction)


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(logits, targets, eps=0.0, reduction="mean"):
    share = eps / logits.shape[-1]
    log_p = logits - logits.exp().sum(-1, keepdim=True).log()
    return reduced(mixed(log_p, targets, 1 - eps + share, share), reduction)


@wrong("take the logarithm of the softmax: it is -inf once the softmax has rounded to 0")
def log_of_softmax(logits, targets, eps=0.0, reduction="mean"):
    share = eps / logits.shape[-1]
    return reduced(mixed(logits.softmax(-1).log(), targets, 1 - eps + share, share), reduction)


@wrong("detach the uniform part: only the target's part has a gradient")
def detached_part(logits, targets, eps=0.0, reduction="mean"):
    log_p = logits.log_softmax(-1)
    uniform = mixed(log_p.detach(), targets, eps / logits.shape[-1], eps / logits.shape[-1])
    return reduced(mixed(log_p, targets, 1 - eps, 0.0) + uniform, reduction)


@right("a mixture of two losses: of the target, and of all classes alike")
def two_losses(logits, targets, eps=0.0, reduction="mean"):
    if not (eps >= 0 and eps <= 1):
        raise ValueError(f"eps = {eps} is outside [0, 1]")
    if reduction not in {"mean", "sum", "none"}:
        raise ValueError(f"no such reduction: {reduction}")
    if logits.ndim != 2 or logits.shape[1] < 1 or not logits.is_floating_point():
        raise ValueError(f"logits: {logits.dtype} {tuple(logits.shape)} won't do")
    if list(targets.shape) != [len(logits)] or targets.dtype != torch.long:
        raise ValueError(f"targets: {targets.dtype} {tuple(targets.shape)} won't do")
    for t in targets.tolist():
        if t not in range(logits.shape[1]):
            raise ValueError(f"targets: {t} is no class")
    top = logits.max(-1, keepdim=True).values.detach()
    log_p = logits - top - (logits - top).exp().sum(-1, keepdim=True).log()
    losses = -log_p[torch.arange(len(logits)), targets]
    if eps:
        losses = (1 - eps) * losses - eps * log_p.mean(-1) if eps < 1 else -log_p.mean(-1)
    return reduced(losses, reduction)


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(1, 8), draw.integers(8, 1), 0.125),
    torch=lambda z, targets, eps: F.cross_entropy(z, targets, label_smoothing=eps),
)
def exact(mp, logits, targets, eps):
    log_sum = mp.log(sum(map(mp.exp, logits[0])))
    costs = [log_sum - z for z in logits[0]]
    return (1 - eps) * costs[targets[0]] + eps * sum(costs) / len(costs)


@gpu
def bench_targets_of_many_classes(label_smoothing_cross_entropy, race):
    race(
        label_smoothing_cross_entropy,
        torch=lambda logits, targets, eps: F.cross_entropy(logits, targets, label_smoothing=eps),
        inputs=lambda draw, n, k: (draw.normal(n, k), draw.integers(k, n), 0.1),
        small=(32, 1000),
        large=(4096, 16000),
        # Four operations for log-sum-exp, and the sum of all logarithms.
        forward=lambda logits, targets, eps: {
            "bytes": logits.nbytes + targets.nbytes,
            "flops": 5 * logits.numel(),
        },
        # softmax - smoothed labels, over n: difference, exponential, difference, product.
        backward=lambda logits, targets, eps: {
            "bytes": 2 * logits.nbytes + targets.nbytes,
            "flops": 4 * logits.numel(),
        },
        slack=100.0,
    )
