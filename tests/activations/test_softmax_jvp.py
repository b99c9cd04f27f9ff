"""J v = p * (v - p . v): the Jacobian matrix of softmax is never written down."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, check_gradient, claim, inputs, right, wrong

EXERCISE = Exercise(
    level="core",
    after=("softmax_jacobian",),
    forbid=("autograd", "softmax_backward_data"),
    instead="multiply diag(p) - p p^T with v on paper first",
    hints=(
        "What is the i-th entry of (diag(p) - p p^T) v, written as a sum?",
        "That sum over j is the same number for all i: compute it once for a slice.",
        "p * (v - sum_j p_j v_j), the sum along `dim` with keepdim=True.",
    ),
)


@st.composite
def logits_and_direction(draw, low=-5, high=5):
    """Draw two tensors of one shape with three dimensions."""
    shape = draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 4)), draw(inputs.sizes(1, 3))
    return draw(inputs.tensors(*shape, low=low, high=high)), draw(inputs.tensors(*shape))


@claim("S4-147")
def test_a_case_worked_by_hand(softmax_jvp):
    # p = (1, 3, 4) / 8 and (2, 5, 1) / 8; the means p . v are 4 and 3.
    logits = torch.tensor([[1.0, 3.0, 4.0], [2.0, 5.0, 1.0]], dtype=torch.float64).log()
    v = torch.tensor([[8.0, 0.0, 6.0], [2.0, 4.0, 0.0]], dtype=torch.float64)
    want = torch.tensor([[4 / 8, -12 / 8, 8 / 8], [-2 / 8, 5 / 8, -3 / 8]], dtype=torch.float64)
    check(softmax_jvp, logits, v, want=want)


@claim("S4-147")
def test_works_along_the_given_dimension(softmax_jvp):
    logits = torch.tensor([[1.0, 3.0, 4.0], [3.0, 5.0, 12.0]], dtype=torch.float64).log()
    v = torch.tensor([[8.0, 0.0, 4.0], [0.0, 8.0, -4.0]], dtype=torch.float64)
    row = torch.tensor([1.5, -15 / 8, 1.5], dtype=torch.float64)
    check(softmax_jvp, logits, v, 0, want=torch.stack([row, -row]))
    check(softmax_jvp, logits, v, dim=-2, want=torch.stack([row, -row]))


@claim("S4-147", "S4-146")
@given(logits_and_direction(), st.integers(-3, 2))
def test_equals_what_automatic_differentiation_finds(softmax_jvp, pair, dim):
    logits, v = pair
    _, want = torch.autograd.functional.jvp(lambda z: z.softmax(dim), logits, v)
    check(softmax_jvp, logits, v, dim, want=want, scale=5.0)


@claim("S4-147")
@given(logits_and_direction(low=-3, high=3))
def test_equals_a_tiny_step_in_the_direction_with_50_digits(softmax_jvp, pair):
    import mpmath

    def slope(z, u):
        step = mpmath.mpf(10) ** -20
        ahead = [mpmath.exp(a + step * b) for a, b in zip(z, u, strict=True)]
        behind = [mpmath.exp(a - step * b) for a, b in zip(z, u, strict=True)]
        both = zip(ahead, behind, strict=True)
        return [float((a / sum(ahead) - b / sum(behind)) / (2 * step)) for a, b in both]

    logits, v = pair
    k = logits.shape[-1]
    rows = zip(logits.reshape(-1, k).tolist(), v.reshape(-1, k).tolist(), strict=True)
    with mpmath.workdps(50):
        want = torch.tensor([slope(z, u) for z, u in rows], dtype=torch.float64)
    check(softmax_jvp, logits, v, want=want.reshape(v.shape), scale=5.0)


@given(logits_and_direction(low=-3, high=3), st.integers(-3, 2))
def test_gradients_flow_back_to_logits_and_direction(softmax_jvp, pair, dim):
    def quotient_rule(z, v, dim):
        powers = z.exp()
        total, weighted = powers.sum(dim, keepdim=True), (powers * v).sum(dim, keepdim=True)
        return (powers * v * total - powers * weighted) / total**2

    check_gradient(softmax_jvp, *pair, dim=dim, like=quotient_rule, scale=5.0)


@claim("S4-147")
@given(inputs.tensors(inputs.sizes(1, 5)), st.integers(-4, 4))
def test_a_shift_of_all_logits_changes_nothing(softmax_jvp, logits, step):
    check(softmax_jvp, logits, torch.full_like(logits, step), want=torch.zeros_like(logits))


@claim("S4-147")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_where_softmax_saturates(softmax_jvp, dtype):
    rows = [[1e4, 0.0, -1e4], [-1e4, -1e4, 0.0], [1e4, 1e4, 0.0], [1e4, 5e3, -1e4]]
    logits = torch.tensor(rows, dtype=dtype)
    v = torch.tensor([[3.0, -2.0, 5.0], *[[4.0, 1.0, 2.0]] * 3], dtype=dtype)
    want = torch.tensor([[0.0, 0, 0], [0, 0, 0], [0.75, -0.75, 0], [0, 0, 0]], dtype=dtype)
    check(softmax_jvp, logits, v, want=want)


@claim("S4-146")
def test_one_class_never_moves(softmax_jvp):
    check(softmax_jvp, torch.tensor([[3.0], [1.0]]), torch.ones(2, 1), want=torch.zeros(2, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_logits(softmax_jvp, dtype):
    logits = torch.tensor([[0.5, -1.0, 2.0, 0.25]], dtype=dtype)
    v = torch.tensor([[1.0, -2.0, 0.5, 3.0]], dtype=dtype)
    p, u = logits.double().softmax(-1), v.double()
    want = (p * u - (p @ u.mT) * p).to(dtype)
    # Cancellation leaves the rounding of numbers of the size of v.
    check(softmax_jvp, logits, v, want=want, scale=3.0)


@claim("S4-147")
def test_a_million_classes_need_no_matrix(softmax_jvp):
    # The matrix would have a million million entries, more than memory holds.
    logits, v = torch.zeros(1_000_000), torch.ones(1_000_000)
    v[::2] = -1
    check(softmax_jvp, logits, v, want=v / 1_000_000)


def test_refuses_a_direction_of_another_shape(softmax_jvp):
    for shape in ((3,), (2, 1), (3, 2), (6,)):
        logits, v = torch.zeros(2, 3), torch.zeros(shape)
        check(softmax_jvp, logits, v, raises=ValueError, naming={"v": shape})


def test_refuses_a_dimension_that_is_not_there(softmax_jvp):
    z = torch.zeros(2, 3)
    check(softmax_jvp, z, z, 2, raises=ValueError, naming={"dim": 2})
    check(softmax_jvp, z, z, -3, raises=ValueError, naming={"dim": -3})


def test_refuses_integers(softmax_jvp):
    z = torch.tensor([1, 2])
    check(softmax_jvp, z, z.double(), raises=ValueError, naming={"logits": torch.int64})


@wrong("build the Jacobian matrix of each slice: its size is the square of the slice's")
def with_the_matrix(logits, v, dim=-1):
    p = logits.softmax(dim).movedim(dim, -1)
    jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
    return (jacobian @ v.movedim(dim, -1)[..., None])[..., 0].movedim(-1, dim)


@wrong("multiply with the diagonal p (1 - p) only")
def diagonal_only(logits, v, dim=-1):
    p = logits.softmax(dim)
    return p * (1 - p) * v


@wrong("forget the second term: only p * v is left")
def first_term_only(logits, v, dim=-1):
    return logits.softmax(dim) * v


@wrong("subtract p . v outside: p * v - p . v")
def factor_is_lost(logits, v, dim=-1):
    p = logits.softmax(dim)
    return p * v - (p * v).sum(dim, keepdim=True)


@wrong("subtract the plain mean of v and not its mean under p")
def plain_mean(logits, v, dim=-1):
    return logits.softmax(dim) * (v - v.mean(dim, keepdim=True))


@wrong("add p . v where it should be subtracted")
def wrong_sign(logits, v, dim=-1):
    p = logits.softmax(dim)
    return p * (v + (p * v).sum(dim, keepdim=True))


@wrong("work along the last dimension whatever `dim` says")
def ignores_dim(logits, v, dim=-1):
    p = logits.softmax(-1)
    return p * (v - (p * v).sum(-1, keepdim=True))


@wrong("sum p . v over the whole tensor and not slice by slice")
def sum_of_everything(logits, v, dim=-1):
    p = logits.softmax(dim)
    return p * (v - (p * v).sum())


@wrong("differentiate log-softmax: v - p . v, without the factor p")
def of_the_logarithm(logits, v, dim=-1):
    p = logits.softmax(dim)
    return v - (p * v).sum(dim, keepdim=True)


@wrong("take exp() of the logits as they are: it overflows")
def naive(logits, v, dim=-1):
    p = logits.exp() / logits.exp().sum(dim, keepdim=True)
    return p * (v - (p * v).sum(dim, keepdim=True))


@wrong("clamp the logits to keep exp() small: large ones look alike")
def clamped(logits, v, dim=-1):
    p = logits.clamp(-50, 50).softmax(dim)
    return p * (v - (p * v).sum(dim, keepdim=True))


@wrong("compute a finite difference: half of the digits are gone")
def finite_difference(logits, v, dim=-1):
    step = 1e-5
    return ((logits + step * v).softmax(dim) - (logits - step * v).softmax(dim)) / (2 * step)


@wrong("detach the probabilities: no gradient reaches the logits")
def detached_probabilities(logits, v, dim=-1):
    p = logits.detach().softmax(dim)
    return p * (v - (p * v).sum(dim, keepdim=True))


@wrong("detach p . v: the gradient loses what flows through the sum")
def detached_sum(logits, v, dim=-1):
    p = logits.softmax(dim)
    return p * (v - (p * v).sum(dim, keepdim=True).detach())


@wrong("detach v: no gradient reaches it")
def detached_direction(logits, v, dim=-1):
    p, u = logits.softmax(dim), v.detach()
    return p * (u - (p * u).sum(dim, keepdim=True))


@wrong("compute in float32 whatever the dtype of the logits")
def always_float32(logits, v, dim=-1):
    p, u = logits.float().softmax(dim), v.float()
    return p * (u - (p * u).sum(dim, keepdim=True))


@wrong("subtract p . v from v in place: the caller's v changes")
def in_place(logits, v, dim=-1):
    p = logits.softmax(dim)
    v -= (p * v).sum(dim, keepdim=True)
    return p * v


@right("with the softmax written out, in two terms")
def in_two_terms(logits, v, dim=-1):
    if tuple(v.shape) != tuple(logits.shape):
        raise ValueError(f"v: {tuple(v.shape)} should be {tuple(logits.shape)}")
    if dim not in range(-logits.ndim, logits.ndim):
        raise ValueError(f"no dim {dim}")
    if not logits.is_floating_point():
        raise ValueError(f"logits: {logits.dtype} is no floating point dtype")
    powers = torch.exp(logits - logits.max(dim, keepdim=True).values)
    p = powers / powers.sum(dim, keepdim=True)
    weighted = p * v
    return weighted - p * weighted.sum(dim, keepdim=True)


@right("slice by slice")
def by_slices(logits, v, dim=-1):
    if v.size() != logits.size():
        raise ValueError(f"v has shape {v.shape}, but should have {logits.shape}")
    if dim >= logits.dim() or dim < -logits.dim():
        raise ValueError(f"`dim` must name a dimension of the logits, got {dim}")
    if not logits.dtype.is_floating_point:
        raise ValueError(f"`logits` have dtype {logits.dtype}")
    rows, us = (t.movedim(dim, -1).reshape(-1, t.shape[dim]) for t in (logits, v))
    done = [p * (u - torch.dot(p, u)) for p, u in zip(rows.softmax(-1), us, strict=True)]
    moved = logits.movedim(dim, -1).shape
    return torch.stack(done).reshape(moved).movedim(-1, dim)
