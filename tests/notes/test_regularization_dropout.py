"""Claims of the notes on dropout, noise and overfitting that are not exercised; counterexamples."""

import itertools
import math
import statistics

import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn.functional import cross_entropy, dropout

from grader import claim, counterexample


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, generator):
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.fixture(autouse=True)
def one_global_seed():
    """Let torch's own dropout, which takes no generator, draw the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


# Dropout itself.


@claim("S2-106", "S3-209", "S2-104")
def test_mean_and_variance_of_dropout_follow_from_its_two_values():
    x, p = sp.symbols("x p", positive=True)
    values = [(p, sp.Integer(0)), (1 - p, x / (1 - p))]
    mean = sum(chance * value for chance, value in values)
    square = sum(chance * value**2 for chance, value in values)
    assert sp.simplify(mean - x) == 0
    assert sp.simplify(square - mean**2 - p / (1 - p) * x**2) == 0


@counterexample("S2-106")  # E f(x') = f(x), for what isn't linear
def test_behind_a_relu_the_mean_moves():
    outputs = [max(sum(kept) - 1.5, 0) for kept in itertools.product([0, 2], repeat=2)]
    assert statistics.mean(outputs) == 0.875
    assert max(1 + 1 - 1.5, 0) == 0.5


@claim("S0-232", "S2-111", "S3-206", "S1-070", "S2-109", "S2-114")
def test_in_evaluation_mode_dropout_returns_the_very_tensor():
    x, layer = torch.ones(3, 4), nn.Dropout(0.5).eval()
    assert layer(x) is x
    # The function has a flag of its own, that no mode of a module moves.
    assert bool((dropout(torch.ones(100), 0.5) == 0).any())


@counterexample("S1-070")  # testing keeps all units, and nothing is scaled
@pytest.mark.parametrize("p", [0.5, 0.2])
def test_without_a_scale_sums_in_testing_are_larger_than_in_training(p):
    x, w = normal(6, generator=seeded(1)), normal(6, generator=seeded(2))
    masks = [torch.tensor(m) for m in itertools.product([0.0, 1.0], repeat=6)]
    chances = [p ** (6 - m.sum()) * (1 - p) ** m.sum() for m in masks]
    in_training = sum(c * (m.double() * x) @ w for c, m in zip(chances, masks, strict=True))
    assert float(x @ w / in_training) == pytest.approx(1 / (1 - p), rel=1e-6)


@counterexample("S2-114")  # must give the same output
def test_monte_carlo_dropout_draws_in_inference_and_its_mean_is_still_near():
    net = nn.Sequential(nn.Linear(5, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 1))
    x = torch.randn(1, 5, generator=seeded(3))
    with torch.no_grad():
        fixed = net.eval()(x)
        assert torch.equal(net(x), fixed)
        net.train()
        draws = torch.cat([net(x) for _ in range(400)])
    assert draws.std() > 0.01
    # The last layer is linear in what is dropped: the mean is that of evaluation.
    assert abs(float(draws.mean() - fixed)) < 6 * float(draws.std()) / 20


@counterexample("S4-054")  # sampled, with a probability of usually 1
def test_units_that_stay_with_probability_1_are_no_dropout():
    x = torch.randn(50, generator=seeded(4))
    assert torch.equal(dropout(x, 1 - 1.0), x)


@claim("S4-054")
def test_what_is_sampled_is_the_mask_and_it_depends_on_nothing():
    def mask(x, p=0.4):
        torch.manual_seed(7)
        return dropout(x, p) != 0

    x = torch.randn(2000, generator=seeded(5))
    assert torch.equal(mask(x), mask(-100 * x.exp()))
    layer = nn.Dropout(0.4)
    layer(x)
    assert layer.p == 0.4
    assert list(layer.parameters()) == []


@claim("S4-320")
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_batch_norm_behind_dropout_keeps_too_large_a_variance(p):
    # Of mean 0 and variance 1: dropout leaves the second moment 1 / (1 - p).
    x = torch.randn(20_000, 3, generator=seeded(6))
    net = nn.Sequential(nn.Dropout(p), nn.BatchNorm1d(3, momentum=1.0))
    net(x)
    ratio = net[1].running_var / x.var(0)
    # A squared entry varies by less than 6 / (1 - p)^3 about its mean.
    bound = 6 * math.sqrt(6 / (1 - p) ** 3 / len(x))
    assert float((ratio - 1 / (1 - p)).abs().max()) < bound < 0.5 * (1 / (1 - p) - 0.8)


@claim("S4-320", "S4-169", "S4-051")
def test_with_a_hidden_layer_weight_scaling_is_near_the_mean_of_all_models_and_not_equal():
    x, w, v = (normal(*s, generator=seeded(8)) for s in ((4,), (6, 4), (3, 6)))
    masks = torch.tensor(list(itertools.product([0.0, 2.0], repeat=4)), dtype=torch.float64)
    scores = torch.log_softmax(((masks * x) @ w.T / 4).relu() @ v.T, 1)
    geometric = scores.mean(0).softmax(0)
    scaled = ((w @ x / 4).relu() @ v.T).softmax(0)
    assert 1e-3 < float((geometric - scaled).abs().max()) < 0.1


# Linear regressions: what a penalty or noise does to the error on new rows. The experiments would
# be refuted by medians in another order.


def regression(n=30, d=25, seed=0):
    """Rows and targets of a linear truth of size 1.5, with noise of variance 1."""
    g = seeded(seed)
    truth = 1.5 * normal(d, generator=g) / math.sqrt(d)
    features = normal(n, d, generator=g)
    return features, features @ truth + normal(n, generator=g), truth


def ridge(features, targets, penalty):
    """Minimise the mean squared error plus w^T penalty w."""
    n = len(features)
    return torch.linalg.solve(features.T @ features / n + penalty, features.T @ targets / n)


def input_dropout(features, p):
    """The penalty that dropout of the features adds on average."""
    return p / (1 - p) * features.square().mean(0).diag()


def input_noise(features, nu):
    return nu * torch.eye(features.shape[1], dtype=torch.float64)


def median_test_error(penalty, strength, label_noise=0.0, **sizes):
    """The median over 30 data sets of the expected squared error on a new row."""
    errors = []
    for seed in range(30):
        features, targets, truth = regression(seed=seed, **sizes)
        targets = targets + label_noise * normal(len(targets), generator=seeded(seed + 500))
        weights = ridge(features, targets, penalty(features, strength))
        errors.append(1 + float((weights - truth).square().sum()))
    return statistics.median(errors)


@claim("S1-068", "S0-337", "S2-112", "S4-274")
def test_dropout_of_features_halves_the_test_error_where_rows_are_few():
    assert median_test_error(input_dropout, 0.3) < median_test_error(input_dropout, 0.0) / 2


@counterexample("S1-068")  # solves
@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_whatever_its_strength_dropout_leaves_much_of_the_overfitting(p):
    # Without any the error would be that of the noise, 1.
    assert median_test_error(input_dropout, p) > 1.5


@counterexample("S2-112")  # prevents overfitting, makes more robust
def test_with_many_rows_and_few_features_dropout_hurts():
    sizes = {"n": 200, "d": 3}
    assert median_test_error(input_dropout, 0.5, **sizes) > 1.2
    assert median_test_error(input_dropout, 0.0, **sizes) < 1.05


@claim("S0-340", "S4-270")
def test_noise_on_the_inputs_halves_the_test_error_where_rows_are_few():
    assert median_test_error(input_noise, 0.3) < median_test_error(input_noise, 0.0) / 2


@counterexample("S0-340", "S4-270")  # noise, more of it, of any kind
def test_noise_on_labels_and_too_much_on_inputs_hurt():
    plain = median_test_error(input_noise, 0.0)
    assert median_test_error(input_noise, 0.0, label_noise=1.0) > 1.5 * plain
    assert median_test_error(input_noise, 100.0) > 1.4 * median_test_error(input_noise, 0.3)


@claim("S0-342")
def test_the_posterior_mean_is_a_ridge_and_overfits_less():
    features, targets, _ = regression(seed=1)
    alpha, beta, n = 8.0, 2.0, len(targets)
    # Weights and targets are jointly normal: the mean of one given the other, by n x n matrices.
    covariance = features @ features.T / alpha + torch.eye(n, dtype=torch.float64) / beta
    mean = features.T @ torch.linalg.solve(covariance, targets) / alpha
    expected = ridge(features, targets, input_noise(features, alpha / beta / n))
    torch.testing.assert_close(mean, expected, rtol=1e-9, atol=1e-12)
    # The truth's entries have variance 1.5^2 / 25, the noise 1.
    right = 25 / 1.5**2 / 30
    assert median_test_error(input_noise, right) < median_test_error(input_noise, 0.0) / 2


def with_features(seed, informative, noise):
    """Training and test error on 30 and 1000 rows, with features that say something, and others."""
    g = seeded(seed)
    x = normal(1030, 3, generator=g)
    y = x @ torch.tensor([1.0, 2.0, -2.0], dtype=torch.float64) + normal(1030, generator=g)
    x = torch.cat([x[:, :informative], normal(1030, noise, generator=g)], 1)
    errors = (y - x @ torch.linalg.lstsq(x[:30], y[:30, None]).solution[:, 0]).square()
    return errors[:30].mean(), errors[30:].mean()


def median_errors(**features):
    return torch.tensor([with_features(seed, **features) for seed in range(30)]).median(0).values


@claim("S4-263")
def test_features_that_say_something_lower_both_errors():
    one, three = (median_errors(informative=k, noise=0) for k in (1, 3))
    assert (three < one / 3).all()


@counterexample("S4-263")  # further features, of whatever kind
def test_features_of_noise_lower_the_training_error_alone():
    one, more = median_errors(informative=1, noise=0), median_errors(informative=1, noise=20)
    assert more[0] < one[0] / 2
    assert more[1] > 2 * one[1]


def random_features(k, seed):
    """The test error of the shortest least squares fit on k random relu features, of 40 rows."""
    g = seeded(seed)
    x = normal(340, 5, generator=g)
    y = torch.sin(1.5 * x.sum(1) / math.sqrt(5)) + 0.1 * normal(340, generator=g)
    hidden = (x @ normal(5, k, generator=g) + normal(k, generator=g)).relu() / math.sqrt(k)
    fit = torch.linalg.pinv(hidden[:40]) @ y[:40]
    return float((y[40:] - hidden[40:] @ fit).square().mean())


def median_of_features(k):
    return statistics.median(random_features(k, seed) for seed in range(15))


@claim("S1-145")
def test_half_the_parameters_may_overfit_less():
    assert median_of_features(20) < median_of_features(40) / 2


@counterexample("S1-145")  # having fewer parameters
def test_25_times_the_parameters_may_overfit_less_too():
    assert median_of_features(1000) < median_of_features(40) / 5


# Data that are doubled.


def nearest_neighbour_accuracy(label, doubled):
    """The median share of right labels, over 30 samples of 20 points."""
    shares = []
    for seed in range(30):
        g = seeded(seed)
        known, asked = (2 * torch.rand(n, 2, generator=g) - 1 for n in (20, 500))
        labels = label(known)
        if doubled:
            known, labels = torch.cat([known, -known]), torch.cat([labels, labels])
        found = labels[torch.cdist(asked, known).argmin(1)]
        shares.append(float((found == label(asked)).float().mean()))
    return statistics.median(shares)


def by_product(x):
    return x[:, 0] * x[:, 1] > 0


def by_first(x):
    return x[:, 0] > 0


@claim("S0-334")
def test_reflected_points_help_where_reflections_keep_the_label():
    plain, more = (nearest_neighbour_accuracy(by_product, doubled=d) for d in (False, True))
    assert more > plain + 0.02


@counterexample("S0-334")  # augmentation of any kind
def test_reflected_points_hurt_where_reflections_change_the_label():
    plain, more = (nearest_neighbour_accuracy(by_first, doubled=d) for d in (False, True))
    assert more < 0.6
    assert plain > 0.9


# Noise on the weights.


def mean_loss_with_weight_noise(output, weights, target, eta):
    """The mean over noise of +-sqrt(eta) on each weight: mean 0, variance eta."""
    signs = itertools.product([-1.0, 1.0], repeat=len(weights))
    noisy = [weights + math.sqrt(eta) * torch.tensor(s, dtype=torch.float64) for s in signs]
    return torch.stack([(output(w) - target) ** 2 for w in noisy]).mean()


@claim("S4-318")
@pytest.mark.parametrize("eta", [1e-4, 1e-5])
def test_small_weight_noise_adds_eta_times_the_squared_gradient(eta):
    x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)

    def output(w):
        return torch.tanh(w @ x)

    w = torch.tensor([0.4, 0.1, 0.3], dtype=torch.float64, requires_grad=True)
    y = output(w)
    (grad,) = torch.autograd.grad(y, w, create_graph=True)
    trace = sum(torch.autograd.grad(g, w, retain_graph=True)[0][i] for i, g in enumerate(grad))
    for target in (y.detach(), y.detach() - 0.5):
        added = mean_loss_with_weight_noise(output, w.detach(), target, eta) - (y - target) ** 2
        expected = eta * (grad.square().sum() + (y - target) * trace).detach()
        # What is left is of second order in eta.
        assert float((added.detach() / expected - 1).abs()) < 200 * eta


# A network that learns labels of which a fifth is wrong, three data sets at once. It overfits:
# what is compared is the loss on new rows, with as many wrong labels. The experiments would be
# refuted by losses in another order, in any of the three.

SETS, D = 3, 10


def labelled(n, seed):
    g = seeded(seed)
    x = torch.randn(SETS, n, D, generator=g)
    y = (x[..., 0] + x[..., 1] > 0).long()
    return x, torch.where(torch.rand(SETS, n, generator=g) < 0.2, 1 - y, y)


def loss(outputs, y, smoothing=0.0):
    each = cross_entropy(outputs.mT, y, reduction="none", label_smoothing=smoothing)
    return each.mean(1)


class Nets:
    """Networks with a hidden layer, one for each data set, and full-batch gradient descent."""

    def __init__(self, h=50, seed=1, normalise=False):
        self.g, self.normalise, self.stats = seeded(seed), normalise, None
        first, last = ((SETS, D, h), (SETS, 1, h)), ((SETS, h, 2), (SETS, 1, 2))
        self.params = [torch.zeros(s) for shapes in (first, last) for s in shapes]
        for weight, fan_in in ((self.params[0], D), (self.params[2], h)):
            weight.normal_(generator=self.g).div_(math.sqrt(fan_in))
        for q in self.params:
            q.requires_grad_()

    def __call__(self, x, p=0.0, training=False):
        hidden = x @ self.params[0] + self.params[1]
        if self.normalise:
            if training:
                self.stats = hidden.mean(1, keepdim=True), hidden.var(1, keepdim=True)
            mean, var = self.stats
            hidden = (hidden - mean) / (var + 1e-5).sqrt()
        hidden = hidden.relu()
        if p and training:
            hidden = hidden * (torch.rand(hidden.shape, generator=self.g) >= p) / (1 - p)
        return hidden @ self.params[2] + self.params[3]

    def fit(self, n=40, lr=1.0, steps=200, p=0.0, decay=0.0, smoothing=0.0):
        x, y = labelled(n, 0)
        for _ in range(steps):
            grads = torch.autograd.grad(loss(self(x, p, True), y, smoothing).sum(), self.params)
            with torch.no_grad():
                for q, g in zip(self.params, grads, strict=True):
                    q -= lr * (g + decay * q)
        if self.normalise:
            self.stats = [s.detach() for s in self.stats]
        return self

    @torch.no_grad()
    def losses(self):
        """The losses on the rows it has learned, and on new ones; each one a data set."""
        return [loss(self(x), y) for x, y in (labelled(40, 0), labelled(500, 1))]


@pytest.fixture(scope="module")
def plain():
    return Nets().fit().losses()


@claim("S4-348", "S4-276")
@pytest.mark.parametrize(
    "remedy",
    [{"n": 400}, {"decay": 0.05}, {"steps": 30}, {"smoothing": 0.3}],
    ids=lambda remedy: next(iter(remedy)),
)
def test_more_data_decay_fewer_steps_and_smoothing_each_lower_the_test_loss(plain, remedy):
    assert bool((Nets().fit(**remedy).losses()[1] < plain[1] - 0.1).all())


@claim("S4-348", "S0-344")
def test_the_mean_of_several_networks_has_a_lower_test_loss(plain):
    x, y = labelled(500, 1)
    nets = [Nets(seed=seed).fit(steps=100) for seed in range(1, 5)]
    with torch.no_grad():
        said = torch.stack([net(x).softmax(-1) for net in nets])
        alone = torch.stack([loss(p.log(), y) for p in said]).mean(0)
        assert bool((loss(said.mean(0).log(), y) < alone - 0.05).all())


@counterexample("S4-274", "S1-068")  # against overfitting: dropout
def test_dropout_lets_a_network_learn_wrong_labels_and_raises_its_test_loss(plain):
    train, test = Nets().fit(p=0.5).losses()
    assert bool((train < 0.05).all())
    assert bool((test > plain[1]).all())


@counterexample("S4-276")  # fewer iterations, without an end
def test_a_single_step_underfits():
    one, thirty = (Nets().fit(steps=steps, lr=0.1).losses() for steps in (1, 30))
    assert bool((one[0] > 1.5 * thirty[0]).all())


@counterexample("S4-277")  # a larger learning rate
@claim("S4-277")
def test_a_larger_rate_fits_the_wrong_labels_sooner_and_then_diverges(plain):
    train, test = Nets().fit(lr=0.1).losses()
    assert bool((plain[0] < train / 3).all())
    assert bool((plain[1] > test + 0.1).all())
    assert bool(Nets().fit(lr=100.0, steps=60).losses()[0].isnan().any())


@claim("S0-345")
def test_the_noise_of_batch_norm_falls_with_the_size_of_the_batch():
    layer = nn.BatchNorm1d(1).train()
    one = torch.ones(1, 1)

    def spread(n):
        g = seeded(n)
        with torch.no_grad():
            return torch.stack(
                [layer(torch.cat([one, torch.randn(n - 1, 1, generator=g)]))[0] for _ in range(300)]
            ).std()

    # Batches of 64 times the size: an eighth of the noise, where the batches are large enough.
    assert spread(4) > 4 * spread(256) > 0


@counterexample("S0-345")  # batch normalisation, in whatever batches
def test_with_all_rows_in_a_batch_wrong_labels_are_learned_all_the_same():
    train, test = Nets(normalise=True).fit().losses()
    assert bool((train < 0.05).all())
    assert bool((test > math.log(2)).all())  # worse than to say 1/2 whatever the row
