"""A training run: its epochs against row by row formulas, its end and its choice against a case."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("train_epoch", "evaluate", "early_stopping", "step_lr"),
    forbid=("torch.optim", "torch.utils.data"),
    instead="write the steps yourself",
    hints=(
        "What is done once a batch, and what once an epoch? The rate is one of them.",
        "Which epoch's weights are returned: the last one's, or those of an epoch before?",
        "If a step writes into the tensor of weights, what becomes of the best ones that you kept?",
    ),
)

cross_entropy = torch.nn.functional.cross_entropy


def by_formula(weight, train, val, lr, gamma, batch_size, epochs, patience):
    """All epochs row by row in float64 without autograd; the end and the choice come after."""
    w, path, losses = weight.double(), [weight], []
    for t in range(epochs):
        for x, y in zip(train[0].split(batch_size), train[1].split(batch_size), strict=True):
            errors = (x.double() @ w.mT).softmax(1) - torch.eye(len(w)).double()[y]
            w = w - lr * gamma**t * (errors[:, :, None] * x[:, None, :]).mean(0)
        scores = val[0].double() @ w.mT
        terms = scores.logsumexp(1) - scores[torch.arange(len(scores)), val[1]]
        losses.append(float(terms.mean()))
        path.append(w.to(weight.dtype))
    end = next((t for t in range(epochs) if waited(losses[: t + 1]) == patience), epochs - 1)
    losses = losses[: end + 1]
    known = [loss for loss in losses if not math.isnan(loss)]
    best = path[losses.index(min(known)) + 1 if known else 0]
    return best, torch.tensor(losses, dtype=weight.dtype)


def waited(losses):
    """How many epochs there have been since the lowest loss."""
    known = [loss for loss in losses if not math.isnan(loss)]
    return len(losses) - (losses.index(min(known)) + 1 if known else 0)


def data(n=5, m=4, d=3, k=3):
    """Weights; training rows and labels; validation rows and labels."""
    weight, rows = inputs.numbers(k, d).flip(0) / 4, inputs.numbers(n + m, d)
    labels = (rows @ weight.mT).argmax(1) + torch.arange(n + m) % 3
    train, val = (rows[:n], labels[:n] % k), (rows[n:], labels[n:] % k)
    return weight, train, val


# The validation losses at rate 4 * 0.75^t: 2.00, 2.63, 1.42, 2.38, 1.50, 1.35, 1.21, ...
UPS_AND_DOWNS = (
    torch.tensor([[7, -6], [-6, -4], [2, 6]], dtype=torch.float64) / 16,
    (
        torch.tensor([[-6, 8], [-4, -7], [-6, 2], [-5, 3], [7, -3]], dtype=torch.float64) / 4,
        torch.tensor([0, 0, 2, 2, 2]),
    ),
    (
        torch.tensor([[5, 0], [-1, 2], [1, 0], [-8, 1]], dtype=torch.float64) / 4,
        torch.tensor([1, 2, 2, 0]),
    ),
)


@claim("S0-246", "S4-275")
def test_a_case_worked_by_hand(fit):
    # Rows of one feature 1: a step at rate r moves the scores apart by r, at first from 0 to 1 (p =
    # 1/2), where a validation row of each class has its lowest loss; and so away from it.
    weight = torch.zeros(2, 1, dtype=torch.float64)
    train = torch.ones(1, 1, dtype=torch.float64), torch.tensor([1])
    val = torch.ones(4, 1, dtype=torch.float64), torch.tensor([1, 1, 1, 0])
    rate = math.log(3)
    best = torch.tensor([[-0.5], [0.5]], dtype=torch.float64) * rate
    # Scores log 3 apart: p = 3/4. At half the rate, the second step adds log 3 / 2 * 1/4 twice.
    later = math.log1p(math.exp(-1.25 * rate)) + 1.25 * rate / 4
    want = (best, vector(math.log(4) - 0.75 * rate, later))
    check(fit, weight, train, val, rate, 0.5, 1, 9, 1, want=want)


@claim("S4-275")
@counterexample("S4-275")  # stop when the validation loss starts to rise: with a patience of 1
@pytest.mark.parametrize(("patience", "epochs"), [(1, 2), (2, 5), (3, 12)])
def test_ends_after_so_many_epochs_without_a_lower_loss(fit, patience, epochs):
    want = by_formula(*UPS_AND_DOWNS, 4.0, 0.75, 2, epochs, 99)
    check(fit, *UPS_AND_DOWNS, 4.0, 0.75, 2, 12, patience, want=want)


@claim("S4-275")
def test_returns_the_weights_of_the_best_epoch(fit):
    for epochs in (1, 2, 3, 4):
        args = (*UPS_AND_DOWNS, 4.0, 0.75, 2, epochs, 9)
        check(fit, *args, want=by_formula(*args))


@claim("S0-246")
@pytest.mark.parametrize("gamma", [1.0, 0.5, 0.0, 1.25])
def test_the_rate_falls_from_epoch_to_epoch_and_not_within_one(fit, gamma):
    args = (*data(), 0.5, gamma, 2, 4, 9)
    check(fit, *args, want=by_formula(*args), scale=10.0)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 9])
def test_a_step_for_each_batch_of_the_training_rows(fit, batch_size):
    args = (*data(), 0.25, 0.5, batch_size, 3, 9)
    check(fit, *args, want=by_formula(*args), scale=10.0)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.integers(2, 4), st.data())
def test_equals_the_formula(fit, n, m, d, k, more):
    batch_size, epochs = more.draw(st.integers(1, 4)), more.draw(st.integers(1, 5))
    args = (*data(n, m, d, k), 0.25, more.draw(st.sampled_from([0.5, 1.0])), batch_size, epochs, 9)
    check(fit, *args, want=by_formula(*args), scale=10.0)


@claim("S4-275")
def test_of_equal_losses_the_first_is_the_best(fit):
    weight, train, val = data()
    # Without a step all losses are equal, and none is lower than the first.
    want = by_formula(weight, train, val, 0.0, 0.5, 2, 4, 99)
    check(fit, weight, train, val, 0.0, 0.5, 2, 9, 3, want=want)


def test_a_rate_that_falls_to_zero_at_once_leaves_the_first_epoch(fit):
    want = by_formula(*UPS_AND_DOWNS, 4.0, 0.0, 2, 3, 99)
    check(fit, *UPS_AND_DOWNS, 4.0, 0.0, 2, 9, 2, want=want)


def broken_val(weight, train, val):
    """A validation row whose loss is nan."""
    rows = val[0].clone()
    rows[0, 0] = math.nan
    return weight, train, (rows, val[1])


@claim("S4-275")
def test_losses_of_nan_are_waited_through_and_chosen_never(fit):
    args = (*broken_val(*data()), 0.25, 0.5, 2, 9, 2)
    check(fit, *args, want=(args[0], vector(math.nan, math.nan)))


@claim("S4-275")
def test_a_loss_of_nan_after_a_number_is_no_best(fit):
    # The second epoch's rate is no number any more, and the first one's loss is the score itself.
    weight = torch.zeros(2, 1, dtype=torch.float64)
    train = vector_rows(1.0, -1.0), torch.tensor([1, 1])
    val = vector_rows(1.0), torch.tensor([1])
    args = (weight, train, val, 1e300, 1e20, 1, 6, 2)

    def holds(found):
        best, losses = found
        return bool(best.isfinite().all()) and len(losses) == 3 and bool(losses[0].isfinite())

    check(fit, *args, want=such_that("finite weights, and three losses", holds))


def vector_rows(*values):
    return vector(*values)[:, None]


def test_nothing_that_is_returned_hangs_on_a_graph(fit):
    want = such_that(
        "results that require no gradient",
        lambda found: not any(part.requires_grad for part in found),
    )
    for args in (data(), broken_val(*data())):
        for tensor in (args[0], args[1][0], args[2][0]):
            tensor.requires_grad_()
        check(fit, *args, 0.25, 0.5, 2, 3, 2, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(fit, dtype):
    weight, train, val = data()
    rows = [(x.to(dtype), y) for x, y in (train, val)]
    args = (weight.to(dtype), *rows, 0.25, 0.5, 2, 3, 9)
    check(fit, *args, want=by_formula(*args), scale=10.0, slack=4.0)  # of a few steps in a row


def test_large_scores_stay_finite(fit):
    weight = torch.tensor([[1.0], [0.0]])
    train = torch.tensor([[1e3]]), torch.tensor([1])
    val = torch.tensor([[1e3], [-1e3]]), torch.tensor([1, 0])
    args = (weight, train, val, 1.0, 1.0, 1, 2, 5)
    want = torch.tensor([[-999.0], [1000.0]]), torch.zeros(2)
    check(fit, *args, want=want)


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": -0.5},
        {"lr": math.nan},
        {"lr": math.inf},
        {"gamma": -0.25},
        {"gamma": math.nan},
        {"gamma": math.inf},
        {"batch_size": 0},
        {"epochs": 0},
        {"patience": 0},
        {"patience": -1},
    ],
    ids=str,
)
def test_refuses_numbers_that_are_none(fit, bad):
    options = {"lr": 0.5, "gamma": 0.75, "batch_size": 2, "epochs": 3, "patience": 2} | bad
    check(fit, *data(), **options, raises=ValueError, naming=bad)


def gradient(weight, x, y, reduction="mean"):
    leaf = weight.detach().requires_grad_()
    return torch.autograd.grad(cross_entropy(x @ leaf.mT, y, reduction=reduction), leaf)[0]


def batches(train, batch_size):
    return zip(train[0].split(batch_size), train[1].split(batch_size), strict=True)


def loss_of(weight, rows):
    return float(cross_entropy(rows[0] @ weight.mT, rows[1]).detach())


def lowest(losses):
    return min((loss for loss in losses if not math.isnan(loss)), default=math.inf)


def an_epoch(weight, train, rate, batch_size):
    for x, y in batches(train, batch_size):
        weight = weight - rate * gradient(weight, x, y)
    return weight


def fitted(
    weight,
    train,
    val,
    lr,
    gamma,
    batch_size,
    epochs,
    patience,
    go=an_epoch,
    rate=lambda lr, gamma, t: lr * gamma**t,
    score=lambda weight, train, val: loss_of(weight, val),
    lower=lambda loss, losses: loss < lowest(losses),
):
    """The whole run; the wrong answers change one thing of it. Also: the last weights."""
    best, losses, waits, now = weight.detach(), [], 0, weight.detach()
    for t in range(epochs):
        now = go(now, train, rate(lr, gamma, t), batch_size)
        loss = score(now, train, val)
        best, waits = (now, 0) if lower(loss, losses) else (best, waits + 1)
        losses.append(loss)
        if waits == patience:
            break
    return best, torch.tensor(losses, dtype=weight.dtype), now


@wrong("return the weights of the last epoch and not those of the best")
def last_weights(*args):
    _, losses, now = fitted(*args)
    return now, losses


@wrong("keep the best weights by reference: the steps after write into them")
def kept_by_reference(weight, train, val, lr, gamma, batch_size, epochs, patience):
    now = weight.detach().clone()

    def go(_, train, rate, batch_size):
        for x, y in batches(train, batch_size):
            now.sub_(rate * gradient(now, x, y))
        return now

    return fitted(weight, train, val, lr, gamma, batch_size, epochs, patience, go=go)[:2]


@wrong("let the rate fall after each batch: gamma is an epoch's")
def falls_each_batch(weight, train, val, lr, gamma, batch_size, epochs, patience):
    steps = itertools.count()

    def go(now, train, rate, batch_size):
        for x, y in batches(train, batch_size):
            now = now - lr * gamma ** next(steps) * gradient(now, x, y)
        return now

    return fitted(weight, train, val, lr, gamma, batch_size, epochs, patience, go=go)[:2]


@wrong("let the rate fall before the first epoch: its rate is lr")
def falls_at_once(*args):
    return fitted(*args, rate=lambda lr, gamma, t: lr * gamma ** (t + 1))[:2]


@wrong("keep the rate at lr in all epochs")
def same_rate(*args):
    return fitted(*args, rate=lambda lr, gamma, t: lr)[:2]


@wrong("divide the rate by 1 + gamma t",
       right_for="another schedule; here the rate is lr gamma^t")  # fmt: skip
def inverse_time(*args):
    return fitted(*args, rate=lambda lr, gamma, t: lr / (1 + gamma * t))[:2]


@wrong("score before the epoch's steps: the loss is of the epoch before")
def scores_before(weight, train, val, lr, gamma, batch_size, epochs, patience):
    held = [loss_of(weight.detach(), val)]

    def late(now, train, val):
        held.append(loss_of(now, val))
        return held[-2]

    args = (weight, train, val, lr, gamma, batch_size, epochs, patience)
    return fitted(*args, score=late)[:2]


@wrong("choose by the loss of the training rows: it falls on while the validation loss rises")
def by_training_loss(*args):
    return fitted(*args, score=lambda now, train, val: loss_of(now, train))[:2]


@wrong("score the validation rows by the sum of their losses and not by the mean")
def summed_validation(*args):
    summed = lambda now, train, val: loss_of(now, val) * len(val[1])
    return fitted(*args, score=summed)[:2]


@wrong("wait for one epoch more than `patience`")
def waits_longer(*args):
    return fitted(*args[:-1], args[-1] + 1)[:2]


@wrong("count the epochs without a lower loss in all, and not in a row")
def waits_in_all(weight, train, val, lr, gamma, batch_size, epochs, patience):
    args = (weight, train, val, lr, gamma, batch_size)
    losses = fitted(*args, epochs, epochs + 1)[1].tolist()
    better = [not math.isnan(loss) and loss < lowest(losses[:t]) for t, loss in enumerate(losses)]
    worse = itertools.accumulate(not b for b in better)
    end = next((t + 1 for t, count in enumerate(worse) if count == patience), epochs)
    return fitted(*args, end, epochs + 1)[:2]


@wrong("compare an epoch with the one before, and not with the best")
def against_the_last(*args):
    lower = lambda loss, losses: not losses or loss < losses[-1]
    return fitted(*args, lower=lower)[:2]


@wrong("count an equal loss as a better one")
def equal_is_better(*args):
    return fitted(*args, lower=lambda loss, losses: loss <= lowest(losses))[:2]


@wrong("take a loss of nan for the best: no comparison with it is true")
def nan_is_best(*args):
    lower = lambda loss, losses: not any(loss >= old for old in losses)
    return fitted(*args, lower=lower)[:2]


@wrong("never stop before the last epoch")
def never_stops(*args):
    return fitted(*args[:-1], args[-2] + 1)[:2]


@wrong("stop, but forget the loss of the epoch that training ended with")
def without_the_last_loss(*args):
    best, losses, _ = fitted(*args)
    stopped = waited(losses.tolist()) == args[-1]
    return best, losses[:-1] if stopped else losses


@wrong("return the lowest loss, and not those of all epochs")
def lowest_loss_only(*args):
    best, losses, _ = fitted(*args)
    return best, losses.min()[None]


@wrong("go back to the best weights after an epoch that isn't better")
def goes_back(weight, train, val, lr, gamma, batch_size, epochs, patience):
    best, losses, waits = weight.detach(), [], 0
    for t in range(epochs):
        now = an_epoch(best, train, lr * gamma**t, batch_size)
        loss = loss_of(now, val)
        best, waits = (now, 0) if loss < lowest(losses) else (best, waits + 1)
        losses.append(loss)
        if waits == patience:
            break
    return best, torch.tensor(losses, dtype=weight.dtype)


@wrong("let the rate fall only after epochs that aren't better",
       right_for="a plateau schedule; here the rate falls after every epoch")  # fmt: skip
def falls_on_a_plateau(weight, train, val, lr, gamma, batch_size, epochs, patience):
    best, now, losses, waits, falls = weight.detach(), weight.detach(), [], 0, 0
    for _ in range(epochs):
        now = an_epoch(now, train, lr * gamma**falls, batch_size)
        loss = loss_of(now, val)
        better = loss < lowest(losses)
        best, waits, falls = (now, 0, falls) if better else (best, waits + 1, falls + 1)
        losses.append(loss)
        if waits == patience:
            break
    return best, torch.tensor(losses, dtype=weight.dtype)


@wrong("train on the validation rows as well: what is chosen by them then says nothing")
def trains_on_validation(weight, train, val, *options):
    both = torch.cat([train[0], val[0]]), torch.cat([train[1], val[1]])
    return fitted(weight, both, val, *options)[:2]


@wrong("make one step an epoch, on all rows")
def whole_batches(weight, train, val, lr, gamma, batch_size, epochs, patience):
    return fitted(weight, train, val, lr, gamma, len(train[1]), epochs, patience)[:2]


@wrong("leave the last batch out if it isn't whole")
def drops_the_last(weight, train, val, lr, gamma, batch_size, epochs, patience):
    whole = max(len(train[1]) // batch_size, 1) * batch_size
    kept = train[0][:whole], train[1][:whole]
    return fitted(weight, kept, val, lr, gamma, batch_size, epochs, patience)[:2]


@wrong("step on the sum of a batch's losses: the rate then grows with the batch",
       right_for="a summed loss; here a batch's is the mean")  # fmt: skip
def summed(*args):
    def go(now, train, rate, batch_size):
        for x, y in batches(train, batch_size):
            now = now - rate * gradient(now, x, y, "sum")
        return now

    return fitted(*args, go=go)[:2]


@wrong("go up the gradient and not down")
def uphill(*args):
    return fitted(*args, rate=lambda lr, gamma, t: -lr * gamma**t)[:2]


@wrong("forget to clear the gradient: that of all batches before is added to each")
def gradients_add_up(weight, *args):
    total = torch.zeros_like(weight)

    def go(now, train, rate, batch_size):
        nonlocal total
        for x, y in batches(train, batch_size):
            total = total + gradient(now, x, y)
            now = now - rate * total
        return now

    return fitted(weight, *args, go=go)[:2]


@wrong("count the weights that training starts from as a candidate, with a loss of their own")
def start_is_a_candidate(weight, train, val, lr, gamma, batch_size, epochs, patience):
    before = loss_of(weight.detach(), val)
    lower = lambda loss, losses: loss < lowest([before, *losses])
    args = (weight, train, val, lr, gamma, batch_size, epochs, patience)
    return fitted(*args, lower=lower)[:2]


@wrong("keep the graph of each validation loss, and with it all that it was computed from")
def with_graphs(weight, train, val, *options):
    path = []

    def go(now, train, rate, batch_size):
        path.append(an_epoch(now, train, rate, batch_size))
        return path[-1]

    best, _, _ = fitted(weight, train, val, *options, go=go)
    scores = [val[0] @ w.clone().requires_grad_().mT for w in path]
    return best, torch.stack([cross_entropy(z, val[1]) for z in scores])


@wrong("write into the caller's weights")
@torch.no_grad()
def in_place(weight, *args):
    best, losses, _ = fitted(weight.clone(), *args)
    return weight.copy_(best), losses


@right("with backward() on a parameter, a rate that is multiplied, and a copy of the best")
def with_backward(weight, train, val, lr, gamma, batch_size, epochs, patience):
    for name, value in {"lr": lr, "gamma": gamma}.items():
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"`{name}` can't be {value}")
    for name, value in {"batch_size": batch_size, "epochs": epochs, "patience": patience}.items():
        if value <= 0:
            raise ValueError(f"`{name}` can't be {value}")
    parameter = torch.nn.Parameter(weight.detach().clone())
    best, history, rate = parameter.detach().clone(), [], lr
    best_epoch, n = -1, len(train[0])
    while len(history) < epochs and len(history) - 1 - best_epoch < patience:
        for start in range(0, n, batch_size):
            rows = slice(start, start + batch_size)
            parameter.grad = None
            cross_entropy(train[0][rows] @ parameter.T, train[1][rows]).backward()
            with torch.no_grad():
                parameter -= rate * parameter.grad
        rate *= gamma
        with torch.no_grad():
            logs = (val[0] @ parameter.T).log_softmax(1)
            history.append(-logs.gather(1, val[1][:, None]).mean().item())
        if history[-1] < min(
            (old for old in history[:-1] if not math.isnan(old)), default=math.inf
        ):
            best, best_epoch = parameter.detach().clone(), len(history) - 1
    return best, torch.tensor(history, dtype=weight.dtype)


@right("all epochs first, the end and the choice afterwards")
def end_afterwards(weight, train, val, lr, gamma, batch_size, epochs, patience):
    if not 0 <= lr < math.inf:
        raise ValueError(f"lr: {lr}")
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma: {gamma}")
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size}")
    if epochs < 1:
        raise ValueError(f"epochs: {epochs}")
    if patience < 1:
        raise ValueError(f"patience: {patience}")
    path, now = [weight.detach()], weight.detach()
    for t in range(epochs):
        now = an_epoch(now, train, lr * gamma**t, batch_size)
        path.append(now)
    losses = [loss_of(w, val) for w in path[1:]]
    end = next((t + 1 for t in range(epochs) if waited(losses[: t + 1]) >= patience), epochs)
    losses = losses[:end]
    return path[len(losses) - waited(losses)], weight.new_tensor(losses)
