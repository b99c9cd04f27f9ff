"""x' = lam x + (1 - lam) x[partner], and the labels by the same number."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    forbid=("lerp",),
    instead="write the mean out",
    hints=(
        "Which label has a picture that is three quarters a cat and one quarter a dog?",
        "x[partner] is the batch of the partners, in the batch's own order.",
        "lam * x + (1 - lam) * x[partner], and the same for y.",
    ),
)
X, Y = inputs.numbers(4, 3, 2), F.one_hot(torch.tensor([2, 0, 4, 1]), 5).double()
PARTNER = torch.tensor([2, 3, 3, 0])


def one_by_one(x, y, lam, partner):
    """The formula, an example at a time."""
    rows = [lam * x[i] + (1 - lam) * x[int(j)] for i, j in enumerate(partner)]
    labels = [lam * y[i] + (1 - lam) * y[int(j)] for i, j in enumerate(partner)]
    return torch.stack(rows), torch.stack(labels)


@claim("S3-380")
def test_a_case_worked_by_hand(mixup):
    x, y = vector([0.0, 4.0], [8.0, -4.0], [16.0, 0.0]), vector([1.0, 0.0], [0.0, 1.0], [0.5, 0.5])
    want = vector([2.0, 2.0], [10.0, -3.0], [12.0, 1.0])
    labels = vector([0.75, 0.25], [0.125, 0.875], [0.625, 0.375])
    check(mixup, x, y, 0.75, torch.tensor([1, 2, 0]), want=(want, labels))


@claim("S3-380")
@given(st.data(), st.integers(1, 4), st.integers(1, 3), st.sampled_from([0.125, 0.3, 0.5, 0.9]))
def test_equals_the_formula_example_by_example(mixup, data, n, k, lam):
    x = data.draw(inputs.tensors(n, inputs.sizes(1, 3), inputs.sizes(1, 2)))
    y = data.draw(inputs.tensors(n, k, low=0, high=1))
    partner = torch.tensor(data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n)))
    check(mixup, x, y, lam, partner, want=one_by_one(x, y, lam, partner))


@claim("S3-380")
def test_at_0_and_at_1_nothing_is_mixed(mixup):
    check(mixup, X, Y, 1.0, PARTNER, want=(X, Y))
    check(mixup, X, Y, 0.0, PARTNER, want=(X[PARTNER], Y[PARTNER]))


@claim("S3-380")
def test_an_example_may_be_its_own_partner(mixup):
    check(mixup, X[:1], Y[:1], 0.25, torch.tensor([0]), want=(X[:1], Y[:1]))
    check(mixup, X, Y, 0.25, torch.arange(4), want=(X, Y))


@claim("S3-380")
def test_labels_still_sum_to_one(mixup):
    y = vector([0.5, 0.25, 0.25], [0.0, 1.0, 0.0])
    want = 0.3 * y + 0.7 * y.flip(0)
    check(
        mixup, X[:2], y, 0.3, torch.tensor([1, 0]), want=(0.3 * X[:2] + 0.7 * X[:2].flip(0), want)
    )


@claim("S3-380")
@counterexample("S3-380")  # "two samples", with their class numbers: they have no means
def test_class_numbers_cannot_be_mixed(mixup):
    numbers = torch.tensor([2, 0, 4, 1])  # half of class 2 and half of class 4 isn't class 3
    check(mixup, X, numbers, 0.5, PARTNER, raises=ValueError, naming={"y": torch.int64})
    column = numbers.double()[:, None][:3]
    check(mixup, X, column, 0.5, PARTNER, raises=ValueError, naming={"y": (3, 1)})
    check(mixup, X, numbers.double(), 0.5, PARTNER, raises=ValueError, naming={"y": (4,)})
    check(mixup, X, Y[..., None], 0.5, PARTNER, raises=ValueError, naming={"y": (4, 5, 1)})


@pytest.mark.parametrize("which", [0, 1])
def test_gradients_flow_back_to_an_example_and_to_its_partner(mixup, which):
    check_gradient(mixup, X, Y, 0.25, PARTNER, of=which, like=one_by_one)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtypes(mixup, dtype):
    x, y = X.to(dtype), Y.to(dtype)
    want = one_by_one(x.double(), y.double(), 0.25, PARTNER)
    check(mixup, x, y, 0.25, PARTNER, want=tuple(t.to(dtype) for t in want))


@pytest.mark.parametrize("dtypes", [(torch.float32, torch.float64), (torch.float64, torch.float32)])
def test_inputs_and_labels_keep_their_own_dtypes(mixup, dtypes):
    x, y = X.to(dtypes[0]), Y.to(dtypes[1])
    want = one_by_one(X, Y, 0.25, PARTNER)
    want = (want[0].to(dtypes[0]), want[1].to(dtypes[1]))
    check(mixup, x, y, 0.25, PARTNER, want=want)


def test_reads_a_batch_by_its_strides(mixup):
    x, y = X.transpose(1, 2), Y.mT.contiguous().mT
    want = one_by_one(x.contiguous(), y.contiguous(), 0.25, PARTNER)
    check(mixup, x, y, 0.25, PARTNER, want=want)


def test_refuses_shares_that_are_none(mixup):
    for lam in (-0.25, 1.25, math.nan):
        check(mixup, X, Y, lam, PARTNER, raises=ValueError, naming={"lam": lam})


def test_refuses_integers(mixup):
    check(mixup, X.long(), Y, 0.5, PARTNER, raises=ValueError, naming={"x": torch.int64})


def test_refuses_partners_that_are_not_there(mixup):
    for value in (4, -1):
        partner = torch.tensor([2, 3, value, 0])
        check(mixup, X, Y, 0.5, partner, raises=ValueError, naming={"partner": value})
    for partner in (PARTNER[:3], PARTNER[:, None]):
        naming = {"partner": tuple(partner.shape)}
        check(mixup, X, Y, 0.5, partner, raises=ValueError, naming=naming)


def mixed(t, lam, partner):
    return lam * t + (1 - lam) * t[partner]


@wrong("mix the inputs and leave the labels as they are")
def inputs_only(x, y, lam, partner):
    return mixed(x, lam, partner), y.clone()


@wrong("mix the labels and leave the inputs as they are")
def labels_only(x, y, lam, partner):
    return x.clone(), mixed(y, lam, partner)


@wrong(
    "give the share lam to the partner",
    right_for="lam as the partner's share; here it is that of the example itself",
)
def shares_exchanged(x, y, lam, partner):
    return mixed(x, 1 - lam, partner), mixed(y, 1 - lam, partner)


@wrong("give the labels the other share than the inputs")
def labels_exchanged(x, y, lam, partner):
    return mixed(x, lam, partner), mixed(y, 1 - lam, partner)


@wrong("take the label of whoever has the larger share")
def majority(x, y, lam, partner):
    return mixed(x, lam, partner), y.clone() if lam >= 0.5 else y[partner]


@wrong("invert the partners: example partner_i gets example i")
def inverted(x, y, lam, partner):
    place = torch.zeros_like(partner).scatter_(0, partner, torch.arange(len(partner)))
    return mixed(x, lam, place), mixed(y, lam, place)


@wrong("mix with the batch turned around, whoever the partners are")
def turned_around(x, y, lam, partner):
    place = torch.arange(len(x)).flip(0)
    return mixed(x, lam, place), mixed(y, lam, place)


@wrong("add the examples without shares: labels sum to 2")
def sums(x, y, lam, partner):
    return x + x[partner], y + y[partner]


@wrong("round the mixed labels to whole classes")
def rounded(x, y, lam, partner):
    return mixed(x, lam, partner), mixed(y, lam, partner).round()


@wrong("detach the partners: gradients reach the examples themselves only")
def detached(x, y, lam, partner):
    return mixed_with(x, x.detach(), lam, partner), mixed_with(y, y.detach(), lam, partner)


def mixed_with(t, other, lam, partner):
    return lam * t + (1 - lam) * other[partner]


@wrong("mix in place: the caller's batch is changed")
def in_place(x, y, lam, partner):
    with torch.no_grad():
        for t in (x, y):
            t.copy_(mixed(t, lam, partner))
    return x, y


@wrong("give the labels the dtype of the inputs")
def labels_of_the_inputs_dtype(x, y, lam, partner):
    return mixed(x, lam, partner), mixed(y, lam, partner).to(x.dtype)


@wrong("compute in float32 whatever the dtypes")
def always_float32(x, y, lam, partner):
    return mixed(x.float(), lam, partner), mixed(y.float(), lam, partner)


@wrong("count partners from the end if they are negative", accepts_bad_input=True)
def from_the_end(x, y, lam, partner):
    refuse(x, y, lam, partner.abs().clamp(max=len(x) - 1) if (partner < 0).any() else partner)
    return mixed(x, lam, partner), mixed(y, lam, partner)


@wrong("go beyond the two examples: a share above 1 is no mean", accepts_bad_input=True)
def extrapolates(x, y, lam, partner):
    refuse(x, y, min(lam, 1.0), partner)
    return mixed(x, lam, partner), mixed(y, lam, partner)


def refuse(x, y, lam, partner):
    if not (lam >= 0 and lam <= 1):
        raise ValueError(f"`lam` = {lam}")
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x`: {x.dtype}")
    if not y.dtype.is_floating_point or y.ndim != 2 or y.shape[0] != x.shape[0]:
        raise ValueError(f"`y`: {y.dtype} {tuple(y.shape)}")
    if partner.ndim != 1 or partner.shape[0] != x.shape[0]:
        raise ValueError(f"`partner`: {tuple(partner.shape)}")
    for j in partner.tolist():
        if j not in range(len(x)):
            raise ValueError(f"`partner`: no example {j}")


@right("as a matrix that mixes rows")
def by_a_matrix(x, y, lam, partner):
    refuse(x, y, lam, partner)
    eye = torch.eye(len(x), dtype=torch.float64, device=x.device)
    mix = lam * eye + (1 - lam) * eye[partner]
    rows = (mix @ x.double().reshape(len(x), -1)).reshape(x.shape)
    return rows.to(x.dtype), (mix @ y.double()).to(y.dtype)


@right("from the partner towards the example")
def from_the_partner(x, y, lam, partner):
    refuse(x, y, lam, partner)
    xs, ys = x.index_select(0, partner), y.index_select(0, partner)
    return xs * (1 - lam) + x * lam, ys * (1 - lam) + y * lam


@gpu
def bench_a_batch_of_images(mixup, race):
    def torchs(x, y, lam, partner):
        return torch.lerp(x[partner], x, lam), torch.lerp(y[partner], y, lam)

    race(
        mixup,
        torch=torchs,
        inputs=lambda draw, n, c, h: (
            draw.normal(n, c, h, h), draw.normal(n, 10).softmax(-1), 0.3, draw.integers(n, n),
        ),
        small=(16, 3, 16),
        large=(512, 3, 224),
        # Example and partner are read, the mean is written; two products and a sum an entry.
        forward=lambda x, y, lam, partner: {"bytes": 3 * x.nbytes, "flops": 3 * x.numel()},
    )  # fmt: skip
