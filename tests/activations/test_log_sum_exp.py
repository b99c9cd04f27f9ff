"""RealSoftMax(x) = log sum_i exp(x_i): between max(x) and max(x) + log n."""

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
    after=("softmax",),
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
        "What happens to log(exp(a) + exp(b)) if a and b both grow by 1000? What to your code?",
        "log sum exp(x) = m + log sum exp(x - m) for any finite m. Which m is safe for every row?",
        "m = max x, unless that is infinite: then -inf - (-inf) would be nan; take m = 0.",
    ),
)


@claim("S3-143", "S3-150")
def test_a_case_worked_by_hand(log_sum_exp):
    x = torch.tensor([[1.0, 3.0, 4.0], [2.0, 5.0, 2.0]], dtype=torch.float64).log()
    check(log_sum_exp, x, want=torch.tensor([8.0, 9.0], dtype=torch.float64).log())


@claim("S3-150")
def test_sums_along_the_given_dimension(log_sum_exp):
    x = torch.tensor([[1.0, 3.0, 4.0], [2.0, 5.0, 2.0]], dtype=torch.float64).log()
    check(log_sum_exp, x, dim=0, want=torch.tensor([3.0, 8.0, 6.0], dtype=torch.float64).log())
    check(log_sum_exp, x, dim=-2, want=torch.tensor([3.0, 8.0, 6.0], dtype=torch.float64).log())


@claim("S3-143", "S3-150")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(1, 4), inputs.sizes(1, 3)), st.integers(-3, 2))
def test_equals_the_formula_with_50_digits(log_sum_exp, x, dim):
    def exact(row):
        import mpmath

        return [mpmath.log(sum(map(mpmath.exp, row)))]

    moved = x.movedim(dim, -1)
    rows = oracles.row_to_50_digits(exact, moved.reshape(-1, moved.shape[-1]))
    check(log_sum_exp, x, dim, want=rows.reshape(moved.shape[:-1]))


@claim("S3-144", "S3-150")
@given(inputs.tensors(inputs.sizes(2, 6), low=-3, high=3))
def test_lies_above_the_maximum_by_at_most_log_n(log_sum_exp, x):
    top, n = x.max().item(), len(x)
    told = f"a tensor above max x = {top} and not above max x + log {n} = {top + math.log(n):.6g}"
    # Strictly above, as no entry is so small that its share rounds away; a tie of all n is exact.
    check(
        log_sum_exp, x, want=such_that(told, lambda r: top < r.item() <= top + math.log(n) + 1e-14)
    )


@claim("S3-143")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(2, 6)), st.integers(-1, 1))
def test_its_gradient_is_the_usual_softmax(log_sum_exp, x, dim):
    upstream = torch.linspace(-1, 2, x.numel() // x.shape[dim], dtype=torch.float64)
    want = x.softmax(dim) * upstream.unsqueeze(dim)
    check_gradient(log_sum_exp, x, dim=dim, upstream=upstream, want=(want,), wrt=(0,))


@claim("S3-143", "S3-150")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_entries_of_1e4(log_sum_exp, dtype):
    x = torch.tensor([[1e4, 1e4], [-1e4, -1e4], [1e4, -1e4], [1000, 1000], [-1000, 0]], dtype=dtype)
    two = math.log(2)
    want = torch.tensor([1e4 + two, -1e4 + two, 1e4, 1000 + two, 0], dtype=dtype)
    check(log_sum_exp, x, want=want)


@claim("S3-150")
def test_one_entry_is_its_own_log_sum_exp(log_sum_exp):
    x = torch.tensor([[3.0], [-2000.0], [0.0]])
    check(log_sum_exp, x, want=torch.tensor([3.0, -2000.0, 0.0]))


@claim("S3-144", "S3-150")
@pytest.mark.parametrize("n", [2, 3, 7])
def test_equal_entries_are_the_worst_case(log_sum_exp, n):
    x = torch.full((n,), -1.25, dtype=torch.float64)
    check(log_sum_exp, x, want=torch.tensor(-1.25 + math.log(n), dtype=torch.float64))


@claim("S3-143", "S3-150")
def test_infinite_entries(log_sum_exp):
    inf = torch.inf
    x = torch.tensor([[0.0, -inf, 0.0], [-inf, -inf, -inf], [inf, 1.0, -inf], [inf, inf, 0.0]])
    check(log_sum_exp, x, want=torch.tensor([math.log(2), -inf, inf, inf]))


def test_nan_is_not_hidden(log_sum_exp):
    x = torch.tensor([[0.0, torch.nan], [0.0, -torch.inf]])
    check(log_sum_exp, x, want=torch.tensor([torch.nan, 0.0]))


@claim("S3-143")
def test_nothing_at_all_gives_minus_infinity(log_sum_exp):
    check(log_sum_exp, torch.zeros(2, 0), want=torch.tensor([-torch.inf, -torch.inf]))
    nothing = torch.zeros(0, 3, dtype=torch.float64)
    check(log_sum_exp, nothing, 0, want=torch.full((3,), -torch.inf, dtype=torch.float64))
    check(log_sum_exp, torch.zeros(0, 3), 1, want=torch.zeros(0))


def test_gradients_of_large_tied_and_masked_entries(log_sum_exp):
    x = torch.tensor([[1e4, 1e4, -1e4], [0.0, -torch.inf, 0.0]], dtype=torch.float64)
    want = torch.tensor([[1.5, 1.5, 0.0], [-0.5, 0.0, -0.5]], dtype=torch.float64)
    upstream = torch.tensor([3.0, -1.0], dtype=torch.float64)
    check_gradient(log_sum_exp, x, upstream=upstream, want=(want,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_entries(log_sum_exp, dtype):
    x = torch.tensor([[0.5, -1.0, 2.0, 0.25], [9.0, 12.0, 12.0, -4.0]], dtype=dtype)
    check(log_sum_exp, x, want=x.double().logsumexp(-1).to(dtype))


def test_refuses_a_dimension_that_is_not_there(log_sum_exp):
    check(log_sum_exp, torch.zeros(2, 3), 2, raises=ValueError, naming={"dim": 2})
    check(log_sum_exp, torch.zeros(2, 3), -3, raises=ValueError, naming={"dim": -3})


def test_refuses_integers(log_sum_exp):
    check(log_sum_exp, torch.tensor([1, 2]), raises=ValueError, naming={"x": torch.int64})


@wrong("take exp() of the entries as they are: it overflows, or underflows to log 0")
def naive(x, dim=-1):
    return x.exp().sum(dim).log()


@wrong("subtract the maximum of the whole tensor: rows far below it become log 0")
def global_maximum(x, dim=-1):
    return naive(x - x.max(), dim) + x.max()


@wrong("forget to add the maximum back")
def shift_is_lost(x, dim=-1):
    return naive(x - x.amax(dim, keepdim=True), dim)


@wrong("sum along the last dimension whatever `dim` says")
def ignores_dim(x, dim=-1):
    return x.logsumexp(-1)


@wrong(
    "keep the summed dimension with size 1",
    right_for="keepdim=True; here the dimension goes",
)
def keeps_the_dimension(x, dim=-1):
    return x.logsumexp(dim, keepdim=True)


@wrong(
    "take the mean of the exponentials and not their sum",
    right_for="log-mean-exp, which divides by the count; here the plain sum is asked for",
)
def of_the_mean(x, dim=-1):
    return x.logsumexp(dim) - math.log(max(x.shape[dim], 1))


@wrong("detach the maximum in one of its two places: its gradient is counted once too often")
def half_detached(x, dim=-1):
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + naive(x - top.detach(), dim)


@wrong("detach the logarithm: only the largest entry gets a gradient")
def detached_sum(x, dim=-1):
    top = x.amax(dim)
    return top + (x.logsumexp(dim) - top).detach()


@wrong("subtract a maximum of -inf: -inf - (-inf) is nan")
def infinite_shift(x, dim=-1):
    top = x.amax(dim, keepdim=True)
    return top.squeeze(dim) + naive(x - top, dim)


@wrong("avoid a shift of -inf only: where the maximum is inf, inf - inf is nan")
def shift_of_plus_infinity(x, dim=-1):
    if not x.shape[dim]:
        return x.logsumexp(dim)
    top = x.amax(dim, keepdim=True)
    top = torch.where(top == -torch.inf, 0, top)
    return top.squeeze(dim) + naive(x - top, dim)


@wrong("squeeze every dimension of size 1, and not only the one of the sum")
def squeezes_too_much(x, dim=-1):
    return x.logsumexp(dim).squeeze()


@wrong("shift infinite maxima to 0, and forget that a dimension may be empty")
def no_maximum_of_nothing(x, dim=-1):
    top = x.amax(dim, keepdim=True)
    top = torch.where(top.isfinite(), top, 0)
    return top.squeeze(dim) + naive(x - top, dim)


@wrong("give 0 and not -inf for an empty dimension, as a sum of nothing")
def empty_is_zero(x, dim=-1):
    return x.logsumexp(dim) if x.shape[dim] else x.sum(dim)


@wrong("return the maximum itself")
def hard_maximum(x, dim=-1):
    return x.amax(dim)


@wrong("average the entries with their softmax weights: that lies below the maximum")
def weighted_mean(x, dim=-1):
    return (x * x.softmax(dim)).sum(dim)


@wrong("replace nan on the way: a nan among the entries is lost")
def hides_nan(x, dim=-1):
    return x.nan_to_num(-torch.inf, posinf=torch.inf, neginf=-torch.inf).logsumexp(dim)


@wrong("compute in float32 whatever the dtype of the entries")
def always_float32(x, dim=-1):
    return x.float().logsumexp(dim)


@right("one entry after the other, as a stream: log(e^a + e^b) = max + log(1 + e^(min - max))")
def as_a_stream(x, dim=-1):
    if not x.dtype.is_floating_point:
        raise ValueError(f"x: dtype {x.dtype} is not a floating point dtype")
    if dim not in range(-x.ndim, x.ndim):
        raise ValueError(f"no dim {dim}")
    total = x.sum(dim).detach() * 0 - torch.inf if x.shape[dim] == 0 else x.select(dim, 0)
    for i in range(1, x.shape[dim]):
        top, low = torch.maximum(total, x.select(dim, i)), torch.minimum(total, x.select(dim, i))
        # Equal entries, infinite ones too, differ by 0: the other branch may be nan.
        gap = torch.where(low == top, torch.zeros_like(low), low - top)
        total = top + gap.exp().log1p()
    return total.clone()


@right("with a shift that is never infinite, on the dimension moved to the front")
def moved_to_the_front(x, dim=-1):
    if not x.is_floating_point():
        raise ValueError(f"`x` must be floating point, got {x.dtype}")
    if dim >= x.dim() or dim < -x.dim():
        raise ValueError(f"`dim` must name a dimension of x, got {dim}")
    rows = x.movedim(dim, 0)
    if rows.shape[0] == 0:
        return rows.sum(0).log()
    shift = rows.detach().max(0).values.clamp(-1e300 if x.dtype == torch.float64 else -3e4, None)
    shift = torch.where(shift == torch.inf, 0, shift)
    return (rows - shift).exp().sum(0).log() + shift


@accuracy(
    "size of the entries",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=lambda x: x.logsumexp(-1),
)
def exact(mp, x):
    return mp.log(sum(map(mp.exp, x)))


@gpu
def bench_rows_of_a_language_model(log_sum_exp, race):
    race(
        log_sum_exp,
        torch=lambda x: x.logsumexp(-1),
        inputs=lambda draw, n, c: (draw.normal(n, c),),
        small=(32, 1000),
        large=(4096, 16000),
        # The maximum, the shift, the exponential and the sum of an entry; a number a row is written.
        forward=lambda x: {"bytes": x.nbytes + 4 * len(x), "flops": 4 * x.numel()},
        # g exp(x - result): difference, exponential, product.
        backward=lambda x: {"bytes": 2 * x.nbytes + 8 * len(x), "flops": 3 * x.numel()},
    )
