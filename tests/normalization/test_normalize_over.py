"""One mean and one variance for each set of entries: the one formula of all normalizations."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    gpu,
    inputs,
    right,
    wrong,
)

EXERCISE = Exercise(
    level="warm-up",
    forbid=(
        "batch_norm",
        "batch_norm_legit",
        "batch_norm_with_update",
        "layer_norm",
        "group_norm",
        "instance_norm",
    ),
    instead="write it with means",
    hints=(
        "A mean over several dimensions has fewer of them. How does it meet x again?",
        "Subtract x.mean(dims, keepdim=True) first; the variance is the mean of the squares.",
        "deviations / sqrt(mean of deviations^2 + eps), all means over `dims` with keepdim=True.",
    ),
)


@claim("S0-267")
def test_a_case_worked_by_hand(normalize_over):
    x = inputs.vector(1, 7, -3, 9, 7, -11).reshape(2, 3)
    want = inputs.vector(-0.8, 0, 0.8, 0.8, 0, -0.8).reshape(2, 3)
    check(normalize_over, x, dims=(0,), eps=9.0, want=want)


@claim("S0-267")
def test_a_set_of_three_has_the_variance_6(normalize_over):
    x = inputs.vector(0, 3, 6, 12, 9, 6).reshape(2, 3)
    want = inputs.vector(-1, 0, 1, 1, 0, -1).reshape(2, 3)
    check(normalize_over, x, (1,), 3.0, want=want)
    check(normalize_over, x, (-1,), 3.0, want=want)


@claim("S0-270")
def test_over_n_h_w_it_is_batch_norm(normalize_over):
    x = inputs.numbers(2, 3, 4, 5)
    check(normalize_over, x, (0, 2, 3), want=F.batch_norm(x, None, None, training=True))


@claim("S0-272", "S0-290", "S4-095")
def test_over_c_h_w_it_is_layer_norm_of_an_image(normalize_over):
    x = inputs.numbers(2, 3, 4, 5)
    check(normalize_over, x, (1, 2, 3), want=F.layer_norm(x, (3, 4, 5)))


@claim("S0-274", "S4-097")
def test_over_h_w_it_is_instance_norm(normalize_over):
    x = inputs.numbers(2, 3, 4, 5)
    check(normalize_over, x, (-1, -2), want=F.instance_norm(x))


@claim("S0-272", "S0-275", "S0-290")
@counterexample("S0-272", "S0-275", "S0-290")
def test_over_channels_alone_it_is_another_layer_norm_and_no_instance_norm(normalize_over):
    x = inputs.numbers(2, 3, 4, 5)
    check(normalize_over, x, (1,), want=F.layer_norm(x.movedim(1, -1), (3,)).movedim(-1, 1))


def by_loops(x, dims, eps):
    """Collect each set in a list, and normalise it with plain Python numbers."""
    kept = [d for d in range(x.dim()) if d not in {d % x.dim() for d in dims}]
    sets, y = {}, torch.empty_like(x)
    places = list(itertools.product(*map(range, x.shape)))
    for place in places:
        sets.setdefault(tuple(place[d] for d in kept), []).append(x[place].item())
    for place in places:
        values = sets[tuple(place[d] for d in kept)]
        mean = sum(values) / len(values)
        variance = sum((v - mean) ** 2 for v in values) / len(values)
        y[place] = (x[place].item() - mean) / (variance + eps) ** 0.5
    return y


some_dims = st.lists(st.integers(-3, 2), min_size=1, max_size=3, unique_by=lambda d: d % 3)
three = inputs.tensors(inputs.sizes(1, 4), inputs.sizes(1, 3), inputs.sizes(1, 4))


@claim("S0-267")
@given(three, some_dims.map(tuple), st.sampled_from([1e-5, 0.25, 2.0]))
def test_equals_a_loop_over_the_sets(normalize_over, x, dims, eps):
    # scale: rounding of a constant set is divided by the root of eps.
    check(normalize_over, x, dims, eps, want=by_loops(x, dims, eps), scale=1e3)


@claim("S0-267", "S0-270", "S0-274")
@pytest.mark.parametrize("eps", [1e-5, 2.0])
def test_gradients_flow_back_through_mean_and_variance(normalize_over, eps):
    x = inputs.numbers(2, 3, 4)
    check_gradient(normalize_over, x, dims=(0, 2), eps=eps, like=torchs_batch_norm)


def torchs_batch_norm(x, dims, eps):
    return F.batch_norm(x, None, None, training=True, eps=eps)


@claim("S0-267")
def test_a_set_of_one_entry_becomes_0(normalize_over):
    x = inputs.vector(5, -3, 8).reshape(1, 3)
    check(normalize_over, x, (0,), want=torch.zeros_like(x))
    check(normalize_over, torch.full((2, 3), 4.0), (1,), want=torch.zeros(2, 3))


@claim("S0-279")
def test_an_outlier_is_bounded_by_the_root_of_the_others(normalize_over):
    # 25 times 0 and once 26: the mean is 1, the variance 25, the bound sqrt(26 - 1) = 5.
    x = torch.zeros(1, 26, dtype=torch.float64)
    x[0, 7] = 26
    check(normalize_over, x, (1,), 1e-18, want=(x - 1) / 5)


def test_a_set_far_from_0_keeps_its_digits(normalize_over):
    steps = inputs.vector(1, 3, 6, 2).reshape(4, 1)
    want = (steps - 3) / 3.5**0.5
    # slack: a mean that is updated entry by entry is rounded at 1e9, where steps are 1e-7.
    check(normalize_over, 1e9 + steps, (0,), 1e-12, want=want, slack=1e4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_and_no_square_overflows(normalize_over, dtype):
    x = torch.tensor([[-600.0, 0.25], [600.0, 0.5], [1200.0, 0.125]], dtype=dtype)
    want = F.batch_norm(x.double(), None, None, training=True).to(dtype)
    check(normalize_over, x, (0,), want=want)


def test_a_nan_spoils_its_own_set_only(normalize_over):
    x = torch.tensor([[1.0, torch.nan, 9.0], [1.0, 2.0, 7.0]])
    want = torch.tensor([[0.0, torch.nan, 1.0], [0.0, torch.nan, -1.0]])
    check(normalize_over, x, (0,), 1e-12, want=want)


def test_reads_a_transposed_tensor_by_its_strides(normalize_over):
    x = inputs.numbers(3, 5).mT
    check(normalize_over, x, (0,), want=by_loops(x.contiguous(), (0,), 1e-5))


def test_refuses_dimensions_that_are_none_twice_or_not_there(normalize_over):
    for dims in ((), (1, 1), (0, -2), (2,), (0, -3)):
        check(normalize_over, torch.ones(2, 3), dims, raises=ValueError, naming={"dims": dims})


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_refuses_an_eps_that_is_not_positive(normalize_over, eps):
    check(normalize_over, torch.ones(2, 3), (0,), eps, raises=ValueError, naming={"eps": eps})


def test_refuses_integers(normalize_over):
    x = torch.tensor([[1, 2], [3, 4]])
    check(normalize_over, x, (0,), raises=ValueError, naming={"x": torch.int64})


def standard(x, dims, eps=1e-5, correction=0):
    """The formula in float64."""
    z = x.double()
    variance = z.var(dims, correction=correction, keepdim=True)
    return ((z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()).to(x.dtype)


@wrong(
    "divide the squares by the number of entries minus 1",
    right_for="the unbiased variance of a sample; here the variance is the biased one",
)
def unbiased(x, dims, eps=1e-5):
    return standard(x, dims, eps, correction=1)


@wrong("ignore `eps` and always add 1e-5")
def ignores_eps(x, dims, eps=1e-5):
    return standard(x, dims)


@wrong("add eps to the standard deviation, outside of the root")
def eps_outside(x, dims, eps=1e-5):
    z = x.double()
    deviation = z.var(dims, correction=0, keepdim=True).sqrt()
    return ((z - z.mean(dims, keepdim=True)) / (deviation + eps)).to(x.dtype)


@wrong("let eps be the least variance, and not add it")
def clamped(x, dims, eps=1e-5):
    z = x.double()
    variance = z.var(dims, correction=0, keepdim=True).clamp(min=eps)
    return ((z - z.mean(dims, keepdim=True)) / variance.sqrt()).to(x.dtype)


@wrong("divide by the variance and not by its root")
def by_the_variance(x, dims, eps=1e-5):
    z = x.double()
    variance = z.var(dims, correction=0, keepdim=True) + eps
    return ((z - z.mean(dims, keepdim=True)) / variance).to(x.dtype)


@wrong("subtract the mean only")
def centres_only(x, dims, eps=1e-5):
    return x - x.mean(dims, keepdim=True)


@wrong("divide by the root mean square of x, without a mean")
def root_mean_square(x, dims, eps=1e-5):
    z = x.double()
    return (z / (z.square().mean(dims, keepdim=True) + eps).sqrt()).to(x.dtype)


@wrong("take `dims` for those that keep their own statistics: the sets are over all the others")
def over_the_others(x, dims, eps=1e-5):
    others = tuple(d for d in range(x.dim()) if d not in {d % x.dim() for d in dims})
    return standard(x, others, eps) if others else torch.zeros_like(x)


@wrong("normalise over the first of `dims` alone")
def first_only(x, dims, eps=1e-5):
    return standard(x, dims[:1], eps)


@wrong("normalise over one dimension after another and not over all at once")
def one_after_another(x, dims, eps=1e-5):
    for dim in dims:
        x = standard(x, (dim,), eps)
    return x


@wrong("subtract the squared mean from the mean of squares: far from 0 nothing is left")
def difference_of_squares(x, dims, eps=1e-5):
    z = x.double()
    mean = z.mean(dims, keepdim=True)
    variance = z.square().mean(dims, keepdim=True) - mean**2
    return ((z - mean) / (variance + eps).sqrt()).to(x.dtype)


@wrong("detach mean and variance: the gradient loses both of its other terms")
def detached(x, dims, eps=1e-5):
    z = x.double()
    variance = z.detach().var(dims, correction=0, keepdim=True)
    return ((z - z.detach().mean(dims, keepdim=True)) / (variance + eps).sqrt()).to(x.dtype)


@wrong("detach the variance: the gradient loses one of its terms")
def detached_variance(x, dims, eps=1e-5):
    z = x.double()
    variance = z.detach().var(dims, correction=0, keepdim=True)
    return ((z - z.mean(dims, keepdim=True)) / (variance + eps).sqrt()).to(x.dtype)


@wrong("compute in half precision what comes in half precision: squares overflow")
def in_its_own_dtype(x, dims, eps=1e-5):
    deviations = x - x.mean(dims, keepdim=True)
    return deviations / (deviations.square().mean(dims, keepdim=True) + eps).sqrt()


@wrong("compute in float32 whatever the dtype of x")
def always_float32(x, dims, eps=1e-5):
    return standard(x.float(), dims, eps)


@wrong("replace nan by 0")
def hides_nan(x, dims, eps=1e-5):
    return standard(x, dims, eps).nan_to_num(0.0)


@wrong("clip what comes out at 3 deviations")
def clipped(x, dims, eps=1e-5):
    return standard(x, dims, eps).clamp(-3, 3)


@wrong("subtract the mean in place: the caller's x changes")
def in_place(x, dims, eps=1e-5):
    with torch.no_grad():
        x -= x.mean(dims, keepdim=True)
    return standard(x, dims, eps)


def refuse(x, dims, eps):
    if not x.dtype.is_floating_point:
        raise ValueError(f"`x` has dtype {x.dtype}")
    if not eps > 0:
        raise ValueError(f"`eps` = {eps}")
    if not dims or sorted({d % x.ndim for d in dims}) != sorted(d % x.ndim for d in dims):
        raise ValueError(f"`dims` = {dims}")
    if max(dims) >= x.ndim or min(dims) < -x.ndim:
        raise ValueError(f"`dims` = {dims}")


@right("with torch's variance")
def with_var_mean(x, dims, eps=1e-5):
    refuse(x, dims, eps)
    z = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    variance, mean = torch.var_mean(z, dims, correction=0, keepdim=True)
    return ((z - mean) * torch.rsqrt(variance + eps)).to(x.dtype)


@right("on a copy whose sets are rows of a matrix")
def as_rows(x, dims, eps=1e-5):
    refuse(x, dims, eps)
    z = x if x.dtype == torch.float64 else x.float()
    last = tuple(range(-len(dims), 0))
    moved = z.movedim(dims, last)
    rows = moved.reshape(*moved.shape[: x.ndim - len(dims)], -1)
    rows = rows - rows.mean(-1, keepdim=True)
    rows = rows / torch.sqrt((rows * rows).mean(-1, keepdim=True) + eps)
    return rows.reshape(moved.shape).movedim(last, dims).to(x.dtype)


@gpu
def bench_channels_of_images(normalize_over, race):
    race(
        normalize_over,
        torch=lambda x, dims: F.batch_norm(x, None, None, None, None, True),
        inputs=lambda draw, n, c, h: (draw.normal(n, c, h, h), (0, 2, 3)),
        small=(4, 8, 10),
        large=(64, 256, 56),
        # Two sums, a square, two differences and a product an entry.
        forward=lambda x, dims: {"bytes": 2 * x.nbytes, "flops": 6 * x.numel()},
        slack=100.0,
    )
