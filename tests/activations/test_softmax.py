"""softmax(z)_j = exp(z_j) / sum_k exp(z_k) along any dimension."""

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
    wrong,
)

EXERCISE = Exercise(
    level="warm-up",
    forbid=(
        "softmax",
        "log_softmax",
        "logsumexp",
        "logaddexp",
        "logaddexp2",
        "logcumsumexp",
        "scipy.special",
    ),
    instead="write it with exp and sum",
    hints=(
        "What happens to exp(z) for z = 1000, and what to the fraction if you add a constant to z?",
        "Subtract the largest logit along `dim` first: the fraction stays what it is.",
        "exp(z - max z) / sum exp(z - max z), with keepdim=True for both.",
    ),
)


@claim("S0-306", "S2-055", "S4-120")
def test_a_case_worked_by_hand(softmax):
    logits = torch.tensor([[1.0, 3.0, 4.0], [2.0, 5.0, 1.0]], dtype=torch.float64).log()
    want = torch.tensor([[1 / 8, 3 / 8, 4 / 8], [2 / 8, 5 / 8, 1 / 8]], dtype=torch.float64)
    check(softmax, logits, want=want)


def test_normalises_along_the_given_dimension(softmax):
    logits = torch.tensor([[1.0, 3.0, 4.0], [3.0, 5.0, 1.0]], dtype=torch.float64).log()
    want = torch.tensor([[1 / 4, 3 / 8, 4 / 5], [3 / 4, 5 / 8, 1 / 5]], dtype=torch.float64)
    check(softmax, logits, dim=0, want=want)


@claim("S0-306")
def test_the_default_is_the_last_of_three_dimensions(softmax):
    logits = inputs.numbers(2, 3, 4)
    check(softmax, logits, want=logits.softmax(-1))
    check(softmax, logits, -3, want=logits.softmax(0))


@claim("S0-306", "S2-055", "S4-120")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(1, 4), inputs.sizes(1, 3)), st.integers(-3, 2))
def test_equals_the_formula_with_50_digits(softmax, logits, dim):
    def exact(row):
        import mpmath

        powers = [mpmath.exp(z) for z in row]
        return [p / sum(powers) for p in powers]

    moved = logits.movedim(dim, -1)
    rows = oracles.row_to_50_digits(exact, moved.reshape(-1, moved.shape[-1]))
    check(softmax, logits, dim, want=rows.reshape(moved.shape).movedim(-1, dim).contiguous())


@claim("S0-306")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(2, 6)), st.integers(-1, 1))
def test_gradients_flow_back_as_through_torchs(softmax, logits, dim):
    check_gradient(softmax, logits, dim=dim, like=lambda z, dim: torch.softmax(z, dim))


@claim("S1-019", "S2-055", "S4-295")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(softmax, dtype):
    logits = torch.tensor([[1e4, 0.0, 1e4], [-1e4, -1e4, -1e4 - 800]], dtype=dtype)
    want = torch.tensor([[0.5, 0.0, 0.5], [0.5, 0.5, 0.0]], dtype=dtype)
    check(softmax, logits, want=want)


@claim("S1-019")
def test_a_small_probability_keeps_its_digits(softmax):
    logits = torch.tensor([[0.0, -100.0], [-600.0, 0.0]], dtype=torch.float64)
    small = logits.exp()
    # scale=0: relative to each probability, so that no floor under them passes.
    check(softmax, logits, want=small / (1 + small.amin(1, keepdim=True)), scale=0.0)


@claim("S2-055")
def test_gradients_stay_finite_for_logits_of_1e4(softmax):
    logits = torch.tensor([[1e4, 1e4, -1e4], [0.0, -torch.inf, 0.0]])
    upstream = torch.tensor([[4.0, 0.0, 3.0], [2.0, 5.0, -2.0]])
    want = torch.tensor([[1.0, -1.0, 0.0], [1.0, 0.0, -1.0]])
    check_gradient(softmax, logits, upstream=upstream, want=(want,))


@claim("S2-055")
def test_a_row_far_below_another_keeps_its_own_scale(softmax):
    logits = torch.tensor([[1000.0, 1000.0], [0.0, 0.0], [-1000.0, -1000.0]])
    check(softmax, logits, want=torch.full((3, 2), 0.5))


@claim("S0-306", "S1-019")
def test_a_masked_logit_gets_probability_zero(softmax):
    inf = torch.inf
    logits = torch.tensor([[0.0, -inf, 0.0], [-inf, -inf, -inf]])
    want = torch.tensor([[0.5, 0.0, 0.5], [torch.nan] * 3])
    check(softmax, logits, want=want)


@claim("S0-306", "S4-120")
def test_one_class_has_probability_one(softmax):
    check(softmax, torch.tensor([[3.0], [-2.0]]), want=torch.ones(2, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_logits(softmax, dtype):
    logits = torch.tensor([[0.5, -1.0, 2.0, 0.25]], dtype=dtype)
    check(softmax, logits, want=logits.double().softmax(-1).to(dtype))


def test_reads_a_transposed_tensor_by_its_strides(softmax):
    logits = torch.arange(6, dtype=torch.float64).reshape(2, 3).mT / 4
    check(softmax, logits, dim=0, want=logits.contiguous().softmax(0))


def test_refuses_a_dimension_that_is_not_there_or_empty(softmax):
    check(softmax, torch.zeros(2, 3), 2, raises=ValueError, naming={"dim": 2})
    check(softmax, torch.zeros(2, 3), -3, raises=ValueError, naming={"dim": -3})
    check(softmax, torch.zeros(2, 0), raises=ValueError, naming={"logits": (2, 0)})


def test_refuses_integers(softmax):
    check(softmax, torch.tensor([1, 2]), raises=ValueError, naming={"logits": torch.int64})


@wrong("normalise along the last dimension whatever `dim` says")
def ignores_dim(logits, dim=-1):
    return logits.softmax(-1)


@wrong("take exp() before subtracting the maximum: it overflows")
def naive(logits, dim=-1):
    return logits.exp() / logits.exp().sum(dim, keepdim=True)


@wrong("subtract the maximum of the whole tensor: rows far below it become 0/0")
def global_maximum(logits, dim=-1):
    return naive(logits - logits.max(), dim)


@wrong("detach the denominator: the gradient loses its second term")
def detached_denominator(logits, dim=-1):
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True).detach()


@wrong("subtract the maximum in place: the caller's logits change")
def in_place(logits, dim=-1):
    with torch.no_grad():
        logits -= logits.amax(dim, keepdim=True)
    return naive(logits, dim)


@wrong("compute in float32 whatever the dtype of the logits")
def always_float32(logits, dim=-1):
    return logits.float().softmax(dim)


@wrong("normalise over all entries and not along one dimension")
def over_everything(logits, dim=-1):
    return naive(logits - logits.max(), tuple(range(logits.dim())))


@wrong("add a small number to the denominator: the probabilities no longer sum to 1")
def with_epsilon(logits, dim=-1):
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    return powers / (powers.sum(dim, keepdim=True) + 1e-6)


@wrong("put a floor under the probabilities: small ones are lost")
def clamped(logits, dim=-1):
    return logits.softmax(dim).clamp(min=1e-12)


@wrong("subtract a log-sum-exp that holds the maximum: at 1e4 it has lost its digits")
def through_a_large_logarithm(logits, dim=-1):
    top = logits.amax(dim, keepdim=True)
    return (logits - (top + (logits - top).exp().sum(dim, keepdim=True).log())).exp()


@wrong("replace nan by 0: a row that is all -inf has no probabilities")
def hides_nan(logits, dim=-1):
    return logits.softmax(dim).nan_to_num(0.0)


@wrong("use powers of 2 and not of e")
def base_two(logits, dim=-1):
    powers = (logits - logits.amax(dim, keepdim=True)).exp2()
    return powers / powers.sum(dim, keepdim=True)


@right("by way of log-sum-exp: exp(z - log sum exp z)")
def through_the_logarithm(logits, dim=-1):
    if not logits.dtype.is_floating_point:
        raise ValueError(f"logits: dtype {logits.dtype} is not a floating point dtype")
    if dim not in range(-logits.ndim, logits.ndim):
        raise ValueError(f"no dim {dim}")
    if logits.shape[dim] == 0:
        raise ValueError(f"logits: {tuple(logits.shape)} is empty along {dim}")
    top = torch.max(logits, dim, keepdim=True).values
    return torch.exp(
        logits - top - torch.log(torch.sum(torch.exp(logits - top), dim, keepdim=True))
    )


@right("on a copy with the dimension moved to the end")
def moved_to_the_end(logits, dim=-1):
    if not logits.is_floating_point():
        raise ValueError(f"`logits` must be floating point, got {logits.dtype}")
    if dim >= logits.dim() or dim < -logits.dim():
        raise ValueError(f"`dim` must name a dimension of the logits, got {dim}")
    if not logits.size(dim):
        raise ValueError(f"`logits` of shape {logits.shape} have nothing along {dim}")
    z = logits.transpose(dim, -1)
    p = (z - z.max(dim=-1, keepdim=True)[0].detach()).exp()
    return (p / p.sum(-1)[..., None]).transpose(dim, -1)


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=lambda logits: logits.softmax(-1),
)
def exact(mp, logits):
    powers = [mp.exp(z) for z in logits]
    return [p / sum(powers) for p in powers]


@gpu
def bench_rows_of_a_language_model(softmax, race):
    race(
        softmax,
        torch=lambda logits: logits.softmax(-1),
        inputs=lambda draw, n, c: (draw.normal(n, c),),
        small=(32, 1000),
        large=(4096, 16000),
        # Shift, exponential, sum, division and the search for the maximum: 5 operations an entry.
        forward=lambda logits: {"bytes": 2 * logits.nbytes, "flops": 5 * logits.numel()},
        # p * (g - sum g p): product, sum, difference, product; p and g are read.
        backward=lambda logits: {"bytes": 3 * logits.nbytes, "flops": 4 * logits.numel()},
    )
