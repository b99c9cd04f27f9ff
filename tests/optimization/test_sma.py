"""M_t = (y_t + ... + y_{t-n+1}) / n over trailing windows, and nothing outside them."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="warm-up",
    forbid=("avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d"),
    instead="take the mean of each window yourself",
    hints=(
        "How many windows of n values end at or before the last value?",
        "Window i starts at value i. Tensor.unfold views them all without a copy.",
        "A running total is quick, but 1e18 + 1 - 1e18 is 0: what has gone in must come out exactly.",
    ),
)


def window_by_window(y, n):
    """Each mean by itself, so that autograd and nan see nothing outside the window."""
    return torch.stack([y[..., i : i + n].sum(-1) / n for i in range(y.shape[-1] - n + 1)], -1)


@claim("S3-302", "S3-303")
def test_a_case_worked_by_hand(sma):
    y = torch.tensor([1.0, 3.0, 8.0, 4.0, -6.0], dtype=torch.float64)
    check(sma, y, 2, want=torch.tensor([2.0, 5.5, 6.0, -1.0], dtype=torch.float64))


@claim("S3-303")
@given(inputs.tensors(inputs.sizes(1, 7)), st.integers(1, 7))
def test_equals_the_formula_in_exact_fractions(sma, y, n):
    n = min(n, len(y))
    values = [Fraction(v) for v in y.tolist()]
    means = [float(sum(values[i : i + n]) / n) for i in range(len(y) - n + 1)]
    check(sma, y, n, want=torch.tensor(means, dtype=torch.float64))


@claim("S3-302")
def test_a_window_as_long_as_the_series_gives_one_mean(sma):
    check(sma, torch.tensor([1.0, 2.0, 6.0]), 3, want=torch.tensor([3.0]))


@claim("S3-303")
def test_a_window_of_one_value_gives_the_series(sma):
    check(sma, torch.tensor([1.0, -2.0, 6.0]), 1, want=torch.tensor([1.0, -2.0, 6.0]))


def test_time_runs_along_the_last_dimension(sma):
    y = torch.arange(24.0, dtype=torch.float64).reshape(2, 3, 4) ** 2
    check(sma, y, 3, want=window_by_window(y, 3))
    check(sma, y.mT, n=2, want=window_by_window(y.mT.contiguous(), 2))


@claim("S3-303")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(2, 6)), st.integers(1, 2))
def test_gradients_flow_back_to_each_window(sma, y, n):
    check_gradient(sma, y, n, like=window_by_window)


@claim("S3-303")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_huge_value_leaves_no_trace_once_it_has_left_the_window(sma, dtype):
    y = torch.tensor([1e18, 1.0, 2.0, 6.0], dtype=dtype)
    want = torch.tensor([1.5, 4.0], dtype=dtype)
    tell = "1e18 is outside the last two windows"
    both = torch.cat([torch.tensor([0.5e18], dtype=dtype), want])
    # The bound is relative to each entry here, and not to the largest, 5e17.
    check(sma, y, 2, want=both, scale=1.0, why=tell)


def test_what_is_not_finite_stays_in_its_own_windows(sma):
    y = torch.tensor([1.0, torch.inf, 2.0, 4.0, torch.nan, 3.0, 5.0])
    inf, nan = torch.inf, torch.nan
    check(sma, y, 2, want=torch.tensor([inf, inf, 3.0, nan, nan, 4.0]))


def test_refuses_a_window_that_does_not_fit(sma):
    y = torch.tensor([1.0, 2.0, 4.0])
    check(sma, y, 4, raises=ValueError, naming={"n": 4})
    check(sma, y, 0, raises=ValueError, naming={"n": 0})
    check(sma, y, -1, raises=ValueError, naming={"n": -1})


def test_refuses_a_number_in_place_of_a_series(sma):
    check(sma, torch.tensor(2.5), 1, raises=ValueError, naming={"y": 2.5})


@wrong("take differences of running totals: a huge value never leaves them")
def running_totals(y, n):
    totals = torch.cat([torch.zeros_like(y[..., :1]), y.cumsum(-1)], -1)
    return (totals[..., n:] - totals[..., :-n]) / n


@wrong(
    "pad the front with zeros: there is no mean yet before the n-th value",
    right_for="a front that is padded with zeros; here the first mean is the n-th value's",
)
def padded(y, n):
    return window_by_window(torch.cat([torch.zeros_like(y[..., :1])] * (n - 1) + [y], -1), n)


@wrong(
    "average the values that are there so far before the n-th one",
    right_for="pandas' min_periods=1; here the first mean is the n-th value's",
)
def shorter_at_first(y, n):
    means = [y[..., max(0, t - n + 1) : t + 1].mean(-1) for t in range(y.shape[-1])]
    return torch.stack(means, -1)


@wrong("divide by n - 1 and not by n")
def one_less(y, n):
    return window_by_window(y, n) * n / max(n - 1, 1)


@wrong("stop one window too early: the newest mean is missing")
def one_window_less(y, n):
    return window_by_window(y, n)[..., :-1]


@wrong("average n + 1 values: t - n belongs to the window no more")
def one_value_more(y, n):
    return y.unfold(-1, min(n + 1, y.shape[-1]), 1).mean(-1)


@wrong("average windows side by side and not each one step on")
def side_by_side(y, n):
    return y.unfold(-1, n, n).mean(-1)


@wrong("run along the first dimension and not the last")
def along_the_first(y, n):
    return y.unfold(0, n, 1).mean(-1)


@wrong("take the values out of the graph: no gradient flows back")
def detached(y, n):
    return torch.tensor(window_by_window(y, n).tolist(), dtype=y.dtype)


@wrong("accept a window that is longer than the series", accepts_bad_input=True)
def any_window(y, n):
    return y[..., :0] if n > y.shape[-1] else window_by_window(y, n)


@right("one window after another")
def with_a_loop(y, n):
    if y.ndim == 0:
        raise ValueError(f"y = {y} is no series")
    if n < 1 or n > y.shape[-1]:
        raise ValueError(f"`n` must be in 1..{y.shape[-1]}, got {n}")
    return window_by_window(y, n)


@right("n shifted copies of the series")
def with_shifts(y, n):
    if y.ndim == 0:
        raise ValueError(f"y = {y} is no series")
    last = y.size(-1) - n + 1
    if n <= 0 or last <= 0:
        raise ValueError(f"a window of n={n} doesn't fit")
    return sum(y.narrow(-1, i, last) for i in range(n)) / n
