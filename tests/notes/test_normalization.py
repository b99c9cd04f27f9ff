"""Claims of the notes on normalization that are verified and not exercised, and experiments.

The experiments are small and seeded: nets on 256 samples of four classes in 8 dimensions, whose
chance level of the loss is log 4 = 1.386. Each compares two runs that differ in one thing.
"""

import functools
import itertools
import math
import statistics

import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn import functional as F

from grader import claim, counterexample

CHANCE = math.log(4)
SEEDS = (0, 1, 2)


def samples(seed, n=256):
    """Four classes around fixed centres: x [n, 8], y [n]."""
    draw = torch.Generator().manual_seed(seed)
    centres = 2 * torch.randn(4, 8, generator=torch.Generator().manual_seed(99))
    y = torch.randint(4, (n,), generator=draw)
    return centres[y] + torch.randn(n, 8, generator=draw), y


def network(seed, norm=None, act=nn.Sigmoid, depth=4, width=24):
    """Dense layers, each with `norm` before its activation if there is one."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = []
        for k in range(depth):
            layers.append(nn.Linear(8 if k == 0 else width, width))
            layers += [norm(width)] if norm else []
            layers.append(act())
        return nn.Sequential(*layers, nn.Linear(width, 4))


def train(net, x, y, steps=60, lr=0.1, batch=64, seed=0):
    """SGD on random batches; return the loss on all of x, with the statistics of all of x."""
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr)
    for _ in range(steps):
        chosen = torch.randint(len(x), (batch,), generator=draw) if batch < len(x) else slice(None)
        optimizer.zero_grad()
        F.cross_entropy(net(x[chosen]), y[chosen]).backward()
        optimizer.step()
    with torch.no_grad():
        return F.cross_entropy(net(x), y).item()


def accuracy(net, x, y):
    """The share of right answers in evaluation mode."""
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).double().mean().item()


# Training: speed, learning rate, batch size


@functools.cache
def losses(norm, act, lr, depth, batch):
    x, y = samples(0)
    return [train(network(s, norm, act, depth), x, y, lr=lr, batch=batch, seed=s) for s in SEEDS]


@claim("S1-156", "S4-088", "S4-241")
def test_a_deep_sigmoid_net_trains_faster_with_batch_norm():
    # Refuted if the net with it were not well ahead of the same net without.
    assert min(losses(None, nn.Sigmoid, 0.1, 4, 64)) > CHANCE - 0.05
    assert max(losses(nn.BatchNorm1d, nn.Sigmoid, 0.1, 4, 64)) < 0.7


@claim("S4-088")
def test_with_batch_norm_a_learning_rate_works_that_breaks_the_plain_net():
    # Refuted if the rate broke both nets, or none. A broken one is at chance, or nan.
    assert not any(loss < CHANCE - 0.1 for loss in losses(None, nn.ReLU, 2.0, 2, 256))
    assert max(losses(nn.BatchNorm1d, nn.ReLU, 2.0, 2, 256)) < 0.1
    # At a small rate the plain net does learn.
    assert max(losses(None, nn.ReLU, 0.1, 2, 256)) < 0.7


@functools.cache
def accuracies(norm, batch):
    return [trained_accuracy(norm, batch, seed) for seed in SEEDS]


def trained_accuracy(norm, batch, seed):
    net = network(seed, norm, nn.ReLU, depth=3)
    train(net, *samples(0), steps=100, batch=batch, seed=seed)
    return accuracy(net, *samples(1, 400))


@claim("S0-271", "S0-296", "S4-090", "S4-093", "S4-096")
@counterexample("S1-156", "S4-090", "S4-096")
def test_at_batch_size_2_batch_norm_hurts_and_layer_norm_does_not():
    # Refuted if batch norm were as good as the plain net, or layer norm as bad as batch norm.
    plain, bn, ln = (accuracies(n, 2) for n in (None, nn.BatchNorm1d, nn.LayerNorm))
    assert max(bn) < 0.85
    assert min(plain) > 0.95
    assert min(ln) > 0.95


@claim("S0-271", "S4-093")
def test_at_batch_size_32_batch_norm_is_as_good_as_any():
    assert min(accuracies(nn.BatchNorm1d, 32)) > 0.95


@claim("S0-296")
def test_groups_work_at_batch_size_2():
    assert min(accuracies(functools.partial(nn.GroupNorm, 4), 2)) > 0.95


@claim("S4-091")
@counterexample("S4-091")
def test_a_net_with_batch_norm_learns_random_labels():
    # The notes: it prevents overfitting. At full batch there isn't even noise.
    x, _ = samples(0, 64)
    draw = torch.Generator().manual_seed(5)
    y, others = torch.randint(4, (64,), generator=draw), torch.randint(4, (400,), generator=draw)
    net = network(0, nn.BatchNorm1d, nn.ReLU, depth=2, width=64)
    train(net, x, y, steps=120, lr=0.5)
    assert accuracy(net, x, y) == 1
    # 400 coin tosses with 1/4: 6 standard errors are 0.13.
    assert accuracy(net, samples(1, 400)[0], others) < 0.25 + 0.13


# Internal covariate shift


class Shaken(nn.BatchNorm1d):
    """Batch norm with noise behind it: each unit shifted and scaled anew at every step."""

    def __init__(self, width):
        super().__init__(width)
        self.draw = torch.Generator().manual_seed(7)

    def forward(self, x):
        scale, shift = torch.randn(2, x.shape[1], generator=self.draw) / 2
        return (1 + scale) * super().forward(x) + shift


@functools.cache
def drift(norm, layer, lr=0.1, seed=0):
    """How far the mean input of a dense layer moves in a step, on average over 60 steps; the loss.

    All steps are on the same 256 samples: the data themselves never change.
    """
    (x, y), net = samples(0), network(seed, norm)
    place = [k for k, module in enumerate(net) if isinstance(module, nn.Linear)][layer]
    optimizer, means = torch.optim.SGD(net.parameters(), lr), []
    for _ in range(60):
        h = x
        for k, module in enumerate(net):
            if k == place:
                means.append(h.detach().mean(0))
            h = module(h)
        loss = F.cross_entropy(h, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moves = [(b - a).norm().item() for a, b in itertools.pairwise(means)]
    return statistics.mean(moves), loss.item()


@claim("S4-058", "S4-082")
def test_the_input_of_a_hidden_layer_moves_while_the_net_learns():
    # Refuted if it stayed, or if it moved without learning.
    assert drift(None, 1)[0] > 1e-6
    assert drift(None, 3)[0] > 1e-6
    assert drift(None, 1, lr=0.0)[0] == 0


@claim("S4-081")
@counterexample("S4-081")
def test_the_data_do_not_shift_while_hidden_inputs_do():
    # The notes: one and the same problem. The first layer sees the data: no covariate shift.
    assert drift(None, 0)[0] == 0
    assert drift(None, 1)[0] > 1e-6


@claim("S4-089", "S4-079")
@counterexample("S4-079", "S4-089")
def test_with_batch_norm_inputs_move_all_the_same():
    # The notes: it eliminates the shift; each layer's input keeps one distribution.
    for layer in (1, 3):
        assert drift(nn.BatchNorm1d, layer)[0] > drift(None, layer)[0]
    assert drift(nn.BatchNorm1d, 3)[1] < drift(None, 3)[1] - 0.5


@claim("S4-079")
@counterexample("S4-079")
def test_gamma_and_beta_move_the_mean_and_the_deviation_that_were_fixed():
    x, y = samples(0)
    net = network(0, nn.BatchNorm1d)
    train(net, x, y, lr=1.0, batch=256)
    with torch.no_grad():
        z = net[:2](x)
    # mean beta, deviation |gamma|: no longer 0 and 1.
    assert torch.allclose(z.mean(0), net[1].bias, atol=1e-5)
    assert torch.allclose(z.std(0, correction=0), net[1].weight.abs(), atol=1e-4)
    assert net[1].bias.abs().max() > 0.01
    assert (net[1].weight - 1).abs().max() > 0.01


@claim("S4-059", "S4-241")
@counterexample("S4-059", "S4-241")
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_more_shift_does_not_make_training_harder(seed):
    # The notes: the shift makes training harder, and less of it is why batch norm helps.
    # Refuted if the shaken net, whose inputs move most, learned no faster than the plain one.
    (moves, loss), (plain_moves, plain_loss) = (
        drift(Shaken, 3, seed=seed),
        drift(None, 3, seed=seed),
    )
    assert moves > 100 * plain_moves
    assert loss < 1 < plain_loss


# Noise of the batch


def normalised_in_company(m, draws=300):
    """What the sample 1 becomes beside m - 1 others, drawn anew each time."""
    draw = torch.Generator().manual_seed(m)
    batches = torch.randn(draws, m, generator=draw, dtype=torch.float64)
    batches[:, 0] = 1.0
    return F.batch_norm(batches.mT, None, None, training=True)[0]


@claim("S0-271", "S0-282", "S4-093")
def test_the_noise_of_a_batch_falls_as_the_root_of_its_size():
    small, large = (normalised_in_company(m).std().item() for m in (8, 128))
    # 300 draws: a ratio of 4 with a standard error of 6 %; 6 of these are less than 2.
    assert 2 < small / large < 6


@claim("S0-271")
def test_the_biased_variance_of_two_is_half_the_truth_on_average():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(20000, 2, generator=draw, dtype=torch.float64)
    # The variance of two is chi^2_1 / 2: its standard deviation is 0.71, its error here 0.005.
    assert abs(x.var(1, correction=0).mean() - 0.5) < 0.03
    assert abs(x.mean(1).std() - 0.707) < 0.03


# What torch's layers hold and do


@claim("S0-280", "S4-068", "S4-238")
def test_statistics_are_buffers_and_gamma_and_beta_parameters():
    layer = nn.BatchNorm2d(10)
    assert {n: tuple(p.shape) for n, p in layer.named_parameters()} == {
        "weight": (10,),
        "bias": (10,),
    }
    assert {n: tuple(b.shape) for n, b in layer.named_buffers()} == {
        "running_mean": (10,),
        "running_var": (10,),
        "num_batches_tracked": (),
    }
    assert len(layer.state_dict()) == 5
    assert layer.weight.tolist() == [1.0] * 10
    assert layer.bias.tolist() == [0.0] * 10


@claim("S4-229", "S4-234")
@counterexample("S4-229", "S4-238")
def test_the_listings_layer_has_nothing_to_print(capsys):
    # The notes' cell, its comma mended.
    bn = nn.BatchNorm2d(10, affine=False)
    for i in bn.parameters():
        print("bn para shape:", i.shape)
    assert capsys.readouterr().out == ""
    assert len(bn.state_dict()) == 3
    assert bn(torch.ones(1, 10, 189, 189)).shape == (1, 10, 189, 189)


@claim("S0-233")
@counterexample("S0-233")
def test_without_tracking_eval_still_uses_the_batch():
    # The notes: no more computing in eval mode.
    layer = nn.BatchNorm1d(1, track_running_stats=False).eval()
    assert torch.allclose(layer(torch.tensor([[3.0], [5.0]])), torch.tensor([[-1.0], [1.0]]))


@claim("S0-287")
@counterexample("S0-287")
def test_behind_the_activation_batch_norm_is_another_function():
    z = torch.tensor([[1.0], [3.0]])
    before = F.batch_norm(z, None, None, training=True).relu()
    behind = F.batch_norm(z.relu(), None, None, training=True)
    assert torch.allclose(before, torch.tensor([[0.0], [1.0]]), atol=1e-4)
    assert torch.allclose(behind, torch.tensor([[-1.0], [1.0]]), atol=1e-4)


@claim("S0-302")
def test_resnets_have_dozens_of_normalization_layers():
    # One behind each convolution: the first, those of the blocks, those of the shortcuts.
    def layers(blocks, convolutions, shortcuts):
        net = nn.Sequential(nn.BatchNorm2d(64))
        for width, count in zip((64, 128, 256, 512), blocks, strict=True):
            stage = nn.Sequential(*(nn.BatchNorm2d(width) for _ in range(count * convolutions)))
            net.append(stage)
        net.extend(nn.BatchNorm2d(64) for _ in range(shortcuts))
        return sum(isinstance(m, nn.BatchNorm2d) for m in net.modules())

    assert layers((2, 2, 2, 2), 2, 3) == 18 + 2  # a ResNet-18: 17 convolutions and 3 shortcuts
    assert layers((3, 4, 6, 3), 3, 4) == 50 + 3  # a ResNet-50: 49 and 4


# What normalising alone takes away


@claim("S1-162", "S4-067")
def test_without_gamma_and_beta_a_layer_can_only_give_mean_0_and_variance_at_most_1():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(32, 8, generator=draw, dtype=torch.float64)
    for scale in (0.01, 1.0, 100.0):
        weight = scale * torch.randn(5, 8, generator=draw, dtype=torch.float64)
        bias = scale * torch.randn(5, generator=draw, dtype=torch.float64)
        y = F.batch_norm(F.linear(x, weight, bias), None, None, training=True)
        assert y.mean(0).abs().max() < 1e-9
        assert y.var(0, correction=0).max() <= 1
        assert y.abs().max() <= math.sqrt(31)
        # A sigmoid behind it is left with its nearly straight part: |s(z) - 1/2 - z/4| <= |z|^3/48.
        assert ((y.sigmoid() - 0.5 - y / 4).abs() <= y.abs() ** 3 / 48 + 1e-12).all()


@claim("S4-069", "S1-163")
def test_gamma_and_beta_can_undo_it_symbolically():
    x, mean, var, eps = sp.symbols("x mu v epsilon", positive=True)
    gamma, beta = sp.sqrt(var + eps), mean
    assert sp.simplify(gamma * (x - mean) / sp.sqrt(var + eps) + beta - x) == 0


@claim("S4-073", "S4-074")
def test_m_over_m_minus_1_makes_the_variance_unbiased_symbolically():
    # E[sigma_B^2] = E[x^2] - E[mu_B^2], and E[mu_B^2] = Var/m + mu^2 for independent samples.
    m, var, mu = sp.symbols("m v mu", positive=True)
    biased = (var + mu**2) - (var / m + mu**2)
    assert sp.simplify(m / (m - 1) * biased - var) == 0


@claim("S4-087")
@counterexample("S4-087")
def test_a_moving_average_forgets_where_the_notes_average_all():
    # The notes: from all training instances. One batch with mean 1, then 22 with mean 0.
    batches = [torch.ones(2, 1)] + 22 * [torch.zeros(2, 1)]
    kept = {}
    for momentum in (0.1, None):
        layer = nn.BatchNorm1d(1, momentum=momentum)
        for x in batches:
            layer(x)
        kept[momentum] = layer.running_mean.item()
    assert kept[0.1] == pytest.approx(0.1 * 0.9**22, rel=1e-4)
    assert kept[0.1] < 0.01
    assert kept[None] == pytest.approx(1 / 23, rel=1e-4)


# Dates: an arXiv identifier begins with year and month

ARXIV = {
    "batch": "1502.03167",
    "layer": "1607.06450",
    "instance": "1607.08022",
    "group": "1803.08494",
    "switchable": "1806.10779",
}


def year(method):
    return 2000 + int(ARXIV[method][:2])


@claim("S0-268")
def test_the_papers_are_of_the_years_that_the_notes_give():
    found = {method: year(method) for method in ("batch", "layer", "group", "switchable")}
    assert found == {"batch": 2015, "layer": 2016, "group": 2018, "switchable": 2018}


@claim("S0-269")
@counterexample("S0-269")
def test_instance_normalization_is_a_year_older_than_the_notes_say():
    assert year("instance") == 2017 - 1


@claim("S4-075")
@counterexample("S4-075")
def test_batch_norm_was_not_of_the_last_year_when_the_newest_method_came():
    # The notes name switchable normalization: they are of 2018 at the earliest.
    assert year("switchable") - year("batch") > 1
