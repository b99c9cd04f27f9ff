"""1 - eps for the true class, eps / (k - 1) for each other."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    hints=(
        "How many classes share the mass that the true one gives up?",
        "Fill everything with one other class's part, then write the true class's over it.",
    ),
)


@claim("S3-134")
def test_a_case_worked_by_hand(soft_labels):
    # The four other classes share 1/4.
    want = torch.full((2, 5), 1 / 16)
    want[0, 2] = want[1, 0] = 3 / 4
    check(soft_labels, torch.tensor([2, 0]), 5, 0.25, want=want)


@claim("S3-134")
@given(
    st.integers(2, 6).flatmap(
        lambda k: st.tuples(st.lists(st.integers(0, k - 1), max_size=5), st.just(k))
    ),
    st.integers(0, 20),
)
def test_equals_exact_fractions(soft_labels, case, twentieths):
    from fractions import Fraction

    (targets, k), eps = case, Fraction(twentieths, 20)
    rows = [[float(1 - eps if c == t else eps / (k - 1)) for c in range(k)] for t in targets]
    want = torch.tensor(rows).reshape(len(targets), k)
    check(soft_labels, torch.tensor(targets, dtype=torch.int64), k, float(eps), want=want)


@claim("S3-134")
def test_without_eps_the_labels_are_one_hot(soft_labels):
    want = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    check(soft_labels, torch.tensor([1, 2]), k=3, eps=0.0, want=want)


@claim("S3-134")
def test_eps_1_leaves_nothing_to_the_true_class(soft_labels):
    want = torch.tensor([[0.25, 0.0, 0.25, 0.25, 0.25]])
    check(soft_labels, torch.tensor([1]), k=5, eps=1.0, want=want)


@claim("S3-134")
def test_a_single_class_keeps_everything(soft_labels):
    check(soft_labels, torch.tensor([0, 0]), 1, 0.0, want=torch.ones(2, 1))


@claim("S3-134")
def test_refuses_to_share_with_nobody(soft_labels):
    check(soft_labels, torch.tensor([0]), 1, 0.25, raises=ValueError, naming={"k": 1})
    none = torch.zeros(0, dtype=torch.int64)
    check(soft_labels, none, 0, 0.0, raises=ValueError, naming={"k": 0})


@pytest.mark.parametrize("bad", [1.25, -0.25, float("nan")])
def test_refuses_eps_outside_0_and_1(soft_labels, bad):
    check(soft_labels, torch.tensor([0]), 3, bad, raises=ValueError, naming={"eps": bad})


@pytest.mark.parametrize("bad", [3, -1, -100])
def test_refuses_targets_that_are_no_class(soft_labels, bad):
    targets = torch.tensor([1, bad])
    check(soft_labels, targets, 3, 0.25, raises=ValueError, naming={"targets": bad})


def test_refuses_targets_that_are_no_vector_of_integers(soft_labels):
    for shape in ((), (2, 1)):
        targets, expected = torch.zeros(shape).long(), {"targets": shape}
        check(soft_labels, targets, 3, 0.25, raises=ValueError, naming=expected)
    for dtype in (torch.float32, torch.int32, torch.bool):
        targets, expected = torch.tensor([1, 0], dtype=dtype), {"targets": dtype}
        check(soft_labels, targets, 3, 0.25, raises=ValueError, naming=expected)


@wrong(
    "spread eps over all k classes, as torch's label_smoothing does",
    right_for="torch's label_smoothing; here the target class gets no share of eps",
)
def torchs_convention(targets, k, eps):
    return (1 - eps) * torch.nn.functional.one_hot(targets, k).float() + eps / k


@wrong("divide eps by k and not by k - 1: the rows don't sum to 1")
def mass_lost(targets, k, eps):
    return torch.full((len(targets), k), eps / k).scatter(1, targets[:, None], 1 - eps)


@wrong("give eps to each other class")
def undivided(targets, k, eps):
    return torch.full((len(targets), k), float(eps)).scatter(1, targets[:, None], 1 - eps)


@wrong("give the true class eps, and the rest to the others")
def swapped(targets, k, eps):
    return torch.full((len(targets), k), (1 - eps) / max(k - 1, 1)).scatter(
        1, targets[:, None], float(eps)
    )


@wrong("write 1 - eps into the targets' columns of every row")
def in_every_row(targets, k, eps):
    labels = torch.full((len(targets), k), eps / max(k - 1, 1))
    labels[:, targets] = 1 - eps
    return labels


@wrong("divide by k - 1 even if there is a single class")
def divides_by_zero(targets, k, eps):
    return torch.full((len(targets), k), eps / (k - 1)).scatter(1, targets[:, None], 1 - eps)


@wrong("return float64, and not float32")
def always_float64(targets, k, eps):
    share = eps / max(k - 1, 1)
    return torch.full((len(targets), k), share).scatter(1, targets[:, None], 1 - eps).double()


@wrong("lay the classes out in columns: a column a target")
def transposed(targets, k, eps):
    share = eps / max(k - 1, 1)
    return torch.full((k, len(targets)), share).scatter(0, targets[None], 1 - eps)


@wrong("ignore `k`, and take as many classes as the largest target needs")
def counts_classes(targets, k, eps):
    k = int(targets.max()) + 1 if len(targets) else k
    share = eps / max(k - 1, 1)
    return torch.full((len(targets), k), share).scatter(1, targets[:, None], 1 - eps)


@right("from one-hot labels")
def from_one_hot(targets, k, eps):
    if not (eps >= 0 and eps <= 1):
        raise ValueError(f"eps = {eps}")
    if k < 1 or (k == 1 and eps != 0):
        raise ValueError(f"k = {k} with eps = {eps}")
    if targets.ndim != 1 or targets.dtype != torch.long:
        raise ValueError(f"targets: {targets.dtype} {tuple(targets.shape)} won't do")
    for t in targets.tolist():
        if t < 0 or t >= k:
            raise ValueError(f"targets: {t} is no class")
    hot = (targets[:, None] == torch.arange(k)).to(torch.float32)
    return hot * (1 - eps) + (1 - hot) * (eps / max(k - 1, 1))
