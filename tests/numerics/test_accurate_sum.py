"""A sum that keeps what rounding takes: 1e8 + 1 - 1e8 = 1 in float32."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, accuracy, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="hard",
    forbid=(
        "sum",
        "cumsum",
        "mean",
        "nansum",
        "logsumexp",
        "einsum",
        "numpy",
        "math.fsum",
        "statistics.fsum",
    ),
    instead="add the entries up one by one, and keep what each addition loses",
    hints=(
        "In float32 s = 1e8 + 1 is 1e8. How can you compute from s, 1e8 and 1 what was lost?",
        "Add up the losses in a variable of their own; the term may be larger than the total.",
        "With s = a + b and c = s - a, (a - (s - c)) + (b - c) is what s lacks, exactly.",
    ),
)


def exact(x):
    """The sum in exact fractions, rounded once."""
    total = sum((Fraction(v) for v in x.double().tolist()), Fraction(0))
    return torch.tensor(float(total), dtype=torch.float64).to(x.dtype)


@claim("S4-183")
def test_a_case_worked_by_hand(accurate_sum):
    check(accurate_sum, torch.tensor([0.5, -2.0, 8.25, 1.0]), want=torch.tensor(7.75))


@claim("S4-183")
@pytest.mark.parametrize(
    ("dtype", "large"),
    [(torch.float16, 2048.0), (torch.bfloat16, 256.0), (torch.float32, 1e8), (torch.float64, 1e17)],
    ids=str,
)
def test_a_one_beside_a_large_number_is_not_swallowed(accurate_sum, dtype, large):
    one = torch.tensor(1.0, dtype=dtype)
    check(accurate_sum, torch.tensor([large, 1.0, -large], dtype=dtype), want=one)
    check(accurate_sum, torch.tensor([1.0, large, -large], dtype=dtype), want=one)
    check(accurate_sum, torch.tensor([-large, large, 1.0], dtype=dtype), want=one)


@claim("S4-183")
def test_what_was_lost_twice_is_not_lost(accurate_sum):
    x = inputs.vector(1, 1e100, 1, -1e100)
    check(accurate_sum, x, want=torch.tensor(2.0, dtype=torch.float64))
    # Each of the ones is less than half a step of 1e17, and all of them are four steps.
    x = torch.cat([inputs.vector(1e17), torch.ones(64, dtype=torch.float64)])
    check(accurate_sum, x, want=exact(x), slack=1e-6)


@claim("S4-183")
@given(st.lists(st.tuples(st.integers(-64, 64), st.integers(0, 50)), min_size=1, max_size=8))
def test_equals_exact_fractions_for_entries_of_all_sizes(accurate_sum, parts):
    x = torch.tensor([m * 2.0**e for m, e in parts], dtype=torch.float64)
    # Twice 53 bits hold all of these sums.
    check(accurate_sum, x, want=exact(x), scale=0.0)
    mirrored = torch.cat([x, inputs.vector(0.375), -x.flip(0)])
    check(accurate_sum, mirrored, want=torch.tensor(0.375, dtype=torch.float64), scale=0.0)


@claim("S4-183")
def test_equals_fsum_for_float64_numbers_of_all_digits(accurate_sum):
    import math

    steps = torch.arange(1, 61, dtype=torch.float64)
    x = torch.sin(steps) * 10 ** (steps % 9)
    x = torch.cat([x, 1 / steps, -x])
    want = torch.tensor(math.fsum(x.tolist()), dtype=torch.float64)
    check(accurate_sum, x, want=want, scale=0.0, slack=1e-4)


@claim("S4-183")
def test_many_small_steps_arrive(accurate_sum):
    x = torch.full((150,), 0.1)
    # 15.0000002235: float32's 0.1 is a little too large. slack: to the last digit of float32.
    check(accurate_sum, x, want=exact(x), slack=0.002)


@given(inputs.tensors(inputs.sizes(1, 6)))
def test_each_entry_has_the_gradient_one(accurate_sum, x):
    upstream = torch.tensor(-2.5, dtype=torch.float64)
    check_gradient(accurate_sum, x, upstream=upstream, want=(torch.full_like(x, -2.5),))


def test_one_entry_is_its_own_sum_and_none_sum_to_zero(accurate_sum):
    check(accurate_sum, torch.tensor([-3.5]), want=torch.tensor(-3.5))
    check(accurate_sum, torch.zeros(0, dtype=torch.float64), want=torch.tensor(0.0).double())


def test_reads_every_second_entry_by_its_stride(accurate_sum):
    check(accurate_sum, inputs.vector(1, 9, 2, 9, 4)[::2], want=torch.tensor(7.0).double())


def test_refuses_what_is_no_series(accurate_sum):
    check(accurate_sum, torch.zeros(2, 3), raises=ValueError, naming={"x": (2, 3)})
    check(accurate_sum, torch.tensor(1.5), raises=ValueError, naming={"x": ()})


def test_refuses_integers(accurate_sum):
    check(accurate_sum, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


def compensated(x, loss, join=lambda total, lost: total + lost):
    """Add up with a running loss; `loss` says what one addition takes away."""
    total = lost = x.new_zeros(())
    for value in x:
        rounded = total + value
        lost = lost + loss(total, value, rounded)
        total = rounded
    return join(total, lost)


def two_sum(a, b, s):
    kept = s - a
    return (a - (s - kept)) + (b - kept)


@wrong("add up as they come: small entries are swallowed")
def plain(x):
    return x.sum()


@wrong("add the smallest first: what has cancelled is lost all the same")
def smallest_first(x):
    total = x.new_zeros(())
    for value in x[x.abs().argsort()]:
        total = total + value
    return total


@wrong("add the positive and the negative ones apart: their difference has lost its digits")
def by_sign(x):
    return x.clamp(min=0).sum() + x.clamp(max=0).sum()


@wrong("add up in float64: float64 entries are swallowed as before")
def in_float64(x):
    return x.double().sum().to(x.dtype)


@wrong("take the loss to be that of the new entry alone: it may be larger than the total")
def kahan(x):
    total = carry = x.new_zeros(())
    for value in x:
        value = value - carry
        rounded = total + value
        carry = (rounded - total) - value
        total = rounded
    return total


@wrong("subtract what was lost: it is missing twice then")
def subtracts(x):
    return compensated(x, two_sum, lambda total, lost: total - lost)


@wrong("forget to add what was lost in the end")
def forgets_the_losses(x):
    return compensated(x, two_sum, lambda total, lost: total)


@wrong("compute the loss as (total - rounded) + value whichever is larger")
def one_way(x):
    return compensated(x, lambda a, b, s: (a - s) + b)


@wrong("detach: no gradient flows back")
def detached(x):
    return compensated(x.detach(), two_sum)


@wrong("add halves of the entries: two levels of halves swallow as one long sum does")
def by_halves(x):
    return x[0] if len(x) == 1 else by_halves(x[: len(x) // 2]) + by_halves(x[len(x) // 2 :])


def refuse(x):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if x.ndim != 1:
        raise ValueError(f"`x` has shape {tuple(x.shape)}")


@right("Neumaier's: the smaller one of total and entry is the one that loses")
def neumaier(x):
    refuse(x)
    total = torch.zeros((), dtype=x.dtype)
    losses = torch.zeros((), dtype=x.dtype)
    for i in range(x.shape[0]):
        rounded = torch.add(total, x[i])
        if torch.abs(total) < torch.abs(x[i]):
            losses = losses + ((x[i] - rounded) + total)
        else:
            losses = losses + ((total - rounded) + x[i])
        total = rounded
    return torch.add(total, losses)


@right("in pairs of (sum, loss), a tree of exact additions")
def tree(x):
    refuse(x)
    totals, losses = torch.cat([x, x.new_zeros(1)]), x.new_zeros(len(x) + 1)
    while len(totals) > 1:
        if len(totals) % 2:
            totals, losses = (torch.cat([v, v.new_zeros(1)]) for v in (totals, losses))
        a, b = totals[::2], totals[1::2]
        rounded = a + b
        losses = losses[::2] + losses[1::2] + two_sum(a, b, rounded)
        totals = rounded
    return totals[0] + losses[0]


@accuracy(
    "size of large entries that cancel",
    inputs=lambda draw, size: (_cancelling(draw, size),),
    torch=torch.sum,
)
def total(mp, x):
    return mp.fsum(x)


def _cancelling(draw, size):
    large = size * draw.normal(8)
    return torch.cat([large, draw.normal(8), -large])
