"""Claims of the notes on initialization that are verified and not exercised, and counterexamples."""

import itertools
import math

import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from grader import claim, counterexample

PHI = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda z: z}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(*shape, std=1.0, seed=0):
    return std * torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def orthogonal(depth, width):
    return torch.stack([torch.linalg.qr(drawn(width, width, seed=t))[0] for t in range(depth)])


def layers(weights, x, activation):
    """Activations h_1, ..., h_d of rows x."""
    outputs = []
    for weight in weights:
        x = PHI[activation](x @ weight.T)
        outputs.append(x)
    return outputs


def signal_ratio(weights, activation):
    """How large the gradient is at the first layer's output, relative to the last one's."""
    x = drawn(16, weights.shape[1], seed=99)
    first = PHI[activation](x @ weights[0].T).requires_grad_()
    last = layers(weights[1:], first, activation)[-1]
    (grad,) = torch.autograd.grad(last.square().sum() / 2, first)
    return float(grad.norm() / last.detach().norm())


# Vanishing and exploding gradients. Each of these experiments would be refuted by a ratio that
# doesn't depend on what it says: depth, or the scale of the weights.


@claim("S0-351")
def test_in_sigmoid_layers_the_gradient_vanishes_with_depth():
    ratios = [signal_ratio(drawn(depth, 30, 30, std=30**-0.5), "sigmoid") for depth in (3, 6, 12)]
    assert 1 > ratios[0] > 10 * ratios[1] > 1000 * ratios[2] > 0


@claim("S0-353")
def test_in_layers_of_large_weights_the_gradient_explodes_with_depth():
    ratios = [signal_ratio(drawn(depth, 30, 30, std=0.5), "identity") for depth in (3, 6, 12)]
    assert 1 < ratios[0] < ratios[1] / 5 < ratios[2] / 100


@counterexample("S0-351", "S0-353")  # depth alone
@pytest.mark.parametrize("depth", [5, 20, 50])
def test_fifty_orthogonal_layers_hand_the_gradient_down_as_it_is(depth):
    assert signal_ratio(orthogonal(depth, 20), "identity") == pytest.approx(1, rel=1e-9)


@claim("S0-354")
@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_the_same_depth_explodes_with_large_weights_and_not_with_small_ones(activation):
    suited = signal_ratio(drawn(20, 60, 60, std=60**-0.5), activation)
    large = signal_ratio(drawn(20, 60, 60, std=1.0), activation)
    assert large > 1e4
    assert suited < 100
    # What the notes leave out: too small weights make it vanish.
    assert signal_ratio(drawn(20, 60, 60, std=0.01), activation) < 1e-10


def spreads(std, activation, depth=20, width=60):
    x = drawn(30, width, seed=99)
    return [float(h.std()) for h in layers(drawn(depth, width, width, std=std), x, activation)]


@counterexample("S1-080")  # random initialisation, of whatever scale
def test_random_weights_of_an_unsuitable_scale_still_vanish_or_explode():
    assert spreads(0.01, "identity", 64)[-1] < 1e-60
    assert spreads(1.0, "identity", 64)[-1] > 1e50  # float32 ends at 3e38
    assert 0.01 < spreads(60**-0.5, "identity", 64)[-1] < 100


@claim("S1-080", "S4-324", "S4-048")
def test_what_randomness_does_is_to_part_the_units():
    def trained(weight, steps=100):
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
        with torch.no_grad():
            for p in net.parameters():
                p.fill_(0.1)
            net[0].weight.copy_(weight)
        x, y = drawn(20, 3, seed=1), drawn(20, 2, seed=2)
        for _ in range(steps):
            grads = torch.autograd.grad((net(x) - y).square().mean(), list(net.parameters()))
            with torch.no_grad():
                for p, g in zip(net.parameters(), grads, strict=True):
                    p -= 0.1 * g
        return net[0].weight.detach()

    equal = trained(torch.full((4, 3), 0.1))
    torch.testing.assert_close(equal, equal[:1].expand(4, 3))
    assert float((equal - 0.1).abs().max()) > 0.01  # they have moved, all together
    assert torch.pdist(trained(drawn(4, 3, std=0.5))).min() > 0.1


@claim("S4-048", "S4-324")
@pytest.mark.parametrize(("activation", "learns"), [(nn.ReLU, 1), (nn.Tanh, 1), (nn.Sigmoid, 2)])
def test_from_zeros_only_the_last_layer_gets_a_gradient(activation, learns):
    net = nn.Sequential(
        nn.Linear(3, 4), activation(), nn.Linear(4, 4), activation(), nn.Linear(4, 2)
    )
    for p in net.parameters():
        nn.init.zeros_(p)
    x = drawn(8, 3).float()
    cross_entropy(net(x), torch.tensor([0, 1, 1, 1, 0, 1, 0, 1])).backward()
    # The last bias; behind a sigmoid, whose value at 0 is 1/2, the last weight as well.
    assert sum(bool(p.grad.any()) for p in net.parameters()) == learns
    assert net[-1].bias.grad.any()


@claim("S1-132")
def test_a_sigmoid_layer_that_starts_saturated_does_not_learn_and_one_of_relus_does():
    # Exclusive or of two positive inputs. It would be refuted by a saturated layer that learns.
    x = torch.tensor([[1.0, 1.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]]).double()
    y = torch.tensor([0, 1, 1, 0])

    def trained(activation, shift):
        w, v = drawn(30, 2, seed=3), drawn(2, 30, std=0.3, seed=4)
        params = [(w + shift).requires_grad_(), v.requires_grad_()]
        params += [torch.zeros(30, dtype=torch.float64, requires_grad=True)]
        losses = []
        for step in range(401):
            hidden = PHI[activation](x @ params[0].T + params[2])
            loss = cross_entropy(hidden @ params[1].T, y)
            losses.append(float(loss.detach()))
            grads = torch.autograd.grad(loss, params)
            if step == 0:
                first = float(grads[0].norm())
            with torch.no_grad():
                for p, g in zip(params, grads, strict=True):
                    p -= (0.02 if activation == "relu" else 1.0) * g
        return first, losses[-1]

    saturated, suited = trained("sigmoid", 20.0), trained("sigmoid", 0.0)
    assert saturated[0] < 1e-6 * suited[0]
    assert saturated[1] > math.log(2) - 0.01  # no better than a coin
    assert suited[1] < 0.5
    relu, _ = trained("relu", 20.0)
    assert relu > 1e3 * saturated[0]  # for positive inputs relu's slope is 1


@claim("S2-123")
def test_relu_layers_keep_their_second_moment_with_twice_the_variance():
    # It would be refuted by a second moment that doesn't depend on the factor.
    x = drawn(40, 256, seed=99)
    moments = [
        float(layers(drawn(20, 256, 256, std=(gain / 256) ** 0.5), x, "relu")[-1].square().mean())
        for gain in (1, 2)
    ]
    assert moments[0] < 1e-5
    assert moments[1] == pytest.approx(moments[0] * 2**20)
    assert 0.05 < moments[1] < 20


@counterexample("S2-127", "S3-218")  # both variances kept, in a layer that narrows
def test_where_the_width_changes_one_variance_is_kept_or_the_other():
    n_in, n_out = 512, 128
    forward, backward = (lambda v: n_in * v), (lambda v: n_out * v)
    assert (forward(1 / n_in), backward(1 / n_in)) == (1, 0.25)
    assert (forward(1 / n_out), backward(1 / n_out)) == (4, 1)
    xavier = 2 / (n_in + n_out)
    assert (forward(xavier), backward(xavier)) == (1.6, 0.4)
    # A layer that is drawn, over 6 standard errors: each variance is that of about 3e4 numbers,
    # in which rows that share an input or a weight count once: of 512 and 128 numbers at least.
    w = drawn(n_out, n_in, std=n_in**-0.5)
    x, g = drawn(500, n_in, seed=1), drawn(500, n_out, seed=2)
    assert float((x @ w.T).var()) == pytest.approx(1, abs=6 * (2 / n_in) ** 0.5)
    assert float((g @ w).var()) == pytest.approx(0.25, abs=0.25 * 6 * (2 / n_out) ** 0.5)


@claim("S2-127", "S3-218", "S3-219")
def test_both_variances_are_kept_for_equal_widths():
    w, x, g = drawn(300, 300, std=300**-0.5), drawn(100, 300, seed=1), drawn(100, 300, seed=2)
    for out in (x @ w.T, g @ w):
        assert abs(float(out.mean())) < 6 / 300**0.5
        assert float(out.var()) == pytest.approx(1, abs=6 * (2 / 300) ** 0.5)


@counterexample("S3-218")  # "independent": of a weight and of the gradient that reaches it
def test_in_a_layer_that_is_drawn_weights_and_gradients_depend_on_each_other():
    # l = |W x|^2 / 2 has the gradient z = W x at the outputs, so g^T W x = |z|^2 is never negative;
    # of independent g and W it has mean 0.
    w, x = drawn(2000, 5, 5, seed=3), drawn(2000, 5, seed=4)
    z = (w @ x[..., None])[..., 0]
    dependent = (z * (w @ x[..., None])[..., 0]).sum(1)
    independent = (drawn(2000, 5, seed=5) * z).sum(1)
    assert dependent.min() >= 0
    assert float(dependent.mean() / dependent.std()) * 2000**0.5 > 20
    assert abs(float(independent.mean() / independent.std())) * 2000**0.5 < 6


# Activations near alpha x + beta


@claim("S3-221", "S3-222")
def test_the_variance_asks_for_a_slope_whose_square_is_1():
    alpha, gamma = sp.Symbol("alpha", real=True), sp.Symbol("gamma", positive=True)
    # n sigma^2 = 1: the variance alpha^2 gamma^2, up and down, is to be gamma^2.
    assert set(sp.solve(alpha**2 * gamma**2 - gamma**2, alpha)) == {-1, 1}
    x = sp.Symbol("x")
    near = {sp.tanh(x): x, 4 / (1 + sp.exp(-x)) - 2: x, 1 / (1 + sp.exp(-x)): x / 4 + sp.S.Half}
    assert all(sp.series(f, x, 0, 2).removeO().equals(line) for f, line in near.items())


@counterexample("S3-221", "S3-222")  # alpha = 1, and no other
def test_minus_tanh_keeps_what_tanh_keeps():
    weights, x = drawn(10, 50, 50, std=50**-0.5), drawn(40, 50, std=0.1, seed=99)
    for t, (h, mirrored) in enumerate(
        zip(layers(weights, x, "tanh"), layers(-weights, x, "tanh"), strict=True)
    ):
        # -tanh(W h) = tanh(-W h): each layer turns the sign, and the spread is the same.
        torch.testing.assert_close(mirrored, (-1) ** (t + 1) * h)
        assert float(mirrored.std()) == pytest.approx(float(h.std()))


# Scales


@claim("S1-016")
def test_torchs_initialisers_fill_in_place_and_return_what_they_filled():
    for fill in (nn.init.normal_, nn.init.xavier_uniform_, nn.init.kaiming_normal_):
        weight = torch.zeros(4, 3)
        assert fill(weight, generator=seeded()) is weight
        assert weight.all()


@claim("S3-169", "S3-170", "S1-016")
def test_a_layer_whose_weights_alone_are_initialised_keeps_torchs_default_bias():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 1000))
        net.apply(lambda m: nn.init.normal_(m.weight, std=0.01) if type(m) is nn.Linear else None)
    bias = net[1].bias.detach()
    assert 1 - 20 / 1000 < float(bias.abs().max()) * 784**0.5 <= 1
    # Uniform: its variance is k / 3, with the relative error sqrt(0.8 / n).
    assert float(bias.square().mean()) * 3 * 784 == pytest.approx(1, abs=6 * (0.8 / 1000) ** 0.5)


@counterexample("S4-047")  # N(0, 1), for any number of inputs
def test_standard_normal_weights_saturate_tanh_and_explode_relu():
    wide = 256
    x = drawn(20, wide, seed=99)
    saturated = layers(drawn(10, wide, wide), x, "tanh")[-1].abs() > 0.99
    assert float(saturated.double().mean()) > 0.8
    suited = layers(drawn(10, wide, wide, std=wide**-0.5), x, "tanh")[-1].abs()
    assert float((suited > 0.99).double().mean()) == 0
    assert float(layers(drawn(10, wide, wide), x, "relu")[-1].std()) > 1e9
    assert (
        0.1 < float(layers(drawn(10, wide, wide, std=(2 / wide) ** 0.5), x, "relu")[-1].std()) < 10
    )


@claim("S4-047", "S4-357")
def test_for_a_unit_with_one_input_they_are_suitable():
    x = drawn(2000, 1, seed=1)
    assert float((x @ drawn(1, 1, seed=7)).std()) < 3
    saturated = torch.sigmoid(x * drawn(2000, 1, seed=2) + drawn(2000, 1, seed=3))
    assert float(((saturated < 0.01) | (saturated > 0.99)).double().mean()) < 0.02


@claim("S4-175", "S4-047")
def test_uniform_weights_do_as_well_as_normal_ones_of_their_variance():
    n, depth = 200, 10
    x = drawn(40, n, seed=99)
    uniform = (2 * torch.rand(depth, n, n, generator=seeded(), dtype=torch.float64) - 1) * 3**0.5
    both = [
        float(layers((2 / n) ** 0.5 * w, x, "relu")[-1].std())
        for w in (uniform, drawn(depth, n, n))
    ]
    assert 0.3 < both[0] / both[1] < 3


@counterexample("S4-175", "S4-047")  # a uniform distribution, of whatever range
def test_uniform_weights_of_the_wrong_range_explode_or_fade():
    n, depth = 200, 10
    x = drawn(40, n, seed=99)
    uniform = torch.rand(depth, n, n, generator=seeded(), dtype=torch.float64)
    assert float(layers(uniform, x, "relu")[-1].std()) > 1e6  # U(0, 1)
    assert float(layers(2 * uniform - 1, x, "relu")[-1].std()) > 1e6  # U(-1, 1)
    # torch's default for Linear: variance 1 / (3 n), so that relu keeps a sixth of E[h^2] a layer.
    torchs = layers((2 * uniform - 1) / n**0.5, x, "relu")
    assert float(torchs[-1].square().mean() / torchs[0].square().mean()) == pytest.approx(
        6.0**-9, rel=0.8
    )


@counterexample("S4-357")  # np.random.randn(y, x), for 784 inputs
def test_784_inputs_saturate_the_notes_sigmoid_units():
    x = torch.rand(50, 784, generator=seeded(1), dtype=torch.float64)
    w, b = drawn(30, 784), drawn(30, seed=2)

    def saturated(w):
        a = torch.sigmoid(x @ w.T + b)
        return float(((a < 0.01) | (a > 0.99)).double().mean())

    assert saturated(w) > 0.6
    assert saturated(w / 784**0.5) < 0.02


@claim("S4-324")
def test_the_bias_of_an_lstms_forget_gate_is_a_sum_of_two():
    with torch.random.fork_rng(devices=[]):
        lstm = nn.LSTM(2, 1).double()
    with torch.no_grad():
        for p in lstm.parameters():
            p.zero_()
        lstm.bias_ih_l0[1:2] = 0.75  # gates stand in the order input, forget, cell, output
        lstm.bias_hh_l0[1:2] = 0.25
    before = torch.full((1, 1, 1), 2.0, dtype=torch.float64)
    _, (_, cell) = lstm(torch.zeros(1, 1, 2, dtype=torch.float64), (0 * before, before))
    assert float(cell.detach()) == pytest.approx(2 / (1 + math.exp(-1)))


@claim("S4-324")
def test_an_output_bias_that_matches_the_labels_starts_at_their_entropy():
    shares = torch.tensor([0.9, 0.06, 0.04], dtype=torch.float64)
    labels = torch.tensor([0] * 90 + [1] * 6 + [2] * 4)
    zero, matched = torch.zeros(100, 3).double(), shares.log().expand(100, 3)
    assert float(cross_entropy(zero, labels)) == pytest.approx(math.log(3))
    assert float(cross_entropy(matched, labels)) == pytest.approx(
        -float((shares * shares.log()).sum())
    )


@claim("S4-324")
def test_a_recurrence_of_large_weights_is_chaotic_and_one_of_small_ones_forgets():
    def apart(gain):
        w = drawn(100, 100, std=gain / 10)
        h = drawn(100, seed=1)
        other = h + 1e-6 * drawn(100, seed=2)
        for _ in range(60):
            h, other = torch.tanh(w @ h), torch.tanh(w @ other)
        return float((h - other).norm())

    # Two starts 1e-5 apart. It would be refuted by distances that don't depend on the gain.
    assert apart(3.0) > 0.1
    assert apart(0.5) < 1e-15


@claim("S4-049")
@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [(nn.Conv2d(6, 40, (3, 5), groups=2), 45), (nn.Linear(50, 40), 50)],
    ids=["convolution", "linear"],
)
def test_fan_in_is_the_number_of_products_in_one_output(layer, fan_in):
    w = nn.init.kaiming_normal_(layer.weight, generator=seeded()).detach()
    error = (2 * w.numel()) ** -0.5
    assert float(w.std()) * (fan_in / 2) ** 0.5 == pytest.approx(1, abs=6 * error)


@claim("S4-049")
def test_of_a_transposed_convolution_torch_takes_the_other_fan():
    layer = nn.ConvTranspose2d(4, 60, (3, 5), bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        products = layer(torch.ones(1, 4, 9, 11))[0, 0, 4, 5]  # inside, where all of them meet
    assert products == 4 * 15
    w = nn.init.kaiming_normal_(layer.weight, generator=seeded()).detach()
    error = (2 * w.numel()) ** -0.5
    assert float(w.std()) * (60 * 15 / 2) ** 0.5 == pytest.approx(1, abs=6 * error)


@claim("S4-050", "S4-176")
def test_torchs_orthogonal_weights_have_orthonormal_rows():
    w = nn.init.orthogonal_(torch.empty(40, 60), generator=seeded())
    torch.testing.assert_close(w @ w.T, torch.eye(40))
    with pytest.raises(ValueError, match="2 or more dimensions"):
        nn.init.orthogonal_(torch.empty(5))


@counterexample("S4-177")  # trunc_normal_(std=0.02), which says truncated and truncates nothing
def test_torchs_truncated_normal_has_absolute_bounds():
    w = nn.init.trunc_normal_(torch.empty(300, 300), std=0.02, generator=seeded())
    assert float(w.abs().max()) > 4 * 0.02
    assert float(w.std()) == pytest.approx(0.02, abs=6 * 0.02 / (2 * 90_000) ** 0.5)
    cut = nn.init.trunc_normal_(
        torch.empty(300, 300), std=0.02, a=-0.04, b=0.04, generator=seeded()
    )
    assert float(cut.abs().max()) <= 0.04
    assert float(cut.std()) == pytest.approx(0.8796 * 0.02, abs=6 * 0.02 / (2 * 90_000) ** 0.5)


# Zero weights where there is no hidden layer


def blobs():
    """Three classes in the plane, 20 points each."""
    centers = torch.tensor([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]]).double()
    y = torch.arange(3).repeat_interleave(20)
    return centers[y] + drawn(60, 2, std=0.7), y


def softmax_regression(std, steps, bias=True):
    """Losses and weights of gradient descent on the blobs, from weights of this deviation."""
    x, y = blobs()
    w, b = drawn(2, 3, std=std, seed=5).requires_grad_(), torch.zeros(3).double().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = cross_entropy(x @ w + b, y)
        losses.append(float(loss.detach()))
        grads = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            w -= 0.5 * grads[0]
            b -= 0.5 * grads[1] * bias
    return losses, w.detach(), b.detach()


@claim("S3-230")
def test_the_labels_tell_the_columns_of_the_weights_apart():
    x, y = blobs()
    w = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(cross_entropy(x @ w, y), w)
    labels = torch.eye(3, dtype=torch.float64)[y]
    torch.testing.assert_close(grad, x.T @ (1 / 3 - labels) / len(x))
    assert torch.pdist(grad.T).min() > 0.5


@counterexample("S3-230")  # thanks to biases that differ
def test_softmax_regression_learns_from_zero_without_any_bias():
    losses, w, b = softmax_regression(0.0, 100, bias=False)
    assert not b.any()
    assert losses[0] == pytest.approx(math.log(3))
    assert losses[-1] < 0.1
    x, y = blobs()
    assert int(((x @ w).argmax(1) == y).sum()) >= 57
    torch.testing.assert_close(w.sum(1), torch.zeros(2).double())  # the columns sum to 0 for ever


@counterexample("S3-231")  # "numerically unstable, and slow"
def test_from_zero_softmax_regression_is_no_slower_and_finite():
    # It would be refuted by a loss from 0 that is behind the others', or not finite.
    zero, small, large = (softmax_regression(std, 20)[0] for std in (0.0, 0.01, 3.0))
    assert all(math.isfinite(loss) for loss in zero)
    assert zero[10] < large[10]
    assert zero[-1] == pytest.approx(small[-1], rel=0.02)


@claim("S3-231")
def test_at_zero_all_probabilities_are_equal_and_the_gradient_is_large():
    x, y = blobs()
    w = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    loss = cross_entropy(x @ w, y)
    assert float(loss.detach()) == pytest.approx(math.log(3))
    (at_zero,) = torch.autograd.grad(loss, w)
    losses, trained, _ = softmax_regression(0.0, 100)
    trained.requires_grad_()
    (later,) = torch.autograd.grad(cross_entropy(x @ trained, y), trained)
    assert float(at_zero.norm()) > 10 * float(later.norm())
    assert all(a > b for a, b in itertools.pairwise(losses))
