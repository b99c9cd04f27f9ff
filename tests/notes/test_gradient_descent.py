"""Claims on gradient descent, batches, rates and clipping that are verified and not exercised."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from grader import claim, counterexample


def near(value, digits=1e-3):
    """The value, to the digits that the ledger states."""
    return pytest.approx(value, rel=digits)


def regression(n=1000, noise=0.1):
    """Rows of two standard normal features, and y = 2 x1 - 3.4 x2 + 4.2 + noise."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(n, 2, dtype=torch.float64, generator=generator)
    errors = torch.randn(n, dtype=torch.float64, generator=generator)
    return features, features @ torch.tensor([2.0, -3.4]).double() + 4.2 + noise * errors


def train(batch_size, lr, epochs=1, noise=0.1, scale=1.0):
    """The parameters of each epoch of SGD on scale * mean of the squared errors / 2."""
    features, targets = regression(noise=noise)
    design = torch.cat([features, torch.ones(len(features), 1).double()], 1)
    theta, path = torch.zeros(3).double(), []
    generator = torch.Generator().manual_seed(1)
    for _ in range(epochs):
        for rows in torch.randperm(len(design), generator=generator).split(batch_size):
            errors = design[rows] @ theta - targets[rows]
            theta = theta - lr * scale * design[rows].mT @ errors / len(rows)
        path.append(theta)
    return path


def mean_squared_error(theta, noise=0.1):
    features, targets = regression(noise=noise)
    return float((features @ theta[:2] + theta[2] - targets).square().mean())


@claim("S1-006")
def test_sgd_comes_near_the_least_squares_solution():
    # Refuted if the last epochs were no nearer to it than the first.
    features, targets = regression()
    design = torch.cat([features, torch.ones(len(features), 1).double()], 1)
    best = torch.linalg.lstsq(design, targets[:, None]).solution[:, 0]
    path = train(batch_size=10, lr=0.01, epochs=12)
    first, last = (float((theta - best).norm()) for theta in (path[0], path[-1]))
    assert last < first / 20


@claim("S1-203", "S2-052")
def test_in_one_epoch_larger_batches_get_less_far_at_the_same_rate():
    # Refuted if the fewer steps of a large batch were so much better that an epoch gets as far.
    ends = [mean_squared_error(train(b, 0.05)[-1]) for b in (1, 10, 100, 1000)]
    assert ends[0] < 0.02
    assert ends[1] < 0.02
    assert ends[2] > 10 * ends[1]
    assert ends[3] > 2 * ends[2]


@counterexample("S2-052")  # "a batch that is too large wastes computation"
def test_where_the_rate_grows_along_with_the_batch_nothing_is_wasted():
    ends = [mean_squared_error(train(b, lr)[-1]) for b, lr in ((10, 0.05), (40, 0.2))]
    assert ends[1] < 2 * ends[0]
    assert ends[0] < 2 * ends[1]


class Multiplications(TorchFunctionMode):
    """Counts 2 n k m operations for each product of [n, k] and [k, m]."""

    flops = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.matmul:
            (n, k), (_, m) = args[0].shape, args[1].shape
            self.flops += 2 * n * k * m
        return func(*args, **(kwargs or {}))


def flops(n, d):
    """What the gradient of a linear model over n rows costs."""
    features, weights = torch.ones(n, d), torch.ones(d, 1)
    with Multiplications() as counter:
        features.mT @ (features @ weights - 1)
    return counter.flops


@claim("S2-048", "S4-153")
def test_a_gradient_costs_in_proportion_to_its_rows():
    assert [flops(n, 20) for n in (64, 1000, 2000)] == [5120, 80_000, 160_000]


@counterexample("S2-048")  # "the whole training set is too expensive"
def test_the_whole_gradient_of_few_rows_costs_no_more_than_a_batch():
    assert flops(60, 20) < flops(64, 20)
    # And all batches of an epoch cost together what the whole gradient costs.
    assert sum(flops(len(rows), 20) for rows in torch.arange(1000).split(64)) == flops(1000, 20)


@claim("S1-171", "S2-125")
def test_a_recurrent_net_that_explodes_is_trained_with_clipping():
    # Refuted if the run with clipping ended no better than the one without.
    def trained(clips):
        rate = torch.nn.Parameter(torch.tensor(1.5).double())
        loss = torch.tensor(0.0)
        for _ in range(120):
            hidden = torch.tensor(1.0).double()
            for _ in range(40):
                hidden = rate * hidden
            loss = (hidden - 0.5).square()
            rate.grad = None
            loss.backward()
            if clips:
                torch.nn.utils.clip_grad_norm_([rate], 1.0)
            with torch.no_grad():
                rate -= 0.01 * rate.grad
            if not torch.isfinite(rate):
                return math.inf
        return float(loss.detach())

    assert trained(clips=True) < 0.1
    assert trained(clips=False) == math.inf


def explosion(steps):
    """The gradient of the last state of h' = 1.5 h + 1 by the factor 1.5."""
    rate = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    hidden = torch.tensor(0.0, dtype=torch.float64)
    for _ in range(steps):
        hidden = rate * hidden + 1
    return torch.autograd.grad(hidden, rate)[0]


@counterexample("S1-171")  # "clipping prevents the explosion"
def test_the_gradient_explodes_before_it_is_clipped():
    weight = torch.nn.Parameter(torch.tensor(1.5).double())
    weight.grad = explosion(40)
    before = float(torch.nn.utils.clip_grad_norm_([weight], 1.0))
    assert before > 1e6
    assert float(weight.grad) == near(1.0, 1e-6)


@counterexample("S1-171", "S2-125")
def test_torchs_clipping_makes_nan_and_zero_of_infinity_and_one():
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([math.inf, 1.0])
    torch.nn.utils.clip_grad_norm_([weight], 1.0)
    assert weight.grad[0].isnan()
    assert weight.grad[1] == 0


@claim("S4-308")
def test_by_the_norm_the_direction_stays_and_by_value_it_changes():
    g = torch.tensor([3.0, 0.4], dtype=torch.float64)
    by_norm, by_value = torch.nn.Parameter(g.clone()), torch.nn.Parameter(g.clone())
    by_norm.grad, by_value.grad = g.clone(), g.clone()
    torch.nn.utils.clip_grad_norm_([by_norm], 1.0)
    torch.nn.utils.clip_grad_value_([by_value], 1.0)
    assert torch.cosine_similarity(by_norm.grad, g, dim=0) == near(1.0, 1e-12)
    assert by_value.grad.tolist() == near([1.0, 0.4], 1e-12)
    assert torch.cosine_similarity(by_value.grad, g, dim=0) < 0.97


@claim("S4-308")
def test_a_truncated_or_gated_recurrence_explodes_less():
    assert explosion(5) < explosion(40) / 1e6

    def through_a_gate(steps):
        """As in an LSTM: the state is carried on by a gate below 1."""
        hidden = carried = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        for _ in range(steps):
            hidden = 0.9 * hidden + 0.1 * torch.tanh(1.5 * hidden)
        return torch.autograd.grad(hidden, carried)[0]

    assert through_a_gate(40) < 1


@claim("S1-201")
@counterexample("S1-201", "S4-161")  # "batch" and "SGD" both mean something else in torch
def test_all_rows_a_batch_and_one_row_are_all_steps_of_torchs_sgd():
    rows = torch.tensor([1.0, 2.0, 6.0])
    (batch,) = next(iter(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows), 2)))
    assert batch.tolist() == [1.0, 2.0]
    ends = []
    for drawn in (rows, batch, rows[:1]):
        w = torch.nn.Parameter(torch.tensor(0.0))
        sgd = torch.optim.SGD([w], lr=0.5)
        ((w - drawn) ** 2 / 2).mean().backward()
        sgd.step()
        ends.append(float(w.detach()))
    assert ends == near([1.5, 0.75, 0.5], 1e-6)


@claim("S4-161")
def test_torchs_sgd_on_mini_batches_is_mini_batch_descent():
    features, targets = regression(20)
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    theta = torch.cat([model.weight.detach()[0], model.bias.detach()])
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    for rows in torch.arange(20).split(6):
        sgd.zero_grad()
        ((model(features[rows])[:, 0] - targets[rows]) ** 2 / 2).mean().backward()
        sgd.step()
        design = torch.cat([features[rows], torch.ones(len(rows), 1).double()], 1)
        theta = theta - 0.1 * design.mT @ (design @ theta - targets[rows]) / len(rows)
    assert torch.cat([model.weight[0], model.bias]).tolist() == near(theta.tolist(), 1e-9)


def listings_sgd(params, lr, batch_size):
    """The listing: the loss was summed, and a fixed number divides."""
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


@claim("S3-123")
def test_the_listings_last_batch_of_two_makes_half_a_step():
    rows, steps = torch.tensor([1.0] * 6), []
    for batch in rows.split(4):
        w = torch.tensor(0.0, requires_grad=True)
        ((w - batch) ** 2 / 2).sum().backward()
        listings_sgd([w], lr=0.5, batch_size=4)
        steps.append(float(w.detach()))
    assert steps == [0.5, 0.25]


def path_of(optimizer, scale, **options):
    """Five steps on scale * (w - 3)^2."""
    w = torch.nn.Parameter(torch.tensor(0.0, dtype=torch.float64))
    steps, path = optimizer([w], **options), []
    for _ in range(5):
        steps.zero_grad()
        (scale * (w - 3) ** 2).backward()
        steps.step()
        path.append(float(w.detach()))
    return path


@claim("S3-126")
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_without_the_half_sgd_is_as_fast_as_at_twice_the_rate(momentum):
    sgd = torch.optim.SGD
    twice = path_of(sgd, 0.5, lr=0.2, momentum=momentum)
    assert path_of(sgd, 1.0, lr=0.1, momentum=momentum) == near(twice, 1e-12)
    assert path_of(sgd, 0.5, lr=0.1, momentum=momentum)[0] == near(twice[0] / 2, 1e-12)


@claim("S3-126")
def test_to_adam_the_half_makes_no_difference():
    half, whole = (path_of(torch.optim.Adam, scale, lr=0.1) for scale in (0.5, 1.0))
    assert half == near(whole, 1e-6)


@claim("S3-128")
def test_the_sum_makes_a_step_of_sgd_as_many_times_longer_as_there_are_rows():
    features, targets = regression(10)
    ends = []
    for reduction in ("mean", "sum"):
        w = torch.nn.Parameter(torch.zeros(2).double())
        torch.nn.functional.mse_loss(features @ w, targets, reduction=reduction).backward()
        ends.append(w.grad)
    assert ends[1].tolist() == near((10 * ends[0]).tolist(), 1e-12)


@counterexample("S3-129")  # "the summed loss makes it oscillate near the minimum"
def test_the_books_summed_loss_converges():
    # The squared error without a half, summed over 10 rows: 2 * 10 times the mean of its halves.
    end = train(batch_size=10, lr=0.03, noise=0.01, scale=20.0)[-1]
    assert mean_squared_error(end, noise=0.01) < 1e-3


@counterexample("S3-129")
def test_the_summed_loss_of_a_hundred_rows_diverges():
    end = train(batch_size=100, lr=0.03, noise=0.01, scale=200.0)[-1]
    assert mean_squared_error(end, noise=0.01) > 1e10


@claim("S3-129")
def test_in_between_the_summed_loss_oscillates_as_the_notes_say():
    path, x = [], 1.0
    for _ in range(6):
        x -= 0.03 * 2 * 25 * x  # 25 rows of mean square 1
        path.append(x)
    assert all(a * b < 0 and abs(b) < abs(a) for a, b in pairwise(path))


def slope(x):
    """Of x^4 / 4 - x^2 / 2 + 0.3 x: an upper valley at 0.79, a lower one at -1.13."""
    return x**3 - x + 0.3


@claim("S4-140")
def test_a_small_rate_stays_in_the_upper_valley_for_ever():
    ends = []
    for lr in (0.01, 0.6):
        x = 1.5
        for _ in range(5000):
            x -= lr * slope(x)
        ends.append(x)
    assert ends == near([0.7864, -1.1254])


def noisy(start, noise, runs=400, steps=2000, lr=0.05):
    """Where runs of descent end whose gradients are noisy."""
    generator = torch.Generator().manual_seed(0)
    x = torch.full((runs,), start, dtype=torch.float64)
    for _ in range(steps):
        x = x - lr * (slope(x) + noise * torch.randn(runs, dtype=x.dtype, generator=generator))
    return x


@claim("S4-159")
def test_noise_leads_out_of_the_minimum_near_the_start():
    # Refuted if the noisy runs stayed where descent without noise ends.
    assert noisy(1.5, 0.0, runs=1).tolist() == near([0.7864])
    assert float((noisy(1.5, 3.0) < 0).double().mean()) > 0.5


@counterexample("S4-159")
def test_noise_leads_out_of_the_better_minimum_too():
    assert noisy(-1.1254, 0.0, runs=1).tolist() == near([-1.1254])
    assert float((noisy(-1.1254, 3.0) > 0.34).double().mean()) > 0.02


@counterexample("S4-159")
def test_on_a_convex_loss_noise_only_keeps_descent_from_the_minimum():
    generator = torch.Generator().manual_seed(0)
    x, exact = torch.ones(4000, dtype=torch.float64), 1.0
    for _ in range(200):
        noise = torch.randn(4000, dtype=torch.float64, generator=generator)
        x, exact = x - 0.1 * (x + noise), exact - 0.1 * exact
    floor = 0.1 / 1.9
    assert exact**2 < 1e-15
    # The mean of n squares of normal numbers has a standard error of sqrt(2 / n) of itself.
    assert abs(float(x.square().mean()) - floor) < 6 * (2 / 4000) ** 0.5 * floor


@counterexample("S4-162")
def test_the_gradient_of_one_example_is_not_the_actual_one():
    w = torch.tensor(0.0, requires_grad=True)
    costs = [(w + target) ** 2 / 2 for target in (1.0, 3.0)]
    single = [float(torch.autograd.grad(c, w, retain_graph=True)[0]) for c in costs]
    (whole,) = torch.autograd.grad(sum(costs) / 2, w)
    assert single == [1.0, 3.0]
    assert float(whole) == 2.0


BALANCED = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)


def descend(features, lr, steps):
    """The path of w - w*, from (1, 1), on the linear regression."""
    hessian, x = features.mT @ features / len(features), torch.ones(2).double()
    path = [x]
    for _ in range(steps):
        x = x - lr * hessian @ x
        path.append(x)
    return torch.stack(path)


@claim("S4-179", "S4-184")
def test_features_of_different_sizes_make_a_zigzag_and_equal_ones_none():
    # Refuted if the path on raw features didn't change sides, or needed no more steps.
    raw = descend(BALANCED * torch.tensor([1.0, 10.0]), lr=2 / 101, steps=691)
    assert bool((raw[1:, 1] * raw[:-1, 1] < 0).all())  # across the valley, at each step
    assert bool((raw[1:, 0] > 0).all())  # along it: always on one side
    assert float(raw[690].norm()) > 1e-6 * 2**0.5
    assert float(raw[691].norm()) < 1e-6 * 2**0.5
    assert float(descend(BALANCED, lr=1.0, steps=1)[-1].norm()) == 0.0


@counterexample("S4-184")
def test_normalised_features_with_a_correlation_have_a_condition_number_of_199():
    first, other = BALANCED.unbind(1)
    features = torch.stack([first, 0.99 * first + (1 - 0.99**2) ** 0.5 * other], 1)
    assert features.mean(0).tolist() == pytest.approx([0.0, 0.0], abs=1e-12)
    assert features.square().mean(0).tolist() == near([1.0, 1.0], 1e-12)
    hessian = features.mT @ features / 4
    values, vectors = torch.linalg.eigh(hessian)
    assert values.tolist() == near([0.01, 1.99], 1e-9)
    assert float(values[1] / values[0]) == near(199.0, 1e-9)
    whitened = features @ vectors / values.sqrt()
    assert torch.linalg.cond(whitened.mT @ whitened).item() == near(1.0, 1e-9)


@claim("S4-186")
def test_at_the_rate_of_normalised_features_raw_ones_diverge():
    raw = descend(BALANCED * torch.tensor([1.0, 10.0]), lr=1.0, steps=20)
    assert float(raw[-1].norm()) > 1e30


@counterexample("S4-186")  # "hardly or not at all"
def test_at_a_rate_that_fits_raw_features_converge():
    raw = descend(BALANCED * torch.tensor([1.0, 10.0]), lr=2 / 101, steps=2000)
    assert float(raw[-1].norm()) < 1e-15


@claim("S4-321")
def test_newtons_step_needs_a_larger_batch_than_the_gradients():
    # Refuted if Newton's step were as exact as the gradient from batches of the same size.
    generator = torch.Generator().manual_seed(0)
    curvatures = torch.tensor([1.0, 0.01], dtype=torch.float64)
    whole = curvatures * 1.0  # at (1, 1): Newton's step is (1, 1)

    def errors(batch_size):
        """How long, on average, the errors of both steps are against the steps."""
        noise = torch.randn(2000, 2, dtype=torch.float64, generator=generator) / batch_size**0.5
        return [float((noise / c).norm(dim=1).mean() / (whole / c).norm()) for c in (1, curvatures)]

    gradients, newtons = errors(100)
    assert gradients < 0.2
    assert newtons > 3
    assert errors(1_000_000)[1] < 0.1


@claim("S4-321")
def test_a_larger_batch_stays_stable_at_a_larger_rate():
    # Multiplicative noise: the curvature of a batch is the mean of b squares. Refuted if the batch
    # of one stayed bounded at the rate at which that of 64 does.
    generator = torch.Generator().manual_seed(0)

    def growth(batch_size, lr=0.9, runs=500, steps=60):
        features = torch.randn(steps, runs, batch_size, dtype=torch.float64, generator=generator)
        factors = 1 - lr * features.square().mean(-1)
        return float(factors.square().mean(1).log().sum())

    assert growth(64) < 0 < growth(1)


class Listing:
    """The listing's update of a network with one layer; its backprop is that of one example."""

    def __init__(self, weights, biases):
        self.weights, self.biases = [weights], [biases]

    def backprop(self, x, y):
        a = 1 / (1 + np.exp(-(self.weights[0] @ x + self.biases[0])))
        delta = (a - y) * a * (1 - a)
        return [delta], [delta @ x.T]

    def update_mini_batch(self, mini_batch, eta):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_b, delta_w = self.backprop(x, y)
            nabla_b = [nb + d for nb, d in zip(nabla_b, delta_b, strict=True)]
            nabla_w = [nw + d for nw, d in zip(nabla_w, delta_w, strict=True)]
        step = eta / len(mini_batch)
        self.weights = [w - step * nw for w, nw in zip(self.weights, nabla_w, strict=True)]
        self.biases = [b - step * nb for b, nb in zip(self.biases, nabla_b, strict=True)]


@claim("S4-367")
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_listings_update_descends_on_the_mean_of_its_batch(count):
    draw = np.random.default_rng(0)
    weights, biases = draw.normal(size=(2, 3)), draw.normal(size=(2, 1))
    pairs = [(draw.normal(size=(3, 1)), draw.uniform(size=(2, 1))) for _ in range(count)]
    network = Listing(weights, biases)
    network.update_mini_batch(pairs, eta=0.5)
    w, b = (torch.from_numpy(p).requires_grad_() for p in (weights, biases))
    x, y = (torch.from_numpy(np.hstack(column)) for column in zip(*pairs, strict=True))
    loss = ((w @ x + b).sigmoid() - y).square().sum(0).mean() / 2
    loss.backward()
    assert network.weights[0] == near((w - 0.5 * w.grad).detach().numpy(), 1e-9)
    assert network.biases[0] == near((b - 0.5 * b.grad).detach().numpy(), 1e-9)


@claim("S4-367")
def test_the_listing_divides_by_zero_where_a_batch_is_empty():
    with pytest.raises(ZeroDivisionError):
        Listing(np.zeros((2, 3)), np.zeros((2, 1))).update_mini_batch([], eta=0.5)
