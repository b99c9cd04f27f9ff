"""Claims of the notes on moving averages that are verified and not exercised; counterexamples."""

import math

import pytest
import sympy as sp
import torch
from torch.nn.functional import avg_pool1d

from grader import claim, counterexample


def ema(y, beta):
    """M_0, M_1, ..., M_T with M_0 = 0."""
    means = [0.0]
    for value in y:
        means.append(beta * means[-1] + (1 - beta) * value)
    return means


def responses(k, n, beta=0.9):
    """SMA, WMA and EMA, k values after a jump from 0 to 1."""
    j = min(k, n)
    return j / n, sum(range(n, n - j, -1)) / (n * (n + 1) / 2), 1 - beta**k


@counterexample("S3-302")  # "in a window before" doesn't say what there is before the n-th value
def test_a_centred_padded_window_gives_other_means_than_a_trailing_one():
    y = torch.tensor([[0.0, 6.0, 3.0]])
    assert y.unfold(1, 3, 1).mean(-1).tolist() == [[3.0]]
    assert avg_pool1d(y, 3, stride=1, padding=1).tolist() == [[2.0, 3.0, 3.0]]


@counterexample("S3-305")  # weights that don't fall give weighted averages as well
@pytest.mark.parametrize(("weights", "want"), [((2, 1), 4), ((1, 2), 2), ((1, 1), 3)])
def test_weights_that_rise_or_are_equal_make_other_averages(weights, want):
    newest, oldest = 6, 0
    assert (weights[0] * newest + weights[1] * oldest) / sum(weights) == want


@claim("S3-305")
def test_the_usual_weights_sum_to_a_triangular_number():
    i, n = sp.symbols("i n", integer=True, positive=True)
    assert sp.expand(sp.summation(i, (i, 1, n)) - n * (n + 1) / 2) == 0


@claim("S3-306")
def test_the_first_average_is_1_minus_beta_times_the_first_value():
    assert ema([8.0], 0.75)[1] == 2.0


@counterexample("S3-307")  # with n = 1/(1 - beta), as the notes match them
def test_the_ema_is_never_the_faster_one_with_the_notes_own_window():
    for k in range(1, 60):
        sma, wma, mean = responses(k, 10)
        assert mean <= sma + 1e-12
        assert mean < wma
    assert responses(5, 10) == pytest.approx((0.5, 0.727, 0.410), abs=1e-3)


@claim("S3-307")
def test_against_windows_of_equal_mean_lag_the_ema_leads_at_first():
    n_sma, n_wma = 19, 28
    # Mean ages: (n - 1)/2, (n - 1)/3 and beta/(1 - beta), all 9.
    ages = sum(range(n_sma)) / n_sma, sum(i * (n_wma - i) for i in range(n_wma)) / (n_wma * 29 / 2)
    assert ages == pytest.approx((9, 9))
    assert sum(0.1 * 0.9**i * i for i in range(1000)) == pytest.approx(9)
    ahead_of_sma = [k for k in range(1, 60) if responses(k, n_sma)[2] > responses(k, n_sma)[0]]
    ahead_of_wma = [k for k in range(1, 60) if responses(k, n_wma)[2] > responses(k, n_wma)[1]]
    assert ahead_of_sma == list(range(1, 16))
    assert ahead_of_wma == list(range(1, 17))


@claim("S3-308")
def test_a_larger_beta_smooths_more():
    beta = sp.Symbol("beta", positive=True)
    gain = (1 - beta) / (1 + beta)
    assert sp.simplify(sp.diff(gain, beta) + 2 / (1 + beta) ** 2) == 0  # it falls everywhere
    assert gain.subs(beta, sp.Rational(9, 10)) == sp.Rational(1, 19)
    # A jump of 1 in y_t moves M_t by 1 - beta.
    assert ema([0.0, 1.0], 0.9)[-1] == pytest.approx(0.1)
    assert ema([0.0, 1.0], 0.99)[-1] == pytest.approx(0.01)


@claim("S3-308", "S3-310")
def test_white_noise_comes_through_the_ema_as_through_nineteen_values():
    noise = torch.randn(1000, 300, generator=torch.Generator().manual_seed(0)).double()
    mean = torch.zeros(1000, dtype=torch.float64)
    for t in range(300):  # 0.9^600 is nothing: the start is forgotten
        mean = 0.9 * mean + 0.1 * noise[:, t]
    # The standard error of a variance v of 1000 draws is v sqrt(2/999); six of them.
    bound = 6 * math.sqrt(2 / 999)
    assert abs(mean.var() * 19 - 1) < bound
    assert abs(noise[:, -19:].mean(1).var() * 19 - 1) < bound


@counterexample("S3-310")  # n = 1/(1 - beta) = 10 for beta = 0.9
def test_ten_values_let_almost_twice_the_noise_through():
    of_ema, of_sma = sum((0.1 * 0.9**i) ** 2 for i in range(1000)), 10 * (1 / 10) ** 2
    assert of_ema == pytest.approx(1 / 19)
    assert of_sma / of_ema == pytest.approx(1.9)


@counterexample("S3-309")  # the value that leaves is not the mean
def test_the_short_recursion_misses_a_jump_that_leaves_the_window():
    y, n = [0.0, 0.0, 0.0, 6.0, 0.0], 3
    true = [sum(y[t - n : t]) / n for t in range(n, len(y) + 1)]
    assert true == [0.0, 2.0, 2.0]
    means = [true[0]]
    for value in y[n:]:
        means.append(((n - 1) * means[-1] + value) / n)
    assert means == pytest.approx([0, 2, 4 / 3])
    # The notes' condition for equality with the EMA's formula, beta = (n - 1)/n, does hold.
    assert means[2] == pytest.approx((n - 1) / n * means[1] + y[4] / n)


@counterexample("S3-311")  # exponents from t - 1 down, as the notes write them
def test_the_written_expansion_gives_0_181_where_the_average_is_0_19():
    beta, y, t, n = 0.9, [0.0, 1.0, 1.0], 3, 2
    means = ema(y, beta)
    written = beta**n * means[t - n] + (1 - beta) * (beta ** (t - 1) * y[1] + beta**0 * y[2])
    right = beta**n * means[t - n] + (1 - beta) * (beta ** (n - 1) * y[1] + beta**0 * y[2])
    assert written == pytest.approx(0.181)
    assert means[t] == pytest.approx(0.19)
    assert right == pytest.approx(means[t])


@claim("S3-312")
def test_the_limit_is_one_over_e():
    beta = sp.Symbol("beta")
    assert sp.limit(beta ** (1 / (1 - beta)), beta, 1, "-") == sp.exp(-1)
    for value, want in ((0.9, 0.3487), (0.99, 0.3660)):
        assert value ** (1 / (1 - value)) == pytest.approx(want, abs=1e-4)


@counterexample("S3-312")  # any 0 < beta < 1
def test_one_half_gives_a_quarter_and_not_0_368():
    assert 0.5 ** (1 / (1 - 0.5)) == 0.25


@counterexample("S3-313")  # "little influence" after 1/(1 - beta) = 10 values
def test_values_older_than_the_memory_still_hold_a_third():
    y = [1.0] * 500 + [0.0] * 10
    assert ema(y, 0.9)[-1] == pytest.approx(0.349, abs=1e-3)


@claim("S3-313")
def test_three_memories_leave_less_than_five_percent():
    for beta in (0.5, 0.9, 0.99, 0.999):
        assert beta ** (3 / (1 - beta)) < 0.05


@claim("S3-370")
def test_the_coefficients_sum_is_geometric():
    beta, t = sp.Symbol("beta", positive=True), sp.Symbol("t", integer=True, positive=True)
    one_more_term = (1 - beta**t) + (1 - beta) * beta**t - (1 - beta ** (t + 1))
    assert sp.simplify(one_more_term) == 0
    assert (1 - beta**t).subs(t, 1) == 1 - beta


@claim("S3-371")
def test_the_sum_is_small_for_small_t_and_near_one_for_large():
    for t, want in ((1, 0.1), (5, 0.410), (50, 0.995)):
        assert 1 - 0.9**t == pytest.approx(want, abs=1e-3)
    assert 1 - 0.999**2994 < 0.95 < 1 - 0.999**2995
