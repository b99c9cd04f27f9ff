"""(1 / lam) log sum_i exp(lam x_i): above max(x), and as near to it as log(n) / lam."""

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
        "Which of the two overflows for lam = 1e36: lam * x, or lam * (x - max x)?",
        "Factor exp(lam max x) out of the sum: what is left of it once log and 1 / lam are taken?",
        "max x + log sum exp(lam (x - max x)) / lam.",
    ),
)


@claim("S3-145", "S3-150")
def test_a_case_worked_by_hand(scaled_log_sum_exp):
    # exp(2 log s) = s^2: 1 + 4 + 4 = 9 and 16 + 16 + 4 = 36, and half their logarithms.
    x = torch.tensor([[1.0, 2.0, 2.0], [4.0, 4.0, 2.0]], dtype=torch.float64).log()
    want = torch.tensor([3.0, 6.0], dtype=torch.float64).log()
    check(scaled_log_sum_exp, x, 2.0, want=want)


@claim("S3-150")
def test_sums_along_the_given_dimension(scaled_log_sum_exp):
    x = torch.tensor([[3.0, 5.0, 8.0], [4.0, 12.0, 6.0]], dtype=torch.float64).log()
    want = torch.tensor([5.0, 13.0, 10.0], dtype=torch.float64).log()
    check(scaled_log_sum_exp, x, 2.0, dim=0, want=want)
    check(scaled_log_sum_exp, x, 2.0, dim=-2, want=want)


@claim("S3-145", "S3-150")
@given(
    inputs.tensors(inputs.sizes(), inputs.sizes(1, 4), inputs.sizes(1, 3)),
    st.sampled_from([0.125, 0.5, 1.0, 3.0, 16.0]),
    st.integers(-3, 2),
)
def test_equals_the_formula_with_50_digits(scaled_log_sum_exp, x, lam, dim):
    def exact(row):
        import mpmath

        return [mpmath.log(sum(mpmath.exp(lam * v) for v in row)) / lam]

    moved = x.movedim(dim, -1)
    rows = oracles.row_to_50_digits(exact, moved.reshape(-1, moved.shape[-1]))
    # The two terms may cancel: rounding is that of the larger, at most 5 + log(4) / 0.125.
    check(scaled_log_sum_exp, x, lam, dim, want=rows.reshape(moved.shape[:-1]), scale=17.0)


@claim("S3-145", "S3-146", "S3-150")
@given(inputs.tensors(inputs.sizes(1, 6)), st.sampled_from([0.25, 1.0, 4.0, 64.0, 1e6]))
def test_lies_between_the_maximum_and_log_n_over_lam_above(scaled_log_sum_exp, x, lam):
    top, error = x.max().item(), math.log(len(x)) / lam
    told = f"a tensor from max x = {top} to max x + log(n) / lam = {top + error:.8g}"
    rounding = 1e-14 * (abs(top) + error)
    bounded = such_that(told, lambda r: top <= r.item() <= top + error + rounding)
    check(scaled_log_sum_exp, x, lam, want=bounded)


@claim("S3-145")
@given(
    inputs.tensors(inputs.sizes(), inputs.sizes(2, 5)),
    st.sampled_from([0.25, 1.0, 3.0]),
    st.integers(-1, 1),
)
def test_gradients_are_the_softmax_weights_of_lam_x(scaled_log_sum_exp, x, lam, dim):
    upstream = torch.linspace(-1, 2, x.numel() // x.shape[dim], dtype=torch.float64)
    want = (lam * x).softmax(dim) * upstream.unsqueeze(dim)
    check_gradient(scaled_log_sum_exp, x, lam, dim, upstream=upstream, want=(want,), wrt=(0,))


@claim("S3-146")
@pytest.mark.parametrize("lam", [1e3, 1e20, 1e36])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_large_lam_gives_the_maximum(scaled_log_sum_exp, lam, dtype):
    x = torch.tensor([[1e4, 2.0, -1e4], [-1e4, -2e3, -1e3], [0.0, 4.0, -1.0]], dtype=dtype)
    check(scaled_log_sum_exp, x, lam, want=torch.tensor([1e4, -1e3, 4.0], dtype=dtype))


@claim("S3-146")
def test_the_gradient_of_a_large_lam_goes_to_the_maximum(scaled_log_sum_exp):
    x = torch.tensor([[1e4, 2.0, -1e4], [3.0, 3.0, 1.0]])
    want = torch.tensor([[2.0, 0.0, 0.0], [-3.0, -3.0, 0.0]])
    up = torch.tensor([2.0, -6.0])
    check_gradient(scaled_log_sum_exp, x, 1e36, upstream=up, want=(want,))


@claim("S3-145", "S3-146")
@pytest.mark.parametrize("lam", [1e-6, 0.5, 8.0, 1e3, 1e8])
def test_a_tie_of_n_is_log_n_over_lam_above(scaled_log_sum_exp, lam):
    x = torch.full((2, 3), 1.5, dtype=torch.float64)
    want = torch.full((2,), 1.5 + math.log(3) / lam, dtype=torch.float64)
    check(scaled_log_sum_exp, x, lam, want=want)


@claim("S3-145")
def test_a_small_lam_diverges_as_log_n_over_lam_and_leaves_the_mean(scaled_log_sum_exp):
    x = torch.tensor([-3.0, 1.0, 4.0, 10.0], dtype=torch.float64)
    # Taylor in lam: log(n) / lam + mean + lam * variance / 2, and lam^2 times a number like 30.
    want = torch.tensor(math.log(4) / 1e-6 + 3.0 + 1e-6 * 22.5 / 2, dtype=torch.float64)
    check(scaled_log_sum_exp, x, 1e-6, want=want)


@claim("S3-150")
def test_one_entry_is_its_own_smooth_maximum(scaled_log_sum_exp):
    check(scaled_log_sum_exp, torch.tensor([[3.0], [-2.0]]), 7.0, want=torch.tensor([3.0, -2.0]))


def test_a_row_far_below_another_keeps_its_own_scale(scaled_log_sum_exp):
    x = torch.tensor([[1000.0, 1000.0], [-1000.0, -1000.0]])
    want = torch.tensor([1000.0, -1000.0]) + math.log(2) / 4
    check(scaled_log_sum_exp, x, 4.0, want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_entries(scaled_log_sum_exp, dtype):
    x = torch.tensor([[0.5, -1.0, 2.0, 0.25], [9.0, 12.0, 12.0, -4.0]], dtype=dtype)
    check(scaled_log_sum_exp, x, 0.5, want=((x.double() / 2).logsumexp(-1) * 2).to(dtype))


@claim("S3-145")
@pytest.mark.parametrize("lam", [0.0, -2.0, math.inf, math.nan])
def test_refuses_a_lam_that_is_not_positive_and_finite(scaled_log_sum_exp, lam):
    check(scaled_log_sum_exp, torch.zeros(2, 3), lam, raises=ValueError, naming={"lam": lam})


def test_refuses_a_dimension_that_is_not_there_or_empty(scaled_log_sum_exp):
    x = torch.zeros(2, 3)
    check(scaled_log_sum_exp, x, 1.0, 2, raises=ValueError, naming={"dim": 2})
    check(scaled_log_sum_exp, x, 1.0, -3, raises=ValueError, naming={"dim": -3})
    check(scaled_log_sum_exp, torch.zeros(2, 0), 1.0, raises=ValueError, naming={"x": (2, 0)})


def test_refuses_integers(scaled_log_sum_exp):
    x = torch.tensor([1, 2])
    check(scaled_log_sum_exp, x, 1.0, raises=ValueError, naming={"x": torch.int64})


@wrong("multiply by lam before the maximum is subtracted: lam x overflows")
def scales_first(x, lam, dim=-1):
    return (lam * x).logsumexp(dim) / lam


@wrong("forget to divide by lam")
def not_divided(x, lam, dim=-1):
    return (lam * x).logsumexp(dim)


@wrong("multiply by lam at the end where you should divide")
def multiplied(x, lam, dim=-1):
    return (lam * x).logsumexp(dim) * lam


@wrong("ignore lam")
def ignores_lam(x, lam, dim=-1):
    return x.logsumexp(dim)


@wrong(
    "divide by lam inside, as a temperature: a large lam then gives no maximum",
    right_for="a temperature; here lam is its inverse, and multiplies",
)
def as_a_temperature(x, lam, dim=-1):
    return (x / lam).logsumexp(dim) * lam


@wrong("divide the maximum by lam too, which was never multiplied by it")
def divides_the_maximum(x, lam, dim=-1):
    top = x.amax(dim, keepdim=True)
    return (top.squeeze(dim) + (lam * (x - top)).exp().sum(dim).log()) / lam


@wrong("forget to divide the logarithm by lam, the maximum being right")
def divides_nothing(x, lam, dim=-1):
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + (lam * (x - top)).exp().sum(dim).log()


@wrong(
    "take the mean of the exponentials and not their sum: it lies below the maximum",
    right_for="log-mean-exp, which divides by the count; here the plain sum is asked for",
)
def of_the_mean(x, lam, dim=-1):
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + (lam * (x - top)).exp().mean(dim).log() / lam


@wrong("average the entries with the softmax weights of lam x: it lies below the maximum")
def weighted_mean(x, lam, dim=-1):
    return (x * (lam * (x - x.amax(dim, keepdim=True))).softmax(dim)).sum(dim)


@wrong("return the maximum itself")
def hard_maximum(x, lam, dim=-1):
    return x.amax(dim)


@wrong("take the maximum as soon as lam is large: at a tie log(n) / lam is missing")
def hard_when_large(x, lam, dim=-1):
    return x.amax(dim) if lam >= 100 else (lam * x).logsumexp(dim) / lam


@wrong("work along the last dimension whatever `dim` says")
def ignores_dim(x, lam, dim=-1):
    top = x.amax(-1, keepdim=True)
    return top.squeeze(-1) + (lam * (x - top)).exp().sum(-1).log() / lam


@wrong("detach the maximum in one of its two places: its gradient is counted once too often")
def half_detached(x, lam, dim=-1):
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + (lam * (x - top.detach())).exp().sum(dim).log() / lam


@wrong("accept any lam: a negative one gives a minimum, and 0 divides by 0", accepts_bad_input=True)
def accepts_any_lam(x, lam, dim=-1):
    if not -x.dim() <= dim < x.dim():
        raise ValueError(f"dim is {dim}")
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + (lam * (x - top)).exp().sum(dim).log() / lam


@right("with the largest entry detached in both places, on the dimension moved to the end")
def detached_twice(x, lam, dim=-1):
    if not (lam > 0 and math.isfinite(lam)):
        raise ValueError(f"lam must be positive and finite, got {lam}")
    if dim not in range(-x.ndim, x.ndim):
        raise ValueError(f"no dim {dim}")
    if not x.is_floating_point() or not x.shape[dim]:
        raise ValueError(f"x: {x.dtype} {tuple(x.shape)} won't do")
    rows = x.movedim(dim, -1)
    top = rows.detach().max(-1).values
    return top + torch.log(torch.exp((rows - top[..., None]) * lam).sum(-1)) / lam


@right("entry by entry: a smooth maximum of smooth maxima")
def one_after_the_other(x, lam, dim=-1):
    if lam <= 0 or math.isnan(lam) or lam == math.inf:
        raise ValueError(f"`lam` = {lam} is not a positive finite number")
    if dim >= x.dim() or dim < -x.dim():
        raise ValueError(f"`dim` must name a dimension of x, got {dim}")
    if not x.dtype.is_floating_point or x.size(dim) == 0:
        raise ValueError(f"`x` has dtype {x.dtype} and shape {x.shape}")
    total, *others = x.unbind(dim)
    for entry in others:
        top, low = torch.maximum(total, entry), torch.minimum(total, entry)
        total = top + (lam * (low - top)).exp().log1p() / lam
    return total.clone()


@accuracy(
    "size of the entries",
    inputs=lambda draw, size: (size * draw.normal(8), 4.0),
    torch=lambda x, lam: (lam * x).logsumexp(-1) / lam,
)
def exact(mp, x, lam):
    return mp.log(sum(mp.exp(lam * v) for v in x)) / lam


@gpu
def bench_a_smooth_maximum_of_rows(scaled_log_sum_exp, race):
    race(
        scaled_log_sum_exp,
        torch=lambda x, lam: (lam * x).logsumexp(-1) / lam,
        inputs=lambda draw, n, c: (draw.normal(n, c), 4.0),
        small=(32, 1000),
        large=(4096, 16000),
        # The maximum, the shift, the factor, the exponential and the sum of an entry.
        forward=lambda x, lam: {"bytes": x.nbytes + 4 * len(x), "flops": 5 * x.numel()},
        backward=lambda x, lam: {"bytes": 2 * x.nbytes + 8 * len(x), "flops": 4 * x.numel()},
    )
