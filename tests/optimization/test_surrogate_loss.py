"""The 0-1 loss has no slope; hinge and logistic loss lie above it, and have one."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    inputs,
    oracles,
    plot,
    right,
    such_that,
    wrong,
)
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    forbid=(
        "softplus",
        "log_sigmoid",
        "logsigmoid",
        "soft_margin_loss",
        "hinge_embedding_loss",
        "margin_ranking_loss",
        "multi_margin_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
    ),
    instead="write it from the margins",
    hints=(
        "A margin is positive where the score has the sign of its label. Write all in margins.",
        "exp(-m) overflows for m = -1000, where the loss is about -m / log 2. What holds always?",
        "log(1 + exp(-m)) = logaddexp(0, -m) = max(-m, 0) + log1p(exp(-|m|)); divide by log 2.",
    ),
)

KINDS = ("zero_one", "hinge", "logistic")


def scalar(value, dtype=torch.float64):
    return torch.tensor(value, dtype=dtype)


@claim("S4-305")
def test_a_case_worked_by_hand(surrogate_loss):
    # Margins 2, -1/2, 1/4, 0 and -3: three of five count.
    scores, labels = vector(2.0, 0.5, -0.25, 0.0, -3.0), vector(1.0, -1.0, -1.0, -1.0, 1.0)
    check(surrogate_loss, scores, labels, "zero_one", want=scalar(0.6))
    check(surrogate_loss, scores, labels, "hinge", want=scalar((0 + 1.5 + 0.75 + 1 + 4) / 5))
    # exp(-m) = 1, 3 and 7: logarithms of 2, 4 and 8.
    scores = -vector(1.0, 3.0, 7.0).log()
    check(surrogate_loss, scores, torch.ones(3).double(), "logistic", want=scalar(2.0))
    check(surrogate_loss, -scores, -torch.ones(3).double(), "logistic", want=scalar(2.0))


@claim("S4-305")
def test_a_score_of_0_is_a_mistake_for_either_label(surrogate_loss):
    scores, labels = vector(0.0, 0.0, 0.0, 2.0), vector(1.0, -1.0, 1.0, 1.0)
    check(surrogate_loss, scores, labels, "zero_one", want=scalar(0.75))


@st.composite
def scored(draw):
    scores = draw(inputs.tensors(inputs.UP_TO_5))
    signs = draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=len(scores), max_size=len(scores)))
    return scores, torch.tensor(signs, dtype=torch.float64)


@claim("S4-305")
@given(scored())
def test_the_logistic_loss_equals_50_digits(surrogate_loss, both):
    def exact(m):
        import mpmath

        return mpmath.log(1 + mpmath.exp(-m), 2)

    scores, labels = both
    want = oracles.to_50_digits(exact, labels * scores).mean()
    check(surrogate_loss, scores, labels, "logistic", want=want)


@claim("S4-305")
@given(scored())
def test_hinge_and_zero_one_equal_a_loop(surrogate_loss, both):
    scores, labels = both
    margins = [a * b for a, b in zip(scores.tolist(), labels.tolist(), strict=True)]
    n = len(margins)
    check(surrogate_loss, scores, labels, "hinge",
          want=scalar(sum(max(0.0, 1 - m) for m in margins) / n))  # fmt: skip
    check(surrogate_loss, scores, labels, "zero_one",
          want=scalar(sum(m <= 0 for m in margins) / n))  # fmt: skip


@claim("S4-305")
@given(scored())
def test_the_surrogates_lie_above_the_share_of_mistakes(surrogate_loss, both):
    scores, labels = both
    mistakes = float((scores * labels <= 0).double().mean())
    for kind in ("hinge", "logistic"):
        above = such_that(f"at least {mistakes:.6g}, the share of mistakes",
                          lambda v, low=mistakes: v.dim() == 0 and v >= low - 1e-12)  # fmt: skip
        check(surrogate_loss, scores, labels, kind, want=above)


@claim("S4-305")
def test_a_small_change_of_a_score_changes_the_surrogates_only(surrogate_loss):
    labels, scores = vector(1.0, -1.0, 1.0), vector(-2.0, 0.5, 3.0)
    moved = scores + 2.0**-20
    check(surrogate_loss, moved, labels, "zero_one", want=scalar(2 / 3))
    check(surrogate_loss, scores, labels, "zero_one", want=scalar(2 / 3))
    check(surrogate_loss, moved, labels, "hinge", want=scalar((4.5 - 2.0**-20 + 2.0**-20) / 3))
    # The two mistakes pull in opposite ways here; alone, each shows.
    check(surrogate_loss, moved[:1], labels[:1], "hinge", want=scalar(3 - 2.0**-20), scale=1e-9)


@claim("S4-305")
@pytest.mark.parametrize("kind", ["hinge", "logistic"])
def test_gradients_flow_back_to_the_scores(surrogate_loss, kind):
    scores, labels = vector(2.0, 0.5, -0.25, -3.0), vector(1.0, -1.0, -1.0, 1.0)
    margins = labels * scores
    slopes = -(margins < 1).double() if kind == "hinge" else -torch.sigmoid(-margins) / math.log(2)
    upstream = scalar(3.0)
    check_gradient(surrogate_loss, scores, labels, kind, wrt=(0,), upstream=upstream,
                   want=(3 * labels * slopes / 4,))  # fmt: skip


@claim("S4-305")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_margins_of_1e4(surrogate_loss, dtype):
    scores = torch.tensor([1e4, -1e4], dtype=dtype)
    for label, hinge in ((1.0, 10001 / 2), (-1.0, 10001 / 2)):
        labels = torch.full((2,), label, dtype=dtype)
        check(surrogate_loss, scores, labels, "hinge", want=scalar(hinge, dtype))
        check(surrogate_loss, scores, labels, "logistic",
              want=scalar(1e4 / math.log(2) / 2, dtype))  # fmt: skip
        slopes = torch.where(scores * labels < 0, -labels / math.log(2) / 2, 0.0).to(dtype)
        check_gradient(surrogate_loss, scores, labels, "logistic", wrt=(0,),
                       upstream=scalar(1.0, dtype), want=(slopes,))  # fmt: skip


def test_a_large_margin_keeps_a_small_loss(surrogate_loss):
    want = scalar(math.exp(-40) / math.log(2))
    check(surrogate_loss, vector(40.0), vector(1.0), "logistic", want=want, scale=0.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(surrogate_loss, dtype):
    scores = vector(2.0, 9.0, 0.5, 9.0, -0.25, 9.0).to(dtype)[::2]
    labels = vector(1.0, -1.0, -1.0).to(dtype)
    check(surrogate_loss, scores, labels, "hinge", want=scalar(0.75, dtype))
    check(surrogate_loss, scores, labels, "zero_one", want=scalar(1 / 3, dtype))
    check(surrogate_loss, 0 * scores, labels, "logistic", want=scalar(1.0, dtype))


def test_refuses_other_kinds_shapes_and_labels(surrogate_loss):
    scores, labels = vector(2.0, 0.5, -0.25), vector(1.0, -1.0, -1.0)
    for kind in ("exponential", "", "Hinge"):
        check(surrogate_loss, scores, labels, kind, raises=ValueError, naming={"kind": kind})
    for bad in (scores[:0], scores[0], scores[None]):
        check(surrogate_loss, bad, bad.sign(), "hinge", raises=ValueError,
              naming={"scores": tuple(bad.shape)})  # fmt: skip
    for bad in (labels[:2], labels[:1], labels[:, None], vector(1, 0, 1), vector(1, 2, -1)):
        check(surrogate_loss, scores, bad, "hinge", raises=ValueError, naming={"labels": ""})


def losses(m, kind):
    """The right loss of each margin."""
    if kind == "zero_one":
        return (m <= 0).to(m.dtype)
    if kind == "hinge":
        return torch.relu(1 - m)
    return torch.nn.functional.softplus(-m, threshold=1e3) / math.log(2)


@wrong("take the sum and not the mean")
def summed(scores, labels, kind):
    return losses(scores * labels, kind).sum()


@wrong("leave the labels out")
def without_labels(scores, labels, kind):
    return losses(scores, kind).mean()


@wrong("turn the sign of the margin: right answers are punished")
def other_sign(scores, labels, kind):
    return losses(-scores * labels, kind).mean()


@wrong("take a margin of 0 for right", right_for="ties that count as right; here 0 is a mistake")
def ties_are_right(scores, labels, kind):
    m = scores * labels
    return (m < 0).to(m.dtype).mean() if kind == "zero_one" else losses(m, kind).mean()


@wrong("predict +1 from a score of 0 on: at 0 the margin is 0 for both labels")
def zero_is_positive(scores, labels, kind):
    predicted = torch.where(scores >= 0, 1.0, -1.0).to(scores.dtype)
    if kind == "zero_one":
        return (predicted != labels).to(scores.dtype).mean()
    return losses(scores * labels, kind).mean()


@wrong("put the hinge's kink at 0: that is the perceptron's loss, and doesn't lie above the mistakes",
       right_for="the perceptron's loss; here the kink is at 1")  # fmt: skip
def perceptron(scores, labels, kind):
    m = scores * labels
    return torch.relu(-m).mean() if kind == "hinge" else losses(m, kind).mean()


@wrong("square the hinge", right_for="the squared hinge; here it isn't squared")
def squared_hinge(scores, labels, kind):
    m = scores * labels
    return torch.relu(1 - m).square().mean() if kind == "hinge" else losses(m, kind).mean()


@wrong("take the natural logarithm: at a margin of 0 it is 0.69, below the 1 of a mistake",
       right_for="cross-entropy in nats; here the logarithm is to base 2")  # fmt: skip
def natural(scores, labels, kind):
    m = scores * labels
    value = losses(m, kind).mean()
    return value * math.log(2) if kind == "logistic" else value


@wrong("compute exp(-m) as it stands: it overflows for a margin far below 0")
def overflows(scores, labels, kind):
    m = scores * labels
    return torch.log2(1 + (-m).exp()).mean() if kind == "logistic" else losses(m, kind).mean()


@wrong("let the loss grow no further than at a margin of -50: far mistakes then have no slope")
def clamped(scores, labels, kind):
    m = scores * labels
    return losses(m.clamp(min=-50) if kind == "logistic" else m, kind).mean()


@wrong("take 1 + exp(-m) before the logarithm: a small loss is rounded away")
def rounds_small_losses(scores, labels, kind):
    m = scores * labels
    if kind != "logistic":
        return losses(m, kind).mean()
    return (torch.log2(1 + (-m.abs()).exp()) + torch.relu(-m) / math.log(2)).mean()


@wrong("smooth the count of mistakes by a sigmoid: then it isn't the count")
def smoothed_count(scores, labels, kind):
    m = scores * labels
    return torch.sigmoid(-10 * m).mean() if kind == "zero_one" else losses(m, kind).mean()


@wrong("detach the margins: nothing flows back to the scores")
def detached(scores, labels, kind):
    return losses((scores * labels).detach(), kind).mean()


@wrong("let a correct answer's hinge pull as well: 1 - m without the cut at 0")
def never_cut(scores, labels, kind):
    m = scores * labels
    return (1 - m).mean() if kind == "hinge" else losses(m, kind).mean()


@wrong("take labels of 0 and 1 for what they are", accepts_bad_input=True)
def takes_zero_and_one(scores, labels, kind):
    if kind not in KINDS:
        raise ValueError(f"kind: {kind}")
    if scores.dim() != 1 or not len(scores):
        raise ValueError(f"scores: {tuple(scores.shape)}")
    if labels.shape != scores.shape:
        raise ValueError(f"labels: {tuple(labels.shape)}")
    return losses(scores * labels, kind).mean()


@right("with log1p and a maximum")
def with_log1p(scores, labels, kind):
    if scores.ndim != 1 or scores.numel() == 0:
        raise ValueError(f"`scores` has shape {tuple(scores.shape)}")
    if labels.shape != scores.shape or not set(labels.tolist()) <= {-1, 1}:
        raise ValueError("`labels` must have -1 or 1 for each score")
    margins = scores * labels
    if kind == "zero_one":
        return torch.where(margins > 0, 0.0, 1.0).to(scores.dtype).mean()
    if kind == "hinge":
        return torch.maximum(1 - margins, torch.zeros_like(margins)).mean()
    if kind == "logistic":
        small = torch.log1p(torch.exp(-margins.abs()))
        return ((small + torch.relu(-margins)) / math.log(2)).mean()
    raise ValueError(f"`kind` can't be {kind}")


@plot(x="margin", y="loss")
def plot_losses_over_the_margin(surrogate_loss):
    margins = [k / 50 - 2 for k in range(201)]
    one = vector(1.0)
    return {
        kind: (margins, [surrogate_loss(vector(m), one, kind) for m in margins]) for kind in KINDS
    }
