"""Slices of an order of the rows; the last one may be shorter."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, effect, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("torch.utils.data",),
    instead="slice an order of the rows",
    hints=(
        "At which rows does a batch begin?",
        "A slice may reach beyond the end of a list: it is just shorter then.",
        "torch.randperm(n, generator=generator) is an order of the rows.",
    ),
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def loaded(n, batch_size, drop_last):
    """The batches of torch's own loader, in order."""
    loader = torch.utils.data.DataLoader(range(n), batch_size=batch_size, drop_last=drop_last)
    return [batch.tolist() for batch in loader]


@claim("S4-364")
def test_a_case_worked_by_hand(minibatch_indices):
    check(minibatch_indices, 10, 4, want=[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    check(minibatch_indices, 10, 4, drop_last=True, want=[[0, 1, 2, 3], [4, 5, 6, 7]])


@claim("S4-364")
@given(st.integers(1, 20), st.integers(1, 8), st.booleans())
def test_equals_torchs_loader(minibatch_indices, n, batch_size, drop_last):
    check(minibatch_indices, n, batch_size, drop_last, want=loaded(n, batch_size, drop_last))


@claim("S4-364")
def test_a_last_batch_that_is_whole_stays(minibatch_indices):
    for drop_last in (False, True):
        check(minibatch_indices, 6, 3, drop_last, want=[[0, 1, 2], [3, 4, 5]])
        check(minibatch_indices, 3, 3, drop_last, want=[[0, 1, 2]])


@claim("S4-364")
def test_a_batch_larger_than_all_rows_has_all_of_them(minibatch_indices):
    check(minibatch_indices, 3, 5, want=[[0, 1, 2]])
    check(minibatch_indices, 3, 5, drop_last=True, want=[])


def test_without_rows_there_are_no_batches(minibatch_indices):
    for drop_last in (False, True):
        check(minibatch_indices, 0, 4, drop_last, want=[])
        check(minibatch_indices, 0, 4, drop_last, seeded(0), want=[])


def drawn(n, batch_size, drop_last, generator):
    """Slices of the order that torch draws from the generator."""
    order = torch.randperm(n, generator=generator.clone_state())
    parts = [part.tolist() for part in order.split(batch_size)]
    return parts[: n // batch_size] if drop_last else parts


@claim("S4-364")
@pytest.mark.parametrize("drop_last", [False, True])
def test_a_generator_gives_the_order_of_all_rows(minibatch_indices, drop_last):
    want = drawn(50, 8, drop_last, seeded(5))
    check(minibatch_indices, 50, 8, drop_last, seeded(5), want=want)


def test_each_epoch_has_a_new_order(minibatch_indices):
    generator = seeded(5)
    torch.randperm(50, generator=generator)  # the epoch before
    want = drawn(50, 8, False, generator)
    check(minibatch_indices, 50, 8, generator=generator, want=want)


def test_each_call_draws_once_and_moves_the_generator_on(minibatch_indices):
    def next_order(n, batch_size, drop_last, generator):
        return torch.randperm(20, generator=generator).tolist()

    moved = seeded(5)
    torch.randperm(50, generator=moved)
    why = "looked at afterwards: what torch.randperm draws from the generator next"
    args = (50, 8, False, seeded(5))
    check(effect(minibatch_indices, next_order), *args, want=next_order(20, 8, 0, moved), why=why)


def test_a_single_batch_is_shuffled_too(minibatch_indices):
    want = drawn(4, 6, False, seeded(1))
    check(minibatch_indices, 4, 6, generator=seeded(1), want=want)
    check(minibatch_indices, 4, 4, True, seeded(1), want=want)


def test_refuses_what_makes_no_batches(minibatch_indices):
    check(minibatch_indices, -1, 3, raises=ValueError, naming={"n": -1})
    for batch_size in (0, -2):
        naming = {"batch_size": batch_size}
        check(minibatch_indices, 5, batch_size, raises=ValueError, naming=naming)


def order_of(n, generator):
    if generator is None:
        return list(range(n))
    return torch.randperm(n, generator=generator).tolist()


@wrong("leave the last batch out if it isn't whole, whatever `drop_last` says")
def always_drops(n, batch_size, drop_last=False, generator=None):
    order = order_of(n, generator)
    return [order[k : k + batch_size] for k in range(0, n - batch_size + 1, batch_size)]


@wrong("keep a last batch that isn't whole, whatever `drop_last` says")
def never_drops(n, batch_size, drop_last=False, generator=None):
    order = order_of(n, generator)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


@wrong("drop the last batch always, the whole ones too")
def drops_whole_ones(n, batch_size, drop_last=False, generator=None):
    batches = never_drops(n, batch_size, drop_last, generator)
    return batches[:-1] if drop_last else batches


@wrong("begin a batch at each row")
def overlapping(n, batch_size, drop_last=False, generator=None):
    order = order_of(n, generator)
    return [order[k : k + batch_size] for k in range(n - batch_size + 1 if drop_last else n)]


@wrong("deal the rows out to the batches like cards")
def dealt(n, batch_size, drop_last=False, generator=None):
    order = order_of(n, generator)
    count = n // batch_size if drop_last else -(-n // batch_size)
    return [order[k::count] for k in range(count)]


@wrong("make `batch_size` batches, and not batches of that size")
def as_many_batches(n, batch_size, drop_last=False, generator=None):
    size = -(-n // batch_size)
    return never_drops(n, size, drop_last, generator) if n else []


@wrong("fill the last batch up with the first rows: they come twice in the epoch")
def filled_up(n, batch_size, drop_last=False, generator=None):
    batches = never_drops(n, batch_size, drop_last, generator)
    if batches and len(batches[-1]) < batch_size:
        rest = batch_size - len(batches[-1])
        batches = batches[:-1] if drop_last else [*batches[:-1], batches[-1] + batches[0][:rest]]
    return batches


@wrong("shuffle the batches and not the rows")
def shuffled_batches(n, batch_size, drop_last=False, generator=None):
    batches = (always_drops if drop_last else never_drops)(n, batch_size)
    return [batches[k] for k in order_of(len(batches), generator)]


@wrong("draw each row anew: some come twice, others never")
def with_replacement(n, batch_size, drop_last=False, generator=None):
    batches = (always_drops if drop_last else never_drops)(n, batch_size)
    if generator is None:
        return batches
    return [torch.randint(n, (len(b),), generator=generator).tolist() for b in batches]


@wrong("seed anew in each call: every epoch has the same order")
def same_each_epoch(n, batch_size, drop_last=False, generator=None):
    fresh = None if generator is None else seeded(generator.initial_seed())
    return (always_drops if drop_last else never_drops)(n, batch_size, generator=fresh)


@wrong("draw from a copy of the generator: it stays where it was, and the next epoch is the same")
def from_a_copy(n, batch_size, drop_last=False, generator=None):
    copied = None if generator is None else generator.clone_state()
    return (always_drops if drop_last else never_drops)(n, batch_size, generator=copied)


@wrong("begin at a random row, and go round: that is not a shuffle")
def rotated(n, batch_size, drop_last=False, generator=None):
    shift = int(torch.randint(n, (), generator=generator)) if generator is not None and n else 0
    order = [(row + shift) % n for row in range(n)]
    batches = [order[k : k + batch_size] for k in range(0, n, batch_size)]
    return batches[: n // batch_size] if drop_last else batches


@right("with torch's split")
def by_split(n, batch_size, drop_last=False, generator=None):
    if n < 0:
        raise ValueError(f"`n` can't be {n}")
    if batch_size <= 0:
        raise ValueError(f"`batch_size` can't be {batch_size}")
    order = torch.arange(n) if generator is None else torch.randperm(n, generator=generator)
    parts = [part.tolist() for part in order.split(batch_size) if len(part)]
    return [part for part in parts if len(part) == batch_size] if drop_last else parts
