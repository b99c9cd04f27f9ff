"""On separable data the weights grow like the logarithm of the steps, until a penalty holds them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from grader import Exercise, check, claim, counterexample, inputs, plot, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("logistic_regression_grad", "sgd_weight_decay_step"),
    forbid=("torch.optim",),
    instead="write the step with +, - and *",
    hints=(
        "What is the derivative of log(1 + exp(z)) - y z with respect to z?",
        "sigmoid(z) - y for each row: times the features, on average, plus lam * w.",
        "w = w - lr * (X^T (sigmoid(X w) - y) / n + lam * w), from zeros.",
    ),
)

LOG_3 = math.log(3)  # where the sigmoid is 3/4
APART = vector([1.0], [-1.0]), vector(1.0, 0.0)  # the mean loss is log(1 + exp(-w))


def test_one_step_worked_by_hand(logistic_descent):
    # Every sigmoid is 1/2: slopes -1/2, 1/2, 1/2 and -1/4.
    features = vector([2.0, 1.0], [0.0, 4.0], [-2.0, 2.0], [8.0, 0.0])
    labels = vector(1.0, 0.0, 0.0, 0.75)
    check(logistic_descent, features, labels, 2.0, 0.5, 1, want=vector(2.0, -1.25))


@claim("S4-317")
def test_two_steps_worked_by_hand(logistic_descent):
    # The first step leads to log 3, the second has slopes of 1/4.
    check(logistic_descent, *APART, 2 * LOG_3, 0.0, 2, want=vector(1.5 * LOG_3))
    # 3 rows of one label, of which half is pulled back: lr * lam = 1/2.
    features, labels = vector([1.0], [1.0], [1.0]), vector(0.0, 0.0, 0.0)
    want = vector(-LOG_3 + 0.5 * LOG_3 - 0.5 * LOG_3)
    check(logistic_descent, features, labels, 2 * LOG_3, 0.25 / LOG_3, 2, want=want)


def test_no_step_leaves_zeros(logistic_descent):
    check(logistic_descent, inputs.numbers(2, 3), vector(1.0, 0.0), 1.0, 0.5, 0,
          want=torch.zeros(3, dtype=torch.float64))  # fmt: skip


def by_torch(features, labels, lr, lam, steps):
    """Descend with torch's loss and torch's optimizer."""
    w = torch.nn.Parameter(torch.zeros(features.shape[1], dtype=features.dtype))
    optimizer = torch.optim.SGD([w], lr=lr, weight_decay=lam)
    for _ in range(steps):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(features @ w, labels).backward()
        optimizer.step()
    return w.detach()


@claim("S4-317", "S4-132")
@given(
    inputs.tensors(inputs.sizes(1, 5), 3, low=-2, high=2),
    inputs.tensors(5, low=0, high=1),
    st.integers(0, 8).map(lambda k: k / 4),
    st.integers(0, 4).map(lambda k: k / 4),
    st.integers(0, 5),
)
def test_equals_torchs_descent(logistic_descent, features, labels, lr, lam, steps):
    labels = labels[: len(features)]
    want = by_torch(features, labels, lr, lam, steps)
    check(logistic_descent, features, labels, lr, lam, steps, want=want, scale=10.0)


@claim("S4-317", "S4-132")
def test_without_a_penalty_the_weights_never_stop(logistic_descent):
    w = 0.0
    for steps in range(1, 41):
        w += 1 / (1 + math.exp(w))
        if steps in (4, 40):  # 1.4 and 3.7: ten times the steps, about log 10 farther
            check(logistic_descent, *APART, 1.0, 0.0, steps, want=vector(w))


@claim("S4-317")
@pytest.mark.parametrize(("lam", "lr"), [(0.1, 4.0), (0.5, 1.4)])
def test_a_penalty_holds_them_where_both_pulls_are_equal(logistic_descent, lam, lr):
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 / (1 + math.exp(middle)) > lam * middle else (low, middle)
    for steps in (15, 18):
        check(logistic_descent, *APART, lr, lam, steps, want=vector(low))


@claim("S4-317")
@counterexample("S4-317")  # "under-constrained": data of which no plane separates the labels aren't
def test_labels_that_overlap_have_a_minimum_without_a_penalty(logistic_descent):
    # Of four equal rows three have the label 1: sigmoid(w) = 3/4 there.
    features, labels = vector([1.0], [1.0], [1.0], [1.0]), vector(1.0, 1.0, 0.0, 1.0)
    for steps in (15, 18):
        check(logistic_descent, features, labels, 5.0, 0.0, steps, want=vector(LOG_3))


@claim("S4-317")
def test_a_feature_that_is_always_0_keeps_its_weight_at_0(logistic_descent):
    features, labels = vector([1.0, 0.0], [-1.0, 0.0], [2.0, 0.0]), vector(1.0, 0.0, 0.0)
    want = by_torch(features, labels, 0.5, 0.25, 7)
    check(logistic_descent, features, labels, 0.5, 0.25, 7, want=want)


def test_right_rows_go_on_pushing(logistic_descent):
    # All three rows are right after the first step, and the second still has slopes.
    features, labels = vector([4.0, 1.0], [-2.0, 3.0], [1.0, -2.0]), vector(1.0, 0.0, 1.0)
    want = by_torch(features, labels, 1.0, 0.0, 6)
    check(logistic_descent, features, labels, 1.0, 0.0, 6, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_rows_far_from_the_plane(logistic_descent, dtype):
    # After the first step z is 5e7 and -5e7: each sigmoid is 1 or 0, and nothing moves any more.
    features, labels = vector([1e4], [-1e4]).to(dtype), vector(1.0, 0.0).to(dtype)
    check(logistic_descent, features, labels, 1.0, 0.0, 3, want=vector(5e3).to(dtype))
    # Both rows on the wrong side after the first: the third, larger one leads there.
    features, labels = vector([1.0], [1.0], [-2e4]).to(dtype), vector(1.0, 1.0, 1.0).to(dtype)
    check(logistic_descent, features, labels, 1.0, 0.0, 2, want=vector(-2e4 / 6 + 1).to(dtype))


def test_reads_by_strides(logistic_descent):
    features, labels = inputs.numbers(3, 4).mT / 4, vector(1.0, 9.0, 0.0, 9.0, 0.25, 9.0, 1.0)[::2]
    want = by_torch(features, labels, 0.5, 0.25, 3)
    check(logistic_descent, features, labels, 0.5, 0.25, 3, want=want)


def test_refuses_rates_and_penalties_out_of_range(logistic_descent):
    for number in (-0.5, math.inf, math.nan):
        check(logistic_descent, *APART, number, 0.5, 2, raises=ValueError, naming={"lr": number})
        check(logistic_descent, *APART, 0.5, number, 2, raises=ValueError, naming={"lam": number})
    check(logistic_descent, *APART, 0.5, 0.5, -1, raises=ValueError, naming={"steps": -1})


def test_refuses_other_numbers_of_labels(logistic_descent):
    for shape in ((2,), (1,), (3, 1), ()):
        check(logistic_descent, torch.ones(3, 2), torch.ones(shape), 0.5, 0.5, 2,
              raises=ValueError, naming={"labels": shape})  # fmt: skip
    check(logistic_descent, torch.ones(0, 2), torch.ones(0), 0.5, 0.5, 2,
          raises=ValueError, naming={"labels": (0,)})  # fmt: skip


def test_refuses_labels_of_minus_1_and_nan(logistic_descent):
    for label in (-1.0, 2.0, math.nan):
        check(logistic_descent, torch.ones(2, 1), torch.tensor([1.0, label]), 0.5, 0.5, 2,
              raises=ValueError, naming={"labels": ""})  # fmt: skip


def descend(features, labels, lr, lam, steps, slope=lambda z, y: z.sigmoid() - y, start=0.0):
    """The descent, with the slope of one row's loss by z."""
    w = features.new_full((features.shape[1],), start)
    for _ in range(steps):
        w = w - lr * (features.mT @ slope(features @ w, labels) / len(labels) + lam * w)
    return w


@wrong("leave the penalty out")
def without_penalty(features, labels, lr, lam, steps):
    return descend(features, labels, lr, 0.0, steps)


@wrong("forget the 1/2 of the penalty: its slope is lam * w")
def penalty_twice(features, labels, lr, lam, steps):
    return descend(features, labels, lr, 2 * lam, steps)


@wrong("sum over the rows, and don't average")
def summed(features, labels, lr, lam, steps):
    n = len(labels)
    return descend(features, labels, lr * n, lam / n, steps)


@wrong("divide the penalty by the number of rows as well")
def penalty_averaged(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam / len(labels), steps)


@wrong("climb: the gradient is added")
def climbs(features, labels, lr, lam, steps):
    return descend(features, labels, -lr, lam, steps)


@wrong("let the penalty push outwards: its sign is that of the labels' term")
def pushes_outwards(features, labels, lr, lam, steps):
    return descend(features, labels, lr, -lam, steps)


@wrong("take the labels for -1 and 1: rows of label 0 don't count")
def labels_as_signs(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam, steps, lambda z, y: -y * (-y * z).sigmoid())


@wrong("put the squared error behind the sigmoid: where it saturates nothing moves")
def squared_error(features, labels, lr, lam, steps):
    def slope(z, y):
        p = z.sigmoid()
        return (p - y) * p * (1 - p)

    return descend(features, labels, lr, lam, steps, slope)


@wrong("decide first: only rows on the wrong side push, as the perceptron's do")
def perceptron(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam, steps, lambda z, y: (z > 0).to(z.dtype) - y)


@wrong("leave the sigmoid out: that is a linear regression on the labels")
def linear(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam, steps, lambda z, y: z - y)


@wrong("write the sigmoid as exp(z) / (1 + exp(z)): it overflows")
def overflows(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam, steps, lambda z, y: z.exp() / (1 + z.exp()) - y)


@wrong("stop as soon as every row is on its right side")
def stops_early(features, labels, lr, lam, steps):
    w = descend(features, labels, lr, lam, 0)
    for _ in range(steps):
        z = features @ w
        if bool((((z > 0) == (labels > 0.5)) & (z != 0)).all()):
            return w
        w = w - lr * (features.mT @ (z.sigmoid() - labels) / len(labels) + lam * w)
    return w


@wrong("shrink the weights after the step, the new part too")
def shrinks_after(features, labels, lr, lam, steps):
    w = descend(features, labels, lr, lam, 0)
    for _ in range(steps):
        w = w - lr * features.mT @ ((features @ w).sigmoid() - labels) / len(labels)
        w = (1 - lr * lam) * w
    return w


@wrong("fit an intercept as well")
def with_intercept(features, labels, lr, lam, steps):
    ones = torch.ones_like(features[:, :1])
    return descend(torch.cat([features, ones], 1), labels, lr, lam, steps)[:-1]


@wrong("start from ones")
def from_ones(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam, steps, start=1.0)


@wrong("take a step too many")
def one_more(features, labels, lr, lam, steps):
    return descend(features, labels, lr, lam, steps + 1)


@wrong("go through the rows one by one: a step for each")
def row_by_row(features, labels, lr, lam, steps):
    w = descend(features, labels, lr, lam, 0)
    for _ in range(steps):
        for row, label in zip(features, labels, strict=True):
            w = w - lr / len(labels) * (row * ((row @ w).sigmoid() - label) + lam * w)
    return w


@wrong("compute in float32 whatever the dtype")
def always_float32(features, labels, lr, lam, steps):
    return descend(features.float(), labels.float(), lr, lam, steps).to(features.dtype)


def refuse(features, labels, lr, lam, steps):
    for name, number in {"lr": lr, "lam": lam}.items():
        if number < 0 or not math.isfinite(number):
            raise ValueError(f"`{name}` can't be {number}")
    if steps <= -1:
        raise ValueError(f"`steps` can't be {steps}")
    if labels.ndim != 1 or len(labels) != len(features) or len(labels) == 0:
        raise ValueError(f"`labels` can't be of shape {tuple(labels.shape)}")
    if not bool(torch.isclose(labels.clamp(0, 1), labels, rtol=0.0, atol=0.0).all()):
        raise ValueError(f"`labels` can't be {labels.tolist()}")


@right("by torch's loss and automatic differentiation")
def by_autograd(features, labels, lr, lam, steps):
    refuse(features, labels, lr, lam, steps)
    w = torch.zeros(features.shape[1], dtype=features.dtype, device=features.device)
    for _ in range(steps):
        w.requires_grad_()
        loss = binary_cross_entropy_with_logits(features @ w, labels) + lam / 2 * (w @ w)
        (grad,) = torch.autograd.grad(loss, w)
        w = (w - lr * grad).detach()
    return w


@right("with labels of -1 and 1 for the margins, and the penalty as a factor")
def by_margins(features, labels, lr, lam, steps):
    refuse(features, labels, lr, lam, steps)
    w = torch.zeros_like(features[0])
    for _ in range(steps):
        z = features @ w
        pull = labels * (-z).sigmoid() - (1 - labels) * z.sigmoid()
        w = (1 - lr * lam) * w + lr * (pull[:, None] * features).mean(0)
    return w


@plot(x="steps", y="weight", xscale="log")
def plot_a_separable_pair(logistic_descent):
    features, labels = torch.tensor([[1.0], [-1.0]]), torch.tensor([1.0, 0.0])
    steps = [1, 2, 5, 10, 20, 50, 100, 200, 500]
    return {
        f"lam = {lam}": (
            steps,
            [float(logistic_descent(features, labels, 1.0, lam, k)[0]) for k in steps],
        )
        for lam in (0.0, 0.001, 0.01, 0.1)
    }
