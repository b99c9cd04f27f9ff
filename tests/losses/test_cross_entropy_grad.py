"""dL/dz = sum(y) softmax(z) - y, over the rows' number for the mean."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy as torchs

from grader import Exercise, accuracy, check, claim, gpu, inputs, oracles, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("soft_cross_entropy", "softmax_jacobian"),
    forbid=("autograd", "cross_entropy", "cross_entropy_loss", "_log_softmax_backward_data"),
    instead="derive the gradient by hand",
    hints=(
        "Differentiate log softmax(z)_c by z_a, once for a = c and once for a != c.",
        "d log softmax(z)_c / dz_a = [a = c] - softmax(z)_a. Weight with -y_c, sum over c.",
        "sum(y) softmax(z) - y for each row, divided by n for the mean.",
    ),
)


@st.composite
def cases(draw):
    """Draw logits and labels of one shape; the labels have any sign, and mostly don't sum to 1."""
    n, k = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 4))
    labels = inputs.tensors(n, k, low=-1, high=2, step=1 / 4)
    return draw(inputs.tensors(n, k)), draw(labels)


@claim("S0-324", "S0-326", "S0-327", "S1-025")
def test_a_case_worked_by_hand(cross_entropy_grad):
    logits = torch.tensor([[1.0, 3.0, 4.0], [2.0, 5.0, 1.0]], dtype=torch.float64).log()
    labels = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]], dtype=torch.float64)
    total = torch.tensor([[1 / 8, -5 / 8, 4 / 8], [-2 / 8, 3 / 8, -1 / 8]], dtype=torch.float64)
    check(cross_entropy_grad, logits, labels, "sum", want=total)
    check(cross_entropy_grad, logits, labels, want=total / 2)


@claim("S0-327")
def test_labels_that_do_not_sum_to_1_weight_the_softmax(cross_entropy_grad):
    logits = torch.tensor([[1.0, 3.0, 4.0]], dtype=torch.float64).log()
    labels = torch.tensor([[1.0, 1.0, 0.0]], dtype=torch.float64)
    want = torch.tensor([[-6 / 8, -2 / 8, 8 / 8]], dtype=torch.float64)
    check(cross_entropy_grad, logits, labels, want=want)
    labels = torch.tensor([[2.0, -3.0, 0.0]], dtype=torch.float64)
    want = torch.tensor([[-17 / 8, 21 / 8, -4 / 8]], dtype=torch.float64)
    check(cross_entropy_grad, logits, labels, want=want)


@claim("S0-327")
def test_rows_without_labels_count_in_the_mean(cross_entropy_grad):
    labels = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    want = torch.tensor([[-0.25, 0.25], [0.0, 0.0]])
    check(cross_entropy_grad, torch.zeros(2, 2), labels, want=want)


@claim("S0-327", "S1-025")
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@given(cases())
def test_equals_automatic_differentiation(cross_entropy_grad, reduction, case):
    logits, labels = case
    want = oracles.gradient(lambda z: torchs(z, labels, reduction=reduction), logits)
    # A gradient that is 0 for the formula is a difference of numbers as large as the labels.
    check(cross_entropy_grad, logits, labels, reduction, want=want, scale=10.0)


@claim("S1-025")
def test_a_confident_mistake_has_the_largest_gradient(cross_entropy_grad):
    logits = torch.tensor([[20.0, -20.0], [-20.0, 20.0], [1e4, -1e4]], dtype=torch.float64)
    labels = torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    want = torch.tensor([[1.0, -1.0], [0.0, 0.0], [1.0, -1.0]], dtype=torch.float64)
    check(cross_entropy_grad, logits, labels, "sum", want=want)


@claim("S1-025")
def test_only_differences_of_the_logits_count(cross_entropy_grad):
    near = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    want = near.softmax(-1) - labels
    for shift in (9999, -1e4):
        check(cross_entropy_grad, near + shift, labels, want=want)


@claim("S0-327")
def test_a_masked_class_without_weight_has_gradient_0(cross_entropy_grad):
    logits = torch.tensor([[0.0, -torch.inf, 0.0]])
    labels = torch.tensor([[1.0, 0.0, 0.0]])
    check(cross_entropy_grad, logits, labels, want=torch.tensor([[-0.5, 0.0, 0.5]]))


def test_without_rows_it_is_empty(cross_entropy_grad):
    check(cross_entropy_grad, torch.zeros(0, 3), torch.zeros(0, 3), want=torch.zeros(0, 3))


def test_keeps_float32(cross_entropy_grad):
    want = torch.tensor([[0.5, -0.5]])
    check(cross_entropy_grad, torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]), want=want)


def test_refuses_labels_of_another_shape(cross_entropy_grad):
    for shape in ((1, 3), (2, 1), (3, 2), (3,)):
        expected = {"raises": ValueError, "naming": {"labels": shape}}
        check(cross_entropy_grad, torch.zeros(2, 3), torch.zeros(shape), **expected)


def test_refuses_logits_that_are_no_matrix_of_floats(cross_entropy_grad):
    for shape in ((3,), (2, 3, 1)):
        expected = {"raises": ValueError, "naming": {"logits": shape}}
        check(cross_entropy_grad, torch.zeros(shape), torch.zeros(shape), **expected)
    expected = {"raises": ValueError, "naming": {"logits": torch.int64}}
    check(cross_entropy_grad, torch.ones(2, 3).long(), torch.zeros(2, 3), **expected)


@pytest.mark.parametrize("bad", ["none", "Mean"])
def test_refuses_an_unknown_reduction(cross_entropy_grad, bad):
    expected = {"raises": ValueError, "naming": {"reduction": bad}}
    check(cross_entropy_grad, torch.zeros(1, 2), torch.ones(1, 2), bad, **expected)


def over_rows(grad, reduction):
    return grad / len(grad) if reduction == "mean" else grad


@wrong("write softmax - y, which needs labels that sum to 1")
def needs_distributions(logits, labels, reduction="mean"):
    return over_rows(logits.softmax(-1) - labels, reduction)


@wrong("normalise the labels first")
def normalised_labels(logits, labels, reduction="mean"):
    labels = labels / labels.sum(-1, keepdim=True).clamp(min=1e-30)
    return over_rows(logits.softmax(-1) - labels, reduction)


@wrong(
    "flip the sign: y - softmax is the direction of descent",
    right_for="the direction of descent; here the gradient itself is asked for",
)
def descent(logits, labels, reduction="mean"):
    grad = labels - labels.sum(-1, keepdim=True) * logits.softmax(-1)
    return over_rows(grad, reduction)


@wrong("forget to divide by the number of rows for the mean")
def always_sum(logits, labels, reduction="mean"):
    return labels.sum(-1, keepdim=True) * logits.softmax(-1) - labels


@wrong("divide by the number of rows for the sum as well")
def always_mean(logits, labels, reduction="mean"):
    return over_rows(always_sum(logits, labels), "mean")


@wrong("divide by the number of entries, and not by that of the rows")
def mean_of_entries(logits, labels, reduction="mean"):
    grad = always_sum(logits, labels)
    return grad / max(grad.numel(), 1) if reduction == "mean" else grad


@wrong("divide by the number of rows that have labels, and not by that of all rows")
def mean_of_labelled_rows(logits, labels, reduction="mean"):
    grad = always_sum(logits, labels)
    rows = int((labels != 0).any(-1).sum())
    return grad / max(rows, 1) if reduction == "mean" else grad


@wrong("clamp the logits to keep exp() small: large ones look alike")
def clamped(logits, labels, reduction="mean"):
    return over_rows(always_sum(logits.clamp(-50, 50), labels), reduction)


@wrong("stop at -y / softmax: that is the gradient by the probabilities")
def by_probabilities(logits, labels, reduction="mean"):
    return over_rows(-labels / logits.softmax(-1), reduction)


@wrong("keep the diagonal of the softmax's Jacobian only: -y (1 - softmax)")
def diagonal_only(logits, labels, reduction="mean"):
    return over_rows(-labels * (1 - logits.softmax(-1)), reduction)


@wrong("use the sigmoid of each logit, and not the softmax of the row")
def sigmoids(logits, labels, reduction="mean"):
    return over_rows(labels.sum(-1, keepdim=True) * logits.sigmoid() - labels, reduction)


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(logits, labels, reduction="mean"):
    p = logits.exp() / logits.exp().sum(-1, keepdim=True)
    return over_rows(labels.sum(-1, keepdim=True) * p - labels, reduction)


@wrong("normalise over the rows: the softmax goes along the wrong dimension")
def wrong_dimension(logits, labels, reduction="mean"):
    return over_rows(labels.sum(-1, keepdim=True) * logits.softmax(0) - labels, reduction)


@right("the softmax's Jacobian times the gradient by the probabilities, class by class")
def class_by_class(logits, labels, reduction="mean"):
    if reduction not in {"mean", "sum"}:
        raise ValueError(f"no such reduction: {reduction}")
    if logits.ndim != 2 or not logits.is_floating_point():
        raise ValueError(f"logits: {logits.dtype} {tuple(logits.shape)} won't do")
    if labels.shape != logits.shape:
        raise ValueError(f"labels: wrong shape {tuple(labels.shape)}")
    p = torch.softmax(logits, -1)
    grad = torch.zeros_like(p)
    for c in range(logits.shape[1]):
        one_hot = torch.zeros_like(p)
        one_hot[:, c] = 1
        grad = grad + labels[:, c : c + 1] * (p - one_hot)
    return grad / max(len(p), 1) if reduction == "mean" else grad


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(1, 8), draw.normal(1, 8).softmax(-1)),
    torch=lambda z, y: torch.func.grad(F.cross_entropy)(z, y),
)
def exact(mp, logits, labels):
    powers = [mp.exp(z) for z in logits[0]]
    mass, total = sum(labels[0]), sum(powers)
    return [[mass * p / total - y for p, y in zip(powers, labels[0], strict=True)]]


@gpu
def bench_soft_labels_of_many_classes(cross_entropy_grad, race):
    def by_autograd(logits, labels):
        z = logits.detach().requires_grad_()
        return torch.autograd.grad(torchs(z, labels), z)[0]

    race(
        cross_entropy_grad,
        torch=by_autograd,
        inputs=lambda draw, n, k: (draw.normal(n, k), draw.normal(n, k).softmax(-1)),
        small=(32, 1000),
        large=(4096, 16000),
        # An entry: 5 operations for softmax, 1 for the sum of the labels, *, - and / n.
        forward=lambda logits, labels: {
            "bytes": 3 * logits.nbytes,
            "flops": 9 * logits.numel(),
        },
    )
