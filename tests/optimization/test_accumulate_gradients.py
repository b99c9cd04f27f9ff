"""The parts' mean gradients, weighted by the numbers of their rows."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, gpu, inputs, right, wrong
from grader.words.inputs import vector

EXERCISE = Exercise(
    level="warm-up",
    after=("minibatch_grad",),
    hints=(
        "Two parts of 3 rows and of 1 row: how much does each of the four rows count in the whole?",
        "The sum over a part's rows is its mean gradient times its size.",
        "sum(size_k * grad_k) / sum(size_k).",
    ),
)


@claim("S2-051", "S4-367")
def test_a_case_worked_by_hand(accumulate_gradients):
    grads = [vector([1.0, 0.0, -2.0], [4.0, 8.0, 0.0]), vector([5.0, 4.0, 0.0], [0.0, -4.0, 2.0])]
    want = vector([2.0, 1.0, -1.5], [3.0, 5.0, 0.5])
    check(accumulate_gradients, grads, sizes=[3, 1], want=want)
    check(accumulate_gradients, grads[::-1], sizes=[1, 3], want=want)


@claim("S2-051")
def test_equal_parts_count_the_same(accumulate_gradients):
    grads = [vector(1.0, -2.0), vector(3.0, 6.0), vector(-1.0, 2.0)]
    for size in (1, 7):
        check(accumulate_gradients, grads, [size] * 3, want=vector(1.0, 2.0))


@claim("S2-051", "S3-123", "S4-367")
@given(inputs.tensors(7, 2), inputs.tensors(7), st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_equals_the_gradient_of_the_whole_batch(accumulate_gradients, features, targets, sizes):
    sizes = [*sizes, 7 - sum(sizes)] if sum(sizes) < 7 else [1, 4, 2]
    weights = vector(0.5, -2.0).requires_grad_()

    def grad(rows):
        loss = torch.nn.functional.mse_loss(features[rows] @ weights, targets[rows])
        return torch.autograd.grad(loss, weights)[0]

    parts = [grad(rows) for rows in torch.arange(7).split(sizes)]
    check(accumulate_gradients, parts, sizes, want=grad(torch.arange(7)), scale=100.0)


@claim("S4-367")
def test_one_part_is_the_whole(accumulate_gradients):
    for size in (1, 5):
        check(accumulate_gradients, [vector(1.0, -3.0)], [size], want=vector(1.0, -3.0))
    check(
        accumulate_gradients, [torch.tensor(2.0), torch.tensor(5.0)], [1, 2], want=torch.tensor(4.0)
    )


def test_sizes_whose_product_is_large(accumulate_gradients):
    grads = [torch.tensor([1.0, 2.0]), torch.tensor([3.0, -2.0])]
    check(accumulate_gradients, grads, [3 * 10**18, 10**18], want=torch.tensor([1.5, 1.0]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(accumulate_gradients, dtype):
    # In float16 the sum over the rows, 200 * 1000, would overflow.
    grads = [torch.tensor([200.0, -1.0], dtype=dtype), torch.tensor([40.0, 3.0], dtype=dtype)]
    want = torch.tensor([160.0, 0.0], dtype=dtype)
    check(accumulate_gradients, grads, [3000, 1000], want=want)


def test_empty_gradients_stay_empty(accumulate_gradients):
    grads = [torch.zeros(0, 3), torch.zeros(0, 3)]
    check(accumulate_gradients, grads, [2, 1], want=torch.zeros(0, 3))


def test_refuses_nothing_and_another_number_of_sizes(accumulate_gradients):
    check(accumulate_gradients, [], [], raises=ValueError, naming={"grads": 0})
    for sizes in ([1], [1, 2, 3]):
        args = ([vector(1.0), vector(2.0)], sizes)
        check(accumulate_gradients, *args, raises=ValueError, naming={"sizes": len(sizes)})


def test_refuses_gradients_that_dont_fit_each_other(accumulate_gradients):
    for shape in ((3, 1), (1,), ()):
        args = ([torch.ones(3), torch.ones(shape)], [1, 2])
        check(accumulate_gradients, *args, raises=ValueError, naming={"grads": shape})
    whole = torch.tensor([1, 2])
    for grads, sizes in (([whole], [4]), ([torch.ones(2), whole], [3, 1])):
        naming = {"grads": torch.int64}
        check(accumulate_gradients, grads, sizes, raises=ValueError, naming=naming)


def test_refuses_parts_without_rows(accumulate_gradients):
    for sizes, value in (([2, 0], 0), ([-1, 3], -1)):
        args = ([vector(1.0), vector(2.0)], sizes)
        check(accumulate_gradients, *args, raises=ValueError, naming={"sizes": value})


@wrong("average the parts' gradients: the rows of a small part count more than others")
def mean_of_means(grads, sizes):
    return torch.stack(grads).mean(0)


@wrong("add them up, as repeated backward() does: the result is as many times too large")
def summed(grads, sizes):
    return torch.stack(grads).sum(0)


@wrong("return the sum over all rows and not their mean",
       right_for="the summed loss; here it is the mean")  # fmt: skip
def over_all_rows(grads, sizes):
    return torch.stack([g * float(s) for g, s in zip(grads, sizes, strict=True)]).sum(0)


@wrong("divide by the number of rows of the first part, as if all had as many")
def first_size(grads, sizes):
    total = sizes[0] * len(sizes)
    return torch.stack([g * (s / total) for g, s in zip(grads, sizes, strict=True)]).sum(0)


@wrong("take the gradients for sums: they are divided by the number of rows once more")
def of_sums(grads, sizes):
    return torch.stack(grads).sum(0) / sum(sizes)


@wrong("weight by the inverse of the sizes")
def inverse_weights(grads, sizes):
    total = sum(1 / s for s in sizes)
    return torch.stack([g * (1 / s / total) for g, s in zip(grads, sizes, strict=True)]).sum(0)


@wrong("multiply by the sizes before dividing: float16 overflows")
def overflows(grads, sizes):
    summed = [g * s for g, s in zip(grads, sizes, strict=True)]
    return torch.stack(summed).sum(0) / sum(sizes)


@wrong("add into the first gradient: the caller's changes")
def in_place(grads, sizes):
    total = grads[0].mul_(sizes[0] / sum(sizes))
    for g, s in zip(grads[1:], sizes[1:], strict=True):
        total += g * (s / sum(sizes))
    return total


@wrong("compute in float32 whatever the dtype")
def always_float32(grads, sizes):
    return torch.stack(
        [g.float() * (s / sum(sizes)) for g, s in zip(grads, sizes, strict=True)]
    ).sum(0)


@wrong("keep only the last part's gradient")
def last_part(grads, sizes):
    return grads[-1] * 1


@right("as a running mean, part after part")
def running_mean(grads, sizes):
    if len(grads) == 0:
        raise ValueError(f"`grads` is empty: {len(grads)}")
    for g in grads:
        if not torch.is_floating_point(g):
            raise ValueError(f"`grads` has a {g.dtype}")
        if g.size() != grads[0].size():
            raise ValueError(f"`grads` has one of {tuple(g.shape)}")
    if len(grads) != len(sizes):
        raise ValueError(f"`sizes` has {len(sizes)} entries")
    for size in sizes:
        if size <= 0:
            raise ValueError(f"`sizes` can't have {size}")
    mean, seen = torch.zeros_like(grads[0]), 0
    for g, size in zip(grads, sizes, strict=True):
        seen += size
        mean = mean + (g - mean) * (size / seen)
    return mean


@gpu
def bench_parts_of_a_batch(accumulate_gradients, race):
    def torchs(grads, sizes):
        shares = torch.tensor(sizes, dtype=grads[0].dtype, device=grads[0].device) / sum(sizes)
        return torch.stack(grads, -1) @ shares

    race(
        accumulate_gradients,
        torch=torchs,
        inputs=lambda draw, k, n: ([draw.normal(n) for _ in range(k)], [*range(1, k + 1)]),
        small=(4, 10_000),
        large=(8, 20_000_000),
        # Each part is read once, the mean is written; a product and a sum for each entry of a part.
        forward=lambda grads, sizes: {
            "bytes": (len(grads) + 1) * grads[0].nbytes,
            "flops": 2 * len(grads) * grads[0].numel(),
        },
        slack=100.0,
    )
