"""Claims of the notes on penalties, weight decay and priors, and counterexamples."""

import math
from itertools import pairwise

import pytest
import torch

from grader import claim, counterexample
from grader.words.inputs import numbers, vector

ADAM, ADAMW, SGD = torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD


def near(value, digits=1e-3):
    """The value, to the digits that the ledger states."""
    return pytest.approx(value, rel=digits, abs=1e-9)


def stepped(optimizer, start, grads, **options):
    """The weights after torch's own steps along these gradients."""
    theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    steps = optimizer([theta], **options)
    for grad in grads:
        slope = grad(theta.detach()) if callable(grad) else torch.tensor(grad).double()
        theta.grad = slope.clone()
        steps.step()
    return theta.detach().tolist()


def solved(features, targets, lam):
    """Ridge without an intercept, for the sum of the halved squares."""
    eye = torch.eye(features.shape[1], dtype=torch.float64)
    return torch.linalg.solve(features.mT @ features + lam * eye, features.mT @ targets)


def noisy_problem(seed, n=30, d=25, sigma=1.0):
    """Data of a linear model with noise, and as many rows again to test on as 20 such sets."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    true = draw(d) / d**0.5
    x, x_test = draw(n, d), draw(20 * n, d)
    return x, x @ true + sigma * draw(n), x_test, x_test @ true + sigma * draw(20 * n)


def median_test_errors(lams):
    errors = []
    for seed in range(15):
        x, y, x_test, y_test = noisy_problem(seed)
        errors.append([float((x_test @ solved(x, y, a) - y_test).square().mean()) for a in lams])
    return torch.tensor(errors).median(0).values.tolist()


# Decay and penalties


@claim("S0-336")
@counterexample("S0-336")  # "L0, L1 and L2, also called weight decay"
def test_only_the_squares_shrink_in_proportion():
    w = vector(5.0, 0.5).requires_grad_()
    (l1,) = torch.autograd.grad(0.1 * w.abs().sum(), w)
    (l2,) = torch.autograd.grad(0.05 * w.square().sum(), w)
    w = w.detach()
    assert (l1 / w).tolist() == near([0.02, 0.2])  # decay would take the same share of both
    assert (l2 / w).tolist() == near([0.1, 0.1])
    assert stepped(SGD, [5.0, 0.5], [[0.0, 0.0]], lr=1.0, weight_decay=0.1) == near([4.5, 0.45])


@counterexample("S0-336", "S1-064", "S2-088", "S4-024", "S2-103")  # "decay is the L2 penalty"
def test_under_adam_the_penalty_is_not_decay():
    options = {"lr": 0.1, "weight_decay": 0.1}
    assert stepped(ADAM, [10.0, 0.1], [[1.0, 1.0]], **options) == near([9.9, 0.0], 1e-6)
    assert stepped(ADAMW, [10.0, 0.1], [[1.0, 1.0]], **options) == near([9.8, -0.001], 1e-6)


@claim("S4-024")
@counterexample("S4-024")
@pytest.mark.parametrize("decay", [0.1, 0.001])
def test_adam_rescales_the_penalty_whatever_its_constant(decay):
    grads = [[0.0, 0.0]]
    assert stepped(ADAM, [1.0, -2.0], grads, lr=0.1, weight_decay=decay) == near([0.9, -1.9], 1e-4)
    shrunk = 1 - 0.1 * decay
    want = near([shrunk, -2 * shrunk], 1e-9)
    assert stepped(ADAMW, [1.0, -2.0], grads, lr=0.1, weight_decay=decay) == want


@counterexample("S1-064", "S2-103")
def test_under_momentum_the_penalty_is_not_decay():
    penalised = stepped(SGD, [1.0], [lambda w: w] * 3, lr=0.1, momentum=0.9, weight_decay=0.1)
    w, velocity = 1.0, 0.0
    for _ in range(3):
        velocity = 0.9 * velocity + w
        w = (1 - 0.1 * 0.1) * w - 0.1 * velocity
    assert penalised == near([0.43965], 1e-4)
    assert w == near(0.46377, 1e-4)


@claim("S1-064", "S2-088", "S2-103", "S2-101", "S4-028")
def test_under_plain_descent_they_are_the_same():
    def penalised_slope(w):
        w = w.clone().requires_grad_()
        loss = (w.sin() * vector(1.0, -2.0)).sum() + 0.3 / 2 * w.square().sum()
        return torch.autograd.grad(loss, w)[0]

    def slope(w):
        return w.cos() * vector(1.0, -2.0)

    start = [2.0, -1.5]
    penalised = stepped(SGD, start, [penalised_slope] * 5, lr=0.1)
    assert penalised == near(stepped(SGD, start, [slope] * 5, lr=0.1, weight_decay=0.3), 1e-12)


@claim("S4-028", "S3-203")
@counterexample("S4-028", "S3-203")  # "torch's decay isn't divided by 2": ||w||^2 without its half
def test_torchs_decay_is_that_of_half_the_squares():
    w = vector(3.0, 4.0).requires_grad_()
    (half,) = torch.autograd.grad(0.1 / 2 * w.square().sum(), w)
    (whole,) = torch.autograd.grad(0.1 * w.square().sum(), w)
    assert half.tolist() == near([0.3, 0.4])
    assert whole.tolist() == near([0.6, 0.8])
    assert stepped(SGD, [2.0], [[0.0]], lr=0.1, weight_decay=0.5) == near([1.9], 1e-12)
    assert near(1.8, 1e-12) == 2.0 - 0.1 * (2 * 0.5 * 2.0)  # what lam ||w||^2 would give


@claim("S4-029")
@counterexample("S4-029")  # "shrink first, and then the usual step"
def test_the_slope_is_that_of_the_weights_before_they_shrink():
    lr, alpha, w = 0.1, 1.0, 1.0  # J = w^2 / 2
    descent = w - lr * (w + alpha * w)
    shrunk = (1 - lr * alpha) * w
    assert shrunk - lr * w == near(descent, 1e-12) == near(0.8, 1e-12)
    assert shrunk - lr * shrunk == near(0.81, 1e-12)


@claim("S2-102")
def test_a_decay_below_1_keeps_the_sign_and_below_2_is_stable():
    for rate, factor in ((0.5, 0.5), (1.0, 0.0), (1.5, -0.5), (2.0, -1.0), (2.5, -1.5)):
        (w,) = stepped(SGD, [1.0], [[0.0]] * 20, lr=1.0, weight_decay=rate)
        assert w == near(factor**20, 1e-9)
    (odd,) = stepped(SGD, [1.0], [[0.0]] * 3, lr=1.0, weight_decay=1.5)
    assert odd == near(-0.125, 1e-12)


@claim("S3-202")
def test_a_penalty_added_to_each_loss_of_the_batch_counts_once_a_step():
    w, lam, lr, b = vector(2.0, -1.0).requires_grad_(), 0.3, 0.1, 4
    x, y = numbers(b, 2), numbers(b)
    losses = (x @ w - y).square() / 2 + lam * w.square().sum() / 2  # broadcast over the batch
    (slope,) = torch.autograd.grad(losses.sum(), w)
    once = x.mT @ (x @ w.detach() - y) / b + lam * w.detach()
    assert (lr / b * slope).tolist() == near((lr * once).tolist(), 1e-12)
    # A last batch of 3, still divided by 4, gets three quarters of the penalty.
    (penalty,) = torch.autograd.grad((lam * w.square().sum() / 2).expand(3).sum(), w)
    assert (penalty / b).tolist() == near((0.75 * lam * w.detach()).tolist(), 1e-12)


# Ridge, along its constant


def path(lams):
    x, y = numbers(8, 3), numbers(8) + 1
    weights = [solved(x, y, lam) for lam in lams]
    return [float(w.norm()) for w in weights], [float((x @ w - y).square().sum()) for w in weights]


@claim("S1-062", "S2-087", "S4-043", "S4-022", "S3-205", "S2-090")
@counterexample("S4-022")  # "it lowers J and at the same time the size": J rises
def test_the_size_falls_and_the_training_loss_rises_with_the_penalty():
    sizes, losses = path([0.0, 0.1, 1.0, 10.0, 100.0, 1e4])
    assert sizes == sorted(sizes, reverse=True)
    assert losses == sorted(losses)
    assert sizes[0] > 10 * sizes[-1] > 0
    assert losses[-1] > 1.3 * losses[0]


@claim("S1-062", "S4-022", "S4-043")
def test_for_any_loss_a_larger_price_buys_a_smaller_penalty():
    # The exchange argument: add both minima's inequalities. On a grid, with kinks and two valleys.
    w = torch.linspace(-4, 4, 801, dtype=torch.float64)
    loss = (w - 2).square() * (w + 3).square() / 20 + (w - 1).abs()
    for size in (w.square() / 2, w.abs()):
        at = [int((loss + lam * size).argmin()) for lam in (0.0, 0.1, 0.3, 1.0, 3.0)]
        assert size[at].tolist() == sorted(size[at].tolist(), reverse=True)
        assert loss[at].tolist() == sorted(loss[at].tolist())
        assert size[at[0]] > size[at[-1]]


@claim("S1-065")
@counterexample("S1-065")  # "elements nearer to 0"
def test_one_weight_can_grow_while_their_length_falls():
    gram, moment, eye = vector([1.0, 0.9], [0.9, 1.0]), vector(1.0, 0.9), torch.eye(2).double()
    found = [torch.linalg.solve(gram + lam * eye, moment) for lam in (0.0, 0.1, 1.0)]
    assert found[0].tolist() == near([1.0, 0.0])
    assert found[1].tolist() == near([0.725, 0.225])
    assert found[2].tolist() == near([0.373, 0.282], 2e-3)
    assert found[0].norm() > found[1].norm() > found[2].norm()


@claim("S1-065")
def test_of_orthonormal_features_each_weight_shrinks():
    q = torch.linalg.qr(numbers(6, 3)).Q
    y = numbers(6)
    want = (q.mT @ y / (1 + 0.5)).tolist()
    assert solved(q, y, 0.5).tolist() == near(want, 1e-9)


@claim("S1-058", "S2-086", "S3-205")
@counterexample("S1-058", "S2-086")  # "decay generalises better": up to a point
def test_a_penalty_helps_noisy_data_until_it_is_too_large():
    # Refuted if the middle penalty weren't better than none and than a huge one.
    none, middle, huge = median_test_errors([0.0, 15.0, 1e5])
    assert middle < 0.6 * none
    assert huge > 1.1 * middle


@claim("S1-058")
@counterexample("S1-058")
def test_from_zeros_there_is_little_for_the_decay_to_mend():
    # The book's set-up: 20 rows, 200 columns, weights of .01, next to no noise.
    generator = torch.Generator().manual_seed(0)
    x, x_test, start = (
        torch.randn(n, 200, generator=generator, dtype=torch.float64) for n in (20, 100, 1)
    )
    true = torch.full((200,), 0.01, dtype=torch.float64)
    y, y_test = x @ true, x_test @ true
    errors = {}
    for name, w0 in (("random", start[0]), ("zero", torch.zeros(200).double())):
        for lam in (0.0, 3.0):
            w = w0
            for _ in range(1500):
                w = w - 0.01 * (x.mT @ (x @ w - y) / 20 + lam * w)
            errors[name, lam] = float((x_test @ w - y_test).square().mean())
    # What the data don't see of a random start stays, and only the decay takes it away.
    assert errors["random", 0.0] > 1000 * errors["random", 3.0]
    assert errors["zero", 0.0] < 2 * errors["zero", 3.0]


@claim("S4-046")
@counterexample("S4-046")  # "less complex, so more robust to outliers"
def test_a_penalty_leaves_the_outlier_its_pull():
    x, y = torch.ones(10, 1).double(), torch.ones(10).double()
    y[0] = 1001
    found = [float(solved(x, y, lam)) for lam in (0.0, 1.0, 10.0)]
    assert found == near([101.0, 91.818, 50.5])
    y[0] = 2001  # twice as far, twice the harm: nothing bounds it
    assert float(solved(x, y, 10.0)) - 0.5 == near(2 * (found[2] - 0.5))
    assert float(y.median()) == 1.0  # a robust loss doesn't see it


@claim("S4-046")
def test_a_penalty_lowers_the_variance_that_noise_makes():
    x = numbers(8, 3)
    spreads = []
    for lam in (0.0, 20.0):
        hat = torch.linalg.solve(x.mT @ x + lam * torch.eye(3).double(), x.mT)
        spreads.append(float((hat @ hat.mT).trace()))
    assert spreads[1] < spreads[0]


# Hard and soft


@claim("S2-096", "S3-192")
@counterexample("S2-096", "S3-192")  # both headings say "hard constraint"
def test_the_bound_forbids_and_the_penalty_only_costs():
    w, theta, lam = 2.0, 1.0, 0.1
    assert w**2 > theta  # outside: not allowed at any price
    assert lam / 2 * w**2 == near(0.2)  # allowed, for .2
    # So a loss that falls steeply enough leaves the ball under a penalty, and never under a bound.
    slope = 10.0  # of -10 w
    assert slope / lam == near(100.0)
    assert min(slope / lam, theta**0.5) == 1.0


@counterexample("S2-097", "S3-190")
def test_where_the_loss_is_not_convex_no_penalty_has_the_bounds_minimum():
    w = torch.linspace(-1, 4, 5001, dtype=torch.float64)
    loss = w**4 / 4 - w**3
    inside = w.abs() <= 1
    assert float(w[inside][loss[inside].argmin()]) == near(1.0)
    for lam in torch.linspace(0, 4, 401).tolist():
        best = float(w[(loss + lam / 2 * w.square()).argmin()])
        assert abs(best - 1) > 0.5
    # The slope at 1 is 1 - 3 + lam, so it would be lam = 2; but then 1 is a maximum: 3 - 6 + 2 < 0.
    at, penalised = int((w - 1).abs().argmin()), loss + w.square()
    assert float(penalised[at]) == near(0.25)
    assert penalised[at] > penalised[at - 100 : at + 101 : 200].max()
    assert float(penalised.min()) == near(0.0)


@counterexample("S2-097")
def test_a_bound_of_0_has_no_penalty():
    for lam in (1.0, 1e3, 1e9):  # (w - 1)^2 / 2
        assert 1 / (1 + lam) > 0


@claim("S2-098")
@counterexample("S2-098")  # "min over theta"
def test_the_penalised_objective_has_no_theta_to_minimise_over():
    import sympy as sp

    w, b, lam, theta = sp.symbols("w b lam theta", real=True)
    objective = (w + b - 3) ** 2 + (w - b) ** 2 + lam / 2 * w**2
    assert sp.diff(objective, theta) == 0  # every theta is a minimum, whatever w is
    (found,) = sp.solve([sp.diff(objective, v) for v in (w, b)], (w, b), dict=True)
    assert sp.simplify(found[w] - 6 / (4 + lam)) == 0  # while lam decides


@claim("S3-188")
def test_the_lagrangian_is_least_in_the_weights_and_greatest_in_lam():
    # (w - 3)^2 with w^2 <= 4: w = 2, lam = 1/2; a saddle of L + lam (w^2 - theta).
    def lagrangian(w, lam):
        return (w - 3) ** 2 + lam * (w**2 - 4)

    saddle = lagrangian(2.0, 0.5)
    for off in (-0.5, -0.1, 0.1, 0.5):
        assert lagrangian(2.0 + off, 0.5) > saddle
        best = 3 / (1 + 0.5 + off)
        assert lagrangian(best, 0.5 + off) < saddle  # the dual function


# The Hessian


@claim("S4-030", "S4-031", "S4-032", "S4-315")
def test_each_eigenvector_shrinks_by_its_own_factor():
    import sympy as sp

    a, b, t, lam, first, second = sp.symbols("a b t lam w1 w2", positive=True)
    turn = sp.Matrix([[1, -t], [t, 1]])  # orthogonal columns, for any direction t
    length, best = 1 + t**2, sp.Matrix([first, second])
    hessian = turn * sp.diag(a, b) * turn.T / length
    shrunk = turn * sp.diag(a / (a + lam), b / (b + lam)) * turn.T * best / length
    slope = hessian * (shrunk - best) + lam * shrunk
    assert slope.applyfunc(sp.cancel) == sp.zeros(2, 1)
    factor = a / (a + lam)
    assert sp.limit(factor, a, sp.oo) == 1
    assert sp.limit(factor, a, 0) == 0


@counterexample("S4-030")  # exact for a quadratic; elsewhere an approximation
def test_away_from_a_quadratic_the_factor_is_off():
    w = torch.tensor(0.0, dtype=torch.float64)  # w^4 / 4 - w: best at 1, curvature 3
    for _ in range(200):
        w = w - 0.2 * (w**3 - 1 + w)
    assert float(w) == near(0.6823)
    assert 3 / (3 + 1) == 0.75


@claim("S4-315")
@counterexample("S4-315")  # "and so against vanishing gradients"
def test_decay_conditions_a_quadratic_and_too_much_makes_gradients_vanish():
    assert near(10.0) == (10 + 1) / (0.1 + 1)  # a condition of 100 without the penalty
    w = torch.eye(3).double()
    for _ in range(50):
        w = (1 - 0.1 * 0.02) * w
    factor = float(w[0, 0])
    assert factor == near(0.9047)
    assert factor**100 == near(4.5e-5, 0.05)  # a hundred such layers
    indefinite = torch.linalg.eigvalsh(vector([-2.0, 0.0], [0.0, 1.0]) + 1.5 * torch.eye(2))
    assert float(indefinite[0]) == near(-0.5)


# L1, L2, and which solutions they like


@claim("S4-023")
def test_the_norms_choose_different_solutions():
    # x1 + 2 x2 = 2.
    x1 = torch.linspace(-2, 2, 401, dtype=torch.float64)
    x = torch.stack([x1, 1 - x1 / 2], 1)
    assert x[x.square().sum(1).argmin()].tolist() == near([0.4, 0.8])
    assert x[x.abs().sum(1).argmin()].tolist() == near([0.0, 1.0])


@claim("S4-019")
def test_a_penalty_can_know_something_or_prefer_the_simple():
    # One row for two weights. Known: they are near (1, 3); simple: near 0, or few.
    x, y, known = vector([1.0, 2.0]), vector(6.0), vector(1.0, 3.0)
    informed = known + solved(x, y - x @ known, 1e-6)
    assert informed.tolist() == near([0.8, 2.6])
    assert solved(x, y, 1e-6).tolist() == near([1.2, 2.4])


@counterexample("S4-040")
def test_a_column_that_says_nothing_keeps_the_weight_0():
    assert solved(torch.eye(2).double(), vector(1.0, 0.0), 3.0).tolist() == [0.25, 0.0]


@counterexample("S4-041")
def test_without_the_soft_threshold_the_weight_hops_over_0():
    w, seen = 1.0, []
    for _ in range(200):
        w -= 0.03 * (0.1 * (w - 1) + math.copysign(1.0, w))
        seen.append(w)
    assert 0.0 not in seen
    assert min(seen[50:]) < 0 < max(seen[50:])


@counterexample("S4-035")  # "J~(w) = alpha sign(w) + grad J(w)"
def test_an_objective_is_no_vector():
    w = vector(3.0, -4.0).requires_grad_()
    objective = w.abs().sum()  # J = 0, alpha = 1
    (slope,) = torch.autograd.grad(objective, w)
    assert float(objective.detach()) == 7.0
    assert slope.tolist() == [1.0, -1.0]


@claim("S4-317")
@counterexample("S4-317")  # "regularization makes it converge": L1 leaves a choice
def test_squares_stop_the_growth_on_separable_data_and_l1_may_leave_a_choice():
    def descend(alpha, steps):
        w = 0.0  # x = -1, 1 and y = 0, 1: the mean loss is log(1 + exp(-w))
        for _ in range(steps):
            w += 1.0 / (1 + math.exp(w)) - alpha * w
        return w

    ends = [descend(0.0, steps) for steps in (100, 1000, 10_000)]
    # Ten times the steps, log 10 farther: no end.
    assert [b - a for a, b in pairwise(ends)] == near([math.log(10)] * 2, 2e-2)
    assert descend(0.1, 200) == near(descend(0.1, 400), 1e-9)
    # Two equal columns: each way to share a weight of 1.5 costs |w1| + |w2| = 1.5.
    values = [(w1 + (1.5 - w1) - 2) ** 2 + abs(w1) + abs(1.5 - w1) for w1 in (0.0, 0.5, 1.5)]
    assert values == near([values[0]] * 3, 1e-12)
    squares = [w1**2 + (1.5 - w1) ** 2 for w1 in (0.0, 0.75, 1.5)]
    assert squares[1] < min(squares[0], squares[2])


@claim("S4-044")
@counterexample("S4-044")  # "smaller weights, lower complexity"
def test_small_weights_can_make_the_same_function():
    x, w1, w2 = numbers(7, 3), numbers(4, 3), numbers(2, 4)
    want = (x @ w1.mT).relu() @ w2.mT
    for c in (0.01, 5.0):
        got = (x @ (c * w1).mT).relu() @ (w2 / c).mT
        assert torch.allclose(got, want, rtol=1e-9)

    def normalised(w):
        h = x @ w.mT
        return (h - h.mean(0)) / (h.var(0, correction=0) + 1e-12).sqrt()

    assert torch.allclose(normalised(0.01 * w1), normalised(w1), atol=1e-7)


@claim("S4-044")
def test_in_a_linear_model_small_weights_bound_the_slope():
    x, w = numbers(2, 3), vector(0.3, -0.4, 0.0)
    change = abs(float((x[0] - x[1]) @ w))
    assert change <= 0.5 * float((x[0] - x[1]).norm())


@claim("S4-314")
def test_a_common_penalty_balances_the_layers_of_a_relu_net():
    w1, w2 = numbers(4, 3), numbers(2, 4) / 5
    c = (w2.norm() / w1.norm()).sqrt()

    def price(c):
        return float((c * w1).square().sum() + (w2 / c).square().sum())

    assert float((c * w1).norm()) == near(float((w2 / c).norm()), 1e-12)
    assert all(price(c * f) > price(c) for f in (0.5, 0.9, 1.1, 2.0))


@claim("S2-094", "S4-313")
def test_a_penalised_bias_is_off_its_mean():
    b = torch.tensor(0.0, dtype=torch.float64)
    for _ in range(200):  # (b - 5)^2 / 2 + b^2 / 2
        b = b - 0.3 * ((b - 5) + 1.0 * b)
    assert float(b) == near(2.5)


# Priors


def map_of(features, targets, noise, prior):
    """The mean of the Gaussian posterior, by conditioning: no penalty in sight."""
    cov = prior**2 * features @ features.mT + noise**2 * torch.eye(len(targets)).double()
    return prior**2 * features.mT @ torch.linalg.solve(cov, targets)


@claim("S4-045", "S4-300", "S3-199")
@counterexample("S3-199")  # "the constant is 1 / sigma^2"
def test_the_gaussian_priors_constant_holds_the_noise_as_well():
    x, y, noise, prior = numbers(30, 3), numbers(30) + 2, 0.5, 0.7
    best = map_of(x, y, noise, prior)
    # ||y - X w||^2 + lam ||w||^2, or halves of both: the sum.
    assert solved(x, y, noise**2 / prior**2).tolist() == near(best.tolist(), 1e-9)
    mean = noise**2 / (len(y) * prior**2)
    assert mean == near(0.0170, 2e-3)
    # 1 / sigma^2 on the mean of the halved squares is n times as much on the sum.
    written = solved(x, y, len(y) / prior**2)
    assert (written - best).abs().max() > 0.05 * best.abs().max()
    # It is right for a noise of 1 and the sum.
    assert map_of(x, y, 1.0, prior).tolist() == near(solved(x, y, 1 / prior**2).tolist(), 1e-9)


@claim("S4-045", "S3-201", "S4-316")
@counterexample("S3-201")  # "the constant is 1 / b"
def test_the_laplace_priors_constant_holds_the_noise_as_well():
    # One weight: its posterior on a grid, from torch's own densities.
    x, y, noise, b, n = 1.5, 0.8, 0.5, 0.3, 6
    w = torch.linspace(-1, 1, 200_001, dtype=torch.float64)
    prior = torch.distributions.Laplace(vector(0.0), vector(b)).log_prob(w)
    data = n * torch.distributions.Normal(x * w, vector(noise)).log_prob(vector(y))
    best = float(w[(prior + data).argmax()])

    def lasso(lam):  # the mean of (y - x w)^2 / 2, and lam |w|
        return max(x * y - lam, 0.0) / x**2

    assert best == near(lasso(noise**2 / (n * b)), 1e-4)
    assert lasso(1 / b) == 0.0


@claim("S4-300")
def test_a_flat_prior_leaves_least_squares():
    x, y = numbers(9, 3), numbers(9) + 2
    want = torch.linalg.lstsq(x, y[:, None]).solution[:, 0].tolist()
    assert map_of(x, y, 0.5, 1e3).tolist() == near(want, 1e-4)


@claim("S4-316")
@counterexample("S4-316")  # "the logarithmic prior"
def test_the_l1_penalty_is_the_laplace_priors_logarithm():
    w = vector(3.0, -4.0)
    laplace = -torch.distributions.Laplace(0.0, 1.0).log_prob(w).sum()
    assert float(laplace) == near(7 + 2 * math.log(2), 1e-9)
    # A density that is itself proportional to log|w| has another slope: 1 / (w log w), no constant.
    z = vector(3.0, 4.0).requires_grad_()
    (slope,) = torch.autograd.grad(-z.log().log().sum(), z)
    assert slope[0] != slope[1]


@claim("S4-316")
def test_under_laplace_the_mean_of_the_posterior_is_not_0_where_its_mode_is():
    w = torch.linspace(-10, 10, 40_001, dtype=torch.float64)
    log = -(w - 0.5).square() / 2 - w.abs()
    weight = (log - log.max()).exp()
    assert float(w[log.argmax()]) == near(0.0)
    assert float((w * weight).sum() / weight.sum()) > 0.1
