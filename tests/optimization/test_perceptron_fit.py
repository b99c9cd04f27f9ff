"""w += y x, b += y at each row that is on the wrong side: it ends if and only if a line parts them."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, plot, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    hints=(
        "What does an update do to y (w . x + b) of the same row?",
        "Two loops: over epochs, and over rows. How do you know that an epoch changed nothing?",
        "if y_i * (x_i @ w + b) <= 0: w = w + y_i * x_i; b = b + y_i; updates += 1",
    ),
)

CORNERS = vector([0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0])
AND, XOR = vector(-1, -1, -1, 1), vector(-1, 1, 1, -1)


@claim("S2-059")
def test_a_case_worked_by_hand(perceptron_fit):
    # 0 is wrong: w = (1, 2, 0), b = 1. Then 3 is right for a +1, and wrong for a -1: w = (-1, 2, -1),
    # b = 0. In the second epoch the scores are 3, 1 and -3: all right.
    X, y = vector([1.0, 2.0, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]), vector(1.0, 1.0, -1.0)
    check(perceptron_fit, X, y, 1, want=(vector(-1.0, 2.0, -1.0), 0.0, 2, False))
    check(perceptron_fit, X, y, 9, want=(vector(-1.0, 2.0, -1.0), 0.0, 2, True))


def by_fractions(X, y, max_epochs):
    """The weights as sums of rows, each with the number of its updates, in fractions."""
    rows = [[Fraction(v) for v in [*row, 1]] for row in X.tolist()]
    labels = [int(label) for label in y.tolist()]
    gram = [[sum(a * b for a, b in zip(p, q, strict=True)) for q in rows] for p in rows]
    counts = [0] * len(rows)
    done = False
    for _ in range(max_epochs):
        before = list(counts)
        for i, label in enumerate(labels):
            signed = sum(c * k * g for c, k, g in zip(counts, labels, gram[i], strict=True))
            counts[i] += label * signed <= 0
        if counts == before:
            done = True
            break
    total = [
        sum(c * k * row[j] for c, k, row in zip(counts, labels, rows, strict=True))
        for j in range(X.shape[1] + 1)
    ]
    *w, b = map(float, total)
    return torch.tensor(w, dtype=X.dtype), b, sum(counts), done


@claim("S2-059")
def test_learns_and_in_18_updates(perceptron_fit):
    check(perceptron_fit, CORNERS, AND, 20, want=(vector(3.0, 2.0), -4.0, 18, True))


@claim("S2-059", "S2-060")
@given(st.integers(1, 6).flatmap(lambda n: st.tuples(
    inputs.tensors(n, 3, low=-2, high=2, step=0.5),
    st.lists(st.sampled_from([-1.0, 1.0]), min_size=n, max_size=n),
)), st.integers(0, 12))  # fmt: skip
def test_equals_counting_updates_of_each_row(perceptron_fit, rows, max_epochs):
    X, labels = rows
    y = torch.tensor(labels, dtype=torch.float64)
    check(perceptron_fit, X, y, max_epochs, want=by_fractions(X, y, max_epochs))


@claim("S2-059", "S2-060")
@counterexample("S2-060")  # "negative means wrong": 0 is neither, and is updated at
def test_a_score_of_zero_counts_as_wrong_for_either_label(perceptron_fit):
    for label in (1.0, -1.0):
        # The notes' own sigma(0) = 1 predicts +1 rightly, and still it is updated at.
        want = (vector(0.0, 0.0), label, 1, True)
        check(perceptron_fit, vector([0.0, 0.0]), vector(label), 5, want=want)
        want = (label * vector(3.0, -1.0), label, 1, True)
        check(perceptron_fit, vector([3.0, -1.0]), vector(label), 5, want=want)


@claim("S2-060")
def test_a_small_score_on_the_right_side_is_right(perceptron_fit):
    # The first row leads to w = (1, 0), b = 1, which gives the second a score of 2^-40.
    X, y = vector([1.0, 0.0], [2.0**-40 - 1, 0.0]), vector(1.0, 1.0)
    check(perceptron_fit, X, y, 5, want=(vector(1.0, 0.0), 1.0, 1, True))


@claim("S2-063")
@counterexample("S2-063")  # "repeat until converged"
def test_on_xor_it_goes_round_in_a_circle(perceptron_fit):
    zero = torch.zeros(2).double()
    for epochs in (0, 9, 20):
        want = by_fractions(CORNERS, XOR, epochs)
        check(perceptron_fit, CORNERS, XOR, epochs, want=want)
    check(perceptron_fit, CORNERS, XOR, 40, want=(zero, 0.0, 160, False))


@counterexample("S2-063")
def test_with_one_point_on_both_sides_it_never_ends(perceptron_fit):
    X, y = vector([1.0, 2.0], [1.0, 2.0]), vector(1.0, -1.0)
    check(perceptron_fit, X, y, 30, want=(vector(0.0, 0.0), 0.0, 60, False))


@claim("S2-063")
def test_rows_with_a_margin_end_within_the_bound(perceptron_fit):
    draw = torch.Generator().manual_seed(3)
    for _ in range(3):
        X = torch.randn(20, 4, generator=draw, dtype=torch.float64)
        normal = torch.randn(5, generator=draw, dtype=torch.float64)
        ones = torch.ones(20, 1, dtype=torch.float64)
        score = torch.cat([X, ones], 1) @ normal / normal.norm()
        X, score = X[score.abs() > 0.25], score[score.abs() > 0.25]
        y, margin = score.sign(), float(score.abs().min())
        radius = float(X.square().sum(1).max() + 1) ** 0.5

        def holds(answer, X=X, y=y, bound=(radius / margin) ** 2):
            w, b, updates, done = answer
            return done is True and updates <= bound and bool((y * (X @ w + b) > 0).all())

        told = "weights that part the classes, done, after at most (R / margin)^2 updates"
        check(perceptron_fit, X, y, 200, want=such_that(told, holds))


@claim("S2-059")
def test_the_order_of_the_rows_decides_which_line(perceptron_fit):
    order = torch.tensor([3, 0, 2, 1])
    X, y = CORNERS[order], AND[order]
    check(perceptron_fit, X, y, 30, want=by_fractions(X, y, 30))


def test_is_done_only_after_an_epoch_without_update(perceptron_fit):
    X, y = vector([1.0, 2.0]), vector(-1.0)
    for epochs, done in ((0, False), (1, False), (2, True), (3, True)):
        w = vector(-1.0, -2.0) if epochs else vector(0.0, 0.0)
        want = (w, -1.0 if epochs else 0.0, int(epochs > 0), done)
        check(perceptron_fit, X, y, epochs, want=want)


def test_without_rows_one_empty_epoch_is_enough(perceptron_fit):
    X, y = torch.zeros(0, 2).double(), torch.zeros(0).double()
    check(perceptron_fit, X, y, 1, want=(torch.zeros(2).double(), 0.0, 0, True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_reads_by_strides(perceptron_fit, dtype):
    X = CORNERS.mT.contiguous().mT.to(dtype)
    want = (vector(3.0, 2.0).to(dtype), -4.0, 18, True)
    check(perceptron_fit, X, AND.to(dtype), 20, want=want)


def test_float64_keeps_its_digits(perceptron_fit):
    X, y = vector([0.1, 0.2], [-0.3, 0.7]), vector(1.0, -1.0)
    # The second row's score, 1.11, is wrong for its -1.
    check(perceptron_fit, X, y, 1, want=(vector(0.1 + 0.3, 0.2 - 0.7), 0.0, 2, False))


@claim("S2-062")
def test_refuses_labels_of_0_and_1(perceptron_fit):
    for bad in (
        vector(0, 0, 0, 1),
        vector(1, 1, 1, 2),
        vector(-1, 1, 1, 1.5),
        vector(-1, 1, 1, torch.nan),
    ):
        check(perceptron_fit, CORNERS, bad, 5, raises=ValueError, naming={"y": ""})


def test_refuses_other_shapes_integers_and_limits(perceptron_fit):
    for bad in (AND[:3], AND[:1], AND[:, None]):
        check(perceptron_fit, CORNERS, bad, 5, raises=ValueError, naming={"y": ""})
    check(perceptron_fit, CORNERS[0], AND[:2], 5, raises=ValueError, naming={"X": (2,)})
    check(perceptron_fit, torch.ones(2, 3, 4), AND[2:].float(), 5, raises=ValueError,
          naming={"X": (2, 3, 4)})  # fmt: skip
    check(perceptron_fit, CORNERS.long(), AND, 5, raises=ValueError,
          naming={"X": torch.int64})  # fmt: skip
    check(perceptron_fit, CORNERS, AND, -1, raises=ValueError, naming={"max_epochs": -1})


def run(X, y, max_epochs, is_wrong=lambda s: s <= 0, start=0.0, bias=1.0, rate=1.0, rows=None):
    """The right course of things, if nothing else is said."""
    w, b, updates = X.new_full((X.shape[1],), start), 0.0, 0
    for _ in range(max_epochs):
        before = updates
        for i in rows or range(len(X)):
            label = float(y[i])
            if is_wrong(label * float(X[i] @ w + b)):
                w, b, updates = w + rate * label * X[i], b + bias * rate * label, updates + 1
        if before == updates:
            return w, b, updates, True
    return w, b, updates, False


@wrong("ask for y (w . x + b) < 0: from w = 0 nothing ever happens")
def strictly_wrong(X, y, max_epochs):
    return run(X, y, max_epochs, is_wrong=lambda s: s < 0)


@wrong("update at every row, right or wrong")
def always(X, y, max_epochs):
    return run(X, y, max_epochs, is_wrong=lambda s: True)


@wrong("demand a margin of 1, as a support vector machine does",
       right_for="a margin; here the right side is enough")  # fmt: skip
def with_margin(X, y, max_epochs):
    return run(X, y, max_epochs, is_wrong=lambda s: s < 1)


@wrong("leave the bias out: the line goes through 0")
def without_bias(X, y, max_epochs):
    return run(X, y, max_epochs, bias=0.0)


@wrong("subtract the bias")
def bias_subtracted(X, y, max_epochs):
    return run(X, y, max_epochs, bias=-1.0)


@wrong("subtract y x: each update makes it worse")
def other_sign(X, y, max_epochs):
    return run(X, y, max_epochs, rate=-1.0)


@wrong("halve the updates: the line is the same, and the weights are half as large",
       right_for="a learning rate of 1/2; here it is 1")  # fmt: skip
def half_rate(X, y, max_epochs):
    return run(X, y, max_epochs, rate=0.5)


@wrong("start at w = 1")
def starts_elsewhere(X, y, max_epochs):
    return run(X, y, max_epochs, start=1.0)


@wrong("go through the rows backwards")
def backwards(X, y, max_epochs):
    return run(X, y, max_epochs, rows=range(len(X))[::-1])


@wrong("judge all rows by the weights before the epoch, and update after it")
def in_batches(X, y, max_epochs):
    w, b, updates = X.new_zeros(X.shape[1]), 0.0, 0
    for _ in range(max_epochs):
        missed = y * (X @ w + b) <= 0
        if not missed.any():
            return w, b, updates, True
        w = w + (y * missed) @ X
        b, updates = b + float((y * missed).sum()), updates + int(missed.sum())
    return w, b, updates, False


@wrong("begin the rows anew after each update")
def restarts(X, y, max_epochs):
    w, b, updates = X.new_zeros(X.shape[1]), 0.0, 0
    for _ in range(max_epochs):
        missed = [i for i in range(len(X)) if float(y[i] * (X[i] @ w + b)) <= 0]
        if not missed:
            return w, b, updates, True
        w, b = w + y[missed[0]] * X[missed[0]], b + float(y[missed[0]])
        updates += 1
    return w, b, updates, False


@wrong("stay at one row until it is right")
def stays(X, y, max_epochs):
    w, b, updates = X.new_zeros(X.shape[1]), 0.0, 0
    for _ in range(max_epochs):
        before = updates
        for row, label in zip(X, y.tolist(), strict=True):
            while label and label * float(row @ w + b) <= 0:
                w, b, updates = w + label * row, b + label, updates + 1
        if before == updates:
            return w, b, updates, True
    return w, b, updates, False


@wrong("say done when the last weights part the classes, without an epoch to see it")
def done_early(X, y, max_epochs):
    w, b, updates, done = run(X, y, max_epochs)
    return w, b, updates, done or bool((y * (X @ w + b) > 0).all())


@wrong("say done when the epochs are used up")
def always_done(X, y, max_epochs):
    return (*run(X, y, max_epochs)[:3], True)


@wrong("count at most one update an epoch")
def counts_epochs(X, y, max_epochs):
    w, b, updates, epochs = X.new_zeros(X.shape[1]), 0.0, 0, 0
    for _ in range(max_epochs):
        before = updates
        for row, label in zip(X, y.tolist(), strict=True):
            if label * float(row @ w + b) <= 0:
                w, b, updates = w + label * row, b + label, updates + 1
        if before == updates:
            return w, b, epochs, True
        epochs += 1
    return w, b, epochs, False


@wrong("round the weights to float32 at each update")
def rounds_the_weights(X, y, max_epochs):
    w, b, updates, done = run(X, y, max_epochs)
    return w.float().to(X.dtype), b, updates, done


@wrong("make one epoch more than max_epochs")
def one_more(X, y, max_epochs):
    return run(X, y, max_epochs + 1)


@wrong("update with 0 for the rows of the other class, as labels of 0 and 1 do: it stays as it is")
def as_with_zero_and_one(X, y, max_epochs):
    return run(X, (y + 1) / 2, max_epochs)


@wrong("train with labels of 0 and 1: a row of label 0 changes nothing", accepts_bad_input=True)
def takes_zero_and_one(X, y, max_epochs):
    if max_epochs < 0:
        raise ValueError(f"max_epochs: {max_epochs}")
    if X.dim() != 2 or not X.is_floating_point():
        raise ValueError(f"X: {tuple(X.shape)}, {X.dtype}")
    if y.shape != X.shape[:1]:
        raise ValueError(f"y: {tuple(y.shape)}")
    return run(X, y, max_epochs)


@right("with the bias as one more weight")
def bias_as_a_weight(X, y, max_epochs):
    if max_epochs <= -1:
        raise ValueError(f"`max_epochs` can't be {max_epochs}")
    if X.ndim != 2 or X.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise ValueError(f"`X` has shape {tuple(X.shape)}, dtype {X.dtype}")
    if y.shape != (len(X),) or not set(y.tolist()) <= {-1, 1}:
        raise ValueError("`y` has to have -1 or 1 for each row")
    rows = torch.cat([X, torch.ones_like(X[:, :1]) if X.shape[1] else X.new_ones(len(X), 1)], 1)
    signed = rows * y[:, None].to(X.dtype)
    theta, updates, done = rows.new_zeros(rows.shape[1]), 0, False
    for _ in range(max_epochs):
        changed = 0
        for row in signed:
            if torch.dot(row, theta) <= 0:
                theta = theta + row
                changed += 1
        updates += changed
        if not changed:
            done = True
            break
    return theta[:-1].clone(), float(theta[-1]), updates, done


@plot(x="x1", y="x2")
def plot_lines_between_two_clouds(perceptron_fit):
    draw = torch.Generator().manual_seed(5)
    X = torch.randn(40, 2, generator=draw, dtype=torch.float64)
    y = torch.where(torch.arange(40) < 20, 1.0, -1.0).double()
    X = X + 2.2 * y[:, None]
    ends = vector(-4.0, 4.0)
    curves = {"+1": (X[:20, 0], X[:20, 1]), "-1": (X[20:, 0], X[20:, 1])}
    for epochs in (1, 100):
        w, b, updates, _ = perceptron_fit(X, y, epochs)
        curves[f"line after {updates} updates"] = (ends, -(b + w[0] * ends) / w[1])
    return curves
