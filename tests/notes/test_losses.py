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


# Squared and absolute errors


@counterexample("S0-328")  # n as the number of samples of two outputs
def test_torch_counts_entries_where_others_count_samples():
    pred, target = doubles(1.0, 2.0, 3.0, 4.0).reshape(2, 2), torch.zeros(2, 2).double()
    near(nn.functional.mse_loss(pred, target)[None], (7.5,))
    near((pred - target).square().sum(1).mean()[None], (15.0,))


@counterexample("S1-015")  # Gluon's L2Loss and torch's MSELoss, taken for the same loss
def test_a_loss_with_the_half_moves_half_as_far():
    y = doubles(0.0, 0.0)
    gluon = lambda z: (z - y).square() / 2
    near(gluon(doubles(1.0, 3.0)), (0.5, 4.5))
    near(nn.MSELoss()(doubles(1.0, 3.0), y)[None], (5.0,))
    near(gradient(lambda z: gluon(z).mean(), doubles(1.0, 3.0)), (0.5, 1.5))
    near(gradient(lambda z: nn.MSELoss()(z, y), doubles(1.0, 3.0)), (1.0, 3.0))


@claim("S4-002", "S3-120")
def test_a_column_less_a_vector_is_a_matrix_of_all_pairs():
    y = doubles(1.0, 2.0, 3.0)
    assert (y[:, None] - y).shape == (3, 3)
    near((y[:, None] - y).square().mean()[None], (4 / 3,))
    near((y[:, None] - y.reshape(3, 1)).square().mean()[None], (0.0,))


def linear_regression(loss, steps=60):
    """Losses by `loss` while gradient descent minimises it, from 0, on 50 points."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(50, 2, generator=draw, dtype=torch.float64)
    y = x @ doubles(2.0, -3.4) + 0.1 * torch.randn(50, generator=draw, dtype=torch.float64)
    w, losses = torch.zeros(2, dtype=torch.float64), []
    for _ in range(steps):
        losses.append(float(loss(x @ w, y)))
        w = w - 0.2 * gradient(lambda w: loss(x @ w, y), w)
    return losses


@claim("S3-121", "S3-125")
def test_without_the_half_the_loss_ends_at_twice_the_value():
    # It would be refuted by another ratio than 2, once both have converged.
    half = linear_regression(lambda a, y: ((a - y) ** 2 / 2).mean())
    whole = linear_regression(nn.MSELoss())
    assert whole[-1] / half[-1] == pytest.approx(2, rel=1e-3)
    assert whole[0] == 2 * half[0]  # on the same parameters, exactly
    assert whole[5] < half[5]  # and each of its steps is twice as long


@claim("S3-130", "S3-115")
def test_huber_takes_the_place_of_the_squared_loss_and_is_slower_at_first():
    # It would be refuted by losses that don't fall, or fall faster at first.
    squared, huber = linear_regression(nn.MSELoss()), linear_regression(nn.HuberLoss(), 200)
    near(nn.HuberLoss()(doubles(0.5, 3.0), doubles(0.0, 0.0))[None], (1.3125,))
    assert huber[-1] < 0.01 * huber[0]
    assert squared[5] / squared[0] < huber[5] / huber[0]


@claim("S3-115")
def test_hubers_second_derivative_jumps():
    def bend(e):
        return torch.autograd.functional.hessian(lambda e: nn.HuberLoss()(e, 0 * e), doubles(e)[0])

    near(torch.stack([bend(e) for e in (0.99, -0.99, 1.01, -1.01)]), (1.0, 1.0, 0.0, 0.0))
    slopes = [gradient(lambda e: nn.HuberLoss()(e, 0 * e), doubles(e)[0]) for e in (-1e-3, 1e-3)]
    near(torch.stack(slopes), (-1e-3, 1e-3), atol=1e-12)  # where the absolute loss jumps by 2


@claim("S3-171")
def test_torchs_losses_are_reduced_by_name():
    z, target = doubles(2.0, 0.0, 0.0, 1.0, 1.0, 0.0).reshape(2, 3), torch.tensor([0, 2])
    none, mean, total = (cross_entropy(z, target, reduction=r) for r in ("none", "mean", "sum"))
    torch.testing.assert_close(mean, none.mean())
    torch.testing.assert_close(total, none.sum())
    weight = doubles(1.0, 1.0, 10.0)
    weighted = cross_entropy(z, target, weight=weight)
    torch.testing.assert_close(weighted, (none[0] + 10 * none[1]) / 11)
    torch.testing.assert_close(cross_entropy(z, torch.tensor([0, -100])), none[0])
    with pytest.raises(ValueError, match="average"):
        cross_entropy(z, target, reduction="average")


@claim("S3-195")
def test_the_posterior_is_largest_where_the_two_terms_are_least():
    w = torch.linspace(-3, 3, 601, dtype=torch.float64)
    nll = (2 - 1.5 * w) ** 2 / 2
    priors = {
        "normal": (-(w**2) / 2).exp(),
        "Laplace": (-w.abs()).exp(),
        "uniform": ((w > -1) & (w < 1)).double(),
    }
    best = {}
    for name, prior in priors.items():
        posterior = (-nll).exp() * prior
        posterior = posterior / posterior.sum()
        objective = nll - prior.log()  # infinite where the prior is 0
        allowed = prior > 0
        # They differ by a constant, log P(X, y), whatever the prior.
        rest = (objective + posterior.log())[allowed]
        torch.testing.assert_close(rest, rest[:1].expand_as(rest))
        assert objective[~allowed].isposinf().all()
        assert posterior.argmax() == objective.argmin()
        best[name] = float(w[objective.argmin()])
    assert len({*best.values(), float(w[nll.argmin()])}) == 4  # each prior moves the maximum


@claim("S1-255")
def test_total_variation_denoises_and_too_much_of_it_blurs():
    # An edge with noise. It would be refuted by an image no nearer to the clean one.
    draw = torch.Generator().manual_seed(0)
    clean = torch.zeros(12, 12, dtype=torch.float64)
    clean[:, 6:] = 1
    noisy = clean + 0.3 * torch.randn(12, 12, generator=draw, dtype=torch.float64)

    def denoised(weight):
        image = noisy.clone()
        for _ in range(150):

            def cost(x):
                variation = x.diff(dim=0).abs().mean() + x.diff(dim=1).abs().mean()
                return (x - noisy).square().mean() + weight * variation / 2

            image = image - 1.5 * gradient(cost, image)
        return float((image - clean).square().mean())

    little = denoised(0.3)
    assert little < 0.7 * float((noisy - clean).square().mean())
    assert denoised(30.0) > 2 * little


@claim("S4-168")
def test_cross_entropy_pulls_harder_the_worse_the_error():
    bce = nn.functional.binary_cross_entropy_with_logits
    z = doubles(0.0, 1.0, 2.0, 4.0, 8.0)
    pull = gradient(lambda z: bce(z, 0 * z, reduction="sum"), z)
    assert all(a < b for a, b in itertools.pairwise(pull.tolist()))


@counterexample("S4-168")  # with the quadratic cost of a sigmoid, as in the notes' own network
def test_the_quadratic_cost_of_a_sigmoid_is_slowest_when_badly_wrong():
    z = doubles(0.0, 2.0, 4.0)  # outputs 0.5, 0.881, 0.982, where 0 is right
    near(gradient(lambda z: (z.sigmoid() ** 2 / 2).sum(), z), (0.125, 0.0925, 0.0173))
    a = sp.Symbol("a", positive=True)
    pull = a * a * (1 - a)
    assert sp.solve(pull.diff(a), a) == [sp.Rational(2, 3)]
    assert sp.limit(pull, a, 1) == 0


@claim("S4-372")
def test_half_the_squared_distance_has_the_derivative_a_minus_y():
    a, y = doubles(0.9, 0.2), doubles(0.0, 1.0)
    near(gradient(lambda a: (a - y).square().sum() / 2, a), (0.9, -0.8))


@counterexample("S4-372")  # a - y, for another cost
def test_other_costs_have_other_derivatives():
    a, y = doubles(0.9), doubles(0.0)
    near(gradient(lambda a: (a - y).square().sum(), a), (1.8,))
    near(gradient(lambda a: nn.functional.binary_cross_entropy(a, y), a), (10.0,))
