"""softmin(x) = -(1 / lam) log sum_i exp(-lam x_i): below min(x) by at most log(n) / lam."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    accuracy,
    check,
    check_gradient,
    claim,
    gpu,
    inputs,
    oracles,
    right,
    such_that,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("log_sum_exp",),
    forbid=(
        "softmin",
        "softmax",
        "log_softmax",
        "logsumexp",
        "logaddexp",
        "logaddexp2",
        "logcumsumexp",
        "softplus",
        "scipy.special",
    ),
    instead="write it with exp, sum and log",
    hints=(
        "How do you get a minimum when you only have a function for the maximum?",
        "min x = -max(-x). Put the smooth maximum in the place of max.",
        "min x - log sum exp(-lam (x - min x)) / lam.",
    ),
)


@claim("S3-149")
def test_a_case_worked_by_hand(softmin):
    # exp(-x) is 1/2, 1/4, 1/4 in the first row, and 1/8, 1/16, 1/16 in the second.
    x = torch.tensor([[2.0, 4.0, 4.0], [8.0, 16.0, 16.0]], dtype=torch.float64).log()
    check(softmin, x, want=torch.tensor([1.0, 4.0], dtype=torch.float64).log())


@claim("S3-149")
def test_lam_scales_in_and_out(softmin):
    # exp(-2 log s) = 1 / s^2: 1/9 + 1/16 = 25/144, and 1/36 + 1/64 = 25/576.
    x = torch.tensor([[3.0, 4.0], [6.0, 8.0], [3.0, 4.0]], dtype=torch.float64).log()
    want = torch.tensor([12 / 5, 24 / 5, 12 / 5], dtype=torch.float64).log()
    check(softmin, x, 2.0, want=want)
    check(softmin, x.mT, lam=2.0, dim=0, want=want)


@claim("S3-149")
@given(
    inputs.tensors(inputs.sizes(), inputs.sizes(1, 4), inputs.sizes(1, 3)),
    st.sampled_from([0.125, 0.5, 1.0, 3.0, 16.0]),
    st.integers(-3, 2),
)
def test_equals_the_formula_with_50_digits(softmin, x, lam, dim):
    def exact(row):
        import mpmath

        return [-mpmath.log(sum(mpmath.exp(-lam * v) for v in row)) / lam]

    moved = x.movedim(dim, -1)
    rows = oracles.row_to_50_digits(exact, moved.reshape(-1, moved.shape[-1]))
    # The two terms may cancel: rounding is that of the larger, at most 5 + log(4) / 0.125.
    check(softmin, x, lam, dim, want=rows.reshape(moved.shape[:-1]), scale=17.0)


@claim("S3-149")
@given(inputs.tensors(inputs.sizes(1, 6)), st.sampled_from([0.25, 1.0, 4.0, 64.0, 1e3]))
def test_lies_below_the_minimum_by_at_most_log_n_over_lam(softmin, x, lam):
    bottom, error = x.min().item(), math.log(len(x)) / lam
    told = f"a tensor from min x - log(n) / lam = {bottom - error:.8g} to min x = {bottom}"
    rounding = 1e-14 * (abs(bottom) + error)
    bounded = such_that(told, lambda r: bottom - error - rounding <= r.item() <= bottom)
    check(softmin, x, lam, want=bounded)


@claim("S3-149")
@given(
    inputs.tensors(inputs.sizes(), inputs.sizes(2, 5)),
    st.sampled_from([0.25, 1.0, 3.0]),
    st.integers(-1, 1),
)
def test_gradients_favour_the_smallest_entries(softmin, x, lam, dim):
    upstream = torch.linspace(-1, 2, x.numel() // x.shape[dim], dtype=torch.float64)
    want = (-lam * x).softmax(dim) * upstream.unsqueeze(dim)
    check_gradient(softmin, x, lam, dim, upstream=upstream, want=(want,), wrt=(0,))


@claim("S3-149")
@pytest.mark.parametrize("lam", [1.0, 1e3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_entries_of_1e4(softmin, lam, dtype):
    x = torch.tensor([[1e4, 1e4], [-1e4, -1e4], [1e4, -1e4], [1e3, 2e3]], dtype=dtype)
    tie = math.log(2) / lam
    check(softmin, x, lam, want=torch.tensor([1e4 - tie, -1e4 - tie, -1e4, 1e3], dtype=dtype))


@claim("S3-149")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_small_lam_makes_it_very_soft(softmin, dtype):
    # exp(-x / 1000) is 1, 1/4 and 1/4.
    x = torch.tensor([0.0, 1e3 * math.log(4), 1e3 * math.log(4)], dtype=dtype)
    check(softmin, x, 1e-3, want=torch.tensor(-1e3 * math.log(1.5), dtype=dtype))


def test_gradients_stay_finite_for_entries_of_1e4(softmin):
    x = torch.tensor([[1e4, 1e4, -1e4], [2.0, torch.inf, 2.0]], dtype=torch.float64)
    want = torch.tensor([[0.0, 0.0, 3.0], [-0.5, 0.0, -0.5]], dtype=torch.float64)
    upstream = torch.tensor([3.0, -1.0], dtype=torch.float64)
    check_gradient(softmin, x, 10.0, upstream=upstream, want=(want,), wrt=(0,))


@claim("S3-149")
def test_a_tie_is_the_worst_case_and_one_entry_is_itself(softmin):
    x = torch.tensor([[2.5, 2.5, 2.5], [-4.0, -4.0, -4.0]], dtype=torch.float64)
    want = torch.tensor([2.5, -4.0], dtype=torch.float64)
    check(softmin, x, 2.0, want=want - math.log(3) / 2)
    check(softmin, x[:, :1], 2.0, want=want)


def test_a_row_far_above_another_keeps_its_own_scale(softmin):
    x = torch.tensor([[1000.0, 1000.0], [-1000.0, -1000.0]])
    check(softmin, x, 4.0, want=torch.tensor([1000.0, -1000.0]) - math.log(2) / 4)


def test_an_infinite_entry_adds_nothing(softmin):
    x = torch.tensor([2.0, torch.inf, 2.0])
    check(softmin, x, want=torch.tensor(2 - math.log(2)))
    # A large number in its place would still count for so small a lam.
    check(softmin, x, 1e-3, want=torch.tensor(2 - 1e3 * math.log(2)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_entries(softmin, dtype):
    x = torch.tensor([[0.5, -1.0, 2.0, 0.25], [9.0, 12.0, 12.0, 20.0]], dtype=dtype)
    check(softmin, x, 0.5, want=((x.double() / -2).logsumexp(-1) * -2).to(dtype))


@claim("S3-149")
@pytest.mark.parametrize("lam", [0.0, -2.0, math.inf, math.nan])
def test_refuses_a_lam_that_is_not_positive_and_finite(softmin, lam):
    check(softmin, torch.zeros(2, 3), lam, raises=ValueError, naming={"lam": lam})


def test_refuses_a_dimension_that_is_not_there_or_empty(softmin):
    check(softmin, torch.zeros(2, 3), 1.0, 2, raises=ValueError, naming={"dim": 2})
    check(softmin, torch.zeros(2, 3), 1.0, -3, raises=ValueError, naming={"dim": -3})
    check(softmin, torch.zeros(2, 0), 1.0, raises=ValueError, naming={"x": (2, 0)})


def test_refuses_integers(softmin):
    x = torch.tensor([1, 2])
    check(softmin, x, 1.0, raises=ValueError, naming={"x": torch.int64})


@wrong("take exp() of -lam x as it is: it overflows, or underflows to log 0")
def naive(x, lam=1.0, dim=-1):
    return -(-lam * x).exp().sum(dim).log() / lam


@wrong("negate the result and not the entries: that is minus the smooth maximum")
def negated_outside_only(x, lam=1.0, dim=-1):
    return -(lam * x).logsumexp(dim) / lam


@wrong("negate the entries and not the result: that is the smooth maximum of -x")
def negated_inside_only(x, lam=1.0, dim=-1):
    return (-lam * x).logsumexp(dim) / lam


@wrong("return the smooth maximum")
def smooth_maximum(x, lam=1.0, dim=-1):
    return (lam * x).logsumexp(dim) / lam


@wrong(
    "return torch's softmin: the weights of the entries, and not a minimum",
    right_for="torch's softmin, a distribution; here it is a smooth minimum",
)
def weights(x, lam=1.0, dim=-1):
    return torch.nn.functional.softmin(lam * x, dim)


@wrong("average the entries with the softmin weights: it lies above the minimum")
def weighted_mean(x, lam=1.0, dim=-1):
    return (x * (-lam * x).softmax(dim)).sum(dim)


@wrong(
    "take the mean of the exponentials: it lies above the minimum",
    right_for="log-mean-exp, which divides by the count; here the plain sum is asked for",
)
def of_the_mean(x, lam=1.0, dim=-1):
    return (math.log(x.shape[dim]) - (-lam * x).logsumexp(dim)) / lam


@wrong("forget to divide by lam")
def not_divided(x, lam=1.0, dim=-1):
    return -(-lam * x).logsumexp(dim)


@wrong("ignore lam")
def ignores_lam(x, lam=1.0, dim=-1):
    return -(-x).logsumexp(dim)


@wrong("subtract the maximum for stability, where the minimum gives the largest exponent")
def shifted_by_the_maximum(x, lam=1.0, dim=-1):
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + naive(x - top, lam, dim)


@wrong("return the minimum itself")
def hard_minimum(x, lam=1.0, dim=-1):
    return x.amin(dim)


@wrong("work along the last dimension whatever `dim` says")
def ignores_dim(x, lam=1.0, dim=-1):
    return -(-lam * x).logsumexp(-1) / lam


@wrong("detach the minimum in one of its two places: its gradient is counted once too often")
def half_detached(x, lam=1.0, dim=-1):
    bottom = x.amin(dim, keepdim=True)
    return bottom.squeeze(dim) + naive(x - bottom.detach(), lam, dim)


@wrong("accept a lam that is 0 or negative", accepts_bad_input=True)
def accepts_any_lam(x, lam=1.0, dim=-1):
    if not -x.dim() <= dim < x.dim():
        raise ValueError(f"dim is {dim}")
    return -(-lam * x).logsumexp(dim) / lam


@right("minus the smooth maximum of the negated entries")
def by_the_maximum(x, lam=1.0, dim=-1):
    if not (lam > 0 and math.isfinite(lam)):
        raise ValueError(f"lam must be positive and finite, got {lam}")
    if dim not in range(-x.ndim, x.ndim):
        raise ValueError(f"no dim {dim}")
    if not x.is_floating_point() or not x.shape[dim]:
        raise ValueError(f"x: {x.dtype} {tuple(x.shape)} won't do")
    z = x.neg().mul(lam)
    top = z.max(dim, keepdim=True).values
    return -(top + (z - top).exp().sum(dim, keepdim=True).log()).squeeze(dim) / lam


@right("entry by entry: a smooth minimum of smooth minima")
def one_after_the_other(x, lam=1.0, dim=-1):
    if lam <= 0 or math.isnan(lam) or lam == math.inf:
        raise ValueError(f"`lam` = {lam} is not a positive finite number")
    if dim >= x.dim() or dim < -x.dim():
        raise ValueError(f"`dim` must name a dimension of x, got {dim}")
    if not x.dtype.is_floating_point or x.size(dim) == 0:
        raise ValueError(f"`x` has dtype {x.dtype} and shape {x.shape}")
    total, *others = x.unbind(dim)
    for entry in others:
        top, low = torch.maximum(total, entry), torch.minimum(total, entry)
        total = low - (lam * (low - top)).exp().log1p() / lam
    return total.clone()


@accuracy(
    "size of the entries",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=lambda x: -(-x).logsumexp(-1),
)
def exact(mp, x):
    return -mp.log(sum(mp.exp(-v) for v in x))


@gpu
def bench_a_smooth_minimum_of_rows(softmin, race):
    race(
        softmin,
        torch=lambda x, lam: -(-lam * x).logsumexp(-1) / lam,
        inputs=lambda draw, n, c: (draw.normal(n, c), 4.0),
        small=(32, 1000),
        large=(4096, 16000),
        # The minimum, the shift, the factor, the exponential and the sum of an entry.
        forward=lambda x, lam: {"bytes": x.nbytes + 4 * len(x), "flops": 5 * x.numel()},
        backward=lambda x, lam: {"bytes": 2 * x.nbytes + 8 * len(x), "flops": 4 * x.numel()},
    )
