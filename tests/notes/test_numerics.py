"""Claims of the notes on numerics that are verified and not exercised, and counterexamples."""

import itertools
import math

import numpy as np
import pytest
import sympy as sp
import torch
from scipy.special import expit
from torch import nn

from grader import claim, counterexample, slow

PHI = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda z: z}


def drawn(*shape, std=1.0, seed=0, dtype=torch.float64):
    draw = torch.Generator().manual_seed(seed)
    return (std * torch.randn(shape, generator=draw, dtype=torch.float64)).to(dtype)


def output(weights, x, activation, residual=False):
    """Pass x through a network of equal layers."""
    for weight in weights:
        a = PHI[activation](weight @ x)
        x = x + a if residual else a
    return x


def grad_norms(weights, x, activation):
    """Norms of the gradients of |output|^2 / 2 by each layer's weights, from the bottom."""
    layers = [w.clone().requires_grad_() for w in weights]
    loss = output(layers, x, activation).square().sum() / 2
    return [float(g.norm()) for g in torch.autograd.grad(loss, layers)]


# Dot products


def quotient(a, b):
    return a @ b / (a.norm() * b.norm())


@claim("S0-042")
def test_the_quotient_of_real_vectors_is_at_most_1():
    a1, a2, a3, b1, b2, b3 = sp.symbols("a1:4 b1:4", real=True)
    a, b = sp.Matrix([a1, a2, a3]), sp.Matrix([b1, b2, b3])
    # Lagrange's identity: |a|^2 |b|^2 - (a.b)^2 is a sum of squares.
    gap = a.dot(a) * b.dot(b) - a.dot(b) ** 2
    assert sp.expand(gap - a.cross(b).dot(a.cross(b))) == 0


@counterexample("S0-042")
def test_the_quotient_of_floats_exceeds_1_and_its_arccosine_is_nan():
    for a in (torch.full((3,), 0.1), torch.ones(3, dtype=torch.float64)):
        assert quotient(a, a) > 1
        assert torch.acos(quotient(a, a)).isnan()
    rows, factors = drawn(2000, 3), drawn(2000, seed=1).abs()
    over = sum(bool(quotient(a, c * a) > 1) for a, c in zip(rows, factors, strict=True))
    assert over > 200


@counterexample("S0-042")
def test_a_clamped_quotient_has_lost_half_of_the_digits_of_a_small_angle():
    a, b = torch.tensor([[1.0, 0.0], [1.0, 1e-9]], dtype=torch.float64)
    assert torch.acos(quotient(a, b).clamp(-1, 1)) == 0
    assert 2 * torch.atan2((a - b).norm(), (a + b).norm()) == pytest.approx(1e-9)


# The Fourier transform


@claim("S0-117")
@pytest.mark.parametrize("n", [1, 3, 4, 6])
def test_the_inverse_transform_undoes_the_transform(n):
    # sum_k exp(2 pi i k (j - l) / n) is n for j = l, and else 0: a geometric sum of roots of 1.
    for shift in range(n):
        root = sp.exp(2 * sp.pi * sp.I * sp.Rational(shift, n))
        total = sp.expand_complex(sum(root**k for k in range(n)))
        assert sp.simplify(total) == (n if shift == 0 else 0)


@claim("S0-117")
def test_the_transform_of_real_numbers_is_symmetric():
    x = drawn(7)
    spectrum = torch.fft.fft(x)
    torch.testing.assert_close(spectrum[1:].flip(0), spectrum[1:].conj().resolve_conj())
    assert spectrum[0] == pytest.approx(float(x.sum()))


# Products over depth


@claim("S1-079", "S2-117", "S2-119")
def test_a_product_over_depth_leaves_every_range_both_ways():
    for factor, in_half, in_double in ((1.5, torch.inf, 4.07e17), (0.8, 0.0, 2.04e-10)):
        power = torch.tensor(factor, dtype=torch.float64) ** 100
        assert power.half() == in_half
        assert power == pytest.approx(in_double, rel=2e-3)


@claim("S1-079")
def test_deeper_networks_are_further_from_1_at_both_ends():
    spreads = []
    for depth in (1, 10, 100):
        products = [drawn(depth, 4, 4, seed=seed) for seed in range(5)]
        norms = [torch.linalg.multi_dot([*m, torch.eye(4).double()]).norm() for m in products]
        spreads.append(min(abs(math.log10(n)) for n in norms))
    assert spreads[0] < spreads[1] < spreads[2]
    assert spreads[2] > 20


@claim("S2-117")
def test_float16_ends_at_65504_and_then_come_inf_and_nan():
    assert torch.tensor(65519.0).half() == 65504
    top = torch.tensor(65520.0).half()
    assert top.isinf()
    assert (top - top).isnan()
    layers = drawn(40, 8, 8, dtype=torch.float16)
    assert not output(layers, torch.ones(8).half(), "identity").isfinite().any()
    assert output(layers.double(), torch.ones(8).double(), "identity").isfinite().all()


@claim("S2-119")
def test_gradients_of_deep_sigmoid_layers_become_zero_in_float16():
    weights = drawn(15, 6, 6, std=0.4)
    norms = grad_norms(weights, torch.ones(6).double(), "sigmoid")
    assert 0 < norms[0] < 2.9e-8  # half of float16's smallest number, below which it rounds to 0
    assert grad_norms(weights.half(), torch.ones(6).half(), "sigmoid")[0] == 0
    assert torch.tensor(2.9e-8).half() == 0
    assert torch.tensor(3.1e-8).half() == 2.0**-24


@claim("S2-121", "S3-215")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vanishing_is_most_severe_at_the_bottom(seed):
    weights = drawn(20, 8, 8, std=8**-0.5, seed=seed)
    norms = grad_norms(weights, torch.ones(8).double(), "sigmoid")
    below = norms[::4]
    assert all(lower < upper / 10 for lower, upper in itertools.pairwise(below))
    # With tanh, whose slope is 1 at 0, the norms stay together: what would refute the claim.
    flat = grad_norms(weights, torch.ones(8).double(), "tanh")
    assert max(flat) / min(flat) < 1e3
    assert max(norms) / min(norms) > 1e9


@counterexample("S3-215")
def test_explosion_hits_all_layers_alike():
    weights, x = drawn(10, 64, 64, std=0.5), drawn(64, seed=1)
    norms = grad_norms(weights, x, "identity")
    assert min(norms) > 1e6
    assert max(norms) / min(norms) < 10
    assert output(weights, x, "identity").norm() / x.norm() > 1e5  # what one signal alone grows by
    # A single layer is bottom and top.
    assert len(grad_norms(weights[:1], x, "identity")) == 1


@claim("S3-233")
@pytest.mark.parametrize(("rho", "ends"), [(0.5, (0, 1e-20)), (1.5, (1e10, math.inf))])
def test_in_the_long_run_the_spectral_radius_decides(rho, ends):
    power = torch.linalg.matrix_power(torch.tensor([[rho, 100.0], [0.0, rho]]).double(), 100)
    assert ends[0] < power.norm() < ends[1]


@claim("S3-233")
def test_of_symmetric_matrices_the_norm_is_the_largest_eigenvalue():
    root = drawn(5, 5)
    for matrix in (root + root.T, (root + root.T) / 50):
        largest = torch.linalg.eigvalsh(matrix).abs().max()
        norm = torch.linalg.matrix_norm(torch.linalg.matrix_power(matrix, 7), 2)
        torch.testing.assert_close(norm, largest**7)


@counterexample("S3-233")
def test_a_product_with_small_eigenvalues_can_be_large():
    m = torch.tensor([[0.5, 100.0], [0.0, 0.5]], dtype=torch.float64)
    cube = m @ m @ m
    assert cube.diag().tolist() == [0.125, 0.125]  # a triangular matrix: its eigenvalues
    assert torch.linalg.matrix_norm(cube, 2) == pytest.approx(75, rel=1e-5)


# Training


def descend(depth, lr, steps=20, w=1.5):
    """Gradient descent on (w^depth - 1)^2; stops where it has left for good."""
    for _ in range(steps):
        w -= lr * 2 * (w**depth - 1) * depth * w ** (depth - 1)
        if abs(w) > 1e10:
            break
    return w


@claim("S2-118")
def test_an_exploding_gradient_leaves_hardly_a_learning_rate_that_fits():
    slope = 2 * (1.5**20 - 1) * 20 * 1.5**19
    assert slope == pytest.approx(2.9e8, rel=0.02)
    ends = [descend(20, lr) for lr in (1e-12, 1e-9, 1e-8, 1e-7)]
    assert ends[0] == pytest.approx(1.494, abs=1e-3)  # no progress
    assert ends[1] == pytest.approx(1.204, abs=1e-3)
    assert ends[2] == pytest.approx(-0.709, abs=1e-3)  # over the minimum, and stuck behind it
    assert abs(ends[3]) > 1e10
    # One layer, whose gradient doesn't explode, has room: rates a thousandfold apart arrive.
    assert all(abs(descend(1, lr, steps=5000) - 1) < 1e-3 for lr in (1e-3, 1e-2, 0.1, 0.9))


def train(depth, activation, lr, steps=40):
    """Return how far the first layer's weights have moved, and the loss before and after."""
    weights = [w.clone().requires_grad_() for w in drawn(depth, 4, 4, std=0.5, dtype=torch.float32)]
    x, target = drawn(4, 16, seed=1, dtype=torch.float32), drawn(4, 16, seed=2).sigmoid().float()
    first, losses = weights[0].detach().clone(), []
    for _ in range(steps):
        loss = (output(weights, x, activation) - target).square().mean()
        losses.append(float(loss.detach()))
        grads = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for weight, grad in zip(weights, grads, strict=True):
                weight -= lr * grad
    return float((weights[0].detach() - first).abs().max()), losses[0], losses[-1]


@claim("S2-120")
@pytest.mark.parametrize("lr", [0.01, 0.1, 1.0])
def test_with_vanished_gradients_the_bottom_learns_nothing_at_any_rate(lr):
    moved, _, _ = train(20, "sigmoid", lr)
    assert moved == 0.0  # every step is below a rounding of float32
    moved, before, after = train(1, "sigmoid", lr)
    assert moved > 1e-3
    assert after < before


@claim("S2-120")
def test_whatever_the_input_the_deep_network_goes_on_answering_the_same():
    weights = drawn(20, 4, 4, std=0.5)
    ends = output(weights, drawn(4, 16, seed=1), "sigmoid")
    assert (ends - ends[:, :1]).abs().max() < 1e-9
    ends = output(weights[:1], drawn(4, 16, seed=1), "sigmoid")
    assert (ends - ends[:, :1]).abs().max() > 0.1


@claim("S2-122")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sums_keep_a_gradient_that_products_lose(seed):
    weights = drawn(50, 32, 32, std=0.1 * 32**-0.5, seed=seed)
    norms = {}
    for residual in (False, True):
        x = drawn(32, seed=9).requires_grad_()
        total = output(weights, x, "tanh", residual).sum()
        norms[residual] = float(torch.autograd.grad(total, x)[0].norm())
    assert norms[False] < 1e-40
    assert 1 < norms[True] < 30
    # Sums are no cure for weights that are too large.
    x = drawn(32, seed=9).requires_grad_()
    total = output(30 * weights, x, "identity", residual=True).sum()
    assert torch.autograd.grad(total, x)[0].norm() > 1e10


@claim("S2-122")
def test_an_lstm_hands_its_cell_down_by_sums():
    # d c_t / d c_{t-1} is the forget gate, which a bias can hold near 1, and no matrix product.
    cell = nn.LSTMCell(2, 3, dtype=torch.float64)
    nn.init.constant_(cell.weight_ih, 0.1)
    nn.init.zeros_(cell.weight_hh)
    nn.init.zeros_(cell.bias_ih)
    nn.init.zeros_(cell.bias_hh)
    with torch.no_grad():
        cell.bias_ih[3:6] = 8.0
    start = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    h, c = torch.zeros(1, 3, dtype=torch.float64), start
    for _ in range(100):
        h, c = cell(torch.ones(1, 2, dtype=torch.float64), (h, c))
    assert (torch.autograd.grad(c.sum(), start)[0] > 0.9).all()


@claim("S2-124")
def test_a_step_along_a_normalised_gradient_has_one_length():
    for size in (1e-20, 1.0, 1e20):
        grads = [size * drawn(3, 2), size * drawn(4, seed=1)]
        norm = torch.cat([g.flatten() for g in grads]).norm()
        assert torch.cat([(g / norm).flatten() for g in grads]).norm() == pytest.approx(1)


@counterexample("S2-124")
def test_a_gradient_of_zero_has_no_normalised_gradient():
    assert (torch.zeros(2) / torch.zeros(2).norm()).isnan().all()


@counterexample("S2-124")
def test_steps_of_one_length_never_settle():
    x, path = 0.35, []
    for _ in range(30):
        x -= 0.1 * math.copysign(1, x)  # of |x|, and of x^2: the gradient over its length
        path.append(abs(x))
    assert min(path) == pytest.approx(0.05)
    assert path[-1] == pytest.approx(0.05)
    x = 0.35
    for _ in range(30):
        x -= 0.1 * 2 * x  # of x^2, as it is
    assert abs(x) < 1e-3


@counterexample("S2-124")
def test_a_layer_that_has_vanished_beside_others_stays_so():
    grads = grad_norms(drawn(20, 8, 8, std=8**-0.5), torch.ones(8).double(), "sigmoid")
    total = math.hypot(*grads)
    assert grads[0] / total < 1e-9


# Conventions and formats


@claim("S3-096")
def test_log_is_natural_in_the_libraries_of_the_notes():
    assert math.log(math.e) == 1
    assert torch.tensor(math.e, dtype=torch.float64).log() == 1
    assert np.log(np.e) == 1
    half = torch.tensor([0.5, 0.5])
    assert torch.distributions.Categorical(half).entropy() == pytest.approx(math.log(2))


@counterexample("S3-096")
def test_log_to_other_bases_gives_other_numbers():
    assert -math.log2(0.5) == 1
    assert -math.log(0.5) == pytest.approx(0.6931, abs=1e-4)
    assert math.log10(100) == 2
    assert math.log(100) == pytest.approx(4.605, abs=1e-3)


def as_written(z):
    """The listing of the notes."""
    return 1.0 / (1.0 + np.exp(-z))


@claim("S4-361")
def test_the_listing_of_the_sigmoid_is_right_where_exp_is():
    z = np.linspace(-700, 700, 1401)
    np.testing.assert_allclose(as_written(z), expit(z), rtol=1e-13)


@counterexample("S4-361")
def test_the_listing_of_the_sigmoid_overflows_far_below_0():
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert as_written(np.float64(-1000.0)) == 0.0
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        as_written(np.float64(-710.0))
    with np.errstate(over="raise"):
        assert expit(-1000.0) == 0.0
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert as_written(np.float32(-100.0)) == 0.0  # and it is 3.8e-44, a number of float32
    assert expit(np.float32(-100.0)) == pytest.approx(3.8e-44, rel=0.05)


@counterexample("S4-361")
def test_the_listing_of_the_sigmoid_has_a_slope_of_nan_far_below_0():
    z = torch.tensor([-1000.0, 0.0], requires_grad=True)
    (slope,) = torch.autograd.grad((1.0 / (1.0 + torch.exp(-z))).sum(), z)
    assert slope[0].isnan()
    assert slope[1] == 0.25


@claim("S4-108")
def test_the_sigmoid_of_a_real_number_lies_strictly_between_0_and_1():
    power = sp.Symbol("u", positive=True)  # exp(-z) is any positive number
    value = 1 / (1 + power)
    assert value.is_positive
    assert sp.simplify(1 - value).is_positive
    assert sp.limit(value, power, 0) == 1
    assert sp.limit(value, power, sp.oo) == 0


@counterexample("S4-108")
@pytest.mark.parametrize(("dtype", "first"), [(torch.float32, 17), (torch.float64, 37)])
def test_the_sigmoid_of_a_float_reaches_1(dtype, first):
    assert torch.tensor(first - 1.0, dtype=dtype).sigmoid() < 1
    p = torch.tensor(float(first), dtype=dtype).sigmoid()
    assert p == 1
    assert torch.log(1 - p) == -torch.inf


@counterexample("S4-108")
def test_the_sigmoid_of_a_float_reaches_0():
    assert torch.tensor(-104.0).sigmoid() == 0
    assert torch.tensor(-750.0, dtype=torch.float64).sigmoid() == 0


# Normalising


@claim("S4-178")
def test_a_variance_in_one_pass_is_lost_at_1e8_and_not_after_normalising():
    x = 1e8 + 8 * torch.arange(64, dtype=torch.float32)
    want = float(x.double().var(correction=0))
    one_pass = float(x.square().mean() - x.mean() ** 2)
    assert abs(one_pass - want) > want
    z = ((x.double() - x.double().mean()) / x.double().std(correction=0)).float()
    assert float(z.square().mean() - z.mean() ** 2) == pytest.approx(1, abs=1e-5)


@claim("S4-178")
def test_normalised_features_have_a_well_conditioned_fit():
    years = torch.arange(1980.0, 2020.0, dtype=torch.float64)
    ones = torch.ones_like(years)
    raw = torch.stack([ones, years], 1)
    fit = torch.stack([ones, (years - years.mean()) / years.std()], 1)
    assert torch.linalg.cond(raw.T @ raw) > 1e10  # beyond float32
    assert torch.linalg.cond(fit.T @ fit) < 1.1


@claim("S4-183")
def test_small_numbers_are_swallowed_by_large_ones():
    assert np.float32(1e8) + np.float32(1) == np.float32(1e8)
    assert np.float16(2048) + np.float16(1) == np.float16(2048)
    assert np.float16(1024) + np.float16(1) == np.float16(1025)


@claim("S4-183")
def test_a_distance_sees_the_small_feature_after_normalising_only():
    # Incomes of 1e5 and a share from 0 to 1: the second feature tells b and c apart.
    x = torch.tensor([[1e5, 0.0], [3e5, 0.0], [3e5, 1.0]])
    before = (x[1:] - x[0]).square().sum(1)
    assert before[0] == before[1]
    z = (x - x.mean(0)) / x.std(0)
    after = (z[1:] - z[0]).square().sum(1)
    assert after[1] > 1.5 * after[0]


# Compiling


def wasteful(x):
    """Sixteen times the same sine, which only who sees all of it can know."""
    return sum(x.sin() for _ in range(16))


def sharing(module, _inputs):
    """Compile a captured graph: what is computed twice is computed once."""
    first = {}
    for node in module.graph.nodes:
        if node.op in ("call_function", "call_method"):
            twin = first.setdefault((node.target, node.args), node)
            if twin is not node:
                node.replace_all_uses_with(twin)
    module.graph.eliminate_dead_code()
    module.recompile()
    return module.forward


def sines(run):
    """Count the sines that are computed."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Counter(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.count += func._schema.name == "aten::sin"
            return func(*args, **(kwargs or {}))

    with Counter() as counter:
        run()
    return counter.count


@slow  # torch loads its compiler
@claim("S1-212")
@counterexample("S1-212")
def test_a_graph_that_is_known_can_be_optimised_and_is_known_under_conditions():
    captured = []

    def backend(module, inputs):
        captured.append(module)
        return sharing(module, inputs)

    def compiled(f):
        torch.compiler.reset()
        captured.clear()
        return torch.compile(f, backend=backend)

    x = drawn(5)
    fast = compiled(wasteful)
    torch.testing.assert_close(fast(x), wasteful(x))
    assert len(captured) == 1
    assert sines(lambda: wasteful(x)) == 16
    assert sines(lambda: captured[0](x)) == 1
    # What the notes leave out: the compiler runs again for what it hasn't seen ...
    fast(x)
    assert len(captured) == 1
    fast(x.float())
    assert len(captured) == 2

    # ... and a branch that depends on the data cuts the computation into parts.
    def branching(x):
        y = x.sin()
        return y.cos() if y.sum() > 0 else y.exp()

    compiled(branching)(x)
    assert len(captured) == 2
    torch.compiler.reset()
    with pytest.raises(torch._dynamo.exc.Unsupported):
        torch.compile(branching, backend=backend, fullgraph=True)(x)
