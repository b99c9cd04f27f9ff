"""Claims of the notes on activations that are verified and not exercised, and counterexamples."""

import math
from itertools import pairwise

import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, softplus

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


@claim("S0-304", "S0-305", "S2-072", "S4-105", "S4-107", "S1-129")
def test_the_two_forms_of_the_sigmoid_and_its_slope():
    x = sp.Symbol("x", real=True)
    sigmoid = 1 / (1 + sp.exp(-x))
    assert sp.simplify(sp.exp(x) / (1 + sp.exp(x)) - sigmoid) == 0
    assert sp.simplify(sp.diff(sigmoid, x) - sigmoid * (1 - sigmoid)) == 0
    # Of s = sigmoid(x) in (0, 1): 1/4 - s (1 - s) = (s - 1/2)^2, and near the ends nothing is left.
    s = sp.Symbol("s", positive=True)
    assert sp.expand(sp.Rational(1, 4) - s * (1 - s) - (s - sp.Rational(1, 2)) ** 2) == 0
    assert sp.limit(s * (1 - s), s, 0) == sp.limit(s * (1 - s), s, 1) == 0


@claim("S2-073", "S2-075")
def test_exact_sigmoids_lie_between_0_and_1_and_exact_tanhs_between_minus_1_and_1():
    u = sp.Symbol("u", positive=True)  # exp(x), or exp(2x): any positive number
    assert (u / (1 + u)).is_positive
    assert sp.cancel(1 - u / (1 + u)).is_positive
    tanh = (u - 1) / (u + 1)
    assert sp.cancel(1 - tanh).is_positive
    assert sp.cancel(1 + tanh).is_positive


@counterexample("S2-073")
def test_float_sigmoids_reach_0_and_1():
    ends = {torch.float32: 16.64, torch.float64: 36.75, torch.float16: 9, torch.bfloat16: 7}
    for dtype, x in ends.items():
        assert torch.tensor(x, dtype=dtype).sigmoid() == 1
        assert torch.tensor(x - 2, dtype=dtype).sigmoid() < 1
    low = torch.tensor(-104.0)
    assert low.sigmoid() == 0
    assert low.sigmoid().log() == -torch.inf
    assert nn.functional.logsigmoid(low) == -104


@counterexample("S2-075")
def test_float_tanhs_reach_minus_1_and_1():
    for dtype, x in {torch.float32: 9.5, torch.float64: 19.1}.items():
        assert torch.tensor([x, -x], dtype=dtype).tanh().tolist() == [1, -1]
        assert torch.tensor(x - 2, dtype=dtype).tanh() < 1


@counterexample("S2-074")
def test_the_formula_of_tanh_overflows_and_cancels_as_it_is_written():
    x = torch.tensor([1000.0, -1000.0, 1e-10, 0.5], dtype=torch.float64)
    written = (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())
    assert written[:2].isnan().all()
    assert 1e-8 < (written[2] / 1e-10 - 1).abs() < 1e-6
    torch.testing.assert_close(written[3], x[3].tanh())


@claim("S4-111", "S4-112", "S2-074")
def test_tanh_is_odd_a_stretched_sigmoid_and_has_slope_1_minus_its_square():
    z = sp.Symbol("z", real=True)
    tanh = (sp.exp(z) - sp.exp(-z)) / (sp.exp(z) + sp.exp(-z))
    assert sp.simplify(tanh + tanh.subs(z, -z)) == 0
    assert sp.simplify(tanh - (2 / (1 + sp.exp(-2 * z)) - 1)) == 0
    assert sp.simplify(sp.diff(tanh, z) - (1 - tanh**2)) == 0
    assert sp.diff(tanh, z).subs(z, 0) == 1


@claim("S4-106", "S4-112")
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_the_slope_needs_nothing_but_the_value_of_the_forward_pass(name):
    x = torch.tensor([-3.0, -0.5, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    value = getattr(torch, name)(x)
    upstream = torch.tensor([1.0, -2.0, 3.0, 0.5], dtype=torch.float64)
    (grad,) = torch.autograd.grad(value, x, upstream, retain_graph=True)
    slope = value * (1 - value) if name == "sigmoid" else 1 - value**2
    torch.testing.assert_close(grad, upstream * slope)
    assert torch.equal(value.grad_fn._saved_result, value)  # and x itself is not kept


@claim("S1-130", "S4-109", "S4-307")
def test_below_saturated_sigmoids_no_parameter_is_updated():
    weight = torch.tensor([0.5, -0.25, 1.0], requires_grad=True)
    x = torch.tensor([1.0, 2.0, 3.0])

    def loss(bias):
        h = torch.sigmoid(weight @ x + bias)
        return torch.sigmoid(2 * h) ** 2

    (open_, closed) = (torch.autograd.grad(loss(b), weight)[0] for b in (-3.0, 17.0))
    assert (open_ != 0).all()
    assert (closed == 0).all()  # 1 - sigmoid is 0 in float32: the weights can't move
    # Insensitive: beyond 10 a step of the input by 1 changes less than 1e-4 of the output.
    assert (torch.sigmoid(torch.tensor(11.0)) - torch.sigmoid(torch.tensor(10.0))) < 1e-4


@claim("S4-307")
def test_a_step_gives_no_gradient_and_a_likelihood_undoes_saturation():
    z = torch.tensor([10.0, -10.0], dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0.0, 1.0], dtype=torch.float64)  # the other class is right
    squared = (z.softmax(0) - targets).square().mean()
    likelihood = cross_entropy(z[None], torch.tensor([1]))
    flat, steep = (torch.autograd.grad(loss, z)[0].abs().max() for loss in (squared, likelihood))
    assert flat < 1e-8
    assert steep > 0.99
    secant = torch.heaviside(torch.tensor([2.1, -1.9]), torch.tensor(1.0))
    assert torch.equal(secant, torch.heaviside(torch.tensor([2.0, -2.0]), torch.tensor(1.0)))


@claim("S2-069", "S1-029")
def test_no_affine_map_is_xor_and_layers_without_activations_are_affine():
    w1, w2, b = sp.symbols("w1 w2 b", real=True)
    value = {(p, q): w1 * p + w2 * q + b for p in (0, 1) for q in (0, 1)}
    # Both sums are w1 + w2 + 2b, where xor wants 0 and 2.
    assert sp.expand(value[0, 0] + value[1, 1] - value[0, 1] - value[1, 0]) == 0
    A, B = sp.MatrixSymbol("A", 3, 2), sp.MatrixSymbol("B", 1, 3)
    x, a, c = sp.MatrixSymbol("x", 2, 1), sp.MatrixSymbol("a", 3, 1), sp.MatrixSymbol("c", 1, 1)
    two = (B * (A * x + a) + c).as_explicit()
    one = ((B * A) * x + (B * a + c)).as_explicit()
    assert (two - one).expand() == sp.zeros(1, 1)


def departs_from_affine(network, x, y):
    """Return how far the value at the middle of two points is from the mean of their values."""
    return (network((x + y) / 2) - (network(x) + network(y)) / 2).abs().max()


@counterexample("S1-029")  # an activation that is nonlinear, and a network that isn't
def test_relus_that_are_never_off_make_one_affine_map():
    draw = torch.Generator().manual_seed(0)
    V, W = torch.randn(2, 8, 8, generator=draw, dtype=torch.float64)
    x, y = torch.randn(2, 8, generator=draw, dtype=torch.float64)
    for bias, is_affine in ((100.0, True), (0.0, False)):
        gap = departs_from_affine(lambda z, b=bias: W @ torch.relu(V @ z + b), x, y)
        assert (gap < 1e-10) == is_affine


@claim("S4-254")
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "identity"])
def test_tanh_or_the_sigmoid_is_what_keeps_lenets_layers_from_being_one(name):
    phi = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "identity": lambda z: z}[name]
    draw = torch.Generator().manual_seed(0)
    kernel = torch.randn(6, 1, 5, 5, generator=draw, dtype=torch.float64)
    weight = torch.randn(10, 6 * 4 * 4, generator=draw, dtype=torch.float64)

    def network(images):
        maps = phi(nn.functional.conv2d(images, kernel))
        return phi(nn.functional.avg_pool2d(maps, 2)).flatten(1) @ weight.T

    x, y = torch.randn(2, 3, 1, 12, 12, generator=draw, dtype=torch.float64)
    assert (departs_from_affine(network, x, y) < 1e-10) == (name == "identity")


@claim("S4-254")
def test_the_tanh_of_the_first_lenet_is_scaled_to_map_1_to_1():
    scaled = 1.7159 * math.tanh(2 / 3)
    assert scaled == pytest.approx(1, abs=1e-4)


@claim("S1-127", "S4-116")
def test_relu_is_a_choice_by_the_sign_bit_without_any_arithmetic():
    draw = torch.Generator().manual_seed(0)
    x = torch.cat([torch.randn(500, generator=draw), torch.tensor([0.0, torch.inf, -torch.inf])])
    bits = x.view(torch.int32)
    kept = bits & ~(bits >> 31)  # all ones for a sign bit, and so nothing is left
    assert torch.equal(kept.view(torch.float32), torch.relu(x))


def left_of_the_gradient(phi, gain, depth=20, width=64):
    """Return |dl/dh_0| / |dl/dh_depth| of one network with weights of variance gain^2 / width."""
    draw = torch.Generator().manual_seed(0)
    x, upstream = torch.randn(2, width, generator=draw, dtype=torch.float64)
    h = x.requires_grad_()
    for _ in range(depth):
        weight = torch.randn(width, width, generator=draw, dtype=torch.float64)
        h = phi(gain / width**0.5 * weight @ h)
    (grad,) = torch.autograd.grad(h, x, upstream)
    return (grad.norm() / upstream.norm()).item()


@claim("S0-352", "S4-115")  # refuted if sigmoids left as much as ReLU does in the same network
@pytest.mark.parametrize("gain", [1.0, 2**0.5])
def test_sigmoids_let_gradients_vanish_where_relus_do_not(gain):
    sigmoid, relu = (left_of_the_gradient(phi, gain) for phi in (torch.sigmoid, torch.relu))
    assert sigmoid < 1e-8
    assert relu > 1e6 * sigmoid
    # The slope of each of twenty sigmoids is at most 1/4.
    assert sigmoid < 4.0**-20 * left_of_the_gradient(lambda z: z, gain) * 1e3


@claim("S0-355")  # refuted if slopes of 2 changed nothing
def test_an_activation_with_slope_2_makes_gradients_explode():
    assert left_of_the_gradient(lambda z: 2 * z, 1.0) > 1e5
    assert left_of_the_gradient(lambda z: z, 1.0) < 10


@counterexample("S0-355")
def test_the_usual_activations_amplify_nothing_and_weights_do():
    draw = torch.Generator().manual_seed(0)
    rotations, _ = torch.linalg.qr(torch.randn(30, 16, 16, generator=draw, dtype=torch.float64))
    x, upstream = torch.randn(2, 16, generator=draw, dtype=torch.float64)
    for phi in (torch.sigmoid, torch.tanh, torch.relu):
        leaf = h = x.clone().requires_grad_()
        for rotation in rotations:
            h = phi(rotation @ h)
        (grad,) = torch.autograd.grad(h, leaf, upstream)
        assert grad.norm() < upstream.norm()
    assert left_of_the_gradient(lambda z: z, 8**0.5) > 1e8  # no activation at all


@claim("S4-113")  # what is right of it: they relieve vanishing
def test_relus_with_hes_weights_neither_vanish_nor_explode():
    assert 0.05 < left_of_the_gradient(torch.relu, 2**0.5) < 20


@counterexample("S4-113")
def test_relus_with_twice_hes_weights_explode():
    ratio = left_of_the_gradient(torch.relu, 8**0.5) / left_of_the_gradient(torch.relu, 2**0.5)
    assert ratio == pytest.approx(2.0**20)  # a ReLU is homogeneous: a factor of 2 each layer
    assert left_of_the_gradient(torch.relu, 8**0.5) > 1e5


@claim("S3-176")  # refuted if all activations left as much of a gradient
def test_activations_differ_in_what_they_leave_of_a_gradient():
    sigmoid, relu, tanh = (
        left_of_the_gradient(phi, 1.0) for phi in (torch.sigmoid, torch.relu, torch.tanh)
    )
    assert 1e4 * sigmoid < relu < tanh / 10


@counterexample("S3-176")
def test_activations_differ_in_what_a_network_can_represent():
    x, w, b = sp.symbols("x w b", real=True)
    y = x
    for depth in (1, 2, 3):
        y = (w * y + b) ** 2
        assert sp.degree(sp.expand(y), x) == 2**depth  # and no polynomial is |x|
    for v in (-3.0, 0.5):
        assert max(v, 0.0) + max(-v, 0.0) == abs(v)  # which two ReLUs are


@claim("S3-226")
def test_near_0_tanh_is_x_and_off_by_less_than_a_third_of_the_cube():
    x = sp.Symbol("x", real=True)
    assert sp.series(sp.tanh(x), x, 0, 5).removeO() == x - x**3 / 3
    # d/dx (tanh x - x + x^3 / 3) = x^2 - tanh(x)^2 >= 0: both are 0 at 0.
    gap = sp.diff(sp.tanh(x) - x + x**3 / 3, x) - (x**2 - sp.tanh(x) ** 2)
    assert sp.simplify(gap) == 0
    for v in (1e-3, 0.1, 1.0, 4.0):
        assert 0 < v - math.tanh(v) < v**3 / 3


@claim("S3-228")
def test_four_sigmoids_less_2_are_x_near_0_and_the_sigmoid_is_not():
    x = sp.Symbol("x", real=True)
    sigmoid = 1 / (1 + sp.exp(-x))
    assert sp.series(4 * sigmoid - 2, x, 0, 5).removeO() == x - x**3 / 12
    assert sp.series(sigmoid, x, 0, 3).removeO() == sp.Rational(1, 2) + x / 4
    assert sp.simplify((4 * sigmoid - 2 - 2 * sp.tanh(x / 2)).rewrite(sp.exp)) == 0


def second_moment_behind(phi, gain, depth=30, width=128, rows=20):
    """Return the mean square behind layers whose weights have variance gain^2 / width."""
    draw = torch.Generator().manual_seed(0)
    h = torch.randn(rows, width, generator=draw, dtype=torch.float64)
    for _ in range(depth):
        weight = torch.randn(width, width, generator=draw, dtype=torch.float64)
        h = phi(h @ (gain / width**0.5 * weight))
    return h.square().mean().item()


@claim("S3-227")
def test_a_relu_halves_the_second_moment_and_he_makes_up_for_it():
    z = sp.Symbol("z", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    assert sp.integrate(z**2 * density, (z, 0, sp.oo)) == sp.Rational(1, 2)
    assert 0.05 < second_moment_behind(torch.relu, 2**0.5) < 20


@counterexample("S3-227")  # with alpha = 1, n_in sigma^2 = 1 would keep the second moment
def test_with_xaviers_weights_thirty_relus_leave_a_billionth():
    relu, tanh = (second_moment_behind(phi, 1.0) for phi in (torch.relu, torch.tanh))
    assert 2.0**-30 / 20 < relu < 2.0**-30 * 20
    # tanh really is near x, and gets there by and by.
    assert tanh > 1e6 * relu


@claim("S4-118", "S4-117", "S1-131", "S4-119")
def test_the_slopes_of_relu_on_either_side_differ_at_0():
    h = sp.Symbol("h", positive=True)
    assert sp.limit((sp.Max(h, 0) - 0) / h, h, 0) == 1
    assert sp.limit((sp.Max(-h, 0) - 0) / -h, h, 0) == 0


@counterexample("S4-119")
def test_a_relu_that_is_off_for_all_rows_never_moves_and_a_leaky_one_does():
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    for phi, learns in ((torch.relu, False), (lambda z: torch.where(z > 0, z, z / 10), True)):
        weight = torch.ones(2, requires_grad=True)
        (grad,) = torch.autograd.grad(phi(x @ weight - 100).sum(), weight)
        assert (grad != 0).all() if learns else (grad == 0).all()


@counterexample("S2-057")
def test_what_a_step_is_at_0_is_a_choice_and_its_slope_is_none():
    zero = torch.tensor(0.0)
    assert torch.heaviside(zero, torch.tensor(0.5)) == 0.5
    assert torch.sign(zero) == 0
    z = torch.tensor([2.0, -2.0], requires_grad=True)
    (grad,) = torch.autograd.grad(torch.sign(z).sum(), z)
    assert grad.tolist() == [0.0, 0.0]


@claim("S4-121", "S4-122", "S4-123")
def test_softplus_its_slope_and_its_gap_to_relu():
    z, beta = sp.Symbol("z", real=True), sp.Symbol("beta", positive=True)
    u = sp.Symbol("u", positive=True)  # exp(z)
    assert sp.simplify(sp.expand_log(sp.log(1 + u) - sp.log((1 + u) / u), force=True)) == sp.log(u)
    assert sp.simplify(sp.diff(sp.log(1 + sp.exp(z)), z) - 1 / (1 + sp.exp(-z))) == 0
    # With g = |z|, the gap to relu is log(1 + exp(-beta g)) / beta: largest at 0, and then it falls.
    g = sp.Symbol("g", nonnegative=True)
    gap = sp.log(1 + sp.exp(-beta * g)) / beta
    assert gap.subs(g, 0) == sp.log(2) / beta
    assert sp.diff(gap, g).is_negative
    assert sp.limit(gap.subs(g, 0), beta, sp.oo) == 0


@claim("S4-292", "S4-104")
def test_what_each_activation_is_used_for_follows_from_its_range():
    z = torch.tensor([-5.0, -0.5, 0.0, 0.5, 5.0], dtype=torch.float64)
    sigmoid, tanh = z.sigmoid(), z.tanh()
    assert ((sigmoid > 0) & (sigmoid < 1)).all()  # a gate, a probability
    torch.testing.assert_close(sigmoid + sigmoid.flip(0), torch.ones_like(z))
    torch.testing.assert_close(tanh + tanh.flip(0), torch.zeros_like(z))  # centred at 0
    assert torch.equal(torch.relu(z), z.clamp(min=0))
    assert (softplus(z) > 0).all()  # a scale
    radial = (-z.square()).exp()
    assert radial.argmax() == 2  # a local response
    assert radial[[0, -1]].max() < 1e-10


def final_loss(phi, std, hidden=2, bias=0.0, width=16, steps=60):
    """Train a small network on the signs of products of two numbers; return its last loss."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(40, 2, generator=draw)
    targets = (x[:, 0] * x[:, 1] > 0).float()
    sizes = [2, *[width] * hidden, 1]
    weights = [std * torch.randn(b, a, generator=draw) for a, b in pairwise(sizes)]
    parameters = [w.requires_grad_() for w in weights]
    parameters += [torch.full((n,), bias).requires_grad_() for n in sizes[1:-1]]
    for _ in range(steps):
        h = x
        for weight, shift in zip(weights[:-1], parameters[len(weights) :], strict=True):
            h = phi(h @ weight.T + shift)
        loss = binary_cross_entropy_with_logits((h @ weights[-1].T)[:, 0], targets)
        grads = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for theta, grad in zip(parameters, grads, strict=True):
                theta -= 0.3 * grad
    return loss.item()


@claim("S1-128")  # refuted if the sigmoids' loss came down as far at any of these scales
@pytest.mark.parametrize("std", [0.2, 1.0])
def test_relus_train_faster_than_sigmoids_at_usual_scales(std):
    assert final_loss(torch.relu, std) < 0.5 * final_loss(torch.sigmoid, std)


@counterexample("S1-128")
def test_no_activation_trains_from_weights_that_are_too_small():
    assert abs(final_loss(torch.relu, 0.05) - final_loss(torch.sigmoid, 0.05)) < 0.02


@counterexample("S1-128")
def test_deep_relus_diverge_from_weights_that_are_too_large_and_sigmoids_do_not():
    relu, sigmoid = (
        final_loss(phi, 1.0, hidden=5, steps=40) for phi in (torch.relu, torch.sigmoid)
    )
    assert not relu < 1
    assert sigmoid < 1


@counterexample("S1-128")
def test_relus_with_biases_of_minus_100_learn_nothing():
    losses = [final_loss(torch.relu, 1.0, bias=-100.0, steps=n) for n in (1, 10)]
    assert losses[0] == losses[1] == pytest.approx(math.log(2))


@claim("S4-124")  # refuted if softplus came down as far as ReLU
def test_softplus_trains_no_better_than_relu_at_a_usual_scale():
    assert final_loss(torch.relu, 0.5) < final_loss(softplus, 0.5)


@counterexample("S4-124")  # a positive parameter, which softplus is made for
def test_a_scale_that_starts_below_0_is_learned_through_softplus_and_not_through_relu():
    ends = {}
    for phi in (torch.relu, softplus):
        theta = torch.tensor(-1.0, requires_grad=True)
        for _ in range(100):
            (grad,) = torch.autograd.grad((phi(theta) - 2) ** 2, theta)
            theta = (theta - 0.1 * grad).detach().requires_grad_()
        ends[phi] = phi(theta).item()
    assert ends[torch.relu] == 0
    assert ends[softplus] == pytest.approx(2, abs=1e-3)
