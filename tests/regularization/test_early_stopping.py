"""Stop after `patience` epochs in a row that don't improve; keep the last that did."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, counterexample, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "Three things to remember from one epoch to the next. Which?",
        "An epoch that improves starts the count anew; every other raises it by one.",
        "Which loss is the next one compared with, after a gain below min_delta?",
    ),
)
NAN = math.nan


@claim("S0-338", "S4-275")
def test_a_case_worked_by_hand(early_stopping):
    losses = [1.0, 0.75, 0.5, 0.625, 0.5625, 0.25, 0.125]
    check(early_stopping, losses, 2, 0.0, want=(2, 4))
    check(early_stopping, losses, patience=3, min_delta=0.0, want=(6, 6))
    check(early_stopping, losses, patience=1, min_delta=0.0, want=(2, 3))


@counterexample("S4-275")  # when the validation loss starts to rise
def test_stopping_at_the_first_rise_misses_the_better_epoch_behind_it(early_stopping):
    losses = [1.0, 0.8, 0.81, 0.5]
    check(early_stopping, losses, 1, 0.0, want=(1, 2))
    check(early_stopping, losses, 2, 0.0, want=(3, 3))


@claim("S0-338", "S4-275")
@pytest.mark.parametrize(
    ("min_delta", "want"), [(0.0, (4, 4)), (0.0625, (4, 4)), (0.125, (4, 4)), (0.375, (4, 4))]
)
def test_gains_add_up_until_they_are_above_min_delta(early_stopping, min_delta, want):
    losses = [1.0, 0.875, 0.75, 0.625, 0.5]
    check(early_stopping, losses, 4, min_delta, want=want)


@claim("S0-338")
def test_a_gain_of_exactly_min_delta_is_none(early_stopping):
    check(early_stopping, [1.0, 0.5, 0.5, 0.25], 1, 0.5, want=(0, 1))
    check(early_stopping, [1.0, 1.0, 1.0, 0.5], 2, 0.0, want=(0, 2))


@claim("S0-338")
def test_small_gains_in_a_row_do_not_move_what_they_are_compared_with(early_stopping):
    check(early_stopping, [1.0, 0.75, 0.5, 0.25], 3, 0.375, want=(2, 3))
    check(early_stopping, [1.0, 0.75, 0.5, 0.25], 1, 0.375, want=(0, 1))


@claim("S0-338")
def test_an_improvement_starts_the_count_anew(early_stopping):
    check(early_stopping, [4.0, 5.0, 3.0, 5.0, 2.0, 5.0, 5.0, 1.0], 2, 0.0, want=(4, 6))
    losses = [4.0, 5.0, 5.0, 3.0, 5.0, 5.0, 2.0, 5.0, 5.0, 5.0, 1.0]
    check(early_stopping, losses, 3, 0.0, want=(6, 9))


@claim("S0-338", "S4-276")
def test_training_that_never_waits_long_enough_runs_to_the_end(early_stopping):
    check(early_stopping, [3.0, 2.0, 1.0], 1, 0.0, want=(2, 2))
    check(early_stopping, [1.0, 2.0, 3.0], 5, 0.0, want=(0, 2))
    check(early_stopping, [1.0], 1, 0.0, want=(0, 0))


@claim("S0-338")
def test_nan_never_improves(early_stopping):
    check(early_stopping, [1.0, NAN, NAN, 0.5], 2, 0.0, want=(0, 2))
    check(early_stopping, [NAN, 2.0, NAN, 1.0], 2, 0.0, want=(3, 3))
    check(early_stopping, [NAN, NAN, NAN], 2, 0.0, want=(None, 1))
    check(early_stopping, [NAN, math.inf], 3, 0.0, want=(None, 1))


@claim("S0-338")
def test_losses_may_be_negative_huge_and_infinite(early_stopping):
    check(early_stopping, [1e300, 2e300, 1e299], 2, 1.0, want=(2, 2))
    check(early_stopping, [0.0, -math.inf, -math.inf, -5.0], 2, 1.0, want=(1, 3))
    check(early_stopping, [0.0, -1.0, -3.0, -2.0, -2.5], 2, 1.5, want=(2, 4))


@claim("S0-338")
@given(
    st.lists(st.integers(-8, 8).map(lambda k: k / 8), min_size=1, max_size=9),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.125, 0.5]),
)
def test_equals_the_definition_read_backwards(early_stopping, val_losses, patience, min_delta):
    def improved(until):
        """Return the epochs that improve, found by one comparison each."""
        found = []
        for t in range(until):
            if not found or val_losses[found[-1]] - val_losses[t] > min_delta:
                found.append(t)
        return found

    stops = [t for t in range(len(val_losses)) if t - improved(t + 1)[-1] >= patience] or [
        len(val_losses) - 1
    ]
    want = (improved(stops[0] + 1)[-1], stops[0])
    check(early_stopping, val_losses, patience, min_delta, want=want)


def test_refuses_what_says_nothing(early_stopping):
    check(early_stopping, [], 2, 0.0, raises=ValueError, naming={"val_losses": []})
    for patience in (0, -1):
        call, naming = ([1.0, 2.0], patience, 0.0), {"patience": patience}
        check(early_stopping, *call, raises=ValueError, naming=naming)
    for min_delta in (-0.5, NAN, math.inf):
        call, naming = ([1.0, 2.0], 1, min_delta), {"min_delta": min_delta}
        check(early_stopping, *call, raises=ValueError, naming=naming)


def walk(
    losses, patience, min_delta, better=None, waits=None, moves=True, reset=True, start=math.inf
):
    """Go through the epochs, with one part of the rule replaced."""
    better = better or (lambda loss, best: best - loss > min_delta)
    best, at, waited, epoch = start, None, 0, 0
    for epoch, loss in enumerate(losses):
        if better(loss, best):
            best, at, waited = loss, epoch, 0 if reset else waited
        else:
            waited += 1
            best = min(best, loss) if not moves else best
        if waits(waited) if waits else waited == patience:
            break
    return at, epoch


@wrong("return the last epoch's weights and not the best one's")
def last_weights(val_losses, patience, min_delta):
    return (walk(val_losses, patience, min_delta)[1],) * 2


@wrong("return the loss that was best, in place of its epoch")
def the_loss(val_losses, patience, min_delta):
    at, stop = walk(val_losses, patience, min_delta)
    return val_losses[at] if at is not None else None, stop


@wrong("stop at the first rise, whatever `patience` is")
def no_patience(val_losses, patience, min_delta):
    return walk(val_losses, 1, min_delta)


@wrong(
    "wait one epoch longer than `patience`",
    right_for="torch's ReduceLROnPlateau, that acts after more than `patience` bad epochs; here it "
    "is after as many",
)
def one_longer(val_losses, patience, min_delta):
    return walk(val_losses, patience + 1, min_delta)


@wrong("ignore min_delta")
def ignores_min_delta(val_losses, patience, min_delta):
    return walk(val_losses, patience, 0.0)


@wrong("count bad epochs in total, not in a row")
def in_total(val_losses, patience, min_delta):
    return walk(val_losses, patience, min_delta, reset=False)


@wrong("take one bad epoch off the count for each that improves: it starts anew")
def counts_down(val_losses, patience, min_delta):
    best, at, waited, epoch = math.inf, None, 0, 0
    for epoch, loss in enumerate(val_losses):
        if best - loss > min_delta:
            best, at, waited = loss, epoch, max(0, waited - 1)
        else:
            waited += 1
        if waited == patience:
            break
    return at, epoch


@wrong("begin with a large number for `best`, and not with infinity")
def from_a_large_number(val_losses, patience, min_delta):
    return walk(val_losses, patience, min_delta, start=1e9)


@wrong("take an equal loss for an improvement")
def ties_improve(val_losses, patience, min_delta):
    def better(loss, best):
        return best - loss >= min_delta

    return walk(val_losses, patience, min_delta, better)


@wrong("compare with the smallest loss, and not with that of the last improvement")
def moving_best(val_losses, patience, min_delta):
    return walk(val_losses, patience, min_delta, moves=False)


@wrong("compare with the epoch before, and not with the best one")
def with_the_previous(val_losses, patience, min_delta):
    at, waited, epoch, before = None, 0, 0, math.inf
    for epoch, loss in enumerate(val_losses):
        if before - loss > min_delta:
            at, waited = epoch, 0
        else:
            waited += 1
        before = loss
        if waited == patience:
            break
    return at, epoch


@wrong("keep the first epoch, and not None, where none improved")
def zero_for_none(val_losses, patience, min_delta):
    at, stop = walk(val_losses, patience, min_delta)
    return at or 0, stop


@wrong("take nan for an improvement: it isn't worse than any number")
def nan_improves(val_losses, patience, min_delta):
    return walk(val_losses, patience, min_delta, lambda x, best: not best - x <= min_delta)


@wrong("look at all losses, those after the stop too, for the best one")
def best_of_all(val_losses, patience, min_delta):
    at, stop = walk(val_losses, patience, min_delta)
    if min_delta or any(math.isnan(x) for x in val_losses):
        return at, stop
    return val_losses.index(min(val_losses)), stop


@wrong(
    "take min_delta for a share of the best loss",
    right_for="torch's threshold_mode='rel'; here it is a difference",
)
def relative(val_losses, patience, min_delta):
    return walk(val_losses, patience, min_delta, lambda x, best: x < best * (1 - min_delta))


@wrong("count from 1")
def from_one(val_losses, patience, min_delta):
    at, stop = walk(val_losses, patience, min_delta)
    return at if at is None else at + 1, stop + 1


@right("with the epochs that improved in a list")
def with_a_list(val_losses, patience, min_delta):
    if len(val_losses) == 0:
        raise ValueError(f"val_losses: {val_losses}")
    if patience <= 0:
        raise ValueError(f"patience: {patience}")
    if not (min_delta >= 0 and math.isfinite(min_delta)):
        raise ValueError(f"min_delta: {min_delta}")
    kept, last = [], -1
    for epoch, loss in enumerate(val_losses):
        if loss < math.inf and (not kept or loss < val_losses[kept[-1]] - min_delta):
            kept.append(epoch)
            last = epoch
        if epoch - last >= patience:
            return (kept[-1] if kept else None), epoch
    return (kept[-1] if kept else None), len(val_losses) - 1


def noisy_curve():
    """Return a validation loss that falls, rises again, and is noisy."""
    return [1 / (1 + t / 4) + t / 60 + 0.03 * math.sin(7.0 * t * t) for t in range(50)]


@plot(x="epoch", y="validation loss")
def plot_where_patience_stops(early_stopping):
    losses = noisy_curve()
    stops = {patience: early_stopping(losses, patience, 0.0)[1] for patience in (10, 4, 1)}
    stopped = {f"patience {k}": (range(end + 1), losses[: end + 1]) for k, end in stops.items()}
    return {"the whole curve": (range(50), losses), **stopped}
