"""Each epoch in a new order, each batch divided by its own size."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, effect, gpu, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="hard",
    after=("minibatch_grad",),
    forbid=("autograd", "torch.optim", "torch.utils.data", "fused_sgd"),
    instead="write down the gradients, and the loops",
    hints=(
        "Two loops: over the epochs, and over the batches of one new permutation.",
        "By what do you divide where 10 rows come in batches of 4? There are three batches.",
        "errors = X_B w + b - y_B; w - lr X_B^T errors / m, b - lr * mean(errors), m = len(rows).",
    ),
)

X = vector([1.0, 2.0], [3.0, -1.0], [0.0, 4.0], [-2.0, 0.0], [1.0, 1.0])
Y = vector(2.0, -1.0, 3.0, 0.0, 5.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def zeros(dtype=torch.float64):
    return torch.zeros(2, dtype=dtype), torch.zeros((), dtype=dtype)


def by_autograd(features, targets, lr, batch_size, epochs, generator):
    """The same by torch's own loss and gradients."""
    weights = torch.zeros(features.shape[1], dtype=features.dtype, requires_grad=True)
    bias = torch.zeros((), dtype=features.dtype, requires_grad=True)
    for _ in range(epochs):
        order = torch.randperm(len(features), generator=generator).tolist()
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            outputs = features[rows] @ weights + bias
            loss = torch.nn.functional.mse_loss(outputs, targets[rows]) / 2
            slopes = torch.autograd.grad(loss, (weights, bias))
            weights, bias = (
                (x - lr * g).detach().requires_grad_()
                for x, g in zip((weights, bias), slopes, strict=True)
            )
    return weights.detach(), bias.detach()


@claim("S1-006", "S1-203")
def test_a_case_worked_by_hand(minibatch_sgd_linreg):
    # All rows at once: the order says nothing. The means of y and of y * x are 1 and (1, 5).
    targets = vector(2.0, -1.0, 3.0, -4.0, 5.0)
    want = (vector(2 - 3 + 8 + 5.0, 4 + 1 + 12 + 5.0) / 10, torch.tensor(0.5).double())
    check(minibatch_sgd_linreg, X, targets, 0.5, 5, 1, seeded(), want=want)
    check(
        minibatch_sgd_linreg,
        X,
        targets,
        lr=0.5,
        batch_size=9,
        epochs=1,
        generator=seeded(),
        want=want,
    )


@claim("S3-123", "S4-367")
def test_the_last_smaller_batch_makes_a_whole_step(minibatch_sgd_linreg):
    # The features are 0, so that only the bias learns; each step goes half the way to the batch's mean.
    features, targets = torch.zeros(3, 2).double(), torch.full((3,), 4.0).double()
    want = (torch.zeros(2).double(), torch.tensor(3.0).double())
    check(minibatch_sgd_linreg, features, targets, 0.5, 2, 1, seeded(), want=want)
    want = (torch.zeros(2).double(), torch.tensor(3.75).double())
    check(minibatch_sgd_linreg, features, targets, 0.5, 2, 2, seeded(), want=want)


@claim("S1-006", "S1-202", "S1-203", "S4-367")
@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("seed", [0, 7])
def test_equals_descent_with_autograd_on_the_same_batches(minibatch_sgd_linreg, batch_size, seed):
    want = by_autograd(X, Y, 0.05, batch_size, 3, seeded(seed))
    check(minibatch_sgd_linreg, X, Y, 0.05, batch_size, 3, seeded(seed), want=want)


@claim("S4-367")
@given(
    inputs.tensors(inputs.sizes(1, 6), 3),
    st.lists(st.integers(-8, 8).map(lambda k: k / 4), min_size=6, max_size=6),
    st.integers(1, 7),
    st.integers(0, 2),
    st.integers(0, 1000),
)
def test_equals_descent_with_autograd_on_any_rows(
    minibatch_sgd_linreg, features, targets, batch_size, epochs, seed
):
    targets = vector(*targets[: len(features)])
    want = by_autograd(features, targets, 0.125, batch_size, epochs, seeded(seed))
    args = (features, targets, 0.125, batch_size, epochs, seeded(seed))
    check(minibatch_sgd_linreg, *args, want=want, scale=1000.0)


@claim("S1-006")
def test_data_without_noise_lead_to_the_true_parameters(minibatch_sgd_linreg):
    features = vector([1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [0.5, 0.0])
    targets = features @ vector(2.0, -3.0) + 0.5
    want = (vector(2.0, -3.0), torch.tensor(0.5).double())
    check(minibatch_sgd_linreg, features, targets, 0.5, 3, 60, seeded(3), want=want)


@claim("S1-202")
def test_the_order_comes_from_the_generator(minibatch_sgd_linreg):
    features, targets = inputs.numbers(7, 2), inputs.numbers(7)
    generator = seeded(5)
    torch.randperm(11, generator=generator)  # one that has been used before
    want = by_autograd(features, targets, 0.03, 2, 2, generator.clone_state())
    check(minibatch_sgd_linreg, features, targets, 0.03, 2, 2, generator, want=want)


@claim("S1-006")
def test_a_rate_that_is_too_large_diverges(minibatch_sgd_linreg):
    # Only the bias learns: its distance to 1 is doubled each time, and its side changed.
    want = (torch.zeros(1).double(), torch.tensor(1.0 - (-2.0) ** 10).double())
    args = (torch.zeros(4, 1).double(), torch.ones(4).double(), 3.0, 2, 5, seeded())
    check(minibatch_sgd_linreg, *args, want=want)
    # Each step multiplies the errors by -199.
    args = (torch.ones(2, 1).double(), torch.ones(2).double(), 100.0, 1, 500, seeded())
    beyond = such_that("an intercept that isn't finite", lambda both: not both[1].isfinite())
    check(minibatch_sgd_linreg, *args, want=beyond)


@claim("S1-202")
@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_only_one_order_an_epoch_is_drawn(minibatch_sgd_linreg, epochs):
    generator = seeded(4)
    for _ in range(epochs):
        torch.randperm(5, generator=generator)
    want = torch.rand(3, generator=generator)

    def drawn_next(*args):
        return torch.rand(3, generator=args[-1])

    args = (X, Y, 0.05, 2, epochs, seeded(4))
    check(effect(minibatch_sgd_linreg, drawn_next), *args, want=want)


def test_no_epochs_or_a_rate_of_zero_leave_zeros(minibatch_sgd_linreg):
    check(minibatch_sgd_linreg, X, Y, 0.5, 2, 0, seeded(), want=zeros())
    check(minibatch_sgd_linreg, X, Y, 0.0, 2, 3, seeded(), want=zeros())


def test_keeps_the_dtype_of_the_features(minibatch_sgd_linreg):
    features, targets = X.float(), Y.float()
    want = by_autograd(features, targets, 0.05, 2, 2, seeded(1))
    check(minibatch_sgd_linreg, features, targets, 0.05, 2, 2, seeded(1), want=want)


def test_reads_features_by_their_strides(minibatch_sgd_linreg):
    features, targets = inputs.numbers(2, 6).mT, inputs.numbers(12)[::2]
    want = by_autograd(features, targets, 0.05, 4, 2, seeded(2))
    check(minibatch_sgd_linreg, features, targets, 0.05, 4, 2, seeded(2), want=want)


def test_refuses_rates_batches_and_epochs_that_make_no_sense(minibatch_sgd_linreg):
    for lr in (-0.5, math.nan, math.inf):
        args = (X, Y, lr, 2, 1, seeded())
        check(minibatch_sgd_linreg, *args, raises=ValueError, naming={"lr": lr})
    for batch_size in (0, -2):
        args = (X, Y, 0.5, batch_size, 1, seeded())
        naming = {"batch_size": batch_size}
        check(minibatch_sgd_linreg, *args, raises=ValueError, naming=naming)
    args = (X, Y, 0.5, 2, -1, seeded())
    check(minibatch_sgd_linreg, *args, raises=ValueError, naming={"epochs": -1})


def test_refuses_targets_of_another_shape_and_no_rows(minibatch_sgd_linreg):
    for shape in ((4,), (6,), (5, 1)):
        args = (X, torch.zeros(shape).double(), 0.5, 2, 1, seeded())
        check(minibatch_sgd_linreg, *args, raises=ValueError, naming={"targets": shape})
    args = (torch.zeros(0, 2), torch.zeros(0), 0.5, 2, 1, seeded())
    check(minibatch_sgd_linreg, *args, raises=ValueError, naming={"targets": (0,)})


def test_refuses_integers(minibatch_sgd_linreg):
    args = (torch.ones(3, 2, dtype=torch.int64), torch.ones(3), 0.5, 2, 1, seeded())
    check(minibatch_sgd_linreg, *args, raises=ValueError, naming={"features": torch.int64})


def sgd(features, targets, batches, step):
    """Walk through batches; `step` makes new parameters of the old ones and the rows' data."""
    parameters = features.new_zeros(features.shape[1]), features.new_zeros(())
    for rows in batches:
        weights, bias = parameters
        errors = features[rows] @ weights + bias - targets[rows]
        parameters = step(weights, bias, features[rows], errors)
    return parameters


def shuffled(n, batch_size, epochs, generator):
    for _ in range(epochs):
        yield from torch.randperm(n, generator=generator).split(batch_size)


def usual(lr, size=len):
    """The step; `size` says by what the sums over the rows are divided."""

    def step(weights, bias, drawn, errors):
        m = size(errors)
        return weights - lr * drawn.mT @ errors / m, bias - lr * errors.sum() / m

    return step


@wrong("divide by batch_size, as the listing does: a last, smaller batch makes too small a step")
def fixed_divisor(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    return sgd(features, targets, batches, usual(lr, lambda errors: batch_size))


@wrong("sum over the rows of a batch: the rate is batch_size times as large",
       right_for="the summed loss; here it is the mean")  # fmt: skip
def summed(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    return sgd(features, targets, batches, usual(lr, lambda errors: 1))


@wrong("forget the half in the loss: the rate is twice as large",
       right_for="the mean squared error without a half; here half of it is the loss")  # fmt: skip
def without_the_half(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    return sgd(features, targets, batches, usual(2 * lr))


@wrong("drop the last batch where it is smaller")
def drops_the_last(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    whole = (rows for rows in batches if len(rows) == batch_size)
    return sgd(features, targets, whole, usual(lr))


@wrong("shuffle once: every epoch goes through the same batches")
def one_order(features, targets, lr, batch_size, epochs, generator):
    batches = torch.randperm(len(features), generator=generator).split(batch_size)
    return sgd(features, targets, batches * epochs, usual(lr))


@wrong("go through the rows in the order in which they came")
def unshuffled(features, targets, lr, batch_size, epochs, generator):
    batches = torch.arange(len(features)).split(batch_size)
    return sgd(features, targets, batches * epochs, usual(lr))


@wrong("draw each batch with replacement: some rows come twice in an epoch, others never")
def with_replacement(features, targets, lr, batch_size, epochs, generator):
    n = len(features)
    count = -(-n // batch_size) * epochs
    batches = [torch.randint(n, (batch_size,), generator=generator) for _ in range(count)]
    return sgd(features, targets, batches, usual(lr))


@wrong("seed a generator of your own: the order is to come from the one that is given")
def own_generator(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, seeded(0))
    return sgd(features, targets, batches, usual(lr))


@wrong("move the bias by the errors of the new weights: both move at once")
def one_after_the_other(features, targets, lr, batch_size, epochs, generator):
    def step(weights, bias, drawn, errors):
        new = weights - lr * drawn.mT @ errors / len(errors)
        return new, bias - lr * (errors + drawn @ (new - weights)).mean()

    return sgd(features, targets, shuffled(len(features), batch_size, epochs, generator), step)


@wrong("leave the intercept at 0")
def without_bias(features, targets, lr, batch_size, epochs, generator):
    def step(weights, bias, drawn, errors):
        return weights - lr * drawn.mT @ errors / len(errors), bias

    return sgd(features, targets, shuffled(len(features), batch_size, epochs, generator), step)


@wrong("sum the errors for the bias, though the weights take the mean")
def summed_bias(features, targets, lr, batch_size, epochs, generator):
    def step(weights, bias, drawn, errors):
        return weights - lr * drawn.mT @ errors / len(errors), bias - lr * errors.sum()

    return sgd(features, targets, shuffled(len(features), batch_size, epochs, generator), step)


@wrong("take one epoch for one step: only the first batch is used")
def one_step_an_epoch(features, targets, lr, batch_size, epochs, generator):
    n = len(features)
    batches = [torch.randperm(n, generator=generator)[:batch_size] for _ in range(epochs)]
    return sgd(features, targets, batches, usual(lr))


@wrong("climb: the errors have the wrong sign")
def climbs(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    return sgd(features, targets, batches, usual(-lr))


@wrong("draw an order for an epoch that doesn't come")
def one_order_too_many(features, targets, lr, batch_size, epochs, generator):
    batches = list(shuffled(len(features), batch_size, epochs, generator))
    torch.randperm(len(features), generator=generator)
    return sgd(features, targets, batches, usual(lr))


@wrong("refuse a rate once the weights aren't finite any more")
def refuses_to_diverge(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    found = sgd(features, targets, batches, usual(lr))
    if not all(p.isfinite().all() for p in found):
        raise ValueError(f"lr {lr} diverges")
    return found


@wrong("compute in float32 whatever the dtype")
def always_float32(features, targets, lr, batch_size, epochs, generator):
    batches = shuffled(len(features), batch_size, epochs, generator)
    return sgd(features.float(), targets.float(), batches, usual(lr))


@right("with a column of ones for the intercept")
def column_of_ones(features, targets, lr, batch_size, epochs, generator):
    if lr < 0 or not math.isfinite(lr):
        raise ValueError(f"`lr` can't be {lr}")
    if batch_size <= 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    if epochs < 0:
        raise ValueError(f"`epochs` can't be {epochs}")
    n = features.shape[0]
    if tuple(targets.shape) != (n,) or n == 0:
        raise ValueError(f"`targets` is {tuple(targets.shape)} for {n} rows")
    if not torch.is_floating_point(features):
        raise ValueError(f"`features` can't be {features.dtype}")
    design = torch.cat([features, features.new_ones(n, 1)], dim=1)
    theta = design.new_zeros(design.shape[1])
    for _ in range(epochs):
        order = torch.randperm(n, generator=generator)
        for first in range(0, n, batch_size):
            rows = order[first : first + batch_size]
            a = design[rows]
            theta = theta + lr * (a.mT @ (targets[rows] - a @ theta)) / a.shape[0]
    return theta[:-1], theta[-1]


@right("on shuffled copies, row by row")
def row_by_row(features, targets, lr, batch_size, epochs, generator):
    if not (lr >= 0 and lr != math.inf):
        raise ValueError(f"lr = {lr}")
    for name, value, least in (("batch_size", batch_size, 1), ("epochs", epochs, 0)):
        if value < least:
            raise ValueError(f"{name} = {value}")
    if targets.size() != features[:, 0].size() or features.numel() == 0:
        raise ValueError(f"targets: {list(targets.shape)}")
    if features.dtype in (torch.int64, torch.int32, torch.bool):
        raise ValueError(f"features: {features.dtype}")
    w, b = torch.zeros_like(features[0]), torch.zeros_like(targets[0])
    for _ in range(epochs):
        order = torch.randperm(len(targets), generator=generator)
        x, y = features[order], targets[order]
        for first in range(0, len(y), batch_size):
            pairs = list(
                zip(x[first : first + batch_size], y[first : first + batch_size], strict=True)
            )
            errors = [torch.dot(row, w) + b - target for row, target in pairs]
            w = w - lr * sum(e * row for e, (row, _) in zip(errors, pairs, strict=True)) / len(
                pairs
            )
            b = b - lr * sum(errors) / len(errors)
    return w, b


@gpu
def bench_epochs_of_one_batch(minibatch_sgd_linreg, race):
    # All rows in one batch: the order, which no two contestants draw alike, makes no difference.
    def with_torch(features, targets, lr, batch_size, epochs, generator):
        design = torch.cat([features, torch.ones_like(features[:, :1])], 1)
        theta = design.new_zeros(design.shape[1])
        for _ in range(epochs):
            errors = torch.mv(design, theta) - targets
            theta = torch.addmv(theta, design.mT, errors, alpha=-lr / len(design))
        return theta[:-1], theta[-1]

    def count(features, targets, lr, batch_size, epochs, generator):
        # Each epoch reads all rows; two operations an entry for the errors, two for the gradient.
        return {"bytes": epochs * features.nbytes, "flops": 4 * epochs * features.numel()}

    race(
        minibatch_sgd_linreg,
        torch=with_torch,
        inputs=lambda draw, n, d: (
            draw.normal(n, d),
            draw.normal(n),
            0.1,
            n,
            10,
            torch.Generator(draw.device),
        ),
        small=(500, 10),
        large=(200_000, 200),
        forward=count,
        slack=100.0,  # sums of 200000 terms
    )
