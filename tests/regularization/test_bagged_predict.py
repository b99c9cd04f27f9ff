"""Each model is fitted to n rows drawn with replacement; their predictions are averaged."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, inputs, right, such_that, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="core",
    after=("ensemble_error",),
    hints=(
        "How many rows has a bootstrap sample, and can a row be in it twice?",
        "The same row numbers pick features and targets.",
        "Stack the k predictions at the queries, and take the mean over the models.",
    ),
)
FEATURES = vector([0.0, 1.0], [2.0, 0.0], [4.0, 3.0], [7.0, 1.0], [9.0, 5.0])
TARGETS = vector(1.0, -2.0, 4.0, 8.0, -16.0)
QUERIES = vector([1.0, 1.0], [8.0, 4.0], [3.0, 0.0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def constant(features, targets):
    """Fit the mean of the targets."""
    return lambda queries: targets.mean().expand(len(queries))


def nearest(features, targets):
    """Fit the target of the nearest row; of several, that with the smallest target."""

    def model(queries):
        distances = torch.cdist(queries, features)
        is_nearest = distances <= distances.amin(1, keepdim=True)
        return torch.where(is_nearest, targets, torch.inf).amin(1)

    return model


def plane(features, targets):
    """Fit a ridge regression."""
    gram = features.mT @ features + 0.5 * torch.eye(features.shape[1], dtype=features.dtype)
    weights = torch.linalg.solve(gram, features.mT @ targets)
    return lambda queries: queries @ weights


def one_by_one(fit, features, targets, queries, k, generator):
    """Copy the rows one at a time, and add the predictions up."""
    n, total = len(targets), torch.zeros(len(queries), dtype=targets.dtype)
    for _ in range(k):
        rows = torch.randint(n, (n,), generator=generator).tolist()
        model = fit(
            torch.stack([features[i] for i in rows]), torch.stack([targets[i] for i in rows])
        )
        total += model(queries)
    return total / k


@claim("S0-341", "S0-344")
def test_a_case_worked_by_hand(bagged_predict):
    # One row: all samples are that row, n times; its target is 3, and there are 2 features.
    def sizes(features, targets):
        return lambda queries: queries.sum(1) * targets.sum() + features.numel()

    one = FEATURES[1:2], vector(3.0)
    want = vector(8.0, 38.0, 11.0)
    check(bagged_predict, sizes, *one, QUERIES, 4, seeded(), want=want)


@claim("S0-341", "S0-344")
@pytest.mark.parametrize("fit", [nearest, constant, plane])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_equals_the_loop_over_samples(bagged_predict, fit, k):
    data = (FEATURES, TARGETS, QUERIES, k)
    want = one_by_one(fit, *data, seeded(1))
    check(bagged_predict, fit, *data, seeded(1), want=want)


@claim("S0-341")
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 999))
def test_equals_the_loop_for_any_number_of_rows(bagged_predict, n, k, seed):
    data = (inputs.numbers(n, 2), inputs.numbers(n + 1)[1:], QUERIES, k)
    want = one_by_one(nearest, *data, seeded(seed))
    check(bagged_predict, nearest, *data, generator=seeded(seed), want=want)


@claim("S0-341")
def test_a_sample_has_all_its_rows_from_the_data_and_some_of_them_twice(bagged_predict):
    seen = []

    def spy(features, targets):
        seen.append((features, targets))
        return constant(features, targets)

    n, k = 200, 3
    x = torch.arange(n).double()[:, None].repeat(1, 2)
    bagged_predict(spy, x, x[:, 0] + 0.5, QUERIES, k, seeded(2))
    kinds = [len(features.unique(dim=0)) for features, _ in seen]
    fits = all(f.shape == x.shape and torch.equal(f[:, 0] + 0.5, t) for f, t in seen)
    # Of 200 rows 126.6 come up, with a standard deviation of 4.4.
    are_samples = len(seen) == k and fits and all(100 < kind < 153 for kind in kinds)
    told = f"3 samples of 200 rows, some 127 of them different, and not {kinds}"
    want = such_that(told, lambda y: are_samples)
    check(bagged_predict, constant, x, x[:, 0], QUERIES, k, seeded(2), want=want)


@claim("S0-341", "S4-171")
def test_the_generator_moves_on_from_call_to_call(bagged_predict):
    live, data = seeded(3), (FEATURES, TARGETS, QUERIES, 2)
    bagged_predict(nearest, *data, live)
    other = seeded(3)
    torch.randint(5, (5,), generator=other)
    torch.randint(5, (5,), generator=other)
    want = one_by_one(nearest, *data, other)
    check(bagged_predict, nearest, *data, live, want=want)


@claim("S0-341", "S0-344")
def test_many_models_vary_less_than_one(bagged_predict):
    # It would be refuted by a mean of 20 models that varies as much as a single one does.
    def spread(k):
        data = (FEATURES, TARGETS, QUERIES, k)
        return torch.stack([bagged_predict(nearest, *data, seeded(s)) for s in range(60)]).std(0)

    def holds(few):
        return bool((spread(20) < few / 2).all())

    told = "predictions whose spread is halved, at least, by 20 models in place of one"
    check(spread, 1, want=such_that(told, holds))


def test_takes_no_queries_and_keeps_the_dtype(bagged_predict):
    none = torch.zeros(0, 2).double()
    check(bagged_predict, plane, FEATURES, TARGETS, none, 2, seeded(), want=none[:, 0])
    data = tuple(t.float() for t in (FEATURES, TARGETS, QUERIES))
    want = one_by_one(constant, *data, 3, seeded(4))
    check(bagged_predict, constant, *data, 3, seeded(4), want=want)


def test_refuses_what_is_no_data_and_no_number_of_models(bagged_predict):
    for k in (0, -1):
        call = (constant, FEATURES, TARGETS, QUERIES, k, seeded())
        check(bagged_predict, *call, raises=ValueError, naming={"k": k})
    for targets in (TARGETS[:4], TARGETS[:1], TARGETS[:, None]):
        call = (constant, FEATURES, targets, QUERIES, 2, seeded())
        naming = {"targets": tuple(targets.shape)}
        check(bagged_predict, *call, raises=ValueError, naming=naming)
    call = (constant, FEATURES[:0], TARGETS[:0], QUERIES, 2, seeded())
    check(bagged_predict, *call, raises=ValueError, naming={"targets": (0,)})


def bag(fit, features, targets, queries, k, rows, combine=lambda y: y.mean(0)):
    models = [fit(features[r], targets[t]) for r, t in (rows() for _ in range(k))]
    return combine(torch.stack([model(queries) for model in models]))


def drawn(n, generator):
    def rows():
        picked = torch.randint(n, (n,), generator=generator)
        return picked, picked

    return rows


@wrong("draw without replacement: each model sees all rows")
def without_replacement(fit, features, targets, queries, k, generator):
    def rows():
        order = torch.randperm(len(targets), generator=generator)
        return order, order

    return bag(fit, features, targets, queries, k, rows)


@wrong("fit all models to one sample: they are all the same")
def one_sample(fit, features, targets, queries, k, generator):
    picked = torch.randint(len(targets), (len(targets),), generator=generator)
    for _ in range(k - 1):
        torch.randint(len(targets), (len(targets),), generator=generator)
    return bag(fit, features, targets, queries, k, lambda: (picked, picked))


@wrong("draw rows of features and of targets apart: they don't belong together")
def apart(fit, features, targets, queries, k, generator):
    n = len(targets)

    def rows():
        return [torch.randint(n, (n,), generator=generator) for _ in range(2)]

    return bag(fit, features, targets, queries, k, rows)


@wrong("leave the targets in their old order")
def old_targets(fit, features, targets, queries, k, generator):
    n = len(targets)
    return bag(
        fit,
        features,
        targets,
        queries,
        k,
        lambda: (torch.randint(n, (n,), generator=generator), torch.arange(n)),
    )


@wrong("leave out rows that come up again")
def without_repeats(fit, features, targets, queries, k, generator):
    def rows():
        picked = torch.randint(len(targets), (len(targets),), generator=generator).unique()
        return picked, picked

    return bag(fit, features, targets, queries, k, rows)


@wrong("draw half as many rows as there are")
def half_samples(fit, features, targets, queries, k, generator):
    def rows():
        n = len(targets)
        picked = torch.randint(n, (max(n // 2, 1),), generator=generator)
        return picked, picked

    return bag(fit, features, targets, queries, k, rows)


@wrong("add the predictions up")
def summed(fit, features, targets, queries, k, generator):
    rows = drawn(len(targets), generator)
    return bag(fit, features, targets, queries, k, rows, lambda y: y.sum(0))


@wrong("take the median of the predictions")
def median(fit, features, targets, queries, k, generator):
    rows = drawn(len(targets), generator)
    return bag(fit, features, targets, queries, k, rows, lambda y: y.median(0).values)


@wrong("return the last model's predictions")
def last_model(fit, features, targets, queries, k, generator):
    return bag(fit, features, targets, queries, k, drawn(len(targets), generator), lambda y: y[-1])


@wrong("fit one model more, to the data as they are")
def with_the_data(fit, features, targets, queries, k, generator):
    mean = bag(fit, features, targets, queries, k, drawn(len(targets), generator))
    return (k * mean + fit(features, targets)(queries)) / (k + 1)


@wrong("take the mean over the queries, not over the models")
def over_queries(fit, features, targets, queries, k, generator):
    rows = drawn(len(targets), generator)
    return bag(
        fit, features, targets, queries, k, rows, lambda y: y.mean(1).mean().expand(len(queries))
    )


@wrong("seed a generator of its own")
def own_generator(fit, features, targets, queries, k, generator):
    return bag(fit, features, targets, queries, k, drawn(len(targets), seeded()))


@right("with a running mean")
def running_mean(fit, features, targets, queries, k, generator):
    if k <= 0:
        raise ValueError(f"k: {k}")
    if len(targets) == 0 or list(targets.shape) != [len(features)]:
        raise ValueError(f"targets: {tuple(targets.shape)}")
    mean = None
    for count in range(1, k + 1):
        rows = torch.randint(0, len(features), size=(len(features),), generator=generator)
        y = fit(features.index_select(0, rows), targets.index_select(0, rows))(queries)
        mean = y if mean is None else mean + (y - mean) / count
    return mean
