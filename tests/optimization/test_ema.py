"""M_t = beta M_{t-1} + (1 - beta) y_t from M_0 = 0, with or without the correction for the start."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, gpu, inputs, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "Which results come first: M_0, which is no average of anything, or M_1?",
        "The sum of the coefficients follows the same recursion, with y_t = 1.",
        "1 - beta^t = (1 - beta) + beta (1 - beta^{t-1}): adding positive numbers loses nothing.",
    ),
)
BETAS = st.sampled_from([0.0, 0.125, 0.5, 0.75, 0.9, 0.999])


def unrolled(y, beta, corrected=False):
    """The closed form: y_{t-i} has the coefficient (1 - beta) beta^i, all sums by themselves."""
    means = []
    for t in range(1, y.shape[-1] + 1):
        weights = [(1 - beta) * beta**i for i in range(t)]
        mean = sum(w * y[..., t - 1 - i] for i, w in enumerate(weights))
        means.append(mean / sum(weights) if corrected else mean)
    return torch.stack(means, -1)


@claim("S3-306")
def test_a_case_worked_by_hand(ema):
    y = torch.tensor([4.0, 8.0, 0.0, -16.0], dtype=torch.float64)
    want = torch.tensor([1.0, 2.75, 2.0625, -2.453125], dtype=torch.float64)
    check(ema, y, 0.75, want=want)


@claim("S3-306")
@given(inputs.tensors(inputs.sizes(1, 6)), BETAS)
def test_equals_the_recursion_in_exact_fractions(ema, y, beta):
    mean, means = Fraction(0), []
    for value in y.tolist():
        mean = Fraction(beta) * mean + (1 - Fraction(beta)) * Fraction(value)
        means.append(float(mean))
    check(ema, y, beta, want=torch.tensor(means, dtype=torch.float64), scale=5.0)


@claim("S3-306")
@pytest.mark.parametrize("beta", [0.25, 0.9, 0.99, 2.0**-20])
def test_equals_scipys_recursive_filter(ema, beta):
    from scipy.signal import lfilter

    y = ((torch.arange(120, dtype=torch.float64).reshape(2, 60) * 7) % 11 - 5) / 4
    want = torch.from_numpy(lfilter([1 - beta], [1, -beta], y.numpy()))
    check(ema, y, beta, want=want)


@claim("S3-306", "S3-370")
def test_a_constant_series_is_approached_by_the_sum_of_coefficients(ema):
    y = torch.full((3,), 8.0, dtype=torch.float64)
    check(ema, y, 0.5, want=torch.tensor([4.0, 6.0, 7.0], dtype=torch.float64))


@claim("S3-370")
def test_the_correction_divides_by_the_sum_of_coefficients(ema):
    y = torch.tensor([4.0, 8.0, 0.0, -15.0], dtype=torch.float64)
    want = torch.tensor([4.0, 20 / 3, 20 / 7, -20 / 3], dtype=torch.float64)
    check(ema, y, 0.5, corrected=True, want=want)


@claim("S3-370")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 6)), BETAS)
def test_the_corrected_average_is_a_weighted_mean(ema, y, beta):
    check(ema, y, beta, True, want=unrolled(y, beta, True), scale=50.0)


@claim("S3-370")
@pytest.mark.parametrize("beta", [0.999, 1 - 2.0**-29], ids=str)
def test_a_constant_series_corrected_is_itself_to_rounding(ema, beta):
    y = torch.full((5,), 3.0, dtype=torch.float64)
    check(ema, y, beta, corrected=True, want=y.clone())


@claim("S3-306")
@given(inputs.tensors(inputs.sizes(1, 2), inputs.sizes(1, 5)), BETAS, st.booleans())
def test_gradients_flow_back_to_all_values_before(ema, y, beta, corrected):
    check_gradient(ema, y, beta, corrected, like=unrolled)


def test_beta_zero_gives_the_series(ema):
    y = torch.tensor([4.0, -2.0, 6.0])
    check(ema, y, 0.0, want=y)
    check(ema, y, 0.0, corrected=True, want=y)


def test_time_runs_along_the_last_dimension(ema):
    y = torch.arange(24.0, dtype=torch.float64).reshape(2, 3, 4) ** 2
    check(ema, y, 0.75, want=unrolled(y, 0.75))
    check(ema, y.mT, 0.75, want=unrolled(y.mT, 0.75))


@pytest.mark.parametrize("corrected", [False, True])
def test_keeps_float32_and_the_digits_of_beta(ema, corrected):
    y = torch.tensor([4.0, 8.0, -2.0, 1.0])
    want = unrolled(y.double(), 0.999, corrected).float()
    check(ema, y, 0.999, corrected, want=want)


def test_a_series_without_values_has_no_averages(ema):
    check(ema, torch.zeros(2, 0), 0.5, want=torch.zeros(2, 0))


def test_refuses_a_beta_that_makes_no_average(ema):
    y = torch.tensor([1.0, 2.0])
    check(ema, y, 1.0, raises=ValueError, naming={"beta": 1.0})
    check(ema, y, -0.25, raises=ValueError, naming={"beta": -0.25})
    check(ema, y, 1.5, corrected=True, raises=ValueError, naming={"beta": 1.5})


def test_refuses_a_number_in_place_of_a_series(ema):
    check(ema, torch.tensor(2.5), 0.5, raises=ValueError, naming={"y": 2.5})


def total(beta, t):
    """The sum of the coefficients, all digits right."""
    return sum((1 - beta) * beta**i for i in range(t))


def run(y, beta, mean, corrected, divide=total, keep=lambda mean: mean):
    """The recursion with another start, correction, or memory."""
    means = []
    for t in range(1, y.shape[-1] + 1):
        mean = beta * keep(mean) + (1 - beta) * y[..., t - 1]
        means.append(mean / divide(beta, t) if corrected else mean)
    return torch.stack(means, -1) if means else y.clone()


@wrong(
    "swap beta and 1 - beta: the old average gets 1 - beta (torch's momentum)",
    right_for="torch's momentum, the weight of the new value; here beta weights the old average",
)
def swapped(y, beta, corrected=False):
    return run(y, 1 - beta, torch.zeros_like(y[..., 0]), corrected)


@wrong("start from M_1 = y_1 and not from M_0 = 0")
def from_the_first(y, beta, corrected=False):
    return run(y, beta, y[..., 0], False)


@wrong(
    "leave out the factor 1 - beta: that is momentum's sum, not an average",
    right_for="the velocity of momentum; here it is an average",
)
def a_sum(y, beta, corrected=False):
    return run(y, beta, torch.zeros_like(y[..., 0]), corrected) / (1 - beta)


@wrong("return M_0, ..., M_{T-1}: one step late")
def one_late(y, beta, corrected=False):
    means = run(y, beta, torch.zeros_like(y[..., 0]), corrected)
    return torch.cat([torch.zeros_like(y[..., :1]), means[..., :-1]], -1)


@wrong("correct always, whatever `corrected` says")
def always_corrected(y, beta, corrected=False):
    return run(y, beta, torch.zeros_like(y[..., 0]), True)


@wrong("never correct, whatever `corrected` says")
def never_corrected(y, beta, corrected=False):
    return run(y, beta, torch.zeros_like(y[..., 0]), False)


@wrong(
    "divide by 1 - beta^(t+1): t counts from 1 at the first value",
    right_for="values counted from 0; here the first one has t = 1",
)
def one_too_many(y, beta, corrected=False):
    return run(y, beta, torch.zeros_like(y[..., 0]), corrected, lambda b, t: 1 - b ** (t + 1))


@wrong("divide by 1 - beta at each step, and not by 1 - beta^t")
def the_first_correction(y, beta, corrected=False):
    return run(y, beta, torch.zeros_like(y[..., 0]), corrected, lambda b, t: 1 - b)


@wrong("carry the corrected average on to the next step")
def corrects_the_state(y, beta, corrected=False):
    mean, means = torch.zeros_like(y[..., 0]), []
    for t in range(1, y.shape[-1] + 1):
        mean = beta * mean + (1 - beta) * y[..., t - 1]
        mean = mean / total(beta, t) if corrected else mean
        means.append(mean)
    return torch.stack(means, -1)


@wrong("detach the average before: a gradient reaches y_t only")
def detached(y, beta, corrected=False):
    return run(y, beta, torch.zeros_like(y[..., 0]), corrected, keep=torch.Tensor.detach)


@wrong("compute 1 - beta^t as a difference: it loses digits for beta near 1")
def cancelled(y, beta, corrected=False):
    if not 0 <= beta < 1:
        raise ValueError(f"beta is {beta}")
    start = torch.zeros_like(y[..., :0].sum(-1))
    return run(y, beta, start, corrected, lambda b, t: 1 - b**t)


@wrong("divide y_t by beta^t, add up and multiply again: that overflows in the end")
def by_powers(y, beta, corrected=False):
    powers = (beta or 1.0) ** torch.arange(1, y.shape[-1] + 1, dtype=y.dtype)
    means = (1 - beta) * (y / powers).cumsum(-1) * powers if beta else y
    return means / (1 - beta ** torch.arange(1, y.shape[-1] + 1)) if corrected else means


@wrong("round beta to float32 before you subtract it from 1: digits of 1 - beta are lost")
def rounded_beta(y, beta, corrected=False):
    rounded = torch.tensor(beta, dtype=y.dtype)
    return run(y, rounded, torch.zeros_like(y[..., :0].sum(-1)), corrected)


@right("as a product with a triangular matrix of coefficients")
def as_a_matrix(y, beta, corrected=False):
    if y.ndim == 0:
        raise ValueError(f"y = {y} is no series")
    if beta < 0 or beta >= 1:
        raise ValueError(f"`beta` has to be in [0, 1), got {beta}")
    steps = torch.arange(y.shape[-1], device=y.device)
    ages = (steps[:, None] - steps[None, :]).clamp(min=0).double()
    weights = ((1 - beta) * beta**ages).tril()
    if corrected:
        weights = weights / weights.sum(1, keepdim=True)
    return y @ weights.to(y.dtype).T


@plot(x="t", y="average")
def plot_windows_over_a_noisy_step(ema):
    noise = torch.randn(120, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = (torch.arange(120) >= 40).double() + 0.15 * noise
    windows = {f"beta = {beta}": (range(1, 121), ema(y, beta)) for beta in (0.5, 0.9, 0.98)}
    return {"the series": (range(1, 121), y), **windows}


@plot(x="t", y="average")
def plot_the_start_with_and_without_correction(ema):
    y = torch.ones(60, dtype=torch.float64)
    return {
        "as it is": (range(1, 61), ema(y, 0.9)),
        "corrected": (range(1, 61), ema(y, 0.9, corrected=True)),
    }


@gpu
def bench_many_series(ema, race):
    def by_a_matrix(y, beta):
        ages = torch.arange(y.shape[-1], device=y.device)
        ages = (ages - ages[:, None]).clamp(min=0).to(y.dtype)
        return y @ ((1 - beta) * beta**ages).triu()

    race(
        ema,
        torch=by_a_matrix,
        inputs=lambda draw, n, t: (draw.normal(n, t), 0.9),
        small=(64, 100),
        large=(200_000, 100),
        # Two products and a sum a step.
        forward=lambda y, beta: {"bytes": 2 * y.nbytes, "flops": 3 * y.numel()},
        slack=100.0,
    )
