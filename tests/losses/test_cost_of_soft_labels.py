"""With soft labels the least cross-entropy is their entropy, and not 0."""

import math

import pytest
import torch

from grader import Exercise, check, claim, right, such_that, wrong

EXERCISE = Exercise(
    level="warm-up",
    kind="refute",
    after=("soft_cross_entropy",),
    hints=(
        "What is the cross-entropy of a distribution with itself?",
        "Which distribution over k classes has the largest entropy?",
    ),
)


def refutes(k, cost):
    def holds(result):
        floating = all(t.is_floating_point() for t in result)
        logits, labels = (t.double() for t in result)
        fair = (
            floating
            and logits.shape == labels.shape == (k,)
            and bool(logits.isfinite().all() and (labels >= 0).all())
            and abs(labels.sum() - 1) < 1e-5
            and bool((logits.softmax(0) - labels).abs().max() < 1e-5)
        )
        return fair and -(labels * logits.log_softmax(0)).sum() >= cost

    told = f"a distribution over {k} classes and the logits that give just it, at a cross-entropy of {cost:.4g}"
    return such_that(told, holds)


@claim("S4-129")
@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize("share", [0.25, 0.9, 0.99])
def test_right_outputs_cost_the_entropy_of_the_labels(cost_of_soft_labels, k, share):
    cost = share * math.log(k)
    check(cost_of_soft_labels, k, cost, want=refutes(k, cost))


@wrong("use one-hot labels: they can be had for next to nothing")
def one_hot(k, cost):
    labels = torch.zeros(k)
    labels[0] = 1
    return 100 * labels, labels


@wrong("use outputs that aren't right")
def wrong_outputs(k, cost):
    logits, labels = torch.zeros(k), torch.full((k,), 1 / k)
    logits[0] = 50.0
    return logits, labels


@wrong("use labels that don't sum to 1")
def unnormalised(k, cost):
    return torch.zeros(k), torch.ones(k)


@wrong("return the probabilities as logits")
def probabilities(k, cost):
    labels = torch.full((k,), 0.1 / (k - 1))
    labels[0] = 0.9
    return labels.clone(), labels


@right("uniform labels, with logits that are all the same number")
def shifted(k, cost):
    return torch.full((k,), -3.0), torch.ones(k) / k
