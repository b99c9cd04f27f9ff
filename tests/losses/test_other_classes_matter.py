"""The other logits are in the softmax's denominator: change one, and the loss changes."""

import pytest
import torch

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("cross_entropy",),
    hints=(
        "Which logits does the target's probability depend on?",
        "Raise one logit that is not the target's by a lot.",
    ),
)


def refutes(k):
    def holds(result):
        logits, changed, target = result
        fair = (
            logits.shape == changed.shape == (k,)
            and logits.is_floating_point()
            and changed.is_floating_point()
            and bool(logits.isfinite().all() and changed.isfinite().all())
            and isinstance(target, int)
            and 0 <= target < k
            and logits[target] == changed[target]
        )
        costs = [-z.double().log_softmax(0)[target] for z in (logits, changed)]
        return fair and abs(costs[0] - costs[1]) >= 1

    told = f"two vectors of {k} finite logits, equal at the target, whose losses are 1 nat apart"
    return such_that(told, holds)


@claim("S0-317")
@pytest.mark.parametrize("k", [2, 3, 10, 100])
def test_the_loss_depends_on_the_other_logits(other_classes_matter, k):
    check(other_classes_matter, k, want=refutes(k))


@wrong("change the target's logit as well")
def changes_the_target(k):
    logits, changed = torch.zeros(k), torch.zeros(k)
    changed[0] = 50.0
    return logits, changed, 0


@wrong("shift all logits alike: the softmax doesn't notice")
def shift(k):
    return torch.zeros(k), torch.full((k,), 50.0), 0


@wrong("lower the other logit in place of raising it: with many classes the loss hardly changes")
def lowers(k):
    logits, changed = torch.zeros(k), torch.zeros(k)
    changed[-1] = -50.0
    return logits, changed, 0


@wrong("use a change that is too small")
def too_small(k):
    logits, changed = torch.zeros(k), torch.zeros(k)
    changed[-1] = 0.5
    return logits, changed, 0


@wrong("use an infinite logit")
def infinite(k):
    logits, changed = torch.zeros(k), torch.zeros(k)
    changed[-1] = torch.inf
    return logits, changed, 0


@right("the last class is the target, and all others are raised")
def all_others(k):
    changed = torch.full((k,), 30.0, dtype=torch.float64)
    changed[-1] = -2.0
    return torch.full((k,), -2.0, dtype=torch.float64), changed, k - 1
