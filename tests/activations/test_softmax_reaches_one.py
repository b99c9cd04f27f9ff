"""Softmax outputs lie strictly between 0 and 1: true of reals, not of float32."""

import torch

from grader import Exercise, check, claim, counterexample, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    kind="refute",
    after=("softmax",),
    hints=(
        "The largest probability is 1 / (1 + the rest). When is 1 + rest the same as 1?",
        "In float32 the next number after 1 is 1 + 2^-23; half of that step rounds down.",
        "Two logits 17 or more apart: exp(-17) = 4.1e-8 is less than 2^-24 = 6.0e-8.",
    ),
)


def is_admissible(logits):
    """Whether it is a float32 vector of two or more finite logits within 20 of one another."""
    one = logits.dim() == 1 and logits.dtype == torch.float32 and logits.numel() >= 2
    return one and bool(logits.isfinite().all()) and (logits.max() - logits.min()).item() <= 20


@claim("S1-019")
def test_are_finite_float32_logits_within_20_of_one_another(softmax_reaches_one):
    told = "a float32 vector of at least 2 finite logits, none further than 20 from another"
    check(softmax_reaches_one, want=such_that(told, is_admissible))


@counterexample("S1-019")
def test_a_probability_is_exactly_one(softmax_reaches_one):
    def refutes(logits):
        p = logits.softmax(0)
        return is_admissible(logits) and bool((p == 1).any())

    told = "logits with a softmax output that is exactly 1, though every output should be in (0, 1)"
    check(softmax_reaches_one, want=such_that(told, refutes))


@counterexample("S1-019")
def test_and_none_is_zero(softmax_reaches_one):
    def refutes(logits):
        p = logits.softmax(0)
        return is_admissible(logits) and bool((p == 1).any() and (p > 0).all())

    told = "logits with a softmax output that is exactly 1, while all others are above 0"
    check(softmax_reaches_one, want=such_that(told, refutes))


@wrong("return a large gap: the smaller probability underflows to 0 as well")
def too_far_apart():
    return torch.tensor([0.0, -200.0])


@wrong("stop at a gap where the rest still counts: 1 + exp(-15) is not 1 in float32")
def too_near():
    return torch.tensor([0.0, -15.0])


@wrong("return a single logit: one class has probability 1 among real numbers too")
def one_class():
    return torch.tensor([0.0])


@wrong("return a masked logit of -inf, which is no real number")
def masked():
    return torch.tensor([0.0, -torch.inf])


@wrong("return float64 logits: there 1 + exp(-18) is not 1")
def in_float64():
    return torch.tensor([0.0, -18.0], dtype=torch.float64)


@wrong("return so many small logits that together they count")
def many_together():
    return torch.tensor([0.0] + [-18.0] * 100)


@right("found by a search, with three classes away from 0")
def by_search():
    gap = 1.0
    while torch.tensor([gap, 0.0, 0.0]).softmax(0)[0] < 1:
        gap += 0.5
    return torch.tensor([gap + 100, 100.0, 100.0])
