"""torch spreads eps over all classes; the notes over the others."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("soft_labels", "label_smoothing_cross_entropy"),
    hints=(
        "Over how many classes does torch spread eps? Look at the documentation's formula.",
        "The targets differ by eps / k at the true class. Which logits make that expensive?",
    ),
)


def refutes(k):
    def holds(result):
        logits, target, eps = result
        fair = logits.is_floating_point() and logits.shape == (k,)
        fair = fair and bool((logits.abs() <= 100).all())
        fair = fair and isinstance(target, int) and 0 <= target < k and 0 <= eps <= 1
        z = logits.double()
        labels = torch.full_like(z, eps / (k - 1))
        labels[target] = 1 - eps
        notes = -(labels * z.log_softmax(0)).sum()
        torchs = cross_entropy(z[None], torch.tensor([target]), label_smoothing=eps)
        return fair and abs(notes - torchs) >= 0.5

    return such_that("logits, a target and eps whose two losses are 0.5 nats apart", holds)


@claim("S3-135")
@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_the_two_losses_differ(label_smoothing_differs, k):
    check(label_smoothing_differs, k, want=refutes(k))


@wrong("use no smoothing at all: without eps both are the ordinary loss")
def no_smoothing(k):
    return 100 * torch.eye(k)[0], 0, 0.0


@wrong("use equal logits: every target of mass 1 costs the same")
def equal_logits(k):
    return torch.zeros(k), 0, 0.5


@wrong("let the true class lead by too little: the losses differ by eps / k of its lead")
def small_lead(k):
    logits = torch.zeros(k)
    logits[0] = 1.0
    return logits, 0, 0.5


@wrong("use logits beyond 100")
def too_large(k):
    return 1e4 * torch.eye(k)[0], 0, 0.5


@wrong("use an eps that torch refuses")
def too_much(k):
    return 50 * torch.eye(k)[0], 0, 1.5


@right("the true class is far behind")
def far_behind(k):
    logits = torch.full((k,), 40.0, dtype=torch.float64)
    logits[-1] = -60.0
    return logits, k - 1, 1.0
