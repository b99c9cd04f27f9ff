"""Claims of the notes on losses that are verified and not exercised, and counterexamples."""

import inspect
import itertools
import math

import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from grader import claim, counterexample


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


def near(got, want, atol=1e-4):
    torch.testing.assert_close(torch.as_tensor(got).double(), doubles(*want), rtol=0, atol=atol)


def gradient(loss, z):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(loss(z), z)[0]


@counterexample("S0-310")  # dL/dw_i with a weight a sample: for the shared w it is the mean of them
def test_a_shared_weight_averages_the_gradients_of_the_samples():
    x, y, w = doubles(1.0, 3.0), doubles(0.0, 1.0), doubles(0.0)
    per_sample = (torch.sigmoid(w * x) - y) * x
    near(per_sample, (0.5, -1.5))
    bce = nn.functional.binary_cross_entropy_with_logits
    near(gradient(lambda w: bce(w * x, y), w), (-0.5,))


def soft_loss(s, y):
    p = [sp.exp(a) / sum(map(sp.exp, s)) for a in s]
    return p, -sum(b * sp.log(a) for a, b in zip(p, y, strict=True))


@claim("S0-311", "S0-312", "S0-313", "S0-314")
def test_each_line_of_the_binary_derivation_equals_the_next():
    y, s, x = sp.symbols("y s x")
    a = 1 / (1 + sp.exp(-s))
    loss = -(y * sp.log(a) + (1 - y) * sp.log(1 - a))
    lines = [
        loss.diff(s) * x,
        (-y / a + (1 - y) / (1 - a)) * a * (1 - a) * x,
        (-y / a * a * (1 - a) + (1 - y) / (1 - a) * a * (1 - a)) * x,
        (-y + y * a + a - y * a) * x,
        (a - y) * x,
    ]
    assert all(sp.simplify(line - lines[-1]) == 0 for line in lines)


@claim("S0-315", "S0-318", "S0-324", "S0-326")
@pytest.mark.parametrize("c", [0, 1, 2])
def test_the_chain_rule_for_a_one_hot_target_passes_through_its_probability_alone(c):
    s, x, q = sp.symbols("s:3"), sp.Symbol("x"), sp.Symbol("q", positive=True)
    k = 0
    p, loss = soft_loss(s, [1, 0, 0])
    first = (-sp.log(q)).diff(q)
    assert first == -1 / q
    chain = first.subs(q, p[k]) * p[k].diff(s[c]) * x
    assert sp.simplify(chain - loss.diff(s[c]) * x) == 0
    assert sp.simplify(chain - (p[c] - int(c == k)) * x) == 0


@counterexample("S0-315")  # with soft labels the path through one probability is not all
def test_soft_labels_need_the_sum_over_all_probabilities():
    p = doubles(1.0, 0.0, 0.0).softmax(0)
    y = doubles(0.5, 0.5, 0.0)
    true = gradient(lambda z: -(y * z.log_softmax(0)).sum(), doubles(1.0, 0.0, 0.0))
    near(true, (0.0761, -0.2881, 0.2119))
    one_path = -y[0] / p[0] * p[0] * (doubles(1.0, 0.0, 0.0) - p)
    near(one_path, (-0.2119, 0.1060, 0.1060))


@counterexample("S0-317")  # "other classes do not influence the loss"
def test_another_classs_logit_changes_the_loss():
    target = torch.tensor([0])
    near(cross_entropy(doubles(1.0, 0.0, 0.0)[None], target)[None], (0.5514,))
    near(cross_entropy(doubles(1.0, 5.0, 0.0)[None], target)[None], (4.0247,))
    by_logits = gradient(lambda z: cross_entropy(z[None], target), doubles(1.0, 0.0, 0.0))
    near(by_logits, (-0.4239, 0.2119, 0.2119))


@counterexample("S0-325")  # sigma(s_k) as the sigmoid of one score, and x_ik as features of a class
def test_the_sigmoid_of_a_score_is_not_its_softmax():
    scores = doubles(1.0, 0.0, 0.0)
    near(scores.softmax(0)[:1], (0.5761,))
    near(scores.sigmoid()[:1], (0.7311,))
    # The input is shared: the rows of the gradient are all multiples of the one x.
    x, target = doubles(2.0, -3.0), torch.tensor([0])
    weight = torch.zeros(3, 2, dtype=torch.float64)
    by_weight = gradient(lambda w: cross_entropy((w @ x)[None], target), weight)
    torch.testing.assert_close(by_weight, torch.outer(doubles(-2 / 3, 1 / 3, 1 / 3), x))


@counterexample("S0-327")  # softmax - y with labels that don't sum to 1
def test_labels_of_sum_2_have_another_gradient_than_p_minus_y():
    z, y = doubles(1.0, 0.0, 0.0), doubles(1.0, 1.0, 0.0)
    true = gradient(lambda z: -(y * z.log_softmax(0)).sum(), z)
    near(true, (0.1522, -0.5761, 0.4239))
    near(z.softmax(0) - y, (-0.4239, -0.7881, 0.2119))
    torch.testing.assert_close(true, y.sum() * z.softmax(0) - y)


@claim("S1-018")
@pytest.mark.parametrize(("d", "k"), [(5, 3), (784, 10), (4, 1)])
def test_softmax_regression_has_a_column_of_parameters_for_each_class(d, k):
    count = sum(p.numel() for p in nn.Linear(d, k).parameters())
    assert count == d * k + k
    assert sum(p.numel() for p in nn.Linear(d, 1).parameters()) == d + 1


@claim("S1-023")
def test_between_two_classes_the_boundary_is_a_hyperplane():
    x, w, b = sp.symbols("x:2"), sp.symbols("w:4"), sp.symbols("b:2")
    z = [w[2 * c] * x[0] + w[2 * c + 1] * x[1] + b[c] for c in range(2)]
    p, _ = soft_loss(z, [1, 0])
    log_odds = sp.expand_log(sp.log(sp.exp(z[0]) / sp.exp(z[1])), force=True)
    assert sp.simplify(p[0] / p[1] - sp.exp(z[0] - z[1])) == 0
    assert sp.Poly(sp.expand(log_odds), *x).total_degree() == 1


@counterexample("S1-021")  # "maximise the true class's probability", with soft labels as targets
def test_with_soft_labels_a_sure_prediction_is_not_the_best():
    labels = doubles(0.9, 0.1)
    sure, right = doubles(20.0, -20.0), labels.log()
    losses = [-(labels * z.log_softmax(0)).sum() for z in (sure, right)]
    near(losses, (4.0, 0.3251))
    assert losses[0] > losses[1]
    near(gradient(lambda z: -(labels * z.log_softmax(0)).sum(), right), (0.0, 0.0), atol=1e-12)


@claim("S1-025", "S4-311")
def test_cross_entropy_pulls_hardest_at_a_confident_mistake():
    z, target = doubles(20.0, -20.0), torch.tensor([1])
    near(gradient(lambda z: cross_entropy(z[None], target), z), (1.0, -1.0), atol=1e-12)
    squared = gradient(lambda z: (z.softmax(0) - doubles(0.0, 1.0)).square().sum(), z)
    assert squared.abs().max() < 1e-15


@claim("S3-133")
def test_finite_logits_never_reach_a_one_hot_target():
    import mpmath

    losses = []
    with mpmath.workdps(200):
        for gap in (1, 10, 100, 400):  # the loss falls towards 0 and is never 0
            losses.append(-mpmath.log(1 / (1 + mpmath.exp(-gap))))
        assert all(a > b > 0 for a, b in itertools.pairwise(losses))
    # Only rounding says otherwise: in float32 the smaller probability underflows.
    assert torch.tensor([0.0, 100.0]).softmax(0)[0] > 0
    assert torch.equal(torch.tensor([0.0, 200.0]).softmax(0), torch.tensor([0.0, 1.0]))


@counterexample("S3-135")  # torch's label_smoothing=eps for the notes' 1 - eps and eps / (K - 1)
def test_torch_spreads_eps_over_all_classes():
    z, eps = doubles(1.0, 2.0, 0.5, -1.0), 0.2

    def smoothed(eps):
        # The loss is linear in the target: unit differences of log p read the target off.
        return gradient(
            lambda log_p: nn.CrossEntropyLoss(label_smoothing=eps)(log_p[None], torch.tensor([0])),
            z,
        )

    p = z.softmax(0)
    near(p - smoothed(eps), (0.85, 0.05, 0.05, 0.05), atol=1e-12)
    notes = doubles(1 - eps, eps / 3, eps / 3, eps / 3)
    near(notes, (0.8, 0.0667, 0.0667, 0.0667))
    torch.testing.assert_close(p - smoothed(eps * 4 / 3), notes)


@claim("S3-136")
def test_label_smoothing_is_off_by_default_and_at_most_1():
    assert inspect.signature(nn.CrossEntropyLoss).parameters["label_smoothing"].default == 0.0
    z, target = torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([0])
    plain = cross_entropy(z, target)
    assert plain == cross_entropy(z, target, label_smoothing=0.0)
    with pytest.raises(RuntimeError, match="label_smoothing"):
        cross_entropy(z, target, label_smoothing=1.1)
    # Nobody refuses a negative one: it counts as 0.
    assert all(cross_entropy(z, target, label_smoothing=e) == plain for e in (-0.1, -5.0))


@counterexample("S4-128")  # "cross-entropy is non-negative", for a density
def test_the_negative_log_likelihood_of_a_density_may_be_negative():
    narrow = torch.distributions.Normal(doubles(0.0), doubles(0.01))
    near(-narrow.log_prob(doubles(0.0)), (-3.6862,))
    near(narrow.entropy(), (-3.1862,))  # the cross-entropy of the density with itself


@counterexample("S4-129")  # "it tends to 0 as the outputs become right", with soft labels
def test_right_outputs_for_soft_labels_cost_their_entropy():
    labels = doubles(0.3, 0.7)
    near(cross_entropy(labels.log()[None], labels[None])[None], (0.6109,))
    # It is the minimum: the gradient is 0, and any other output costs more.
    near(gradient(lambda z: cross_entropy(z[None], labels[None]), labels.log()), (0.0, 0.0))
    for step in (-2.0, -0.1, 0.1, 2.0):
        other = labels.log() + doubles(step, 0.0)
        assert cross_entropy(other[None], labels[None]) > 0.6108643 + 1e-4


@claim("S4-130", "S4-129")
def test_the_quadratic_cost_is_not_negative_and_near_0_when_right():
    a, y = sp.symbols("a y", real=True)
    cost = (a - y) ** 2 / 2
    assert cost.is_nonnegative
    assert cost.subs(a, y) == 0
    target = torch.tensor([1])
    costs = [float(cross_entropy(doubles(-g, g)[None], target)) for g in (1.0, 5.0, 15.0)]
    assert costs[0] > costs[1] > costs[2] > 0
    assert costs[2] < 1e-12


@counterexample("S4-131")  # the slowdown is gone, whatever the layer and the output
def test_a_saturated_hidden_layer_still_slows_cross_entropy_down():
    bce = nn.functional.binary_cross_entropy_with_logits
    y, hidden = doubles(0.0), doubles(20.0)
    through = gradient(lambda h: bce(5 * h.sigmoid(), y), hidden)
    assert through.abs().max() < 1e-7  # the output is badly wrong: sigmoid(5) = 0.993 for 0
    near(gradient(lambda z: bce(z, y), doubles(5.0)), (0.9933,))
    # And a linear output doesn't slow the quadratic cost down.
    near(gradient(lambda z: (z - y).square().sum() / 2, doubles(20.0)), (20.0,))


@counterexample("S4-132")  # -(1/n) sum (s)
def test_the_unfinished_gradient_is_wrong_in_value_and_sign():
    x, y, w, b = doubles(1.0), doubles(0.0), doubles(2.0), 2.0
    bce = nn.functional.binary_cross_entropy_with_logits
    near(gradient(lambda w: bce(w * x + b, y), w), (0.9820,))
    s = w * x + b
    near(-s, (-4.0,))  # with s the weighted input
    near(-s.sigmoid(), (-0.9820,))  # with s its sigmoid


@claim("S4-133")
def test_for_a_classifier_that_is_badly_wrong_the_quadratic_cost_stalls():
    z, y = doubles(10.0, -10.0), doubles(0.0, 1.0)
    quadratic = gradient(lambda z: (z.softmax(0) - y).square().sum(), z)
    assert quadratic.abs().max() < 1e-8
    near(gradient(lambda z: -(y * z.log_softmax(0)).sum(), z), (1.0, -1.0))


@counterexample("S4-133")  # "cross-entropy is the better choice", for regression
def test_for_real_targets_cross_entropy_has_no_minimum():
    bce = nn.functional.binary_cross_entropy_with_logits
    y = doubles(3.0)
    costs = [float(bce(doubles(z), y)) for z in (3.0, 30.0, 300.0)]
    near(costs, (-5.9514, -60.0, -600.0))  # better and better, ever further from the target
    # The quadratic cost is the negative log-likelihood of a Gaussian, up to a constant.
    gaussian = -torch.distributions.Normal(doubles(5.0), doubles(1.0)).log_prob(y)
    near(gaussian - math.log(2 * math.pi) / 2, ((5.0 - 3.0) ** 2 / 2,), atol=1e-12)


@claim("S4-311")
def test_relu_keeps_its_slope_where_the_sigmoid_has_none():
    z = doubles(20.0, -20.0)
    assert gradient(lambda z: z.sigmoid().sum(), z).max() < 1e-8
    near(gradient(lambda z: z.relu().sum(), z), (1.0, 0.0))  # the other unit is dead
    assert z.relu()[0] > 1  # unbounded, where the sigmoid is not
    assert float((doubles(*torch.arange(-3.0, 4.0).tolist()).relu() == 0).sum()) == 4  # sparse
