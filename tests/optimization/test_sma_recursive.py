"""The moving average from the one before: exactly, and with the notes' shortcut."""

from fractions import Fraction

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    after=("sma",),
    hints=(
        "Which of the n + 1 values y_{t-n}, ..., y_t are in both windows?",
        "Only y_t comes in and only y_{t-n} goes out: n M_t - n M_{t-1} = ?",
        "M_t = M_{t-1} + (y_t - y_{t-n}) / n. The notes' shortcut puts M_{t-1} for y_{t-n}.",
    ),
)


def by_definition(y, n, exact=True):
    """Means of windows if exact; else weights written out: M_n decays, each value by its age."""
    steps = range(y.shape[-1] - n + 1)
    if exact:
        return torch.stack([y[..., i : i + n].mean(-1) for i in steps], -1)
    keep = (n - 1) / n
    first = y[..., :n].mean(-1)
    later = [
        keep**s * first + sum(keep ** (s - i) * y[..., n - 1 + i] / n for i in range(1, s + 1))
        for s in steps
    ]
    return torch.stack(later, -1)


@claim("S3-309")
def test_the_exact_recursion_forgets_a_jump_that_leaves_the_window(sma_recursive):
    y = torch.tensor([0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    want = torch.tensor([0.0, 2.0, 2.0, 2.0, 0.0], dtype=torch.float64)
    check(sma_recursive, y, 3, want=want)


@claim("S3-309")
def test_the_shortcut_forgets_it_little_by_little(sma_recursive):
    y = torch.tensor([0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    want = torch.tensor([0.0, 2.0, 4 / 3, 8 / 9, 16 / 27], dtype=torch.float64)
    check(sma_recursive, y, 3, exact=False, want=want)


@claim("S3-309")
@given(inputs.tensors(inputs.sizes(1, 7)), st.integers(1, 7))
def test_the_exact_recursion_gives_the_means_of_the_windows(sma_recursive, y, n):
    n = min(n, len(y))
    values = [Fraction(v) for v in y.tolist()]
    means = [float(sum(values[i : i + n]) / n) for i in range(len(y) - n + 1)]
    # A mean of 0 is reached through means as large as the values.
    check(sma_recursive, y, n, True, want=torch.tensor(means, dtype=torch.float64), scale=50.0)


@claim("S3-309")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(2, 7)), st.integers(1, 7))
def test_the_shortcut_is_an_exponential_average_from_the_first_mean(sma_recursive, y, n):
    n = min(n, y.shape[-1])
    check(sma_recursive, y, n, False, want=by_definition(y, n, False), scale=50.0)


def test_time_runs_along_the_last_dimension(sma_recursive):
    y = torch.arange(24.0, dtype=torch.float64).reshape(2, 3, 4) ** 2
    check(sma_recursive, y, 3, want=by_definition(y, 3))
    check(sma_recursive, y.mT, 2, exact=False, want=by_definition(y.mT, 2, False))


@claim("S3-309")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(3, 6)), st.integers(1, 3), st.booleans())
def test_gradients_flow_back_through_all_steps(sma_recursive, y, n, exact):
    # Where the gradient cancels to 0, rounding is that of its terms, of size 1.
    check_gradient(sma_recursive, y, n, exact, like=by_definition, scale=10.0)


def test_a_window_of_one_value_gives_the_series_both_ways(sma_recursive):
    y = torch.tensor([4.0, -2.0, 6.0])
    check(sma_recursive, y, 1, want=y)
    check(sma_recursive, y, 1, exact=False, want=y)


def test_a_window_as_long_as_the_series_gives_its_mean(sma_recursive):
    y = torch.tensor([4.0, -2.0, 7.0])
    check(sma_recursive, y, 3, want=torch.tensor([3.0]))
    check(sma_recursive, y, 3, exact=False, want=torch.tensor([3.0]))


def test_refuses_a_window_that_does_not_fit(sma_recursive):
    y = torch.tensor([1.0, 2.0, 4.0])
    check(sma_recursive, y, 4, raises=ValueError, naming={"n": 4})
    check(sma_recursive, y, 0, exact=False, raises=ValueError, naming={"n": 0})


def test_refuses_a_number_in_place_of_a_series(sma_recursive):
    check(sma_recursive, torch.tensor(2.5), 1, raises=ValueError, naming={"y": 2.5})


def run(y, n, exact, first, leaving):
    """The recursion with another start or another value that leaves."""
    means = [first]
    for t in range(n, y.shape[-1]):
        gone = leaving(t, means[-1]) if exact else means[-1]
        means.append(means[-1] + (y[..., t] - gone) / n)
    return torch.stack(means, -1)


@wrong("let the mean leave the window in both ways: `exact` is ignored")
def always_short(y, n, exact=True):
    return by_definition(y, n, False)


@wrong("compute true means in both ways: `exact` is ignored")
def always_exact(y, n, exact=True):
    return by_definition(y, n)


@wrong("let y_{t-n+1} leave: it is the oldest value that stays")
def leaves_too_early(y, n, exact=True):
    return run(y, n, exact, y[..., :n].mean(-1), lambda t, mean: y[..., t - n + 1])


@wrong("start from 0 and not from the mean of the first n values")
def from_zero(y, n, exact=True):
    return run(y, n, exact, torch.zeros_like(y[..., 0]), lambda t, mean: y[..., t - n])


@wrong("start from the first value and not from the mean of the first n")
def from_the_first(y, n, exact=True):
    return run(y, n, exact, y[..., 0].clone(), lambda t, mean: y[..., t - n])


@wrong("start each approximate step from the true mean and not from the approximate one")
def from_true_means(y, n, exact=True):
    true = by_definition(y, n)
    if exact:
        return true
    later = ((n - 1) * true[..., :-1] + y[..., n:]) / n
    return torch.cat([true[..., :1], later], -1)


@wrong("detach the mean before: gradients reach one step only")
def detached(y, n, exact=True):
    means = [y[..., :n].mean(-1)]
    for t in range(n, y.shape[-1]):
        before = means[-1].detach()
        means.append(before + (y[..., t] - (y[..., t - n] if exact else before)) / n)
    return torch.stack(means, -1)


@wrong("divide by n + 1 in the shortcut")
def divides_by_one_more(y, n, exact=True):
    if exact:
        return by_definition(y, n)
    means = [y[..., :n].mean(-1)]
    for t in range(n, y.shape[-1]):
        means.append(((n - 1) * means[-1] + y[..., t]) / (n + 1))
    return torch.stack(means, -1)


@right("with running totals, and weights that fall by (n-1)/n")
def in_closed_form(y, n, exact=True):
    if y.ndim == 0:
        raise ValueError(f"y = {y} is no series")
    if not 0 < n <= y.shape[-1]:
        raise ValueError(f"n={n} doesn't fit into {y.shape[-1]} values")
    if exact:
        totals = torch.nn.functional.pad(y.cumsum(-1), (1, 0))
        return (totals[..., n:] - totals[..., : totals.shape[-1] - n]) / n
    return by_definition(y, n, False)
