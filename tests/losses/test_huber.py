"""e^2 / 2 up to delta, then the tangent: value and slope are continuous."""

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
    plot,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("mse", "mae"),
    forbid=("huber_loss", "smooth_l1_loss"),
    instead="write both pieces",
    hints=(
        "Which line touches e^2 / 2 at e = delta?",
        "torch.where runs both branches, and also differentiates both: 0 * inf is nan.",
        "With m = min(|e|, delta), both pieces are m (|e| - m / 2).",
    ),
)

DELTAS = st.integers(1, 24).map(lambda k: k / 8)


@claim("S3-115", "S3-130")
def test_a_case_worked_by_hand(huber):
    error = torch.tensor([[0.5, -3.0, 1.0], [0.0, -1.0, 5.0]])
    want = torch.tensor([[0.125, 2.5, 0.5], [0.0, 0.5, 4.5]])
    check(huber, error, want=want)
    check(huber, error, delta=2.0, want=torch.tensor([[0.125, 4.0, 0.5], [0.0, 0.5, 8.0]]))


@claim("S3-115")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 4)), DELTAS)
def test_equals_the_pieces_in_exact_fractions(huber, error, delta):
    from fractions import Fraction

    def piece(e):
        e, d = abs(Fraction(e)), Fraction(delta)
        return float(e * e / 2 if e <= d else d * (e - d / 2))

    want = torch.tensor([[piece(e) for e in row] for row in error.tolist()], dtype=torch.float64)
    check(huber, error, delta, want=want)


@claim("S3-115", "S3-130")
@given(inputs.tensors(inputs.sizes(1, 3), inputs.sizes(1, 4)), DELTAS)
def test_the_gradient_is_the_error_cut_off_at_delta(huber, error, delta):
    upstream = torch.arange(1.0, 1 + error.numel(), dtype=torch.float64).reshape(error.shape) / 4
    want = upstream * error.clamp(-delta, delta)
    check_gradient(huber, error, delta=delta, wrt=(0,), upstream=upstream, want=(want,))


@claim("S3-130")
def test_equals_torchs_and_delta_times_its_smooth_l1_loss(huber):
    error, zero = inputs.numbers(4, 5), torch.zeros(4, 5).double()
    for delta in (0.25, 1.0, 2.5):
        theirs = torch.nn.functional.huber_loss(error, zero, reduction="none", delta=delta)
        check(huber, error, delta, want=theirs)
        smooth = torch.nn.functional.smooth_l1_loss(error, zero, reduction="none", beta=delta)
        check(huber, error, delta, want=delta * smooth)


@claim("S3-115")
@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_value_and_slope_meet_where_the_pieces_do(huber, delta):
    step = 2.0**-30
    error = torch.tensor([1, -1, 1, -1, 1, -1]) * inputs.vector(
        delta, delta, delta - step, delta - step, delta + step, delta + step
    )
    near = delta**2 / 2 + delta * inputs.vector(0, 0, -step, -step, step, step)
    check(huber, error, delta, want=near)
    slopes = error.sign() * inputs.vector(delta, delta, delta - step, delta - step, delta, delta)
    ones = torch.ones(6).double()
    check_gradient(huber, error, delta=delta, wrt=(0,), upstream=ones, want=(slopes,))


@claim("S3-115")
def test_an_infinite_delta_leaves_half_the_squared_error(huber):
    error = torch.tensor([3.0, -20.0, 0.0])
    check(huber, error, math.inf, want=torch.tensor([4.5, 200.0, 0.0]))
    want = torch.tensor([3.0, -20.0, 0.0])
    check_gradient(huber, error, delta=math.inf, wrt=(0,), upstream=torch.ones(3), want=(want,))


@claim("S3-115")
def test_large_errors_whose_square_overflows_are_linear_all_the_same(huber):
    error = torch.tensor([1e30, -3e38, 1e20, -0.5])
    check(huber, error, 0.5, want=torch.tensor([5e29, 1.5e38, 5e19, 0.125]), scale=0.0)
    upstream = torch.tensor([1.0, 2.0, -1.0, 4.0])
    want = torch.tensor([0.5, -1.0, -0.5, -2.0])
    check_gradient(huber, error, delta=0.5, wrt=(0,), upstream=upstream, want=(want,))


@claim("S3-115")
def test_small_errors_keep_their_digits(huber):
    error = torch.tensor([1e-10, -1e-15], dtype=torch.float64)
    want = torch.tensor([0.5e-20, 0.5e-30], dtype=torch.float64)
    check(huber, error, want=want, scale=0.0)


def test_infinite_errors_and_nan_are_not_hidden(huber):
    error = torch.tensor([math.inf, -math.inf, math.nan])
    check(huber, error, 2.0, want=torch.tensor([math.inf, math.inf, math.nan]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype(huber, dtype):
    error = torch.tensor([0.5, -3.0, 8.0], dtype=dtype)
    check(huber, error, 2.0, want=torch.tensor([0.125, 4.0, 14.0], dtype=dtype))


@pytest.mark.parametrize("shape", [(), (0,), (2, 1, 3)])
def test_any_number_of_dimensions(huber, shape):
    check(huber, torch.full(shape, -4.0), 2.0, want=torch.full(shape, 6.0))


def test_reads_a_transposed_tensor_by_its_strides(huber):
    error = inputs.numbers(3, 4)
    want = torch.nn.functional.huber_loss(error.T, 0 * error.T, reduction="none")
    check(huber, error.T, want=want)


def test_refuses_a_delta_that_leaves_no_quadratic_piece(huber):
    for delta in (0.0, -1.0, math.nan):
        check(huber, torch.ones(2), delta, raises=ValueError, naming={"delta": delta})


def test_refuses_integers(huber):
    check(huber, torch.tensor([1, 2]), raises=ValueError, naming={"error": torch.int64})


@wrong("choose with torch.where: the square's infinity makes the gradient nan")
def by_where(error, delta=1.0):
    size = error.abs()
    linear = torch.zeros_like(size) if delta == math.inf else delta * (size - delta / 2)
    return torch.where(size <= delta, error.square() / 2, linear)


@wrong("forget the 1/2 in the quadratic piece: the pieces don't meet")
def whole_square(error, delta=1.0):
    size = error.abs()
    return torch.where(size <= delta, size * size, delta * (size - delta / 2))


@wrong("forget the offset of the line: the value jumps at delta")
def without_offset(error, delta=1.0):
    size = error.abs()
    return torch.where(size <= delta, size * size / 2, delta * size)


@wrong(
    "divide by delta: near 0 the slope depends on it",
    right_for="torch's smooth_l1_loss, whose beta is the delta; here the slope near 0 is e",
)
def smooth_l1(error, delta=1.0):
    inner = error.abs().clamp(max=delta)
    return inner * (error.abs() - inner / 2) / delta


@wrong("ignore delta")
def ignores_delta(error, delta=1.0):
    inner = error.abs().clamp(max=1.0)
    return inner * (error.abs() - inner / 2)


@wrong("forget to multiply the line by delta: its slope is 1")
def slope_one(error, delta=1.0):
    size = error.abs()
    return torch.where(size <= delta, size * size / 2, size - delta / 2)


@wrong("treat large negative errors as small ones: the absolute value is forgotten")
def one_sided(error, delta=1.0):
    inner = error.clamp(max=delta)
    return inner * (error - inner / 2)


@wrong("cut the loss off: beyond delta it is constant, and its gradient 0")
def truncated(error, delta=1.0):
    return error.clamp(-delta, delta).square() / 2


@wrong("average over the entries")
def averaged(error, delta=1.0):
    inner = error.abs().clamp(max=delta)
    return (inner * (error.abs() - inner / 2)).mean()


@wrong("treat the cut as constant: the quadratic piece has half its slope")
def detached(error, delta=1.0):
    size = error.abs()
    inner = size.clamp(max=delta)
    return inner.detach() * (size - inner / 2)


@wrong(
    "use the pseudo-Huber loss, which is smooth everywhere",
    right_for="the pseudo-Huber loss; here the pieces are a parabola and two lines",
)
def pseudo(error, delta=1.0):
    return delta**2 * ((1 + (error / delta) ** 2).sqrt() - 1)


@wrong("use log cosh, another smooth loss")
def log_cosh(error, delta=1.0):
    size = error.abs()
    return size + torch.log1p((-2 * size).exp()) - math.log(2)


@right("the square's argument made safe before it is squared")
def safe_where(error, delta=1.0):
    if not torch.is_floating_point(error):
        raise ValueError(f"error: {error.dtype}")
    if math.isnan(delta) or delta <= 0:
        raise ValueError(f"delta: {delta}")
    small = error.abs() <= delta
    quadratic = torch.where(small, error, 0).square() / 2
    if delta == math.inf:
        return torch.where(error.isnan(), error, quadratic)
    return torch.where(small, quadratic, delta * (error.abs() - delta / 2))


@right("as the quadratic loss less what is beyond delta")
def less_what_is_beyond(error, delta=1.0):
    if not error.is_floating_point():
        raise ValueError(f"error has dtype {error.dtype}")
    if not delta > 0:
        raise ValueError(f"delta is {delta}")
    inner = error.clamp(-delta, delta)
    if delta == math.inf:
        return inner * inner / 2
    return inner * inner / 2 + delta * (error - inner).abs()


@plot(x="error", y="loss")
def plot_three_deltas(huber):
    error = torch.linspace(-4, 4, 161, dtype=torch.float64)
    curves = {f"delta = {d}": (error, huber(error, d)) for d in (0.5, 1.0, 2.0)}
    return {"half the square": (error, error.square() / 2), **curves}


@accuracy(
    "size of the errors",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=lambda error: torch.nn.functional.huber_loss(error, 0 * error, reduction="none"),
)
def exact(mp, error):
    return [e * e / 2 if abs(e) <= 1 else abs(e) - mp.mpf(1) / 2 for e in error]


@gpu
def bench_errors_of_a_regression(huber, race):
    race(
        huber,
        torch=lambda error: torch.nn.functional.huber_loss(
            error, torch.zeros_like(error), reduction="none"
        ),
        inputs=lambda draw, n: (2 * draw.normal(n),),
        small=(100_000,),
        large=(2**26,),
        # |e|, the cut, half of it, a difference and a product.
        forward=lambda error: {"bytes": 2 * error.nbytes, "flops": 5 * error.numel()},
        # The error cut off, times the gradient from above.
        backward=lambda error: {"bytes": 3 * error.nbytes, "flops": 3 * error.numel()},
    )
