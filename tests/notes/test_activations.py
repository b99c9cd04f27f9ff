"""Claims of the notes on activations that are verified and not exercised, and counterexamples."""

import math

import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from grader import claim, counterexample


def as_written(logits):
    """Compute softmax row by row as the notes define it, without a shift."""
    return logits.exp() / logits.exp().sum(1, keepdim=True)


@claim("S2-053")
def test_softmax_regression_learns_to_classify():
    x = torch.tensor([[2.0, 0], [3, 1], [-2, 2], [-3, 1], [0, -3], [-1, -4]])
    targets = torch.tensor([0, 0, 1, 1, 2, 2])
    weight, bias = torch.zeros(2, 3, requires_grad=True), torch.zeros(3, requires_grad=True)
    before = cross_entropy(x @ weight + bias, targets).item()
    for _ in range(20):
        loss = cross_entropy(x @ weight + bias, targets)
        grads = torch.autograd.grad(loss, (weight, bias))
        with torch.no_grad():
            for theta, grad in zip((weight, bias), grads, strict=True):
                theta -= 0.5 * grad
    p = (x @ weight + bias).softmax(1)
    assert before == pytest.approx(math.log(3))
    assert torch.equal(p.argmax(1), targets)
    assert (p.max(1).values > 0.8).all()


@claim("S2-054")
def test_softmax_turns_any_scores_into_probabilities():
    p = torch.tensor([3.0, -40.0, 0.5], dtype=torch.float64).softmax(0)
    assert (p >= 0).all()
    assert torch.isclose(p.sum(), torch.tensor(1.0, dtype=torch.float64))


@counterexample("S2-054")  # as the notes put it, softmax leaves normalised probabilities alone
def test_softmax_of_probabilities_distorts_them():
    p = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    want = torch.tensor([0.464, 0.281, 0.255], dtype=torch.float64)
    torch.testing.assert_close(p.softmax(0), want, rtol=0, atol=1e-3)
    logits = torch.tensor([[10.0, 0.0, 0.0]], dtype=torch.float64)
    once, twice = (cross_entropy(z, torch.tensor([0])) for z in (logits, logits.softmax(-1)))
    assert once < 1e-4
    assert 0.551 < twice < 0.552


@counterexample("S2-054")
def test_softmax_leaves_only_the_uniform_distribution_alone():
    # softmax(p) = p means p_i exp(-p_i) = 1 / Z for all i; x exp(-x) increases on [0, 1).
    x = sp.Symbol("x", real=True)
    assert sp.simplify(sp.diff(x * sp.exp(-x), x) - (1 - x) * sp.exp(-x)) == 0
    uniform = torch.full((4,), 0.25, dtype=torch.float64)
    torch.testing.assert_close(uniform.softmax(0), uniform)
    assert not torch.allclose(torch.eye(4)[0].softmax(0), torch.eye(4)[0], atol=0.1)


@counterexample("S2-055")
def test_the_formula_overflows_as_it_is_written():
    logits = torch.tensor([[1000.0, 1000.0, 0.0], [1.0, 2.0, 3.0]])
    p = as_written(logits)
    assert p[0, :2].isnan().all()
    assert torch.equal(logits.softmax(1)[0], torch.tensor([0.5, 0.5, 0.0]))
    torch.testing.assert_close(p[1], logits.softmax(1)[1])
    assert as_written(torch.full((1, 3), -1000.0)).isnan().all()  # 0 / 0
    assert torch.full((1, 3), -torch.inf).softmax(1).isnan().all()


@claim("S1-019")
@pytest.mark.parametrize("q", [2, 3, 5])
def test_exact_softmax_outputs_lie_strictly_between_0_and_1_and_sum_to_1(q):
    powers = sp.symbols(f"u:{q}", positive=True)  # exp(z) is any positive number
    total = sp.Add(*powers)
    p = [u / total for u in powers]
    assert sp.simplify(sp.Add(*p)) == 1
    assert all(share.is_positive and sp.cancel(1 - share).is_positive for share in p)


@counterexample("S1-019")
def test_float_softmax_outputs_reach_0_and_1_and_nan():
    assert torch.tensor([0.0, -104.0]).softmax(0).tolist() == [1.0, 0.0]
    assert torch.tensor([0.0, -17.0]).softmax(0)[0] == 1.0  # and the other is 4e-8
    assert as_written(torch.tensor([[1000.0, 0.0]])).isnan().any()
    assert torch.full((3,), -torch.inf).softmax(0).isnan().all()
    assert torch.tensor([5.0]).softmax(0).tolist() == [1.0]  # one class: the interval is closed


@claim("S1-024")
def test_the_usual_softmax_regression_has_q_outputs():
    q, d = 5, 3
    layer = nn.Linear(d, q, dtype=torch.float64)
    x = torch.arange(2 * d, dtype=torch.float64).reshape(2, d) / 4
    p = layer(x).softmax(1)
    assert p.shape == (2, q)
    torch.testing.assert_close(p.sum(1), torch.ones(2, dtype=torch.float64))


@counterexample("S1-024")
def test_one_of_the_q_outputs_is_redundant():
    logits = torch.tensor([0.5, -1.0, 2.0, 0.0, 0.25], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), logits)
    assert torch.linalg.matrix_rank(jacobian) == 4
    # q - 1 free outputs and a constant 0 reach the same distribution.
    reduced = torch.cat([logits[:-1] - logits[-1], torch.zeros(1, dtype=torch.float64)])
    torch.testing.assert_close(reduced.softmax(0), logits.softmax(0))


@counterexample("S1-024")
def test_two_classes_need_one_logit():
    pairs = torch.tensor([[0.5, -1.0], [2.0, 3.0], [-4.0, 4.0]], dtype=torch.float64)
    targets = torch.tensor([1, 0, 0])
    one = binary_cross_entropy_with_logits(pairs[:, 1] - pairs[:, 0], targets.double())
    torch.testing.assert_close(one, cross_entropy(pairs, targets), rtol=0, atol=1e-15)
    assert torch.equal(torch.ones(1, 1).softmax(1), torch.ones(1, 1))  # q = 1 says nothing


@claim("S0-319", "S0-320", "S0-321", "S0-322", "S0-323", "S4-146", "S4-147")
def test_the_quotient_rule_step_by_step():
    k, c, j = (sp.exp(s) for s in sp.symbols("s_k s_c s_j", real=True))
    s_k, s_c = k.args[0], c.args[0]
    total = k + c + j
    p_k, p_c = k / total, c / total
    own = (sp.diff(k, s_k) * total - k * sp.diff(total, s_k)) / total**2
    assert sp.simplify(sp.diff(p_k, s_k) - own) == 0
    assert sp.simplify(own - (k * total - k * k) / total**2) == 0
    assert sp.simplify(own - (p_k - p_k**2)) == 0
    assert sp.simplify(own - p_k * (1 - p_k)) == 0
    other = (0 * total - k * c) / total**2
    assert sp.simplify(sp.diff(p_k, s_c) - other) == 0
    assert sp.simplify(other + p_k * p_c) == 0


@counterexample("S4-147")  # the notes leave the case i != j blank
def test_the_entry_off_the_diagonal_is_neither_zero_nor_positive():
    logits = torch.zeros(2, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), logits)
    assert jacobian.tolist() == [[0.25, -0.25], [-0.25, 0.25]]
    # With nothing but S_i (1 - S_i), a common shift of the logits would change the softmax.
    diagonal_only = jacobian.diag().diag()
    assert (diagonal_only @ torch.ones(2, dtype=torch.float64)).tolist() == [0.25, 0.25]
    torch.testing.assert_close((logits + 3).softmax(0), logits.softmax(0))


@claim("S4-120")
def test_one_softmax_output_is_determined_by_the_others():
    logits = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), logits)
    assert torch.linalg.matrix_rank(jacobian) == 3
    torch.testing.assert_close((logits - 7).softmax(0), logits.softmax(0))


@claim("S3-137", "S3-138")
def test_softmax_over_two_classes_is_the_sigmoid_of_the_difference():
    o1, o2, x = sp.symbols("o1 o2 x", real=True)
    first = sp.exp(o1) / (sp.exp(o1) + sp.exp(o2))
    assert sp.simplify(first - 1 / (1 + sp.exp(-(o1 - o2)))) == 0
    assert sp.simplify(sp.exp(x) / (sp.exp(x) + sp.exp(0)) - 1 / (1 + sp.exp(-x))) == 0


@claim("S3-138")
def test_the_first_form_of_the_sigmoid_overflows_where_the_second_does_not():
    x = torch.tensor([1000.0, -1000.0])
    first, second = x.exp() / (x.exp() + 1), 1 / (1 + (-x).exp())
    assert first.isnan().tolist() == [True, False]
    assert second.tolist() == [1.0, 0.0]


@claim("S3-143")
def test_the_gradient_of_real_softmax_is_the_usual_softmax():
    a, b = sp.symbols("a b", real=True)
    real_softmax = sp.log(sp.exp(a) + sp.exp(b))
    assert sp.simplify(sp.diff(real_softmax, a) - sp.exp(a) / (sp.exp(a) + sp.exp(b))) == 0


@counterexample("S3-143")
def test_the_usual_softmax_is_a_soft_argmax_and_no_soft_maximum():
    x = torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64)
    one_hot = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close((100 * x).softmax(0), one_hot)
    torch.testing.assert_close((100 * x).logsumexp(0) / 100, x.max())
    # A name alone is neither right nor wrong: the definition as written overflows, though.
    big = torch.tensor([1000.0, 1000.0])
    assert big.exp().sum().log() == torch.inf
    assert big.logsumexp(0).item() == pytest.approx(1000.6931)


@claim("S3-144", "S3-145")
def test_real_softmax_exceeds_the_maximum_by_a_positive_logarithm():
    a, gap = sp.Symbol("a", real=True), sp.Symbol("gap", nonnegative=True)
    lam = sp.Symbol("lam", positive=True)
    powers = sp.exp(lam * a) + sp.exp(lam * (a - gap))  # b = a - gap, and so a = max(a, b)
    share = sp.exp(-lam * gap)
    assert sp.simplify(powers / (sp.exp(lam * a) * (1 + share))) == 1
    # The excess is log(1 + share) / lam: both of its parts are above 0, at a tie as well.
    assert share.is_positive
    assert (sp.log(1 + share) / lam).is_positive
    assert sp.log(1 + share).subs(gap, 0) == sp.log(2)


@claim("S3-144")
def test_real_softmax_of_float32_may_equal_the_maximum():
    assert torch.tensor([0.0, -200.0]).logsumexp(0) == 0.0


@claim("S3-145")
@pytest.mark.parametrize("lam", [-0.5, -1.0, -4.0])
def test_a_negative_lam_gives_less_than_the_minimum(lam):
    value = math.log(math.exp(lam) + math.exp(2 * lam)) / lam
    assert value < 1  # = min(1, 2), and so far below the maximum
    assert lam != -1 or value == pytest.approx(0.687, abs=5e-4)


@claim("S3-146")
@pytest.mark.parametrize("lam", [1.0, 10.0, 1e3, 1e6])
def test_the_error_of_the_limit_is_at_most_log_2_over_lam(lam):
    for b in (-4.0, -1.0, 2.5, 3.0):
        value = torch.tensor([3.0 * lam, b * lam], dtype=torch.float64).logsumexp(0) / lam
        error = value.item() - 3.0
        assert -1e-15 <= error <= math.log(2) / lam * (1 + 1e-9) + 1e-15
    assert error == pytest.approx(math.log(2) / lam, rel=1e-8)  # the tie b = 3


@claim("S3-147")
def test_the_two_forms_of_lhopitals_step_are_one():
    a, b, lam = sp.symbols("a b lam", real=True)
    left, right = sp.exp(lam * a), sp.exp(lam * b)
    first = (a * left + b * right) / (left + right)
    assert sp.simplify(sp.diff(sp.log(left + right), lam) - first) == 0
    assert sp.simplify(first - ((a - b) * left / (left + right) + b)) == 0
    # The numerator need not tend to infinity: that of the denominator is enough.
    t = sp.Symbol("t", positive=True)
    for pair, want in {(-1, -2): -sp.oo, (0, -1): 0, (0, 0): sp.log(2), (2, 1): sp.oo}.items():
        numerator = sp.log(sp.exp(t * pair[0]) + sp.exp(t * pair[1]))
        assert sp.limit(numerator, t, sp.oo) == want


@claim("S3-148")
def test_the_share_of_the_strictly_larger_tends_to_1():
    lam, gap = sp.symbols("lam gap", positive=True)
    assert sp.limit(1 / (1 + sp.exp(-lam * gap)), lam, sp.oo) == 1


@counterexample("S3-148")  # a >= b is all that the notes ask for
def test_the_share_of_a_tie_is_one_half_for_every_lam():
    a, lam = sp.symbols("a lam", real=True)
    share = 1 / (1 + sp.exp(lam * (a - a)))
    assert share == sp.Rational(1, 2)
    assert ((a - a) * share + a) == a  # so that the limit of the proof is right all the same


@claim("S3-149")
def test_softmin_mirrors_real_softmax_and_tends_to_the_minimum():
    x = torch.tensor([3.0, 1.0, 1.5], dtype=torch.float64)
    for lam in (1.0, 10.0, 1e3):
        value = -(-lam * x).logsumexp(0) / lam
        assert 1 - math.log(3) / lam <= value <= 1
    assert value == pytest.approx(1.0, abs=1e-12)


@claim("S3-150")
@pytest.mark.parametrize("n", [1, 2, 5])
def test_real_softmax_of_n_numbers_is_bounded_and_the_bounds_are_tight(n):
    # With x - max x = -g: log(1 + sum exp(-g)), which is log 1 at infinite gaps and log n at none.
    gaps = sp.symbols(f"g:{n - 1}", nonnegative=True) if n > 1 else ()
    excess = sp.log(1 + sp.Add(*(sp.exp(-g) for g in gaps)))
    assert excess.subs({g: 0 for g in gaps}) == sp.log(n)
    assert excess.subs({g: sp.oo for g in gaps}) == 0
    assert all(sp.diff(excess, g).is_negative for g in gaps)  # it falls as a gap opens


@claim("S4-295")
def test_underflow_and_overflow_and_what_the_shift_does_about_them():
    logits = torch.tensor([1000.0, 0.0])
    assert logits.exp().isinf().any()
    assert torch.tensor([-1000.0, -1000.0]).exp().sum() == 0
    for z in (logits, torch.tensor([-1000.0, -1000.0]), torch.tensor([-3.0, 2.0, 2.0])):
        shifted = z - z.max()
        assert shifted.max() == 0
        assert shifted.exp().sum() >= 1
    low = torch.tensor([0.0, -200.0])
    assert low.softmax(0).log()[1] == -torch.inf
    assert low.log_softmax(0)[1] == -200.0
