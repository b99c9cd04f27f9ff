"""log_softmax(z)_j = z_j - log sum_k exp(z_k), finite where log(softmax(z)) is not."""

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
    level="core",
    after=("softmax",),
    forbid=(
        "softmax",
        "log_softmax",
        "logsumexp",
        "logaddexp",
        "logaddexp2",
        "logcumsumexp",
        "cross_entropy",
        "nll_loss",
        "scipy.special",
    ),
    instead="write it with exp, sum and log",
    hints=(
        "What is softmax([0, -200]) in float32, and what is its logarithm?",
        "Simplify log(exp(z_j) / sum_k exp(z_k)) on paper before you compute anything.",
        "z - max z - log sum exp(z - max z), with keepdim=True for both.",
    ),
)


@claim("S4-295")
def test_a_case_worked_by_hand(log_softmax):
    logits = torch.tensor([[1.0, 3.0, 4.0], [2.0, 5.0, 1.0]], dtype=torch.float64).log()
    want = torch.tensor([[1 / 8, 3 / 8, 4 / 8], [2 / 8, 5 / 8, 1 / 8]], dtype=torch.float64).log()
    check(log_softmax, logits, want=want)


def test_normalises_along_the_given_dimension(log_softmax):
    logits = torch.tensor([[1.0, 3.0, 4.0], [3.0, 5.0, 1.0]], dtype=torch.float64).log()
    want = torch.tensor([[1 / 4, 3 / 8, 4 / 5], [3 / 4, 5 / 8, 1 / 5]], dtype=torch.float64).log()
    check(log_softmax, logits, dim=0, want=want)


@claim("S4-295")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_probability_that_underflows_keeps_its_logarithm(log_softmax, dtype):
    logits = torch.tensor([[0.0, -200.0], [-2000.0, 0.0], [30.0, 0.0]], dtype=dtype)
    want = torch.tensor([[0.0, -200.0], [-2000.0, 0.0], [0.0, -30.0]], dtype=dtype)
    check(log_softmax, logits, want=want)


@claim("S4-295")
def test_the_default_is_the_last_of_three_dimensions(log_softmax):
    logits = inputs.numbers(2, 3, 4)
    check(log_softmax, logits, want=logits.log_softmax(-1))
    check(log_softmax, logits, -3, want=logits.log_softmax(0))


@claim("S4-295")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(1, 4), inputs.sizes(1, 3)), st.integers(-3, 2))
def test_equals_the_formula_with_50_digits(log_softmax, logits, dim):
    def exact(row):
        import mpmath

        total = sum(mpmath.exp(z) for z in row)
        return [mpmath.log(mpmath.exp(z) / total) for z in row]

    moved = logits.movedim(dim, -1)
    rows = oracles.row_to_50_digits(exact, moved.reshape(-1, moved.shape[-1]))
    check(log_softmax, logits, dim, want=rows.reshape(moved.shape).movedim(-1, dim).contiguous())


@claim("S4-295")
@given(inputs.tensors(inputs.sizes(), inputs.sizes(2, 6)), st.integers(-1, 1))
def test_gradients_flow_back_as_through_torchs(log_softmax, logits, dim):
    check_gradient(log_softmax, logits, dim=dim, like=lambda z, dim: torch.log_softmax(z, dim))


@claim("S4-295")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_for_logits_of_1e4(log_softmax, dtype):
    logits = torch.tensor([[1e4, 0.0, -1e4], [0.0, -1e4, 1e4]], dtype=dtype)
    want = torch.tensor([[0.0, -1e4, -2e4], [-1e4, -2e4, 0.0]], dtype=dtype)
    check(log_softmax, logits, want=want)


def test_a_row_far_below_another_keeps_its_own_scale(log_softmax):
    logits = torch.tensor([[1000.0, 1000.0], [0.0, 0.0], [-1000.0, -1000.0]])
    check(log_softmax, logits, want=torch.full((3, 2), 0.5).log())


def test_gradients_stay_finite_for_logits_of_1e4(log_softmax):
    logits = torch.tensor([[1e4, 0.0, -1e4], [-200.0, 0.0, -torch.inf]])
    upstream = torch.tensor([[1.0, 2.0, 4.0], [-2.0, 3.0, 0.0]])
    # The probabilities are 1 and 0: minus the sum of the others arrives at the winner.
    want = torch.tensor([[-6.0, 2.0, 4.0], [-2.0, 2.0, 0.0]])
    check_gradient(log_softmax, logits, upstream=upstream, want=(want,))


@claim("S4-295")
def test_a_masked_logit_gets_minus_infinity(log_softmax):
    inf = torch.inf
    logits = torch.tensor([[0.0, -inf, 0.0], [-inf, -inf, -inf]])
    want = torch.tensor([[0.5, 0.0, 0.5], [torch.nan] * 3]).log()
    check(log_softmax, logits, want=want)


@claim("S4-295")
def test_one_class_has_log_probability_zero(log_softmax):
    check(log_softmax, torch.tensor([[3.0], [-2.0]]), want=torch.zeros(2, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_logits(log_softmax, dtype):
    logits = torch.tensor([[0.5, -1.0, 2.0, 0.25]], dtype=dtype)
    check(log_softmax, logits, want=logits.double().log_softmax(-1).to(dtype))


def test_refuses_a_dimension_that_is_not_there_or_empty(log_softmax):
    check(log_softmax, torch.zeros(2, 3), 2, raises=ValueError, naming={"dim": 2})
    check(log_softmax, torch.zeros(2, 3), -3, raises=ValueError, naming={"dim": -3})
    check(log_softmax, torch.zeros(2, 0), raises=ValueError, naming={"logits": (2, 0)})


def test_refuses_integers(log_softmax):
    check(log_softmax, torch.tensor([1, 2]), raises=ValueError, naming={"logits": torch.int64})


@wrong("take the logarithm of softmax: a probability that underflows becomes log 0 = -inf")
def logarithm_of_softmax(logits, dim=-1):
    return logits.softmax(dim).log()


@wrong("add a small number before the logarithm: it clips what it should only protect")
def logarithm_with_epsilon(logits, dim=-1):
    return (logits.softmax(dim) + 1e-12).log()


@wrong("clamp the probabilities before the logarithm: all small ones become one")
def clamped(logits, dim=-1):
    return logits.softmax(dim).clamp(min=torch.finfo(logits.dtype).tiny).log()


@wrong("take exp() of the logits as they are: it overflows")
def naive(logits, dim=-1):
    return logits - logits.exp().sum(dim, keepdim=True).log()


@wrong("subtract the maximum of the whole tensor: rows far below it become log 0")
def global_maximum(logits, dim=-1):
    return naive(logits - logits.max(), dim)


@wrong("normalise along the last dimension whatever `dim` says")
def ignores_dim(logits, dim=-1):
    return logits.log_softmax(-1)


@wrong("detach the log-sum-exp: the gradient loses the softmax term")
def detached_normaliser(logits, dim=-1):
    return logits - logits.logsumexp(dim, keepdim=True).detach()


@wrong("compute the log-sum-exp without the maximum back: only the shift is off")
def forgets_the_maximum(logits, dim=-1):
    top = logits.amax(dim, keepdim=True)
    return logits - (logits - top).exp().sum(dim, keepdim=True).log()


@wrong("add the maximum to the logarithm of the sum first: at 1e3 that has lost its digits")
def through_a_large_logarithm(logits, dim=-1):
    top = logits.amax(dim, keepdim=True)
    return logits - (top + (logits - top).exp().sum(dim, keepdim=True).log())


@wrong("subtract the maximum and forget the logarithm of the sum")
def only_shifted(logits, dim=-1):
    return logits - logits.amax(dim, keepdim=True)


@wrong(
    "take the logarithm to base 2",
    right_for="logarithms to base 2; here they are natural",
)
def base_two(logits, dim=-1):
    return logits.log_softmax(dim) / 0.6931471805599453


@wrong("replace nan by 0: a row that is all -inf looks like certainty")
def hides_nan(logits, dim=-1):
    return logits.log_softmax(dim).nan_to_num(0, neginf=-torch.inf)


@wrong("subtract the maximum in place: the caller's logits change")
def in_place(logits, dim=-1):
    with torch.no_grad():
        logits -= logits.amax(dim, keepdim=True)
    return naive(logits, dim)


@wrong("compute in float32 whatever the dtype of the logits")
def always_float32(logits, dim=-1):
    return logits.float().log_softmax(dim)


@right("minus the log-sum-exp, which is put together first")
def minus_log_sum_exp(logits, dim=-1):
    if not logits.dtype.is_floating_point:
        raise ValueError(f"logits: dtype {logits.dtype} is not a floating point dtype")
    if dim not in range(-logits.ndim, logits.ndim):
        raise ValueError(f"no dim {dim}")
    if logits.shape[dim] == 0:
        raise ValueError(f"logits: {tuple(logits.shape)} is empty along {dim}")
    top = torch.max(logits, dim, keepdim=True).values.detach()
    total = torch.exp(logits - top).sum(dim, keepdim=True)
    return (logits - top) - torch.log(total)


@right("on a view with the dimension moved to the end")
def moved_to_the_end(logits, dim=-1):
    if not logits.is_floating_point():
        raise ValueError(f"`logits` must be floating point, got {logits.dtype}")
    if dim >= logits.dim() or dim < -logits.dim():
        raise ValueError(f"`dim` must name a dimension of the logits, got {dim}")
    if not logits.size(dim):
        raise ValueError(f"`logits` of shape {logits.shape} have nothing along {dim}")
    z = logits.movedim(dim, -1)
    z = z - z.max(-1, keepdim=True)[0]
    return (z - z.exp().sum(-1)[..., None].log()).movedim(-1, dim)


@accuracy(
    "size of the logits",
    inputs=lambda draw, size: (size * draw.normal(8),),
    torch=lambda logits: logits.log_softmax(-1),
)
def exact(mp, logits):
    # log1p: a probability of nearly 1 has a tiny logarithm, and digits of its own.
    gaps = [[other - z for other in logits] for z in logits]
    return [-mp.log1p(sum(map(mp.exp, g[:j] + g[j + 1 :]))) for j, g in enumerate(gaps)]


@gpu
def bench_rows_of_a_language_model(log_softmax, race):
    race(
        log_softmax,
        torch=lambda logits: logits.log_softmax(-1),
        inputs=lambda draw, n, c: (draw.normal(n, c),),
        small=(32, 1000),
        large=(4096, 16000),
        # The maximum, the shift, the exponential, the sum and the last difference of an entry.
        forward=lambda logits: {"bytes": 2 * logits.nbytes, "flops": 5 * logits.numel()},
        # g - exp(result) * sum g: exponential, sum, product, difference; g and the result are read.
        backward=lambda logits: {"bytes": 3 * logits.nbytes, "flops": 4 * logits.numel()},
    )
