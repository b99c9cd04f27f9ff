"""The mean, over the rows that were drawn, of their gradients."""

from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, counterexample, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("gradient_descent",),
    forbid=("autograd",),
    instead="write down the derivative of the loss",
    hints=(
        "The gradient of one row is its error times its features. How are several put together?",
        "By how many rows is the sum divided: by all, or by those that were drawn?",
        "X_B^T (X_B w - y_B) / m, with X_B = features[rows].",
    ),
)

X = vector([1.0, 2.0, 0.0], [3.0, -1.0, 2.0], [0.0, 4.0, -2.0], [-2.0, 0.0, 1.0], [1.0, 1.0, 1.0])
Y, W = vector(2.0, -1.0, 3.0, 0.0, 5.0), vector(1.0, -1.0, 2.0)
# The errors are -3, 9, -11, 0 and -3.


def loss(features, targets, weights, rows):
    """Half the mean of the squared errors, one row after the other."""
    errors = [features[i] @ weights - targets[i] for i in rows.tolist()]
    return sum(e * e for e in errors) / (2 * len(errors))


@claim("S1-202", "S1-203", "S2-049", "S4-162")
def test_a_case_worked_by_hand(minibatch_grad):
    want = vector(24.0, -15.0, 18.0) / 2  # -3 * (1, 2, 0) + 9 * (3, -1, 2)
    check(minibatch_grad, X, Y, W, torch.tensor([1, 0]), want=want)
    want = vector(-6.0, -53.0, 19.0) / 4  # -3 * (1, 2, 0) - 11 * (0, 4, -2) + 0 - 3 * (1, 1, 1)
    check(minibatch_grad, X, Y, W, torch.tensor([0, 2, 3, 4]), want=want)


@claim("S1-202")
def test_one_row_is_its_error_times_its_features(minibatch_grad):
    for row, error in enumerate((-3.0, 9.0, -11.0, 0.0, -3.0)):
        check(minibatch_grad, X, Y, W, torch.tensor([row]), want=error * X[row])


@counterexample("S4-162")  # "the actual gradient grad C_x"
def test_the_gradients_of_single_examples_differ_from_the_actual_one(minibatch_grad):
    ones, targets, weights = vector([1.0], [1.0]), vector(-1.0, -3.0), vector(0.0)
    for rows, want in (([0], 1.0), ([1], 3.0), ([0, 1], 2.0)):
        check(minibatch_grad, ones, targets, weights, torch.tensor(rows), want=vector(want))


@claim("S1-202", "S2-049", "S4-162")
@given(
    inputs.tensors(4, 3),
    inputs.tensors(4),
    inputs.tensors(3),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
)
def test_is_the_derivative_of_the_loss(minibatch_grad, features, targets, weights, rows):
    rows = torch.tensor(rows)
    z = weights.clone().requires_grad_()
    (want,) = torch.autograd.grad(loss(features, targets, z, rows), z)
    check(minibatch_grad, features, targets, weights, rows, want=want, scale=10.0)


@claim("S2-049", "S4-162")
def test_the_gradients_of_all_batches_average_to_that_of_all_rows(minibatch_grad):
    batches = [torch.tensor(rows) for rows in combinations(range(5), 2)]
    total = torch.zeros(3, dtype=torch.float64)
    for rows in batches:
        want = sum(e * X[i] for i, e in zip(rows.tolist(), X[rows] @ W - Y[rows], strict=True)) / 2
        check(minibatch_grad, X, Y, W, rows, want=want)
        total = total + minibatch_grad(X, Y, W, rows)
    check(minibatch_grad, X, Y, W, torch.arange(5), want=total / len(batches),
          why="the mean over all batches of two rows is the gradient over all rows")  # fmt: skip


@claim("S1-203", "S2-049")
def test_all_rows_give_the_whole_gradient_in_any_order(minibatch_grad):
    want = vector(-3.0 + 27.0 - 3.0, -6.0 - 9.0 - 44.0 - 3.0, 18.0 + 22.0 - 3.0) / 5
    check(minibatch_grad, X, Y, W, torch.tensor([3, 1, 4, 0, 2]), want=want)


@claim("S2-049")
def test_a_row_that_is_drawn_twice_counts_twice(minibatch_grad):
    want = (2 * 9.0 * X[1] - 3.0 * X[4]) / 3
    check(minibatch_grad, X, Y, W, torch.tensor([1, 4, 1]), want=want)
    check(minibatch_grad, X, Y, W, torch.tensor([2] * 7), want=-11.0 * X[2])


@given(inputs.tensors(4, 3), inputs.tensors(4), inputs.tensors(3))
def test_gradients_flow_back_to_features_targets_and_weights(
    minibatch_grad, features, targets, weights
):
    def twice(features, targets, weights, rows):
        (grad,) = torch.autograd.grad(
            loss(features, targets, weights, rows), weights, create_graph=True
        )
        return grad

    args = (features, targets, weights, torch.tensor([2, 0, 2]))
    check_gradient(minibatch_grad, *args, like=twice, scale=100.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_weights(minibatch_grad, dtype):
    args = (X.to(dtype), Y.to(dtype), W.to(dtype), torch.tensor([1, 0]))
    check(minibatch_grad, *args, want=vector(12.0, -7.5, 9.0).to(dtype))


def test_reads_features_by_their_strides(minibatch_grad):
    features, rows = inputs.numbers(3, 5).mT, torch.tensor([4, 9, 0, 7])[::2]
    want = ((features[4] @ W - 2) * features[4] + (features[0] @ W + 1) * features[0]) / 2
    targets = vector(-1.0, 0.0, 0.0, 0.0, 2.0)
    check(minibatch_grad, features, targets, W, rows, want=want)


def test_refuses_rows_that_are_not_there(minibatch_grad):
    for rows, value in (([0, 5], 5), ([1, -1], -1)):
        naming = {"rows": value}
        check(minibatch_grad, X, Y, W, torch.tensor(rows), raises=ValueError, naming=naming)


def test_refuses_an_empty_batch_and_rows_that_are_no_indices(minibatch_grad):
    empty = torch.zeros(0, dtype=torch.int64)
    check(minibatch_grad, X, Y, W, empty, raises=ValueError, naming={"rows": (0,)})
    for rows in (torch.tensor([True, False, True, True, False]), torch.tensor([0.0, 1.0])):
        check(minibatch_grad, X, Y, W, rows, raises=ValueError, naming={"rows": rows.dtype})


def test_refuses_targets_of_another_shape(minibatch_grad):
    for shape in ((4,), (6,), (5, 1)):
        args = (X, torch.zeros(shape, dtype=torch.float64), W, torch.tensor([0, 1]))
        check(minibatch_grad, *args, raises=ValueError, naming={"targets": shape})


def test_refuses_integers(minibatch_grad):
    args = (torch.ones(3, 2, dtype=torch.int64), torch.ones(3), torch.ones(2), torch.tensor([0]))
    check(minibatch_grad, *args, raises=ValueError, naming={"features": torch.int64})


def summed(features, targets, weights, rows):
    drawn = features[rows]
    return drawn.mT @ (drawn @ weights - targets[rows])


@wrong(
    "sum over the rows and don't average", right_for="the sum of the losses; here it is their mean"
)
def without_the_mean(features, targets, weights, rows):
    return summed(features, targets, weights, rows)


@wrong("divide by the number of all rows, not by that of the batch")
def divides_by_all(features, targets, weights, rows):
    return summed(features, targets, weights, rows) / len(features)


@wrong("forget the half in the loss: the gradient is twice as long",
       right_for="the mean squared error without a half; here half of it is the loss")  # fmt: skip
def without_the_half(features, targets, weights, rows):
    return 2 * summed(features, targets, weights, rows) / len(rows)


@wrong("take all rows, whatever was drawn")
def whole_gradient(features, targets, weights, rows):
    everything = torch.arange(len(features))
    return summed(features, targets, weights, everything) / len(features)


@wrong("count a row that was drawn twice only once")
def without_repetition(features, targets, weights, rows):
    return summed(features, targets, weights, rows.unique()) / len(rows.unique())


@wrong("take target minus prediction: that is the direction of the step, not the gradient")
def wrong_sign(features, targets, weights, rows):
    return -summed(features, targets, weights, rows) / len(rows)


@wrong("multiply the mean error by the mean features: the mean of products is another number")
def product_of_means(features, targets, weights, rows):
    drawn = features[rows]
    return (drawn @ weights - targets[rows]).mean() * drawn.mean(0)


@wrong("take the first m rows, not those that were drawn")
def first_rows(features, targets, weights, rows):
    return summed(features, targets, weights, torch.arange(len(rows)) % len(features)) / len(rows)


@wrong("pick the rows' features, but the first targets")
def targets_out_of_step(features, targets, weights, rows):
    drawn = features[rows]
    shifted = targets[torch.arange(len(rows)) % len(targets)]
    return drawn.mT @ (drawn @ weights - shifted) / len(rows)


@wrong("detach the errors: nothing flows back through them")
def detached_errors(features, targets, weights, rows):
    drawn = features[rows]
    return drawn.mT @ (drawn @ weights - targets[rows]).detach() / len(rows) + 0 * weights


@wrong("divide by the norm of the gradient")
def normalised(features, targets, weights, rows):
    grad = summed(features, targets, weights, rows)
    return grad / grad.norm().clamp(min=1e-12)


@wrong("compute in float32 whatever the dtype of the weights")
def always_float32(features, targets, weights, rows):
    return summed(features.float(), targets.float(), weights.float(), rows) / len(rows)


@wrong("let -1 stand for the last row", accepts_bad_input=True)
def counts_from_the_end(features, targets, weights, rows):
    if rows.dtype != torch.int64 or not len(rows):
        raise ValueError(f"rows: {rows.shape}, {rows.dtype}")
    if rows.max() >= len(features):
        raise ValueError(f"rows: {rows.max()}")
    if targets.shape != (len(features),):
        raise ValueError(f"targets: {targets.shape}")
    if not features.is_floating_point():
        raise ValueError(f"features: {features.dtype}")
    return summed(features, targets, weights, rows) / len(rows)


@wrong("take a mask of booleans for the numbers of rows", accepts_bad_input=True)
def takes_a_mask(features, targets, weights, rows):
    if rows.is_floating_point() or not len(rows):
        raise ValueError(f"rows: {rows.shape}, {rows.dtype}")
    if rows.dtype != torch.bool and (rows.min() < 0 or rows.max() >= len(features)):
        raise ValueError(f"rows: {rows.tolist()}")
    if targets.shape != (len(features),):
        raise ValueError(f"targets: {targets.shape}")
    if not features.is_floating_point():
        raise ValueError(f"features: {features.dtype}")
    return summed(features, targets, weights, rows) / len(targets[rows])


@right("with a weight for each row: how often it was drawn")
def weighted(features, targets, weights, rows):
    n = features.shape[0]
    if rows.dtype is not torch.int64:
        raise ValueError(f"`rows` is of {rows.dtype}")
    if rows.numel() == 0:
        raise ValueError(f"`rows` is empty: {tuple(rows.shape)}")
    for row in rows.tolist():
        if row not in range(n):
            raise ValueError(f"`rows`: there is no row {row}")
    if list(targets.shape) != [n]:
        raise ValueError(f"`targets` is {tuple(targets.shape)}")
    if not torch.is_floating_point(features):
        raise ValueError(f"`features` is of {features.dtype}")
    share = torch.bincount(rows, minlength=n).to(features.dtype) / rows.numel()
    return (share * (features @ weights - targets)) @ features


@right("as the mean of the rows' gradients")
def mean_of_gradients(features, targets, weights, rows):
    if rows.dtype != torch.long or len(rows) == 0:
        raise ValueError(f"rows: {rows.dtype}, {list(rows.shape)}")
    out = [r for r in rows.tolist() if r < 0 or r >= len(features)]
    if out:
        raise ValueError(f"rows: {out}")
    if targets.dim() != 1 or len(targets) != len(features):
        raise ValueError(f"targets: {list(targets.shape)}")
    if features.dtype in (torch.int64, torch.int32, torch.bool):
        raise ValueError(f"features: {features.dtype}")
    errors = (features[rows] * weights).sum(1) - targets[rows]
    return (errors[:, None] * features[rows]).mean(0)


@gpu
def bench_a_batch_out_of_many_rows(minibatch_grad, race):
    def with_torch(features, targets, weights, rows):
        drawn = features.index_select(0, rows)
        return torch.mv(drawn.mT, torch.mv(drawn, weights) - targets[rows]) / len(rows)

    def count(features, targets, weights, rows):
        entries = len(rows) * features.shape[1]
        # The rows are read once; a product and a sum an entry for the errors, and again for the sum.
        return {"bytes": 4 * entries, "flops": 4 * entries}

    race(
        minibatch_grad,
        torch=with_torch,
        inputs=lambda draw, n, d, m: (
            draw.normal(n, d),
            draw.normal(n),
            draw.normal(d) / d**0.5,
            draw.integers(n, m),
        ),
        small=(2000, 50, 64),
        large=(200_000, 1000, 65_536),
        forward=count,
        slack=100.0,  # sums of 65536 terms
    )
