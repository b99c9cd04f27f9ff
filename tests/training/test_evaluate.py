"""The mean over all rows, whatever the batches."""

import math
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from grader import Exercise, check, claim, gpu, inputs, right, such_that, through, wrong

EXERCISE = Exercise(
    level="core",
    after=("accumulate_gradients",),
    hints=(
        "Five rows in batches of two: how much does each row count in the mean of the batches' means?",
        "Add sums up, and divide by the number of rows once.",
        "What is kept of a batch if autograd is on?",
    ),
)


def in_one(features, labels, weight):
    return torch.nn.functional.cross_entropy(features @ weight.mT, labels)


def data(n=7, d=3, k=4):
    labels = torch.arange(n) * 3 % k
    return inputs.numbers(n, d), labels, inputs.numbers(k, d).flip(1) / 4


@claim("S4-364")
def test_a_case_worked_by_hand(evaluate):
    # Scores (0, log 3) for x = 1, and (0, 0) for x = 0: probabilities 1/4, 3/4 and 1/2.
    weight = torch.tensor([[0.0], [math.log(3)]], dtype=torch.float64)
    features = torch.tensor([[1.0], [0.0], [1.0]], dtype=torch.float64)
    want = torch.tensor((math.log(4) + math.log(2) + math.log(4 / 3)) / 3, dtype=torch.float64)
    check(evaluate, features, torch.tensor([0, 1, 1]), weight, 2, want=want)


@claim("S4-364")
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 6, 7, 8, 100])
def test_the_batches_make_no_difference(evaluate, batch_size):
    check(evaluate, *data(), batch_size, want=in_one(*data()))


@given(st.integers(1, 9), st.integers(1, 4), st.integers(2, 5), st.integers(1, 10))
def test_equals_the_mean_over_all_rows(evaluate, n, d, k, batch_size):
    check(evaluate, *data(n, d, k), batch_size, want=in_one(*data(n, d, k)), scale=10.0)


def test_the_result_has_no_graph(evaluate):
    features, labels, weight = data()
    want = such_that("a result without a graph", lambda loss: not loss.requires_grad)
    check(evaluate, features, labels, weight.requires_grad_(), 3, want=want)


def test_large_scores_stay_finite(evaluate):
    features = torch.tensor([[1e3], [-1e3], [0.0]])
    weight = torch.tensor([[1.0], [0.0]])
    want = torch.tensor((0 + 1000 + math.log(2)) / 3)
    check(evaluate, features, torch.tensor([0, 0, 1]), weight, 2, want=want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_keeps_the_dtype(evaluate, dtype):
    features, labels, weight = data()
    want = in_one(features, labels, weight).to(dtype)
    check(evaluate, features.to(dtype), labels, weight.to(dtype), 2, want=want)


def test_reads_transposed_tensors_by_their_strides(evaluate):
    features, labels, weight = data()
    turned = features.mT.contiguous().mT, labels, weight.mT.contiguous().mT
    check(evaluate, *turned, 3, want=in_one(*data()))


class Scores(TorchDispatchMode):
    """Finds of how many rows all k scores were in one tensor; a one-hot code has no scores."""

    def __init__(self, k):
        super().__init__()
        self.k, self.found = k, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.is_floating_point():
            sizes = [size for size in out.shape if size > 1]
            if len(sizes) == 2 and self.k in sizes and not ((out == 0) | (out == 1)).all():
                self.found = max(self.found, out.numel() // self.k)
        return out


class Kept(torch.autograd.graph.saved_tensors_hooks):
    """Finds which share of all that was saved for a backward pass was there at the same time."""

    def __init__(self, k):
        super().__init__(self.keep, lambda tensor: tensor)
        self.saved, self.most = [], 0

    def keep(self, tensor):
        held = tensor.detach()
        self.saved.append(weakref.ref(held))
        self.most = max(self.most, sum(ref() is not None for ref in self.saved))
        return held

    @property
    def found(self):
        return self.most / max(len(self.saved), 1)


def watched(answer, watch):
    """Return a function that calls the answer, and returns what `watch` finds meanwhile."""

    def call(answer, features, labels, weight, batch_size):
        watching = watch(len(weight))
        with watching:
            answer(features, labels, weight, batch_size)
        return watching.found

    return through(answer, call)


def test_no_more_rows_than_a_batch_are_scored_at_once(evaluate):
    want = such_that("at most 4 rows", lambda rows: rows <= 4)
    why = "looked at: the most rows that had their scores in one tensor"
    check(watched(evaluate, Scores), *data(30, 2, 13), 4, want=want, why=why)


def test_nothing_is_kept_for_a_backward_pass(evaluate):
    features, labels, weight = data(32, 2, 13)
    want = such_that("less than half", lambda share: share < 0.5)
    why = "looked at: what was saved for a backward pass, and how much of it at the same time"
    seen = watched(evaluate, Kept)
    check(seen, features, labels, weight.requires_grad_(), 4, want=want, why=why)


def test_refuses_no_rows_and_no_batches(evaluate):
    features, labels, weight = data()
    args = (features[:0], labels[:0], weight, 2)
    check(evaluate, *args, raises=ValueError, naming={"features": (0, 3)})
    for size in (0, -2):
        args = (features, labels, weight, size)
        check(evaluate, *args, raises=ValueError, naming={"batch_size": size})


def test_refuses_labels_and_weights_that_do_not_fit(evaluate):
    features, labels, weight = data()
    for few in (labels[:-1], labels[:, None], labels[:1]):
        naming = {"labels": tuple(few.shape)}
        check(evaluate, features, few, weight, 2, raises=ValueError, naming=naming)
    narrow = weight[:, :-1]
    naming = {"weight": tuple(narrow.shape)}
    check(evaluate, features, labels, narrow, 2, raises=ValueError, naming=naming)


def losses(features, labels, weight, batch_size, reduction="mean"):
    """The loss of each batch, without its graph."""
    parts = zip(features.split(batch_size), labels.split(batch_size), strict=True)
    cost = torch.nn.functional.cross_entropy
    return torch.stack([cost(x @ weight.mT, y, reduction=reduction) for x, y in parts]).detach()


@wrong("average the batches' means: the rows of a small last batch count more")
def mean_of_means(features, labels, weight, batch_size):
    return losses(features, labels, weight, batch_size).mean()


@wrong("leave the last batch out if it isn't whole")
def drops_the_last(features, labels, weight, batch_size):
    whole = max(len(features) // batch_size, 1) * batch_size
    return in_one(features[:whole], labels[:whole], weight).detach()


@wrong("return the sum over all rows and not their mean",
       right_for="a summed loss; here it is the mean")  # fmt: skip
def summed(features, labels, weight, batch_size):
    return losses(features, labels, weight, batch_size, "sum").sum()


@wrong("return the loss of the last batch")
def of_the_last(features, labels, weight, batch_size):
    return losses(features, labels, weight, batch_size)[-1]


@wrong("divide by the number of batches and not of rows")
def by_the_batches(features, labels, weight, batch_size):
    return losses(features, labels, weight, batch_size, "sum").mean()


@wrong("count every batch as whole: the divisor is too large")
def by_whole_batches(features, labels, weight, batch_size):
    sums = losses(features, labels, weight, batch_size, "sum")
    return sums.sum() / (len(sums) * batch_size)


@wrong("keep the graph: all batches stay in memory until the end")
def with_graph(features, labels, weight, batch_size):
    return in_one(features, labels, weight)


@wrong("take the logarithm of the softmax apart: a probability of 0 has none")
def unstable(features, labels, weight, batch_size):
    probabilities = (features @ weight.mT).softmax(1)
    return -probabilities.gather(1, labels[:, None]).log().mean().detach()


@wrong("return the share of the rows that are wrong, and not the loss")
def error_rate(features, labels, weight, batch_size):
    wrong_ones = (features @ weight.mT).argmax(1) != labels
    return wrong_ones.to(features.dtype).mean()


@wrong("compute in float32 whatever the dtype")
def always_float32(features, labels, weight, batch_size):
    return in_one(features.float(), labels, weight.float()).detach()


@wrong("score all rows at once: a large data set has no room for that")
def all_at_once(features, labels, weight, batch_size):
    return in_one(features, labels, weight).detach()


@wrong("keep the graphs of all batches until the end, and cut off only their sum")
def cut_off_at_the_end(features, labels, weight, batch_size):
    total = 0.0
    for x, y in zip(features.split(batch_size), labels.split(batch_size), strict=True):
        total = total + torch.nn.functional.cross_entropy(x @ weight.mT, y, reduction="sum")
    return total.detach() / len(features)


@right("with the batches' means, each weighted by its rows")
def weighted_means(features, labels, weight, batch_size):
    n = features.shape[0]
    if n == 0:
        raise ValueError(f"`features` can't be of shape {tuple(features.shape)}")
    if labels.ndim != 1 or len(labels) != n:
        raise ValueError(f"`labels` can't be of shape {tuple(labels.shape)}")
    if weight.size(1) != features.size(1):
        raise ValueError(f"`weight` can't be of shape {tuple(weight.shape)}")
    if batch_size <= 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    mean = 0.0
    for k in range(0, n, batch_size):
        rows = slice(k, k + batch_size)
        scores = (features[rows] @ weight.T).log_softmax(1)
        part = -scores[torch.arange(len(scores), device=labels.device), labels[rows]].mean()
        mean = mean + part.detach() * (len(scores) / n)
    return mean


def cost(features, labels, weight, batch_size):
    """The products of the scores, and what is read once: rows, labels and weights."""
    products = 2 * len(features) * weight.numel()
    return {"bytes": features.nbytes + labels.nbytes + weight.nbytes, "flops": products}


def of_rows(draw, n, d, k, batch_size):
    return draw.normal(n, d), draw.integers(k, n), draw.normal(k, d) / d**0.5, batch_size


def whole(features, labels, weight, batch_size):
    return in_one(features, labels, weight)


@gpu
def bench_rows_one_by_one(evaluate, race):
    race(
        evaluate,
        torch=whole,
        inputs=of_rows,
        small=(256, 64, 10, 1),
        large=(1024, 512, 1000, 1),
        forward=cost,
    )


@gpu
def bench_rows_in_batches_of_256(evaluate, race):
    race(
        evaluate,
        torch=whole,
        inputs=of_rows,
        small=(256, 64, 10, 256),
        large=(16384, 512, 1000, 256),
        forward=cost,
    )


@gpu
def bench_a_large_vocabulary(evaluate, race):
    race(
        evaluate,
        torch=whole,
        inputs=of_rows,
        small=(64, 64, 2000, 64),
        large=(4096, 512, 50000, 1024),
        forward=cost,
    )
