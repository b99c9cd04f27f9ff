"""d softmax(z)_i / d z_j = p_i (1 - p_i) on the diagonal and -p_i p_j off it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Exercise,
    check,
    check_gradient,
    claim,
    counterexample,
    inputs,
    oracles,
    right,
    such_that,
    wrong,
)

EXERCISE = Exercise(
    level="core",
    after=("softmax",),
    forbid=("autograd", "softmax_backward_data"),
    instead="derive the partial derivatives by the quotient rule",
    hints=(
        "Which of the two, numerator and denominator of p_i, holds z_i? And z_j for another j?",
        "The quotient rule gives (e^i sum - e^i e^i) / sum^2 for j = i, and -e^i e^j / sum^2 else.",
        "diag(p) - p p^T.",
    ),
)


@claim("S0-319", "S0-320", "S0-321", "S0-322", "S0-323", "S4-146", "S4-147")
def test_a_case_worked_by_hand(softmax_jacobian):
    logits = torch.tensor([1.0, 3.0, 4.0], dtype=torch.float64).log()
    want = torch.tensor([[7, -3, -4], [-3, 15, -12], [-4, -12, 16]], dtype=torch.float64) / 64
    check(softmax_jacobian, logits, want=want)


@claim("S0-321", "S0-323", "S4-146", "S4-147")
@given(inputs.tensors(inputs.sizes(1, 6)))
def test_equals_what_automatic_differentiation_finds(softmax_jacobian, logits):
    want = oracles.jacobian(lambda z: z.softmax(0), logits)
    check(softmax_jacobian, logits, want=want, scale=1.0)


@claim("S0-319", "S0-320", "S0-322", "S4-147")
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_equals_the_quotient_rule_in_exact_fractions(softmax_jacobian, powers):
    # Weights e^z that are whole numbers: each fraction of the derivation is rational.
    total, n = sum(powers), len(powers)
    want = torch.tensor(
        [
            [((i == j) * powers[i] * total - powers[i] * powers[j]) / total**2 for j in range(n)]
            for i in range(n)
        ],
        dtype=torch.float64,
    )
    logits = torch.tensor(powers, dtype=torch.float64).log()
    check(softmax_jacobian, logits, want=want, scale=1.0)


@claim("S0-323", "S4-147")
@given(inputs.tensors(inputs.sizes(1, 6), low=-3, high=3))
def test_is_symmetric_and_positive_semidefinite_with_rows_that_sum_to_zero(
    softmax_jacobian, logits
):
    def holds(j):
        small = j.sum(1).abs().max() < 1e-14 and (j - j.mT).abs().max() < 1e-14
        return small and torch.linalg.eigvalsh(j).min() > -1e-14

    told = "a symmetric positive semidefinite matrix, each row of which sums to 0"
    check(softmax_jacobian, logits, want=such_that(told, holds))


@given(inputs.tensors(inputs.sizes(2, 5), low=-3, high=3))
def test_gradients_flow_back_as_through_the_quotient_of_exponentials(softmax_jacobian, logits):
    def quotient_rule(z):
        powers, total = z.exp(), z.exp().sum()
        return (powers * total).diag() / total**2 - torch.outer(powers, powers) / total**2

    check_gradient(softmax_jacobian, logits, like=quotient_rule, scale=1.0)


@counterexample("S4-147")
@pytest.mark.parametrize("k", [2, 3, 5])
def test_equal_logits_give_minus_one_over_k_squared_off_the_diagonal(softmax_jacobian, k):
    # The notes leave this entry blank: it is neither 0 nor positive.
    want = torch.eye(k) / k - 1 / k**2
    check(softmax_jacobian, torch.full((k,), -2.0), want=want)


@claim("S4-146")
def test_one_class_has_slope_zero(softmax_jacobian):
    check(softmax_jacobian, torch.tensor([3.0]), want=torch.zeros(1, 1))


@claim("S0-321", "S4-146", "S4-147")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_stays_finite_where_softmax_saturates(softmax_jacobian, dtype):
    logits = torch.tensor([1e4, 1e4, 0.0, -1e4], dtype=dtype)
    want = torch.zeros(4, 4, dtype=dtype)
    want[:2, :2] = torch.tensor([[0.25, -0.25], [-0.25, 0.25]])
    check(softmax_jacobian, logits, want=want)
    for sure in ([1000.0, 0.0], [1e4, 5e3], [-1e4, -5e3]):
        logits, want = torch.tensor(sure, dtype=dtype), torch.zeros(2, 2, dtype=dtype)
        check(softmax_jacobian, logits, want=want)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_keeps_the_dtype_of_the_logits(softmax_jacobian, dtype):
    logits = torch.tensor([0.5, -1.0, 2.0], dtype=dtype)
    want = oracles.jacobian(lambda z: z.softmax(0), logits).to(dtype)
    check(softmax_jacobian, logits, want=want, scale=1.0)


@pytest.mark.parametrize("shape", [(2, 3), (1, 3), ()], ids=str)
def test_refuses_what_is_not_a_vector(softmax_jacobian, shape):
    check(softmax_jacobian, torch.zeros(shape), raises=ValueError, naming={"logits": shape})


def test_refuses_integers(softmax_jacobian):
    logits = torch.tensor([1, 2])
    check(softmax_jacobian, logits, raises=ValueError, naming={"logits": torch.int64})


@wrong("differentiate each probability by its own logit only: nothing off the diagonal")
def diagonal_only(logits):
    p = logits.softmax(0)
    return (p * (1 - p)).diag()


@wrong("flip the sign off the diagonal: the rows don't sum to 0")
def positive_off_diagonal(logits):
    p = logits.softmax(0)
    return torch.outer(p, p) + (p - 2 * p * p).diag()


@wrong("forget the first term of the quotient rule: only -p p^T is left")
def outer_product_only(logits):
    p = logits.softmax(0)
    return -torch.outer(p, p)


@wrong("forget the second term of the quotient rule: only diag(p) is left")
def constant_denominator(logits):
    return logits.softmax(0).diag()


@wrong("use p_i (1 - p_j) in every place")
def same_formula_everywhere(logits):
    p = logits.softmax(0)
    return p[:, None] * (1 - p)


@wrong("flip the sign of the whole matrix")
def negated(logits):
    p = logits.softmax(0)
    return torch.outer(p, p) - p.diag()


@wrong("take exp() of the logits as they are: it overflows")
def naive(logits):
    p = logits.exp() / logits.exp().sum()
    return p.diag() - torch.outer(p, p)


@wrong("clamp the logits to keep exp() small: large ones look alike")
def clamped(logits):
    p = logits.clamp(-50, 50).softmax(0)
    return p.diag() - torch.outer(p, p)


@wrong("differentiate log-softmax and not softmax")
def of_the_logarithm(logits):
    return torch.eye(len(logits), dtype=logits.dtype) - logits.softmax(0)


@wrong("detach the probabilities: no gradient flows back through the matrix")
def detached(logits):
    p = logits.detach().softmax(0)
    return p.diag() - torch.outer(p, p)


@wrong("detach one factor of p p^T: half of its gradient is lost")
def half_detached(logits):
    p = logits.softmax(0)
    return p.diag() - torch.outer(p, p.detach())


@wrong("compute in float32 whatever the dtype of the logits")
def always_float32(logits):
    p = logits.float().softmax(0)
    return p.diag() - torch.outer(p, p)


@right("entry by entry, in the two cases of the derivation")
def by_cases(logits):
    if logits.ndim != 1:
        raise ValueError(f"logits must be a vector, got the shape {tuple(logits.shape)}")
    if not logits.is_floating_point():
        raise ValueError(f"logits must be floating point, got {logits.dtype}")
    p = torch.softmax(logits, -1)
    jacobian = logits.new_zeros(len(p), len(p))
    for i in range(len(p)):
        for j in range(len(p)):
            jacobian[i, j] = p[i] * (1 - p[i]) if i == j else -p[i] * p[j]
    return jacobian


@right("with the diagonal from the others, as each row sums to 0")
def diagonal_from_the_others(logits):
    if logits.dim() != 1:
        raise ValueError(f"logits: {list(logits.shape)} is not the shape of a vector")
    if not logits.dtype.is_floating_point:
        raise ValueError(f"logits: {logits.dtype} is no floating point dtype")
    powers = (logits - logits.max()).exp()
    p = powers / powers.sum()
    off = -torch.outer(p, p).fill_diagonal_(0)
    return off - off.sum(1).diag()
