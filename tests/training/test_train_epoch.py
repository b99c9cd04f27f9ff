"""An epoch of softmax regression: steps in a row, and what the rows' scores were on the way."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, gpu, inputs, right, such_that, wrong

EXERCISE = Exercise(
    level="core",
    after=("minibatch_indices", "evaluate", "accumulate_gradients"),
    forbid=("torch.optim", "torch.utils.data"),
    instead="write the step yourself",
    hints=(
        "At which weights is a row scored: the epoch's first, its last, or those of its batch?",
        "Five rows in batches of two: how much does each row count in the mean of the batches' means?",
        "For each batch: a leaf, its scores, their loss, the gradient, and a new tensor of weights.",
    ),
)


def by_formula(weight, features, labels, lr, batch_size):
    """Row by row in float64, with the gradient (softmax - one-hot) x and no autograd."""
    w, cost, right = weight.double(), 0.0, 0
    for start in range(0, len(features), batch_size):
        step = torch.zeros_like(w)
        rows = range(start, min(start + batch_size, len(features)))
        for i in rows:
            x, y = features[i].double(), int(labels[i])
            scores = (w * x).sum(1)
            p = (scores - scores.logsumexp(0)).exp()
            cost -= float(scores[y] - scores.logsumexp(0))
            right += scores.tolist().index(max(scores.tolist())) == y
            p[y] -= 1
            step += p[:, None] * x / len(rows)
        w = w - lr * step
    loss = torch.tensor(cost / len(features), dtype=torch.float64)
    return w.to(weight.dtype), loss.to(weight.dtype), right / len(features)


def data(n=7, d=3, k=4):
    """Weights, rows and labels, of which about half are right at first."""
    weight, features = inputs.numbers(k, d).flip(0) / 4, inputs.numbers(n, d)
    first = (features @ weight.mT).argmax(1)
    return weight, features, (first + torch.arange(n) % 2 * torch.arange(n)) % k


def seen(n):
    """Three rows, each its own axis: at the rate 2 log 3 the probabilities stay exact."""
    return torch.eye(3, dtype=torch.float64)[[0, 1, 0]][:n], torch.tensor([1, 0, 0])[:n]


@claim("S0-219", "S1-078", "S4-364")
def test_a_case_worked_by_hand(train_epoch):
    log3 = math.log(3)
    # From equal scores (class 0 is the answer), rows 0 and 1 move their axes by log 3 / 2. Row 2 is
    # row 0 with the other label: its probability is 1/4, and its own step is 3/2 log 3.
    want = torch.tensor([[1.0, 0.5, 0.0], [-1.0, -0.5, 0.0]], dtype=torch.float64) * log3
    loss = torch.tensor((2 * math.log(2) + math.log(4)) / 3, dtype=torch.float64)
    weight = torch.zeros(2, 3, dtype=torch.float64)
    check(train_epoch, weight, *seen(3), 2 * log3, 2, want=(want, loss, 1 / 3))


@claim("S1-078")
def test_one_batch_is_one_step_on_the_mean_loss(train_epoch):
    for batch_size in (7, 100):
        check(train_epoch, *data(), 0.5, batch_size, want=by_formula(*data(), 0.5, batch_size))


@claim("S1-078", "S4-364")
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 5, 6])
def test_each_batch_starts_from_the_weights_that_the_last_one_left(train_epoch, batch_size):
    check(train_epoch, *data(), 0.5, batch_size, want=by_formula(*data(), 0.5, batch_size))


@claim("S1-078")
@given(
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(2, 4),
    st.integers(1, 7),
    st.sampled_from([0.0, 0.125, 1.0]),
)
def test_equals_the_formula(train_epoch, n, d, k, batch_size, lr):
    want = by_formula(*data(n, d, k), lr, batch_size)
    check(train_epoch, *data(n, d, k), lr, batch_size, want=want, scale=10.0)


@claim("S0-219", "S1-078")
def test_the_loss_falls_from_epoch_to_epoch(train_epoch):
    weight, features, labels = data()
    for _ in range(4):
        want = by_formula(weight, features, labels, 0.25, 3)
        check(train_epoch, weight, features, labels, 0.25, 3, want=want)
        weight = want[0]


def test_among_equal_scores_the_smallest_class_is_the_answer(train_epoch):
    weight, features = torch.zeros(4, 2), torch.ones(5, 2)
    labels = torch.tensor([0, 3, 0, 1, 2])
    loss = torch.tensor(math.log(4))
    check(train_epoch, weight, features, labels, 0.0, 2, want=(weight, loss, 2 / 5))


def test_nothing_that_is_returned_hangs_on_a_graph(train_epoch):
    weight, features, labels = data()
    want = such_that(
        "weights and a loss that require no gradient",
        lambda found: not found[0].requires_grad and not found[1].requires_grad,
    )
    args = (weight.requires_grad_(), features.requires_grad_(), labels, 0.5, 3)
    check(train_epoch, *args, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(train_epoch, dtype):
    weight, features, labels = data()
    args = (weight.to(dtype), features.to(dtype), labels, 0.25, 2)
    check(train_epoch, *args, want=by_formula(*args))


def test_large_scores_stay_finite(train_epoch):
    weight, features = torch.tensor([[1.0], [0.0]]), torch.tensor([[1e3], [-1e3]])
    labels = torch.tensor([1, 1])
    want = torch.tensor([[-999.0], [1000.0]]), torch.tensor(500.0), 0.5
    check(train_epoch, weight, features, labels, 2.0, 2, want=want)


def test_a_rate_that_diverges_is_not_refused(train_epoch):
    weight, features = torch.zeros(2, 1), torch.tensor([[100.0], [1.0]])
    want = such_that("weights of which none is finite",
                     lambda found: not found[0].isfinite().any())  # fmt: skip
    check(train_epoch, weight, features, torch.tensor([1, 0]), 1e38, 1, want=want)


def test_reads_transposed_tensors_by_their_strides(train_epoch):
    weight, features, labels = data()
    turned = weight.mT.contiguous().mT, features.mT.contiguous().mT, labels
    check(train_epoch, *turned, 0.5, 3, want=by_formula(*data(), 0.5, 3))


def test_refuses_labels_that_are_not_one_for_each_row(train_epoch):
    weight, features, labels = data()
    for few in (labels[:-1], labels[:, None], labels[:1]):
        naming = {"labels": tuple(few.shape)}
        check(train_epoch, weight, features, few, 0.5, 2, raises=ValueError, naming=naming)
    args = (weight, features[:0], labels[:0], 0.5, 2)
    check(train_epoch, *args, raises=ValueError, naming={"labels": (0,)})


@pytest.mark.parametrize(
    "bad",
    [{"batch_size": 0}, {"batch_size": -3}, {"lr": -0.5}, {"lr": math.inf}, {"lr": math.nan}],
    ids=str,
)
def test_refuses_batches_and_rates_that_are_none(train_epoch, bad):
    options = {"lr": 0.5, "batch_size": 2} | bad
    check(train_epoch, *data(), **options, raises=ValueError, naming=bad)


cross_entropy = torch.nn.functional.cross_entropy


def gradient(weight, x, y, reduction="mean"):
    leaf = weight.detach().requires_grad_()
    return torch.autograd.grad(cross_entropy(x @ leaf.mT, y, reduction=reduction), leaf)[0]


def cost_and_right(weight, x, y):
    """The loss and the right answers of some rows, summed."""
    scores = x @ weight.mT
    return cross_entropy(scores, y, reduction="sum").detach(), int((scores.argmax(1) == y).sum())


def epoch(weight, features, labels, batch_size, move):
    """Go through the batches; `move(weight, x, y)` is a step. All weights on the way are returned."""
    parts = list(zip(features.split(batch_size), labels.split(batch_size), strict=True))
    path = [weight.detach()]
    for x, y in parts:
        path.append(move(path[-1], x, y).detach())
    return path, parts


def scored(weights, parts, n):
    """The means over all rows, where each batch is scored by its own weights."""
    found = [cost_and_right(w, x, y) for w, (x, y) in zip(weights, parts, strict=False)]
    return sum(cost for cost, _ in found) / n, sum(count for _, count in found) / n


def usual(weight, features, labels, lr, batch_size):
    return epoch(weight, features, labels, batch_size, lambda w, x, y: w - lr * gradient(w, x, y))


@wrong("average the batches' mean losses: the rows of a small last batch count more")
def mean_of_mean_losses(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    means = [cross_entropy(x @ w.mT, y) for w, (x, y) in zip(path, parts, strict=False)]
    loss = torch.stack(means).mean().detach()
    return path[-1], loss, scored(path, parts, len(features))[1]


@wrong("average the batches' accuracies: the rows of a small last batch count more")
def mean_of_accuracies(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    shares = [cost_and_right(w, x, y)[1] / len(x) for w, (x, y) in zip(path, parts, strict=False)]
    return path[-1], scored(path, parts, len(features))[0], sum(shares) / len(shares)


@wrong("score each batch after its step: it has just been fitted to these rows")
def after_the_step(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    return path[-1], *scored(path[1:], parts, len(features))


@wrong("take the loss before the step, and the accuracy after it")
def accuracy_after_the_step(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    loss, _ = scored(path, parts, len(features))
    return path[-1], loss, scored(path[1:], parts, len(features))[1]


@wrong("score all rows at the end of the epoch: that is an evaluation of its own")
def at_the_end(weight, features, labels, lr, batch_size):
    path, _ = usual(weight, features, labels, lr, batch_size)
    cost, count = cost_and_right(path[-1], features, labels)
    return path[-1], cost / len(features), count / len(features)


@wrong("score all rows by the weights that the epoch begins with")
def at_the_beginning(weight, features, labels, lr, batch_size):
    path, _ = usual(weight, features, labels, lr, batch_size)
    cost, count = cost_and_right(path[0], features, labels)
    return path[-1], cost / len(features), count / len(features)


@wrong("return the loss and the accuracy of the last batch")
def of_the_last_batch(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    return path[-1], *scored(path[-2:], parts[-1:], len(parts[-1][1]))


@wrong("leave the last batch out if it isn't whole")
def drops_the_last(weight, features, labels, lr, batch_size):
    whole = max(len(features) // batch_size, 1) * batch_size
    path, parts = usual(weight, features[:whole], labels[:whole], lr, batch_size)
    return path[-1], *scored(path, parts, len(features[:whole]))


@wrong("step on the sum of a batch's losses: the rate then grows with the batch",
       right_for="a summed loss; here a batch's is the mean")  # fmt: skip
def summed(weight, features, labels, lr, batch_size):
    path, parts = epoch(
        weight, features, labels, batch_size, lambda w, x, y: w - lr * gradient(w, x, y, "sum")
    )
    return path[-1], *scored(path, parts, len(features))


@wrong("divide the gradient of every batch by `batch_size`: the last one's step is too small")
def by_whole_batches(weight, features, labels, lr, batch_size):
    path, parts = epoch(
        weight, features, labels, batch_size,
        lambda w, x, y: w - lr * gradient(w, x, y, "sum") / batch_size,
    )  # fmt: skip
    return path[-1], *scored(path, parts, len(features))


@wrong("forget to clear the gradient: that of all batches before is added to each")
def gradients_add_up(weight, features, labels, lr, batch_size):
    total = torch.zeros_like(weight)

    def move(w, x, y):
        nonlocal total
        total = total + gradient(w, x, y)
        return w - lr * total

    path, parts = epoch(weight, features, labels, batch_size, move)
    return path[-1], *scored(path, parts, len(features))


@wrong("take all gradients at the weights that the epoch begins with")
def stale_gradients(weight, features, labels, lr, batch_size):
    path, parts = epoch(
        weight, features, labels, batch_size, lambda w, x, y: w - lr * gradient(weight, x, y)
    )
    return path[-1], *scored(path, parts, len(features))


@wrong("make one step on all rows at once, and not one for each batch")
def one_step(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, len(features))
    return path[-1], *scored(path, parts, len(features))


@wrong("go up the gradient and not down")
def uphill(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, -lr, batch_size)
    return path[-1], *scored(path, parts, len(features))


@wrong("clear the gradient between the backward pass and the step: nothing moves")
def cleared_too_late(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, 0.0, batch_size)
    return path[-1], *scored(path, parts, len(features))


@wrong("step one batch late: with the gradient of the batch before")
def one_batch_late(weight, features, labels, lr, batch_size):
    held = torch.zeros_like(weight)

    def move(w, x, y):
        nonlocal held
        new, held = w - lr * held, gradient(w, x, y)
        return new

    path, parts = epoch(weight, features, labels, batch_size, move)
    return path[-1], *scored(path, parts, len(features))


@wrong("write into the caller's weights")
@torch.no_grad()
def in_place(weight, features, labels, lr, batch_size):
    path, parts = usual(weight.clone(), features, labels, lr, batch_size)
    return weight.copy_(path[-1]).detach(), *scored(path, parts, len(features))


@wrong("keep the graphs of all batches: the loss that is summed up hangs on each of them")
def with_graphs(weight, features, labels, lr, batch_size):
    w, cost, count = weight, 0.0, 0
    for x, y in zip(features.split(batch_size), labels.split(batch_size), strict=True):
        scores = x @ w.mT
        cost = cost + cross_entropy(scores, y, reduction="sum")
        count += int((scores.argmax(1) == y).sum())
        w = w - lr * gradient(w, x, y)
    return w, cost / len(features), count / len(features)


@wrong("count a row as right if no score is above its label's: with equal scores all are right")
def ties_are_right(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    count = 0
    for w, (x, y) in zip(path, parts, strict=False):
        scores = x @ w.mT
        count += int((scores.gather(1, y[:, None])[:, 0] >= scores.amax(1)).sum())
    return path[-1], scored(path, parts, len(features))[0], count / len(features)


@wrong("return the share of the rows that are wrong")
def error_rate(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    loss, share = scored(path, parts, len(features))
    return path[-1], loss, 1 - share


@wrong("return how many rows are right, and not their share")
def counted(weight, features, labels, lr, batch_size):
    path, parts = usual(weight, features, labels, lr, batch_size)
    loss, share = scored(path, parts, len(features))
    return path[-1], loss, share * len(features)


@right("with the gradient by its formula")
@torch.no_grad()
def without_autograd(weight, features, labels, lr, batch_size):
    n = features.size(0)
    if n == 0 or labels.ndim != 1 or len(labels) != n:
        raise ValueError(f"`labels` can't be of shape {tuple(labels.shape)}")
    if batch_size <= 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    if not math.isfinite(lr) or lr < 0:
        raise ValueError(f"`lr` can't be {lr}")
    w, cost, hits = weight.clone(), torch.zeros_like(weight[0, 0]), 0
    for start in range(0, n, batch_size):
        x, y = features[start : start + batch_size], labels[start : start + batch_size]
        logs = (x @ w.T).log_softmax(1)
        cost -= logs.gather(1, y[:, None]).sum()
        hits += logs.argmax(1).eq(y).sum().item()
        errors = logs.exp() - torch.nn.functional.one_hot(y, len(w))
        w -= lr * errors.T @ x / len(x)
    return w, cost / n, hits / n


@right("with backward() on a clone, whose gradient is cleared")
def with_backward(weight, features, labels, lr, batch_size):
    if labels.dim() != 1 or not 0 < len(labels) == len(features):
        raise ValueError(f"labels: {list(labels.shape)}")
    if batch_size < 1 or not 0 <= lr < math.inf:
        raise ValueError(f"batch_size: {batch_size}, lr: {lr}")
    w = weight.detach().clone().requires_grad_()
    total, hits = 0.0, 0
    for x, y in zip(features.split(batch_size), labels.split(batch_size), strict=True):
        w.grad = None
        scores = x.detach() @ w.T
        batch_loss = cross_entropy(scores, y, reduction="sum")
        (batch_loss / len(x)).backward()
        with torch.no_grad():
            w -= lr * w.grad
        total += batch_loss.detach()
        hits += (scores.max(1).indices == y).sum().item()
    return w.detach(), total / len(labels), hits / len(labels)


def cost(weight, features, labels, lr, batch_size):
    """Scores and gradients: a product each of all rows by the weights. Rows are read once."""
    products = 4 * len(features) * weight.numel()
    steps = math.ceil(len(features) / batch_size)
    moved = features.nbytes + labels.nbytes + 2 * steps * weight.nbytes
    return {"bytes": moved, "flops": products}


def with_torch(weight, features, labels, lr, batch_size):
    """The usual loop: a parameter, torch's loss and torch's optimizer."""
    parameter = torch.nn.Parameter(weight.clone())
    optimizer = torch.optim.SGD([parameter], lr=lr)
    loss, count = weight.new_zeros(()), 0
    for x, y in zip(features.split(batch_size), labels.split(batch_size), strict=True):
        optimizer.zero_grad()
        scores = torch.nn.functional.linear(x, parameter)
        batch = cross_entropy(scores, y)
        batch.backward()
        optimizer.step()
        loss += batch.detach() * len(x)
        count += int((scores.argmax(1) == y).sum())
    return parameter.detach(), loss / len(features), count / len(features)


def of_rows(draw, n, d, k, batch_size):
    return draw.normal(k, d) / d**0.5, draw.normal(n, d), draw.integers(k, n), 0.01, batch_size


@gpu
def bench_batches_of_16(train_epoch, race):
    race(
        train_epoch,
        torch=with_torch,
        inputs=of_rows,
        small=(256, 32, 10, 16),
        large=(4096, 512, 1000, 16),
        forward=cost,
    )


@gpu
def bench_batches_of_1024(train_epoch, race):
    race(
        train_epoch,
        torch=with_torch,
        inputs=of_rows,
        small=(2048, 32, 10, 1024),
        large=(32768, 512, 1000, 1024),
        forward=cost,
    )
